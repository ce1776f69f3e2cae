"""Tables beside the money: what terminals load from the host, and how their batches were settled.

Amounts in fen. No clear PAN is stored: the black list holds leading digits only.
"""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from host_tools.acquirer.models import Base

CAPK, AID = "capk", "aid"


class Parameter(Base):
    """One value for a terminal, its merchant or ("" as ``scope``) all of them.

    ``name``: tag of the parameter download (2 digits), of the contactless download (6 hex digits),
    or the name of a setting of the host itself.
    """

    __tablename__ = "parameters"
    scope: Mapped[str] = mapped_column(String(15), primary_key=True)
    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    value: Mapped[str] = mapped_column(String(40))


class EmvRecord(Base):
    """One CA public key or application, as it is downloaded.

    ``kind``: CAPK or AID; ``key``: the data objects that ask for it, in hex; ``listed``: those
    that a query answers; ``data``: the whole record.
    """

    __tablename__ = "emv_records"
    kind: Mapped[str] = mapped_column(String(4), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    listed: Mapped[bytes] = mapped_column(LargeBinary)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class BlackListed(Base):
    """Leading digits of cards that are refused, fewer than any PAN has."""

    __tablename__ = "black_list"
    digits: Mapped[str] = mapped_column(String(12), primary_key=True)


class TerminalStatus(Base):
    """What a terminal said of itself last (status upload)."""

    __tablename__ = "terminal_status"
    terminal_id: Mapped[str] = mapped_column(ForeignKey("terminals.id"), primary_key=True)
    text: Mapped[str] = mapped_column(String(512))
    at: Mapped[datetime]


class ScriptResult(Base):
    """What became of an issuer's scripts: DF31 of an IC script result."""

    __tablename__ = "script_results"
    __table_args__ = (UniqueConstraint("terminal_id", "batch", "trace"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    terminal_id: Mapped[str] = mapped_column(ForeignKey("terminals.id"))
    batch: Mapped[str] = mapped_column(String(6))
    trace: Mapped[str] = mapped_column(String(6))
    pan_tag: Mapped[str] = mapped_column(String(64), default="")
    result: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime]


class Settlement(Base):
    """One batch as the terminal and the host see it.

    ``result``: open, balanced, or different; ``differences``: one a line. Totals of the terminal
    and the host: debit and credit, amount and count, of own and of foreign cards.
    """

    __tablename__ = "settlements"
    __table_args__ = (UniqueConstraint("terminal_id", "batch"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    terminal_id: Mapped[str] = mapped_column(ForeignKey("terminals.id"))
    batch: Mapped[str] = mapped_column(String(6))
    their_debit: Mapped[int] = mapped_column(BigInteger)
    their_debits: Mapped[int]
    their_credit: Mapped[int] = mapped_column(BigInteger)
    their_credits: Mapped[int]
    our_debit: Mapped[int] = mapped_column(BigInteger)
    our_debits: Mapped[int]
    our_credit: Mapped[int] = mapped_column(BigInteger)
    our_credits: Mapped[int]
    their_foreign_debit: Mapped[int] = mapped_column(BigInteger, default=0)
    their_foreign_debits: Mapped[int] = mapped_column(default=0)
    their_foreign_credit: Mapped[int] = mapped_column(BigInteger, default=0)
    their_foreign_credits: Mapped[int] = mapped_column(default=0)
    our_foreign_debit: Mapped[int] = mapped_column(BigInteger, default=0)
    our_foreign_debits: Mapped[int] = mapped_column(default=0)
    our_foreign_credit: Mapped[int] = mapped_column(BigInteger, default=0)
    our_foreign_credits: Mapped[int] = mapped_column(default=0)
    result: Mapped[str] = mapped_column(String(9))
    differences: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]


class UploadedItem(Base):
    """One transaction as the terminal's batch upload says it; ``failed``: it did not go through.

    ``kind``: stripe, chip, or the kind of an advice that was uploaded as itself, which does not
    say whether its card ``is_foreign``.
    """

    __tablename__ = "uploaded_items"
    __table_args__ = (UniqueConstraint("terminal_id", "batch", "trace"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    terminal_id: Mapped[str] = mapped_column(ForeignKey("terminals.id"))
    batch: Mapped[str] = mapped_column(String(6))
    trace: Mapped[str] = mapped_column(String(6))
    kind: Mapped[str] = mapped_column(String(16))
    amount: Mapped[int] = mapped_column(BigInteger)
    pan_tag: Mapped[str] = mapped_column(String(64))
    pan_masked: Mapped[str] = mapped_column(String(20))
    failed: Mapped[bool] = mapped_column(default=False)
    is_foreign: Mapped[bool | None]
