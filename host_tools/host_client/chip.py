"""What a virtual chip card says to a payment: PAN, expiry, sequence number and field 55."""

from dataclasses import dataclass
from datetime import datetime

from host_tools.emv.firmware import BadBytes, tlv
from host_tools.vboard.cards.card import Card
from host_tools.vboard.cards.loader import load_account, load_card

# Field 55 of an online payment (reference, section 12).
_ORDER = (
    *(0x9F26, 0x9F27, 0x9F10, 0x9F37, 0x9F36, 0x95, 0x9A, 0x9C, 0x9F02, 0x5F2A, 0x82),
    *(0x9F1A, 0x9F03, 0x9F33, 0x9F35, 0x9F1E, 0x84, 0x9F09, 0x9F41),
)
_TTQ = "26000080"  # contactless, online PIN, signature; the card may decide


class NoChip(Exception):
    """The card cannot be used; the text says why, without its number."""


@dataclass(repr=False)
class Tapped:
    """A card for one message; ``f55`` is empty when it was typed in."""

    pan: str
    expiry: str
    psn: str = ""
    pin: str | None = None
    f55: bytes = b""


def tap(name: str, amount: int, trace: int, now: datetime, chip: bool = True) -> Tapped:
    """A card of host_tools/cards (or a file) held to the terminal; ``amount`` in fen.

    Without ``chip`` only its face is read. Raises NoChip, and CardFileError of the cards.
    """
    account = load_account(name)
    if account is None:
        raise NoChip(f"{name}: nobody's card, the issuer has no account for it")
    told = Tapped(account.pan, account.expiry, account.psn, account.pin)
    if chip:
        card = load_card(name)
        if not isinstance(card, Card):
            raise NoChip(f"{name}: a script, not a card")
        told.f55 = _field55(card, _terminal(amount, trace, now))
    return told


def _terminal(amount: int, trace: int, now: datetime) -> dict[int, bytes]:
    texts = {
        0x9F66: _TTQ,
        0x9F02: f"{amount:012d}",
        0x9F03: "0" * 12,
        0x9F1A: "0156",
        0x95: "0000000000",
        0x5F2A: "0156",
        0x9A: now.strftime("%y%m%d"),
        0x9C: "00",
        0x9F37: f"{trace * 2654435761 & 0xFFFFFFFF:08X}",
        0x9F35: "22",
        0x9F34: "020300",
        0x9F33: "E0E1C8",
        0x9F41: f"{trace:08d}",
        0x9F21: now.strftime("%H%M%S"),
        0x9F1E: b"TAPTILL1".hex(),
        0x9F09: "0030",
    }
    return {tag: bytes.fromhex(text) for tag, text in texts.items()}


def _field55(card: Card, terminal: dict[int, bytes]) -> bytes:
    aid = card.applications[0].aid
    try:
        told = _ask(card, bytes((0x00, 0xA4, 0x04, 0x00, len(aid))) + aid + b"\0")
        data = _filled(told.get(0x9F38, b""), terminal)
        inside = bytes((0x83, len(data))) + data
        told |= _ask(card, bytes((0x80, 0xA8, 0, 0, len(inside))) + inside + b"\0")
        if 0x9F26 not in told:
            told |= _records(card, told.get(0x94, b""))
            data = _filled(told[0x8C], terminal)
            told |= _ask(card, bytes((0x80, 0xAE, 0x80, 0, len(data))) + data + b"\0")
        # a card that does not send 9F27 says in the CVR of 9F10 what it decided
        told.setdefault(0x9F27, bytes((told[0x9F10][4] << 2 & 0xC0,)))
    except (BadBytes, KeyError, IndexError):
        raise NoChip("the card gives no cryptogram") from None
    told |= {tag: value for tag, value in terminal.items() if tag not in told or tag == 0x9F09}
    told.setdefault(0x84, aid)
    return b"".join(_tlv(tag, told[tag]) for tag in _ORDER if tag in told)


def _records(card: Card, afl: bytes) -> dict[int, bytes]:
    told: dict[int, bytes] = {}
    for at in range(0, len(afl), 4):
        for number in range(afl[at + 1], afl[at + 2] + 1):
            told |= _ask(card, bytes((0x00, 0xB2, number, afl[at] & 0xF8 | 4, 0)))
    return told


def _ask(card: Card, command: bytes) -> dict[int, bytes]:
    answer = card.exchange(command)
    if answer is None or answer[-2:] != b"\x90\x00":
        raise NoChip("the card refuses")
    told: dict[int, bytes] = {}
    _flat(answer[:-2], told)
    return told


def _flat(data: bytes, told: dict[int, bytes]) -> None:
    for tag, at, size in tlv.walk(data, 0, len(data)):
        value = bytes(data[at : at + size])
        if tlv.constructed(tag):
            _flat(value, told)
        else:
            told[tag] = value


def _filled(dol: bytes, terminal: dict[int, bytes]) -> bytes:
    return b"".join(terminal.get(tag, bytes(size))[:size] for tag, size in tlv.dol(dol))


def _tlv(tag: int, value: bytes) -> bytes:
    return bytes.fromhex(f"{tag:02X}") + bytes((len(value),)) + value
