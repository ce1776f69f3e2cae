"""What terminals are given to work with: parameters, EMV records, black list; and what is asked.

Functions take the session of a unit of work. ``Settings`` is the part of the ledger that auditors,
demos and tests use; it may be called from any thread.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from host_tools.acquirer.models import Merchant, Terminal
from host_tools.acquirer.models_settings import (
    AID,
    CAPK,
    BlackListed,
    EmvRecord,
    Parameter,
    ScriptResult,
    Settlement,
    TerminalStatus,
)
from host_tools.emv.config import Config, check_value, load_config
from host_tools.vboard.cards import ber

# What digit P of the header asks for (reference, section 1), and the words that a person says.
PARAMETERS, STATUS, SIGN_IN, CAPKS, AIDS, BLACK_LIST, CONTACTLESS = "1234579"
ASKED = {
    PARAMETERS: "load parameters",
    STATUS: "upload status",
    SIGN_IN: "sign in",
    CAPKS: "load CA public keys",
    AIDS: "load applications",
    BLACK_LIST: "load the black list",
    CONTACTLESS: "load contactless parameters",
}
DEMANDS = {
    "parameters": PARAMETERS,
    "status": STATUS,
    "sign-in": SIGN_IN,
    "keys": CAPKS,
    "applications": AIDS,
    "black-list": BLACK_LIST,
    "contactless": CONTACTLESS,
}

# Parameter download: tag -> (size in characters, value that all terminals start with). The value
# of 22, the merchant's name in GBK, comes from the merchant. Sizes of 23 to 27 are [M].
_NAME = "22"
DOWNLOADED = {
    "11": (2, "60"),  # seconds that the host may take
    "12": (2, "30"),  # seconds that the line may take
    "13": (1, "3"),  # dials
    "14": (14, ""),  # telephone numbers: three of the host, one for maintenance
    "15": (14, ""),
    "16": (14, ""),
    "17": (14, ""),
    "18": (1, "0"),  # tip
    "19": (2, "15"),  # most of it, percent
    "20": (1, "1"),  # card numbers typed in
    "21": (1, "0"),  # sign-off after settlement
    _NAME: (40, ""),
    "23": (1, "3"),  # tries of a message
    "24": (1, "1"),  # offline transactions
    "25": (1, "1"),  # which TMK
    "26": (8, "FFFFFFFF"),  # function switches, 4 bytes in hex [M]
    "27": (2, "10"),  # most offline transactions that wait
}
_TEXTS = ("14", "15", "16", "17", _NAME)
# Contactless download: tag -> (digits, value that all terminals start with), values in ASCII;
# limits in fen, public limit since 2018-06-01.
CONTACTLESS_TAGS = {
    "FF805D": (1, "0"),  # 0: online first
    "FF8058": (12, "000000100000"),  # no PIN up to here
    "FF8054": (1, "1"),  # and whether at all
    "FF8057": (1, "1"),  # what the phone has verified counts
    "FF8059": (12, "000000100000"),  # no signature up to here
    "FF805A": (1, "1"),
}
# Settings of the host itself: whether a terminal's MAK has 16 bytes in the 3DES modes.
DOUBLE_MAK = "double_mak"
_HOST_ONLY = {DOUBLE_MAK: (1, "0")}
# The words that a person says for a parameter.
WORDS = {
    "answer-seconds": "11",
    "line-seconds": "12",
    "dials": "13",
    "phone": "14",
    "phone-2": "15",
    "phone-3": "16",
    "support-phone": "17",
    "tip": "18",
    "tip-percent": "19",
    "typed-cards": "20",
    "auto-sign-off": "21",
    "merchant-name": _NAME,
    "tries": "23",
    "offline": "24",
    "tmk-index": "25",
    "functions": "26",
    "offline-most": "27",
    "offline-first": "FF805D",
    "no-pin-limit": "FF8058",
    "no-pin": "FF8054",
    "phone-verified": "FF8057",
    "no-sign-limit": "FF8059",
    "no-sign": "FF805A",
    "double-mak": DOUBLE_MAK,
}
_LIMITS = ("FF8058", "FF8059")
_FEWEST, _MOST = 4, 12  # digits of an entry of the black list


@dataclass(frozen=True)
class Totals:
    """Amounts in fen and how many, of what is paid (debit) and given back (credit)."""

    debit: int
    debits: int
    credit: int
    credits: int


NO_TOTALS = Totals(0, 0, 0, 0)


def totals_of(row: Settlement, whose: str) -> Totals:
    """Its totals: ``whose`` is their, our, their_foreign or our_foreign."""
    names = ("debit", "debits", "credit", "credits")
    return Totals(*(getattr(row, f"{whose}_{name}") or 0 for name in names))


def keep_totals(row: Settlement, whose: str, totals: Totals) -> None:
    """The other way round."""
    for name, value in vars(totals).items():
        setattr(row, f"{whose}_{name}", value)


@dataclass(frozen=True)
class SettlementRow:
    """What an auditor sees of a settlement. ``result``: open, balanced or different.

    A settlement is open until the batch upload has ended; ``differences`` in words.
    """

    terminal_id: str
    batch: str
    theirs: Totals
    ours: Totals
    their_foreign: Totals
    our_foreign: Totals
    result: str
    differences: list[str]
    at: datetime


def _rules(name: str) -> tuple[int, bool]:
    """(size, whether it is digits). KeyError for a name that is no setting."""
    size, _ = (DOWNLOADED | CONTACTLESS_TAGS | _HOST_ONLY)[name]
    return size, name not in (*_TEXTS, "26")


def set_parameter(session: Session, name: str, value: str, scope: str = "") -> None:
    """``scope``: terminal or merchant number, "" for all. KeyError, ValueError: no such value."""
    size, digits = _rules(name)
    wrong = len(value) != size or not (value.isascii() and value.isdigit())
    if name == "26":
        wrong = len(value) != size or len(bytes.fromhex(value)) * 2 != size
    elif not digits:
        wrong = len(value.encode("gbk")) > size
    if wrong:
        raise ValueError(f"parameter {name}: wrong size or not digits")
    session.merge(Parameter(scope=scope, name=name, value=value))


def spoken(name: str, text: str) -> str:
    """The value of a parameter as it is stored, from how a person says it.

    Limits are amounts such as 300.00, switches on or off, numbers need no zeros in front. Whether
    the value can be is for ``set_parameter``. KeyError: no such parameter.
    """
    size, digits = _rules(name)
    if name in _LIMITS and re.fullmatch(r"\d{1,10}\.\d\d", text):
        text = text.replace(".", "")
    elif size == 1:
        text = {"on": "1", "off": "0"}.get(text, text)
    return text.rjust(size, "0") if digits and text else text


def shown(name: str, value: str) -> str:
    """The inverse of ``spoken``, for people."""
    return f"{int(value) // 100}.{int(value) % 100:02d}" if name in _LIMITS else value


def unset_parameter(session: Session, name: str, scope: str = "") -> bool:
    """Have the value of a wider scope hold again; False when there was none of this one."""
    _rules(name)
    row = session.get(Parameter, (scope, name))
    if row is not None:
        session.delete(row)
    return row is not None


def origins(session: Session, scopes: Sequence[str], name: str = "") -> dict[str, tuple[str, str]]:
    """name -> (value, scope that it comes from, "-": none has set it).

    ``scopes``: the widest ("", all) first. ``name``: the merchant's, where nobody has set another.
    """
    table = DOWNLOADED | CONTACTLESS_TAGS | _HOST_ONLY
    values = {tag: (value, "-") for tag, (_, value) in table.items()}
    values[_NAME] = name, "-"
    rows = list(session.scalars(select(Parameter).where(Parameter.scope.in_(scopes))))
    for row in sorted(rows, key=lambda row: scopes.index(row.scope)):
        if row.name in values:
            values[row.name] = row.value, row.scope
    return values


def parameters(session: Session, terminal: Terminal, merchant: Merchant) -> dict[str, str]:
    """All values of a terminal: its own, else its merchant's, else those of all."""
    found = origins(session, ("", merchant.id, terminal.id), merchant.name)
    return {name: value for name, (value, _) in found.items()}


def demand(names: Iterable[str]) -> str:
    """The digits P that make a terminal take what was set under these names."""
    digits = {
        SIGN_IN if name in _HOST_ONLY else CONTACTLESS if name in CONTACTLESS_TAGS else PARAMETERS
        for name in names
    }
    return "".join(sorted(digits))


# EMV records


@cache
def _own_config() -> Config:
    return load_config()


def seed(session: Session, config: Config | None = None) -> None:
    """The applications and CA public keys of a configuration (the terminals' own), if new here.

    Of several applications with one AID only the first is kept: a download names no kernel.
    """
    config = config or _own_config()
    for key in config.ca_keys:
        name = {"9F06": key.rid, "9F22": bytes([key.index])}
        expires = {"DF05": key.expires.encode()}
        # 01: the hash is SHA-1, the algorithm RSA
        more = {"DF06": b"\x01", "DF07": b"\x01", "DF02": key.modulus, "DF04": key.exponent}
        more |= {"DF03": check_value(key)}
        if key.revoked:
            more["DF8F01"] = b"".join(key.revoked)
        _add(session, CAPK, name, expires, more)
    for aid in config.aids:
        rest = {tag: value for tag, value in aid.tags.items() if tag != "9F06"}
        _add(session, AID, {"9F06": aid.tags["9F06"]}, {}, rest)


def _add(
    session: Session,
    kind: str,
    name: Mapping[str, bytes],
    listed: Mapping[str, bytes],
    rest: Mapping[str, bytes],
) -> None:
    key = ber.tlvs(dict(name)).hex().upper()
    if session.get(EmvRecord, (kind, key)) is None:
        told = ber.tlvs({**name, **listed})
        session.add(EmvRecord(kind=kind, key=key, listed=told, data=told + ber.tlvs(dict(rest))))
        session.flush()


def emv_list(session: Session, kind: str) -> list[bytes]:
    """What a query lists of each record of a kind, in a fixed order."""
    query = select(EmvRecord.listed).filter_by(kind=kind).order_by(EmvRecord.key)
    return list(session.scalars(query))


def emv_record(session: Session, kind: str, key: bytes) -> bytes | None:
    """The record that these data objects name."""
    found = session.get(EmvRecord, (kind, key.hex().upper()))
    return found.data if found is not None else None


# black list


def black_list(session: Session) -> list[str]:
    """The leading digits of cards that are refused, in order."""
    return list(session.scalars(select(BlackListed.digits).order_by(BlackListed.digits)))


def check_entry(digits: str) -> None:
    """ValueError: not 4 to 12 digits (never a whole PAN)."""
    if not (_FEWEST <= len(digits) <= _MOST and digits.isascii() and digits.isdigit()):
        raise ValueError(f"an entry of the black list has {_FEWEST} to {_MOST} digits")


def set_black_list(session: Session, entries: Iterable[str]) -> None:
    """Put these in place of all others. ValueError as ``check_entry``."""
    wanted = set(entries)
    for digits in wanted:
        check_entry(digits)
    for row in session.scalars(select(BlackListed)):
        if row.digits in wanted:
            wanted.remove(row.digits)
        else:
            session.delete(row)
    session.add_all(BlackListed(digits=digits) for digits in wanted)


def black_listed(session: Session, pan: str) -> bool:
    """Whether a card is refused by its leading digits."""
    with session.no_autoflush:  # no payment changes the list
        if "black list" not in session.info:
            session.info["black list"] = session.scalar(select(func.count(BlackListed.digits)))
        if not session.info["black list"]:
            return False
        heads = [pan[:size] for size in range(_FEWEST, _MOST + 1)]
        return bool(session.scalar(select(func.count()).where(BlackListed.digits.in_(heads))))


# what a terminal is asked to do


def ask(terminal: Terminal, digit: str) -> None:
    """Have ``digit`` in the header of every answer until it is done. ValueError: no such digit."""
    if digit not in ASKED:
        raise ValueError(f"digit {digit} asks for nothing")
    if digit not in terminal.asked:
        terminal.asked += digit


def done(terminal: Terminal, digit: str) -> None:
    """The terminal has done what ``digit`` asked for."""
    terminal.asked = terminal.asked.replace(digit, "")


class Settings(ABC):
    """The ledger's part for settings and settlements."""

    @abstractmethod
    def begin(self) -> AbstractContextManager[Any]:
        """A unit of work."""

    def ask(self, terminal_id: str, digit: str) -> None:
        """See ``ask`` here. KeyError for a terminal that is not known."""
        with self.begin() as work:
            terminal = work.terminal(terminal_id)
            if terminal is None:
                raise KeyError("no such terminal")
            ask(terminal, digit)

    def asked(self, terminal_id: str) -> str:
        """The digits that a terminal has still to obey, the next one first."""
        with self.begin() as work:
            terminal = work.terminal(terminal_id)
            return terminal.asked if terminal is not None else ""

    def set_parameter(self, name: str, value: str, scope: str = "") -> None:
        """See ``set_parameter`` here."""
        with self.begin() as work:
            set_parameter(work.session, name, value, scope)

    def set_black_list(self, entries: Iterable[str]) -> None:
        """See ``set_black_list`` here."""
        with self.begin() as work:
            set_black_list(work.session, entries)

    def status(self, terminal_id: str) -> tuple[str, datetime] | None:
        """The last status that a terminal uploaded, and when."""
        with self.begin() as work:
            row = work.session.get(TerminalStatus, terminal_id)
            return (row.text, row.at) if row is not None else None

    def script_results(self, terminal_id: str) -> list[bytes]:
        """DF31 of each IC script result, in the order they came."""
        query = select(ScriptResult.result).filter_by(terminal_id=terminal_id)
        with self.begin() as work:
            return list(work.session.scalars(query.order_by(ScriptResult.id)))

    def settlements(self, terminal_id: str | None = None) -> list[SettlementRow]:
        """All settlements, or those of one terminal, in the order they began."""
        query = select(Settlement).order_by(Settlement.id)
        if terminal_id is not None:
            query = query.filter_by(terminal_id=terminal_id)
        with self.begin() as work:
            return [_row(settlement) for settlement in work.session.scalars(query)]


def _row(row: Settlement) -> SettlementRow:
    return SettlementRow(
        terminal_id=row.terminal_id,
        batch=row.batch,
        theirs=totals_of(row, "their"),
        ours=totals_of(row, "our"),
        their_foreign=totals_of(row, "their_foreign"),
        our_foreign=totals_of(row, "our_foreign"),
        result=row.result,
        differences=row.differences.splitlines(),
        at=row.at,
    )
