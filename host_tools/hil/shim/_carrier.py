"""What carries the bytes of ``_link`` on a bare board: the serial line of its REPL.

Bytes go in segments: FD, then sequence u8, acknowledged u8, payload and CRC-32, then FE; FC, FD
and FE within it become FC and the byte XOR 20h. The laptop also escapes what a terminal might act
on (Ctrl-C, XON, XOFF), so that Ctrl-C still interrupts. What stands outside of segments is text.
Each side sends one segment and waits until it is acknowledged, or sends it again. A segment with
sequence 0 only acknowledges. The CRC starts with the number of the session: what is left over from
another one is damaged. The other side is ``tunnel.py``.

What the program posts waits here until there is much of it, or until the program waits.
"""

import sys
from binascii import crc32

import uselect
from micropython import const
from utime import ticks_add, ticks_diff, ticks_ms

_START, _END = const(0xFD), const(0xFE)
_HOLD = const(1024)  # bytes that wait before they go
_ROOM = const(4096)  # bytes that may wait to be read; more come when there is room again
_LONGEST = const(600)
_TRIES = const(60)

stream = sys.stdin
_read = sys.stdin.buffer.readinto
_put = sys.stdout.buffer.write
_poll = uselect.poll()
_poll.register(stream, uselect.POLLIN)
_byte = bytearray(1)
_body = None  # of the segment that is coming
_rx, _at = b"", 0  # what came, and how much of it has been read
_tx = bytearray()
_sent = _acked = _heard = 0  # sequences
_owed = False  # an acknowledgement
_session = 0
_retry_ms = 300
_settings = {}


def begin(session, retry_ms, settings):
    """What the laptop says at the start."""
    global _session, _retry_ms, _settings
    _session, _retry_ms, _settings = session, retry_ms, settings


def stamp():
    """When a frame leaves is not known here: the chips' side has another clock."""
    return 0


def setting(name):
    """What the board is told at its start."""
    return _settings[name]


def memory(size, skip=2048):
    """There is none outside the heap, which is large."""
    return memoryview(bytearray(size))


def _send(sequence, payload=b""):
    global _owed
    _owed = False
    body = bytes((sequence, _heard)) + payload
    body += crc32(body, _session).to_bytes(4, "little")
    body = body.replace(b"\xfc", b"\xfc\xdc")
    body = body.replace(b"\xfd", b"\xfc\xdd").replace(b"\xfe", b"\xfc\xde")
    _put(b"\xfd" + body + b"\xfe")


def _segment(body):
    """Take what has come; False when it is damaged."""
    global _acked, _heard, _owed, _rx, _at
    body = bytes(body)
    if b"\xfc" in body:
        first, *parts = body.split(b"\xfc")
        body = first + b"".join([bytes((p[0] ^ 0x20,)) + p[1:] for p in parts if p])
    n = len(body) - 4
    if n < 2 or crc32(memoryview(body)[:n], _session).to_bytes(4, "little") != body[n:]:
        return
    _acked = body[1]
    if not body[0]:
        return
    if body[0] == _heard % 255 + 1:
        if len(_rx) - _at > _ROOM:
            return
        _heard = body[0]
        _rx = _rx[_at:] + body[2:n]
        _at = 0
    _owed = True  # also of one that came twice: its acknowledgement was lost


def _listen(ms):
    """Take bytes until a segment has come, or none for ms (-1: for ever); whether one has."""
    global _body
    while True:
        for _ in _poll.ipoll(0):
            break
        else:
            if _owed:
                _send(0)
            for _ in _poll.ipoll(ms):
                break
            else:
                return False
        _read(_byte)
        byte = _byte[0]
        if byte == _START:
            _body = bytearray()
        elif _body is None:
            pass
        elif byte == _END:
            body, _body = _body, None
            _segment(body)
            return True
        elif len(_body) < _LONGEST:
            _body.append(byte)


def flush():
    """Send what waits, and wait until it is acknowledged."""
    global _tx, _sent
    if not _tx:
        return
    payload, _tx = _tx, bytearray()
    _sent = _sent % 255 + 1
    for _ in range(_TRIES):
        _send(_sent, payload)
        until = ticks_add(ticks_ms(), _retry_ms)
        while _acked != _sent:
            left = ticks_diff(until, ticks_ms())
            if left <= 0 or not _listen(left):
                break
        if _acked == _sent:
            return
    raise SystemExit  # nobody is there any more: back to the REPL


def write(data):
    """Send bytes, sooner or later."""
    if len(_tx) + len(data) > _HOLD:
        flush()
    _tx.extend(data)


def readinto(buf):
    """Fill ``buf``; waits as long as it takes. Returns its length."""
    global _at
    n = len(buf)
    flush()
    while len(_rx) - _at < n:
        _listen(-1)
    buf[:] = _rx[_at : _at + n]
    _at += n
    return n


def ready(ms=0):
    """Whether there is something to read, now or within ``ms`` (-1: whenever it comes)."""
    flush()
    until = ticks_add(ticks_ms(), ms)
    while len(_rx) == _at:
        left = ms if ms <= 0 else max(0, ticks_diff(until, ticks_ms()))
        if not _listen(left):
            return False
    return True
