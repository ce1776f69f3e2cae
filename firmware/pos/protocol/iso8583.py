"""ISO 8583 messages (64 fields, BCD) of a profile: bytes to values and back, no I/O.

A profile is a table of 64 entries of four bytes, entry f - 1 for field f:
  kind            "n" digits (odd count: left zero), "l" digits (odd count: pad nibble right),
                  "z" track, "a" printable ASCII, "s" text, "b" bytes; 0 when not in the profile
  length digits   0 fixed, 2 or 3: the value follows its length in 1 or 2 BCD bytes
  maximum         low byte, high byte; digits for n, l and z, bytes for the others
Digits of variable length are left aligned and padded with 0; on reading the pad nibble is dropped
whatever it is. Text of fixed length is padded with spaces on packing and keeps them on reading.
Values: str for n, l, z, a; bytes for b; s is str when all of it is printable ASCII, else bytes.
Raises BadBytes with the field ("F35") and the offset from the MTI; never with the data.
"""

from micropython import const

from pos.protocol import bcd
from pos.protocol.errors import BadBytes

_MTI = const(2)
_HEAD = const(10)  # MTI and bitmap
_DIGITS = b"nlz"  # kinds whose lengths count nibbles


def _entry(profile, f: int, at: int) -> tuple:
    """(kind, length digits, maximum) of field ``f``; BadBytes when the profile lacks it."""
    i = (f - 1) * 4
    if f < 2 or f > 64 or not profile[i]:
        raise BadBytes("F{}".format(f), at, "not in the profile")
    return profile[i], profile[i + 1], profile[i + 2] | profile[i + 3] << 8


def _printable(text) -> bool:
    return not text or (min(text) >= 0x20 and max(text) < 0x7F)


def _encode(kind: int, fixed: int, value) -> tuple:
    """(bytes, count) of a value; ``fixed`` is the length it has to have, or 0."""
    if kind == 0x62:  # b
        if isinstance(value, str):
            raise BadBytes("bytes", 0, "text, not bytes")
        return value, len(value)
    if kind == 0x7A:  # z
        return bcd.pack_track(value), len(value)
    if kind == 0x6E or kind == 0x6C:  # n, l
        return bcd.pack(value, kind == 0x6C or not fixed), len(value)
    if isinstance(value, str):
        value = value.encode()
        if not _printable(value):
            raise BadBytes("text", 0, "not printable ASCII")
    elif kind == 0x61 and not _printable(value):
        raise BadBytes("text", 0, "not printable ASCII")
    if len(value) < fixed:
        value = value + b" " * (fixed - len(value))
    return value, len(value)


def pack(profile, mti: str, fields: dict) -> bytearray:
    """The message of ``fields`` (number -> value), from the MTI to its last field.

    Where a MAC belongs give F64 as 8 bytes of anything; `crypto.mac.seal` puts it in place.
    """
    if len(mti) != 4:
        raise BadBytes("MTI", 0, "not 4 digits")
    try:
        out = bytearray(bcd.pack(mti))
    except BadBytes as e:
        raise BadBytes("MTI", 0, e.why)
    out.extend(bytes(8))
    for f in sorted(fields):
        at = len(out)
        kind, digits, most = _entry(profile, f, at)
        try:
            data, n = _encode(kind, 0 if digits else most, fields[f])
        except BadBytes as e:
            raise BadBytes("F{}".format(f), at, e.why)
        except (TypeError, AttributeError):
            raise BadBytes("F{}".format(f), at, "not a value of its kind")
        if n > most or (n < most and not digits):
            raise BadBytes("F{}".format(f), at, "length {}, maximum {}".format(n, most))
        if digits:
            if digits == 3:
                out.append(n // 100)
            out.append(n // 10 % 10 << 4 | n % 10)
        out.extend(data)
        out[_MTI + ((f - 1) >> 3)] |= 0x80 >> ((f - 1) & 7)
    return out


def _decode(kind: int, fixed: bool, count: int, data):
    if kind == 0x62:  # b
        return bytes(data)
    if kind == 0x7A:  # z
        return bcd.unpack_track(data, count)
    if kind == 0x6E or kind == 0x6C:  # n, l
        return bcd.unpack(data, count, kind == 0x6C or not fixed)
    if _printable(data):
        return bytes(data).decode()
    if kind == 0x61:  # a
        raise BadBytes("text", 0, "not printable ASCII")
    return bytes(data)


def _read(profile, f: int, view, at: int) -> tuple:
    """(value, offset after it) of field ``f`` at ``at``."""
    kind, digits, count = _entry(profile, f, at)
    left = len(view) - at
    size = (digits + 1) >> 1
    try:
        if size > left:
            raise BadBytes("", 0, "length cut off")
        if digits:
            n = int(bcd.unpack(view[at : at + size]))
            if n > count:
                raise BadBytes("", 0, "length {} over {}".format(n, count))
            count = n
            at += size
            left -= size
        size = (count + 1) >> 1 if kind in _DIGITS else count
        if size > left:
            raise BadBytes("", 0, "cut off, {} of {} bytes".format(left, size))
        return _decode(kind, not digits, count, view[at : at + size]), at + size
    except BadBytes as e:
        raise BadBytes("F{}".format(f), at + e.offset, e.why)


def unpack(profile, buf) -> tuple:
    """(MTI, {field: value}) of a whole message; see the module for the values and errors."""
    view = memoryview(buf)
    if len(view) < _HEAD:
        raise BadBytes("MTI", 0, "message of {} bytes".format(len(view)))
    try:
        mti = bcd.unpack(view[:_MTI])
    except BadBytes as e:
        raise BadBytes("MTI", e.offset, e.why)
    at = _HEAD
    fields = {}
    for i in range(64):
        if view[_MTI + (i >> 3)] & 0x80 >> (i & 7):
            fields[i + 1], at = _read(profile, i + 1, view, at)
    if at != len(view):
        raise BadBytes("message", at, "{} bytes too many".format(len(view) - at))
    return mti, fields
