"""What a request, the journal and a slip need of a card, out of an EMV outcome; pure.

What is secret about a card is in a ``Card``, which lives no longer than the request is being made.
"""

from pos.protocol import bcd, tlv
from pos.protocol.errors import BadBytes

# Field 55 of an online request, in the order of the dialect (reference, section 12)
_REQUEST_TAGS = (
    b"\x9f\x26\x9f\x27\x9f\x10\x9f\x37\x9f\x36\x95\x9a\x9c\x9f\x02\x5f\x2a\x82\x9f\x1a\x9f\x03"
    b"\x9f\x33\x9f\x34\x9f\x35\x9f\x1e\x84\x9f\x09\x9f\x41\x9f\x63"
)
# Field 55 of a reversal
_REVERSAL_TAGS = b"\x95\x9f\x1e\x9f\x10\x9f\x36"
# Field 55 of the result of an issuer script: before and after DF31
_SCRIPT_TAGS = b"\x9f\x33\x95\x9f\x37\x9f\x1e\x9f\x10\x9f\x26\x9f\x36\x82"
_AFTER_RESULT = b"\x9f\x1a\x9a"
_RESULT = 0xDF31


class Card:
    """What only the request may know of a card: digits as str, ``track2`` with ``=``, F55.

    ``mode``: how it was read, the first digits of F22.
    """

    def __init__(self, pan, expiry, psn="", track2="", f55=b"", mode="01"):
        self.pan, self.expiry, self.psn, self.track2 = pan, expiry, psn, track2
        self.f55 = f55
        self.mode = mode

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
    return Card(pan, expiry, psn, track2, _tags(_REQUEST_TAGS, tags), "07")


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


def for_reversal(f55) -> bytes:
    """Of the F55 of a request what its reversal carries (reference, section 12)."""
    return _tags(_REVERSAL_TAGS, {tag: f55[i : i + n] for tag, i, n in tlv.walk(f55 or b"")})


def for_script(f55, result) -> bytes:
    """F55 of the request of a transaction, and what became of its scripts (DF31), as 0620 carries
    them (reference, section 12)."""
    known = {tag: f55[i : i + n] for tag, i, n in tlv.walk(f55 or b"")}
    own = tlv.build(_RESULT, result)
    return _tags(_SCRIPT_TAGS, known) + own + _tags(_AFTER_RESULT, known)


def describe(txn: dict, tags: dict, f55: bytes) -> None:
    """Fill in what journal, reversal and slip keep of a cryptogram and the application.

    ``f55``: that of the card.
    """
    txn["f55"] = f55  # nothing of it is secret
    for name, tag in (("arqc", 0x9F26), ("tvr", 0x95), ("atc", 0x9F36), ("aid", 0x84)):
        if tag in tags:
            txn[name] = bytes(tags[tag]).hex().upper()
    label = tags.get(0x9F12) or tags.get(0x50)
    if label:
        txn["label"] = "".join(chr(c) for c in label if 32 <= c < 127)
