"""The tables of the host (SQLAlchemy 2). Amounts in fen; no clear PAN, PIN or key is stored."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

APPROVED, DECLINED, REVERSED = "approved", "declined", "reversed"


class Base(DeclarativeBase):
    """All tables hang here, for ``create_all`` and for migrations."""


class Merchant(Base):
    """Who gets the money. ``cents_decide``: a test merchant, see cents.py.

    The rate of its fees in hundredths of a percent, by the kind of card; ``fee_cap_fen``: the most
    that one payment with a debit card costs, 0 for no limit.
    """

    __tablename__ = "merchants"
    id: Mapped[str] = mapped_column(String(15), primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    cents_decide: Mapped[bool] = mapped_column(default=False)
    fee_bp_debit: Mapped[int] = mapped_column(default=0)
    fee_bp_credit: Mapped[int] = mapped_column(default=0)
    fee_cap_fen: Mapped[int] = mapped_column(BigInteger, default=0)


class Terminal(Base):
    """A terminal of a merchant; its keys are wrapped by the key store.

    ``key_mode``: F60.3 of its last sign-in; ``asked``: digits P that it has still to obey.
    """

    __tablename__ = "terminals"
    id: Mapped[str] = mapped_column(String(8), primary_key=True)
    merchant_id: Mapped[str] = mapped_column(ForeignKey("merchants.id"))
    batch: Mapped[int] = mapped_column(default=1)
    signed_in: Mapped[bool] = mapped_column(default=False)
    tmk: Mapped[bytes] = mapped_column(LargeBinary)
    pik: Mapped[bytes | None] = mapped_column(LargeBinary)
    mak: Mapped[bytes | None] = mapped_column(LargeBinary)
    tdk: Mapped[bytes | None] = mapped_column(LargeBinary)
    key_mode: Mapped[str] = mapped_column(String(3), default="003")
    asked: Mapped[str] = mapped_column(String(9), default="")


class IssuerKey(Base):
    """The master key from which an issuer's card keys come, by the first six digits of the PAN."""

    __tablename__ = "issuer_keys"
    bin: Mapped[str] = mapped_column(String(6), primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    imk: Mapped[bytes] = mapped_column(LargeBinary)


class Book(Base):
    """One account of the double-entry ledger. ``balance`` is the sum of its postings."""

    __tablename__ = "books"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    balance: Mapped[int] = mapped_column(BigInteger, default=0)


class Account(Base):
    """A card and the money behind it. ``pan_tag`` is the keyed hash of the PAN.

    ``credit``: a credit card, for the merchant's fees.
    """

    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    pan_tag: Mapped[str] = mapped_column(String(64), unique=True)
    pan_masked: Mapped[str] = mapped_column(String(19))
    psn: Mapped[str] = mapped_column(String(2))
    expiry: Mapped[str] = mapped_column(String(4))
    status: Mapped[str] = mapped_column(String(16))
    pin_salt: Mapped[bytes] = mapped_column(LargeBinary)
    pin_value: Mapped[bytes | None] = mapped_column(LargeBinary)
    pin_failures: Mapped[int] = mapped_column(default=0)
    credit: Mapped[bool] = mapped_column(default=False)
    book_id: Mapped[int] = mapped_column(ForeignKey("books.id"))
    book: Mapped[Book] = relationship()


class Script(Base):
    """What an issuer wants done on a card: a template 71 or 72, sent with approvals until done.

    ``result`` is DF31 of the terminal's report; None while the script is pending.
    """

    __tablename__ = "scripts"
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    template: Mapped[bytes] = mapped_column(LargeBinary)
    sent: Mapped[bool] = mapped_column(default=False)
    result: Mapped[bytes | None] = mapped_column(LargeBinary)


class ClosedBatch(Base):
    """A batch of a terminal that was settled: nothing in it can be voided or adjusted."""

    __tablename__ = "closed_batches"
    terminal_id: Mapped[str] = mapped_column(ForeignKey("terminals.id"), primary_key=True)
    batch: Mapped[str] = mapped_column(String(6), primary_key=True)
    at: Mapped[datetime]


class Transaction(Base):
    """One financial transaction as its terminal named it: terminal, batch and trace are unique.

    ``reversal_code`` is the answer that its reversal got and gets again. A reversal that came
    before its original leaves a row that has a ``reversal_code`` and no ``response_code``.

    Amounts in fen. ``amount`` is the amount in force (a tip or a partial approval changes it),
    ``asked`` what F4 said when that is another. ``effect`` and ``fee``: what it added to the
    card's book and took from the merchant, 0 when nothing is booked. ``original_id``: what it
    voids, completes, refunds or changes; ``ended_by_id``: the void or completion that ended it.
    ``refunded``: of a payment, what refunds gave back. ``held``: of a pre-authorisation, what it
    and its additions hold now. ``entry_mode`` and ``condition``: F22 and F25. ``organisation``:
    whose card it is, see ``organisations``; that of the original where there is one.
    """

    __tablename__ = "transactions"
    __table_args__ = (UniqueConstraint("terminal_id", "batch", "trace"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    terminal_id: Mapped[str] = mapped_column(ForeignKey("terminals.id"))
    batch: Mapped[str] = mapped_column(String(6))
    trace: Mapped[str] = mapped_column(String(6))
    merchant_id: Mapped[str] = mapped_column(ForeignKey("merchants.id"))
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(8))
    amount: Mapped[int] = mapped_column(BigInteger)
    asked: Mapped[int | None] = mapped_column(BigInteger)
    pan_tag: Mapped[str] = mapped_column(String(64))
    pan_masked: Mapped[str] = mapped_column(String(19))
    response_code: Mapped[str | None] = mapped_column(String(2))
    reversal_code: Mapped[str | None] = mapped_column(String(2))
    rrn: Mapped[str | None] = mapped_column(String(12), index=True)
    auth_code: Mapped[str | None] = mapped_column(String(6), index=True)
    at: Mapped[datetime]
    entry_mode: Mapped[str] = mapped_column(String(3), default="")
    condition: Mapped[str] = mapped_column(String(2), default="")
    organisation: Mapped[str] = mapped_column(String(3), default="CUP")
    effect: Mapped[int] = mapped_column(BigInteger, default=0)
    fee: Mapped[int] = mapped_column(BigInteger, default=0)
    tip: Mapped[int] = mapped_column(BigInteger, default=0)
    held: Mapped[int] = mapped_column(BigInteger, default=0)
    refunded: Mapped[int] = mapped_column(BigInteger, default=0)
    original_id: Mapped[int | None] = mapped_column(ForeignKey("transactions.id"), index=True)
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("transactions.id"))
    original: Mapped["Transaction | None"] = relationship(
        remote_side=[id], foreign_keys=[original_id]
    )

    @property
    def sent_amount(self) -> int:
        """The amount that its message named."""
        return self.amount if self.asked is None else self.asked


class Entry(Base):
    """One booking: a set of postings that sum to zero.

    ``kind``: opening, reversal, or the kind of the transaction.
    """

    __tablename__ = "entries"
    id: Mapped[int] = mapped_column(primary_key=True)
    transaction_id: Mapped[int | None] = mapped_column(ForeignKey("transactions.id"))
    kind: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime]
    postings: Mapped[list["Posting"]] = relationship(back_populates="entry")


class Posting(Base):
    """One side of a booking: what it adds to a book (fen, negative takes away)."""

    __tablename__ = "postings"
    id: Mapped[int] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("entries.id"), index=True)
    book_id: Mapped[int] = mapped_column(ForeignKey("books.id"), index=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    entry: Mapped[Entry] = relationship(back_populates="postings")
    book: Mapped[Book] = relationship()
