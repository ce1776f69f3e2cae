"""Tells what goes over the wires, each message as a line, with zeros where something is secret.

``{"trace": "8583", "out": true, "ms": ..., "hex": ...}``; ``out`` is away from the terminal.
``hidden`` says how many bytes of a frame are left out at its end. What cannot be read is hidden.
"""

import sys
from binascii import hexlify
from time import ticks_diff, ticks_ms

from micropython import const

from pos import log

kinds = []
end = None  # a tick: not beyond it, as nobody has proven who asks any more

_PIECE = const(64)
_DEEP = const(8)  # calls, more than are made here
_EXCHANGE = b"\x40\x41"  # InDataExchange and its answer: what is in them is told as APDU
_SELECT = const(0xA4)
# Commands whose data are no secrets: SELECT, GPO, GENERATE AC, COMPUTE CRYPTOGRAPHIC CHECKSUM,
# GET DATA, INTERNAL and EXTERNAL AUTHENTICATE
_OPEN = b"\xa4\xa8\xae\x2a\xca\x88\x82"
# Tracks, names, identity papers; and certificates out of which the card number can be computed
_SECRET = (0x56, 0x57, 0x9F6B, 0x9F1F, 0x9F20, 0x5F20, 0x9F0B, 0x9F61, 0x9F46, 0x9F2D)
_PAN = const(0x5A)
_FIELDS = (14, 35, 36, 45, 52, 58, 59)

_card = bytearray(8)  # the first digits of the card at hand: no command may say them


def tell(kind: str, out: bool, data) -> None:
    """What `pos.log.tap` calls; never raises."""
    _tell(kind, out, data)
    _scrub(_DEEP)


def _scrub(deep) -> None:
    """Overwrite the stack that was just used: old addresses there would keep from the collector
    whatever comes to lie at them, and a sale has no heap to spare."""
    a = b = c = d = e = f = g = h = None  # noqa: F841
    if deep:
        _scrub(deep - 1)


def _tell(kind, out, data):
    if end is not None and ticks_diff(end, ticks_ms()) < 0:
        log.tap = None
    if kind not in kinds or not log.tap:
        return
    try:
        data, hidden = (_message if kind == "8583" else _apdu if kind == "apdu" else _frame)(
            data, out
        )
    except MemoryError:
        data, hidden = b"", len(data)
    write = sys.stdout.write
    write(
        '\x1e{"trace":"%s","out":%s,"ms":%d,"hidden":%d,"hex":"'
        % (kind, "true" if out else "false", ticks_ms(), hidden)
    )
    for i in range(0, len(data), _PIECE):
        write(hexlify(data[i : i + _PIECE]).decode())
    write('"}\n')


def _message(data, out):
    from pos.protocol import iso8583, unionpay
    from pos.protocol.errors import BadBytes

    try:
        tpdu, header, message = unionpay.unframe(data)
        mti, fields = iso8583.unpack(unionpay.PROFILE, message)
        for number in fields:
            fields[number] = _field(number, fields[number], mti, fields.get(60, ""))
        message = iso8583.pack(unionpay.PROFILE, mti, fields)
        return unionpay.frame(bytes(tpdu), bytes(header), message), 0
    except BadBytes:
        return b"", len(data)


def _field(number, value, mti, f60):
    if number == 2:
        return value[:6] + "0" * (len(value) - 10) + value[-4:] if len(value) > 10 else "0"
    if number == 55:
        data = bytearray(value)
        return bytes(data) if _objects(data) else bytes(len(data))
    hide = number in _FIELDS
    if number == 48:
        hide = mti[:3] == "032"  # items of an upload have card numbers
    elif number == 62:  # keys, card numbers; but parameters, applications and such are none
        hide = f60[:2] != "00" or f60[8:9] != "3" or f60[8:11] in ("390", "391")
    if hide:
        return "0" * len(value) if isinstance(value, str) else bytes(len(value))
    return value


def _apdu(data, out):
    data = bytearray(data)
    size = len(data)
    if not out:
        if size > 2 and not _objects(data, size - 2):
            return data[-2:], size - 2
        return data, 0
    if size < 6:
        return data, 0
    if data[1] == _SELECT:
        _card[:] = bytes(8)
    elif data[1] not in _OPEN or (any(_card) and bytes(_card) in bytes(data)):
        return data[:5], size - 5
    return data, 0


def _frame(data, out):
    at = 0
    if out:  # 00 00 FF length sum D4; extended: FF FF length length sum
        at = 8 if data[3] == 0xFF and data[4] == 0xFF else 5
        at += 1
    if data[at] in _EXCHANGE:
        keep = at + 2
        return bytes(data[:keep]), len(data) - keep
    return bytes(data), 0


def _objects(data, end=None) -> bool:
    """Put zeros in place of what is secret; whether all of it could be read."""
    from pos.protocol import tlv
    from pos.protocol.errors import BadBytes

    try:
        for tag, at, size in tlv.leaves(data, 0, end):
            if tag == _PAN or tag == 0x57:
                if size >= 8:
                    _card[:] = data[at : at + 8]
            if tag == _PAN:
                _zero(data, at + 3, at + size - 2)
            elif tag in _SECRET:
                _zero(data, at, at + size)
    except BadBytes:
        return False
    return True


def _zero(data, start, end):
    for i in range(start, end):
        data[i] = 0
