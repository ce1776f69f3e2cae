"""The bytes of a journal record and of the fields in it.

A journal file is 8 bytes of head ("TTJ1", batch number 4), then records, each at a multiple of 8:

    magic 4A | record kind | transaction number 2 | length of fields 2 | fields | 0.. | CRC-32 4

Integers are big-endian; the CRC covers all before it, zeros make the record a multiple of 8 long.
A field is one byte of type (bits 7-6) and name (bits 5-0: place in NAMES, from 1), one byte of
length, the value: type 0 text in UTF-8, 1 unsigned integer, 2 bytes. Unknown names are skipped.
"""

from binascii import crc32

from micropython import const

from pos.protocol import tlv

# The place is the number in the file: append only.
# fmt: off
NAMES = (
    "trace", "kind", "amount", "batch", "when", "operator", "entry", "pan", "card", "f55",
    "rrn", "auth", "rc", "issuer", "acquirer", "merchant_id", "terminal_id", "aid", "label",
    "arqc", "tvr", "tsi", "atc", "cvm", "copies", "reason", "reversal_rc",
    "orig_batch", "orig_trace", "orig_date", "orig_rrn", "orig_auth", "absent", "asked", "base",
    "tip", "months", "org", "voucher", "step", "done", "debits", "debit_fen", "credits",
    "credit_fen", "balanced", "first", "fee", "foreign",
)
# fmt: on

UNIT = 8

_MAGIC = const(0x4A)
_HEAD = const(6)
_FRAME = const(10)  # head and CRC
_INTEGER = const(0x40)
_BYTES = const(0x80)
_ROOM = const(768)  # the longest record
_SECRET = (0x56, 0x57, 0x5A, 0x9F6B)  # tracks and PAN


class JournalError(Exception):
    """A record that must not be written; the argument says why, without data."""


def _check(txn):
    """What may never be in a file in clear is refused here, whoever made the transaction."""
    if sum(c.isdigit() for c in txn.get("pan") or "") > 10:
        raise JournalError("pan is not masked")
    for tag, _, _ in tlv.walk(txn.get("f55") or b""):
        if tag in _SECRET:
            raise JournalError("track or PAN in f55")


class Record:
    """One record in a buffer that is allocated once: read from a file, or made to be written.

    ``room``: the buffer, where there is one already, of 768 bytes or more. Nobody else may write
    to it between a call that reads a record and those that ask for what is in it.
    """

    def __init__(self, room=None):
        self._buf = bytearray(_ROOM) if room is None else room
        self.view = memoryview(self._buf)[:_ROOM]
        self._rest = self.view[_HEAD:]
        self.kind = 0
        self.number = 0
        self.size = 0  # bytes in the file

    def read(self, file, at: int) -> bool:
        """Read the record at offset ``at``; False when there is no whole and sound one.

        A full batch has thousands of them at each start: next to nothing is allocated.
        """
        buf = self._buf
        file.seek(at)
        if file.readinto(buf, _HEAD) != _HEAD or buf[0] != _MAGIC:
            return False
        size = -(-(_FRAME + (buf[4] << 8 | buf[5])) // UNIT) * UNIT
        if size > _ROOM or file.readinto(self._rest, size - _HEAD) != size - _HEAD:
            return False
        crc = crc32(self.view[: size - 4])
        if crc >> 16 != buf[size - 4] << 8 | buf[size - 3]:
            return False
        if crc & 0xFFFF != buf[size - 2] << 8 | buf[size - 1]:
            return False
        self.kind = buf[1]
        self.number = buf[2] << 8 | buf[3]
        self.size = size
        return True

    def fields(self, txn: dict) -> None:
        """Merge the fields of the record that was read into ``txn``."""
        buf = self._buf
        at = _HEAD
        end = _HEAD + (buf[4] << 8 | buf[5])
        while at < end:
            name = buf[at] & 0x3F
            value = self.view[at + 2 : at + 2 + buf[at + 1]]
            if 0 < name <= len(NAMES):
                if buf[at] & _INTEGER:
                    value = int.from_bytes(value, "big")
                else:
                    value = bytes(value) if buf[at] & _BYTES else bytes(value).decode()
                txn[NAMES[name - 1]] = value
            at += 2 + buf[at + 1]

    def trace(self, name: int = 1) -> int:
        """The number below 2^24 that the record begins with, its trace (or what else is at place
        ``name`` of NAMES, from 1); 0 when it begins with something else."""
        buf = self._buf
        if not buf[4] | buf[5] or buf[_HEAD] != _INTEGER | name or buf[_HEAD + 1] != 3:
            return 0
        return buf[_HEAD + 2] << 16 | buf[_HEAD + 3] << 8 | buf[_HEAD + 4]

    def _put(self, at, name, value):
        """Append one field; returns the offset after it."""
        if isinstance(value, int):
            name |= _INTEGER
            if value < 0:
                raise JournalError("negative " + NAMES[(name & 0x3F) - 1])
            value = value.to_bytes(3 if value < 0x1000000 else 6, "big")
        elif isinstance(value, str):
            value = value.encode()
        else:
            name |= _BYTES
        end = at + 2 + len(value)
        if len(value) > 255 or end > _ROOM - UNIT - 4:
            raise JournalError("too long: " + NAMES[(name & 0x3F) - 1])
        self._buf[at] = name
        self._buf[at + 1] = len(value)
        self.view[at + 2 : end] = value
        return end

    def make(self, kind: int, number: int, txn: dict, old=None):
        """The bytes of a record, valid until the next, of what ``txn`` has and ``old`` has not.

        Raises JournalError for a PAN in clear, a negative number, or what does not fit.
        """
        _check(txn)
        at = _HEAD
        for i in range(len(NAMES)):
            value = txn.get(NAMES[i])
            if value is not None and not (old and value == old.get(NAMES[i])):
                at = self._put(at, i + 1, value)
        buf = self._buf
        buf[0] = _MAGIC
        buf[1] = kind
        buf[2] = number >> 8
        buf[3] = number & 0xFF
        buf[4] = at - _HEAD >> 8
        buf[5] = at - _HEAD & 0xFF
        size = -(-(at + 4) // UNIT) * UNIT
        for i in range(at, size - 4):
            buf[i] = 0
        self.view[size - 4 : size] = crc32(self.view[: size - 4]).to_bytes(4, "big")
        self.size = size
        return self.view[:size]
