"""The fields of each transaction, as the contract of the dialect has them (reference, 3 and 4)."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from host_tools.decode8583.firmware import unionpay
from host_tools.decode8583.kinds import KINDS, Kind, by_name
from host_tools.host_client.chip import Tapped
from host_tools.host_client.session import Session

CURRENCY = "156"
_BY_CHIP = ("sale", "balance", "preauth", "preauth_add", "instalment", "ec_sale", "points_sale")
_VOIDS = ("void", "completion_void", "instalment_void", "points_void")
_HELD = ("preauth_void", "completion", "notice")
_CHANGES = ("adjust", "tip")
_MOTO = {"00": "08", "06": "18"}
_OFFLINE_APPROVED = bytes.fromhex("8A025931")  # Y1
_TYPED = "012"
# Kinds that need a row of their own in the client: all that have a card or a total in them.
NAMES = tuple(dict.fromkeys((*(kind.name for kind in KINDS), "reversal")))


class Unusable(ValueError):
    """What was asked for is not enough, or too much, for the transaction; the text says what."""


@dataclass(frozen=True)
class Original:
    """The transaction that another one is about; each piece may be empty."""

    batch: str = ""
    trace: str = ""
    rrn: str = ""
    auth: str = ""
    date: str = ""

    @classmethod
    def parse(cls, text: str) -> "Original":
        """BATCH/TRACE/RRN/AUTH/MMDD. Raises Unusable."""
        pieces = text.split("/")
        pieces += [""] * (5 - len(pieces))
        batch, trace, rrn, auth, date = pieces[:5]
        fits = len(pieces) == 5 and all(not x or x.isdigit() for x in (batch, trace, date))
        if not fits or len(batch) > 6 or len(trace) > 6 or len(date) not in (0, 4):
            raise Unusable(f"{text!r} is not BATCH/TRACE/RRN/AUTH/MMDD")
        return cls(batch, trace, rrn, auth, date)

    def digits(self, with_date: bool) -> str:
        """F61: batch, trace and maybe the date, zeros for what is not known."""
        date = (self.date or "0000") if with_date else ""
        return f"{self.batch or 0:0>6}{self.trace or 0:0>6}{date}"


@dataclass
class Wanted:
    """All that a transaction may need. ``amount`` in fen; ``data`` is F62 (or F48 digits, F55)."""

    kind: str
    amount: int | None = None
    original: Original = field(default_factory=Original)
    tip: int = 0
    moto: bool = False
    months: int = 3
    organisation: str = "CUP"
    of: str = "sale"
    code: str = ""
    data: bytes = b""
    totals: tuple[int, int, int, int] = (0, 0, 0, 0)
    count: int = 0
    batch: int | None = None
    partial: bool = False


def needs_card(name: str) -> bool:
    """Whether the transaction is one of a card."""
    kind = by_name(name)
    return name == "reversal" or (kind is not None and kind.mac and name != "script_result")


def by_chip(name: str) -> bool:
    """Whether the chip of a card takes part."""
    return name in _BY_CHIP


def build(
    session: Session, wanted: Wanted, card: Tapped | None, pin: str | None, now: datetime
) -> tuple[Kind, dict[int, Any]]:
    """(row, fields) of a transaction; the trace is the session's. Raises Unusable."""
    row = _row(wanted)
    if not needs_card(wanted.kind):
        return row, _management(session, row, wanted)
    if card is None:
        raise Unusable(f"{wanted.kind} needs a card")
    if wanted.kind == "reversal":
        return row, _reversal(session, row, wanted, card)
    fields = _payment(session, row, wanted, card)
    fields |= _about(wanted, row.name, now)
    if pin is not None:
        fields |= session.pin_fields(card.pan, pin)
        fields[22] = fields[22][:2] + "1"
    if card.f55:
        fields[55] = card.f55 + (_OFFLINE_APPROVED if row.name == "ec_sale" else b"")
    return row, fields


def _row(wanted: Wanted) -> Kind:
    if wanted.kind == "reversal":
        of = by_name(wanted.of)
        if of is None or not of.reversible:
            raise Unusable(f"{wanted.of} is nothing that can be reversed")
        return Kind("reversal", "reversal", "0400", of.f3, of.f25, of.f60_1, of.f60_3, True)
    rows = [kind for kind in KINDS if kind.name == wanted.kind]
    chosen = [kind for kind in rows if not wanted.code or kind.f60_3 == wanted.code]
    if not chosen:
        raise Unusable(f"{wanted.kind} has no network code {wanted.code}")
    stars = any("*" in text for text in (chosen[0].mti, chosen[0].f3, chosen[0].f25))
    if stars and wanted.kind != "script_result":
        raise Unusable(f"{wanted.kind} is read by the decoder, but not sent")
    return chosen[0]


def _payment(session: Session, row: Kind, wanted: Wanted, card: Tapped) -> dict[int, Any]:
    if wanted.amount is None and row.name != "balance":
        raise Unusable(f"{row.name} needs an amount")
    reader = ("600" if card.f55 else "500")[:2] + ("1" if wanted.partial else "0")
    batch = session.batch if wanted.batch is None else wanted.batch
    fields: dict[int, Any] = {
        2: card.pan,
        3: row.f3,
        11: session.next_trace(),
        14: card.expiry,
        22: "072" if card.f55 else _TYPED,
        25: _MOTO.get(row.f25, row.f25) if wanted.moto else row.f25,
        49: CURRENCY,
        60: unionpay.field60(row.f60_1, batch, row.f60_3, reader),
    }
    if row.name != "balance":
        fields[4] = f"{wanted.amount:012d}"
    if card.f55 and card.psn:
        fields[23] = f"{int(card.psn):03d}"
    return fields


def _about(wanted: Wanted, name: str, now: datetime) -> dict[int, Any]:
    """What names the original, and what only this kind has."""
    original = wanted.original
    if name in _VOIDS:
        if not (original.rrn and original.trace):
            raise Unusable(f"{name} needs --original BATCH/TRACE/RRN/AUTH")
        date = name == "completion_void"
        fields: dict[int, Any] = {37: original.rrn, 61: original.digits(date)}
        return fields | ({38: original.auth} if original.auth else {})
    if name in _HELD:
        if not original.auth:
            raise Unusable(f"{name} needs --original with the authorisation code")
        today = Original(
            original.batch,
            original.trace,
            "",
            original.auth,
            original.date or now.strftime("%m%d"),
        )
        return {38: original.auth, 61: today.digits(True)}
    if name == "preauth_add":
        fields = {61: "0" * 16}
        return fields | ({38: original.auth} if original.auth else {})
    if name in ("refund", "ec_refund"):
        date = original.date or now.strftime("%m%d")
        rrn = original.rrn or "0" * 12
        return {37: rrn, 61: "0" * 12 + date, 63: wanted.organisation}
    if name in _CHANGES:
        if not original.trace:
            raise Unusable(f"{name} needs --original BATCH/TRACE/RRN/AUTH")
        fields = {61: original.digits(False)}
        fields |= {37: original.rrn} if original.rrn else {}
        fields |= {38: original.auth} if original.auth else {}
        return fields | ({48: f"{wanted.tip:012d}"} if name == "tip" else {})
    if name == "offline":
        return {38: original.auth} if original.auth else {}
    if name == "instalment":
        return {62: f"{wanted.months:02d}{'':30}1".encode()}  # [M] months, goods, fee mode
    return {}


def _reversal(session: Session, row: Kind, wanted: Wanted, card: Tapped) -> dict[int, Any]:
    """0400 under batch and trace of its original; F61 of a void's is its own batch and trace."""
    original = wanted.original
    if not original.trace or wanted.amount is None:
        raise Unusable("reversal needs --amount and --original BATCH/TRACE")
    batch = int(original.batch) if original.batch else session.batch
    fields = _payment(session, row, wanted, card)
    fields |= {
        11: f"{original.trace:0>6}",
        22: _TYPED,
        39: "98",
        60: unionpay.field60(row.f60_1, batch, row.f60_3, "500"),
    }
    fields.pop(23, None)
    if wanted.of in (*_VOIDS, *_HELD):
        fields[61] = original.digits(wanted.of not in ("void", "instalment_void", "points_void"))
    return fields


def _management(session: Session, row: Kind, wanted: Wanted) -> dict[int, Any]:
    batch = session.batch if wanted.batch is None else wanted.batch
    fields: dict[int, Any] = {60: unionpay.field60(row.f60_1, batch, row.f60_3)}
    if row.name in ("sign_off", "settlement", "batch", "batch_end", "script_result"):
        fields[11] = session.next_trace()
    if row.name == "settlement":
        debit, debits, credit, credits_ = wanted.totals
        own = f"{debit:012d}{debits:03d}{credit:012d}{credits_:03d}0"
        fields |= {48: own + "0" * 31, 49: CURRENCY, 63: "01 "}
    elif row.name == "batch_end":
        fields[48] = f"{wanted.count:04d}"
    elif row.name == "batch":
        fields[48] = wanted.data.decode("latin-1")
    elif row.name == "script_result":
        fields |= {55: wanted.data}
    elif wanted.data:
        fields[62] = wanted.data
    return fields
