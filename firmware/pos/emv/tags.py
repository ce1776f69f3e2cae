"""Data objects by tag: what the card says, what the terminal knows, and lists filled from both."""

from binascii import hexlify

from micropython import const

from pos.protocol import bcd, tlv
from pos.protocol.errors import BadBytes

_MAX_BYTES = const(3072)  # of card data in one transaction

# Formats that are not binary (EMV Book 3, Annex A), two bytes a tag.
_NUMERIC = (
    b"\x9f\x02\x9f\x03\x9f\x1a\x5f\x2a\x00\x9a\x9f\x21\x9f\x41\x5f\x24\x5f\x25\x5f\x34\x5f\x36"
    b"\x00\x9c\x9f\x01\x9f\x15\x9f\x35\x9f\x11\x5f\x28"
)
_COMPRESSED = b"\x00\x5a\x9f\x20"


def _listed(table, tag: int) -> bool:
    for i in range(0, len(table), 2):
        if table[i] << 8 | table[i + 1] == tag:
            return True
    return False


def harvest(data: dict, buf, known: dict) -> None:
    """Copy all primitive objects of ``buf`` into ``data``, except tags that the terminal gives.

    The same tag twice with different values is an error of the card (EMV Book 3, 7.1 and 10.2).
    Raises BadBytes, also when the card says more than anybody wants to hear.
    """
    size = 0
    for value in data.values():
        size += len(value)
    view = memoryview(buf)

    def take(tag, i, n):
        nonlocal size
        if tag in known or n == 0:
            return
        value = bytes(view[i : i + n])
        if tag not in data:
            size += n
            if size > _MAX_BYTES:
                raise BadBytes("card data", i, "over {} bytes".format(_MAX_BYTES))
            data[tag] = value
        elif data[tag] != value:
            raise BadBytes("{:02X}".format(tag), i, "twice, different")

    tlv.each_leaf(buf, take)


def _fitted(tag: int, value, length: int) -> bytes:
    """``value`` cut or padded to ``length`` as its format wants (EMV Book 3, 5.4)."""
    n = len(value)
    if n == length:
        return value
    numeric = _listed(_NUMERIC, tag)
    if n > length:
        return value[n - length :] if numeric else value[:length]
    if numeric:
        return bytes(length - n) + value
    return value + (b"\xff" if _listed(_COMPRESSED, tag) else b"\x00") * (length - n)


def fill(dol, data: dict, more: dict | None = None) -> bytearray:
    """The values that a data object list asks for, one after the other (EMV Book 3, 5.4).

    What is in neither ``data`` nor ``more``, and any template, is filled with zeros. Raises
    BadBytes.
    """
    out = bytearray()
    i = 0
    end = len(dol)
    while i < end:
        tag = first = dol[i]
        if first & 0x1F == 0x1F:
            tag = tlv.tag_at(dol, i, end)
            i += 1 if tag < 0x10000 else 2
        i += 1
        if i >= end:
            raise BadBytes("{:02X}".format(tag), i, "no length")
        length = dol[i]
        i += 1
        value = data.get(tag)
        if value is None and more:
            value = more.get(tag)
        if value is None or first & 0x20:
            out += bytes(length)
        elif len(value) == length:
            out += value
        else:
            out += _fitted(tag, value, length)
        if len(out) > 252:
            raise BadBytes("DOL", 0, "asks for over 252 bytes")
    return out


def lists(dol, tag: int) -> bool:
    """Whether a data object list asks for ``tag``. Raises BadBytes."""
    for t, _ in tlv.dol(dol):
        if t == tag:
            return True
    return False


def sized(data: dict, tag: int, low: int, high: int) -> bytes:
    """The value of a mandatory object, ``low`` to ``high`` bytes long; raises BadBytes."""
    value = data.get(tag)
    if value is None:
        raise BadBytes("{:02X}".format(tag), 0, "missing")
    if not low <= len(value) <= high:
        raise BadBytes("{:02X}".format(tag), 0, "length {}".format(len(value)))
    return value


def account(data: dict) -> tuple:
    """(PAN digits, expiry "YYMM") from 57, or 5A and 5F24 (EMV Book 3, Annex A).

    Raises BadBytes when they are missing, malformed or contradict each other.
    """
    pan = expiry = None
    if 0x57 in data:
        pan, _, rest = bcd.unpack_track(sized(data, 0x57, 8, 19)).partition("=")
        expiry = rest[:4]
        if not (12 <= len(pan) <= 19 and pan.isdigit() and len(rest) >= 7 and expiry.isdigit()):
            raise BadBytes("57", 0, "not a track 2")
    if 0x5A in data:
        other = bcd.unpack_track(sized(data, 0x5A, 6, 10)).rstrip("F")
        if not 12 <= len(other) <= 19 or not other.isdigit():
            raise BadBytes("5A", 0, "not a PAN")
        if pan is not None and pan != other:
            raise BadBytes("5A", 0, "not the PAN of 57")
        pan = other
    if pan is None:
        raise BadBytes("57", 0, "missing, and 5A")
    if 0x5F24 in data:
        expiry = bcd.unpack(sized(data, 0x5F24, 3, 3))[:4]
    if expiry is None:
        raise BadBytes("5F24", 0, "missing, and 57")
    if not "01" <= expiry[2:] <= "12":
        raise BadBytes("5F24", 0, "not a month")
    return pan, expiry


def order(date: str) -> int:
    """A date YYMM or YYMMDD as a number that grows with time: years from 50 on are 19xx."""
    return int(date) + (-50 if date[:2] >= "50" else 50) * (100 if len(date) == 4 else 10000)


def packed_order(date) -> int:
    """As `order`, of a packed date: 3 bytes YYMMDD. Raises BadBytes where that is none."""
    if not hexlify(date).isdigit():
        bcd.unpack(date)  # says where
    year = date[0] - 0x50 if date[0] >= 0x50 else date[0] + 0x50
    return year << 16 | date[1] << 8 | date[2]


def transaction_data(txn: dict) -> dict:
    """The data objects of one transaction.

    ``txn``: amount and other (fen), type (9C), date "YYMMDD", time "hhmmss", un (4 random bytes),
    stan (int).
    """
    return {
        0x9F02: bcd.pack("%012d" % txn["amount"]),
        0x9F03: bcd.pack("%012d" % txn.get("other", 0)),
        0x9C: bytes((txn.get("type", 0),)),
        0x9A: bcd.pack(txn["date"]),
        0x9F21: bcd.pack(txn["time"]),
        0x9F37: bytes(txn["un"]),
        0x9F41: bcd.pack("%08d" % txn["stan"]),
        0x95: bytes(5),
    }
