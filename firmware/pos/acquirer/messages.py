"""Transactions to fields of the UnionPay direct-POS dialect and back; pure, no I/O.

A transaction is the dict of ``store.records.NAMES``. What is secret about a card (PAN, track) is in a
``Card`` of its own, which lives no longer than the request is being made.
"""

from pos.protocol import bcd, tlv, unionpay
from pos.protocol.errors import BadBytes

# Field 55 of an online request, in the order of the dialect (reference, section 12)
_REQUEST_TAGS = (
    b"\x9f\x26\x9f\x27\x9f\x10\x9f\x37\x9f\x36\x95\x9a\x9c\x9f\x02\x5f\x2a\x82\x9f\x1a\x9f\x03"
    b"\x9f\x33\x9f\x34\x9f\x35\x9f\x1e\x84\x9f\x09\x9f\x41\x9f\x63"
)
# Field 55 of a reversal; all of it is kept in the journal, nothing of it is secret
_REVERSAL_TAGS = b"\x95\x9f\x1e\x9f\x10\x9f\x36"

_ECHOED = (11, 41, 42, 3, 4)  # fields that an answer repeats


class NotOurs(Exception):
    """A frame that is not the answer to this request; the argument names the field."""


class Card:
    """What only the request may know of a card: digits as str, ``track2`` with ``=``."""

    def __init__(self, pan: str, expiry: str, psn: str, track2: str):
        self.pan, self.expiry, self.psn, self.track2 = pan, expiry, psn, track2

    def __repr__(self):
        return "<Card>"


def card(tags: dict) -> Card:
    """The card of an EMV outcome: 57, or 5A and 5F24; 5F34. Raises BadBytes."""
    track2 = pan = expiry = ""
    if 0x57 in tags:
        track2 = bcd.unpack_track(tags[0x57]).rstrip("F")
        pan, _, rest = track2.partition("=")
        expiry = rest[:4]
    elif 0x5A in tags:
        pan = bcd.unpack_track(tags[0x5A]).rstrip("F")
        expiry = bcd.unpack(tags[0x5F24])[:4] if 0x5F24 in tags else ""
    if not (8 <= len(pan) <= 19 and pan.isdigit()):
        raise BadBytes("57", 0, "no PAN")
    psn = bcd.unpack(tags[0x5F34]) if 0x5F34 in tags else ""
    return Card(pan, expiry, psn, track2)


def masked(pan: str) -> str:
    """First 6 and last 4 digits."""
    return pan[:6] + "*" * (len(pan) - 10) + pan[-4:]


def _tags(order: bytes, tags: dict) -> bytes:
    """The TLVs of ``tags`` that ``order`` (tag bytes in a row) names."""
    parts = []
    i = 0
    while i < len(order):
        tag = order[i]
        i += 1
        if tag & 0x1F == 0x1F:
            tag = tag << 8 | order[i]
            i += 1
        if tag in tags:
            parts.append(tlv.build(tag, tags[tag]))
    return b"".join(parts)


def describe(txn: dict, card: Card, tags: dict) -> None:
    """Fill in what journal, reversal and slip keep of a card and its cryptogram."""
    txn["pan"] = masked(card.pan)
    txn["f55"] = _tags(_REVERSAL_TAGS, tags)
    for name, tag in (("arqc", 0x9F26), ("tvr", 0x95), ("atc", 0x9F36), ("aid", 0x84)):
        if tag in tags:
            txn[name] = bytes(tags[tag]).hex().upper()
    label = tags.get(0x9F12) or tags.get(0x50)
    if label:
        txn["label"] = "".join(chr(c) for c in label if 32 <= c < 127)


def _base(params, fields: dict) -> dict:
    fields[41] = params["terminal_id"]
    fields[42] = params["merchant_id"]
    return fields


def _stan(trace: int) -> str:
    return "{:06d}".format(trace)


def sign_in(params, trace: int, operator: str, serial: str) -> tuple:
    """(MTI, fields) of the sign-in with double-length keys; ``serial``: device number, <= 20."""
    fields = {
        11: _stan(trace),
        60: unionpay.field60("00", params["batch"], "003"),
        62: "Sequence No{:02d}{}".format(len(serial), serial).encode(),
        63: operator + " ",
    }
    return "0800", _base(params, fields)


def echo(params) -> tuple:
    """(MTI, fields) of the echo test."""
    return "0820", _base(params, {60: unionpay.field60("00", params["batch"], "301")})


def sale(params, txn: dict, card: Card, tags: dict, pin_block=None) -> tuple:
    """(MTI, fields) of a contactless sale; ``pin_block`` is F52, 8 bytes, or None without PIN."""
    txn["entry"] = unionpay.entry_mode("07", pin_block is not None)
    fields = {
        2: card.pan,
        3: "000000",
        4: "{:012d}".format(txn["amount"]),
        11: _stan(txn["trace"]),
        14: card.expiry,
        22: txn["entry"],
        25: "00",
        35: card.track2,
        49: params["currency"],
        55: _tags(_REQUEST_TAGS, tags),
        60: unionpay.field60("22", txn["batch"], "000", "600"),
    }
    if card.psn:
        fields[23] = "{:03d}".format(int(card.psn))
    if pin_block is not None:
        fields[26] = "12"
        fields[52] = pin_block
        fields[53] = unionpay.security(True)
    return "0200", _base(params, {f: v for f, v in fields.items() if v})


def reversal(params, txn: dict, pan: str, expiry: str, psn: str, reason: str) -> tuple:
    """(MTI, fields) of the reversal of ``txn``; ``reason`` is its F39: 98 no answer, A0, 06."""
    fields = {
        2: pan,
        3: "000000",
        4: "{:012d}".format(txn["amount"]),
        11: _stan(txn["trace"]),
        14: expiry,
        22: txn["entry"],
        25: "00",
        39: reason,
        49: params["currency"],
        55: txn.get("f55"),
        60: unionpay.field60("22", txn["batch"], "000", "600"),
    }
    if psn:
        fields[23] = "{:03d}".format(int(psn))
    return "0400", _base(params, {f: v for f, v in fields.items() if v})


def check(mti: str, request: dict, answer_mti: str, answer: dict) -> None:
    """Raises NotOurs unless the answer belongs to the request (reference, section 9)."""
    if answer_mti != unionpay.response_mti(mti):
        raise NotOurs("MTI")
    if 39 not in answer:
        raise NotOurs("F39")
    approved = unionpay.approved(answer[39])
    for f in _ECHOED:
        if f not in request:
            continue
        if f not in answer:
            if f == 11 or (approved and mti != "0820"):
                raise NotOurs("F%d" % f)
        elif answer[f] != request[f] and not (f == 4 and answer[39] == "10"):
            raise NotOurs("F%d" % f)


def result(txn: dict, answer: dict) -> None:
    """Take into the transaction what its answer says; sets ``state`` approved or declined."""
    txn["rc"] = answer[39]
    txn["state"] = "approved" if unionpay.approved(answer[39]) else "declined"
    for name, f in (("rrn", 37), ("auth", 38)):
        if f in answer:
            txn[name] = answer[f].strip()
    codes = answer.get(44)
    if isinstance(codes, str):
        txn["issuer"], txn["acquirer"] = codes[:11].strip(), codes[11:].strip()


def clock(answer: dict) -> tuple:
    """(month, day, hour, minute, second) of F13 and F12, or None where the host sends none."""
    if 12 not in answer or 13 not in answer:
        return None
    f12, f13 = answer[12], answer[13]
    return tuple(int(s) for s in (f13[:2], f13[2:], f12[:2], f12[2:4], f12[4:]))


def batch(answer: dict):
    """The batch number that the host wants used, 1..999998, or None (reference, section 5)."""
    number = int(answer[60][2:8]) if len(answer.get(60, "")) >= 8 else 0
    return number if 1 <= number <= 999998 else None
