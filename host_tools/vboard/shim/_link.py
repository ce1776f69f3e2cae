"""The line from the virtual board's microcontroller to its chips.

One stream of frames ``op u8 | id u8 | sequence u8 | stamp u8 | length u16 little-endian |
payload``; ``stamp`` says when it left, towards the chips alone.
``post`` sends and goes on; ``call`` sends and waits for the answer: the same op plus 0x80, the
same sequence. Frames that the other side sends on its own (received UART bytes, pin edges, socket
data) are handed to ``handlers[op << 8 | id](id, payload)`` or ``handlers[op]`` when the program
waits: what an interrupt does on a board. The op codes are those of ``link.py`` on the other side;
each module names those that it uses, as constants that cost no heap. ``_carrier`` has the line.

Ctrl-C may raise KeyboardInterrupt between any two steps. So a frame leaves in one write, and an
answer that nobody waits for any more is known by its sequence and dropped.
"""

import struct
import sys

from _carrier import memory, readinto, ready, setting, stamp, stream, write
from micropython import const

_ADVANCE = const(0x74)
_SYNC = const(0x76)
_ASK = const(0x77)
_WAITS = const(0x78)
_HURRY = const(0x79)

handlers = {}
# Ahead of the interpreter's own clock, by which asyncio dates what an event has made ready: so it
# can be set back, and what is there in time goes before a deadline that has passed since
ticks_offset_ms = 3600000

MAX = 1040  # the longest payload: what LittleFS programs at once, and its address

# Of each GPIO, as the last PIN_GET found it; 2: it has been looked at. Good until a frame leaves
PINS = const(49)
levels = bytearray(PINS)
levels_at = None

_out = memory(6 + MAX, 0) or memoryview(bytearray(6 + MAX))
_in = bytearray(6)
_byte = bytearray(1)
_waiting = []  # frames that came while a call waited for its answer
_busy = False
_asked = False  # whether it waits
_hurry = 0  # a wait for at most so many ms is passed over
_sequence = 0


def post(op, ident=0, payload=b"", sequence=0):
    """Send a frame; ``payload`` is at most MAX bytes."""
    global levels_at
    levels_at = None
    n = len(payload)
    _out[0], _out[1], _out[2], _out[3] = op, ident, sequence, stamp()
    _out[4], _out[5] = n & 0xFF, n >> 8
    _out[6 : 6 + n] = payload
    write(_out[: 6 + n])


def _receive(wanted=0, into=None):
    """The next frame. The payload of the answer ``wanted`` goes to ``into``, where it fits."""
    readinto(_in)
    return _rest(wanted, into)


def _rest(wanted=0, into=None):
    """Of the frame whose head has been read."""
    op, ident, sequence, _, n = struct.unpack("<BBBBH", _in)
    if into and op & 0x80 and sequence == wanted and n == len(into):
        payload = into
    else:
        try:
            payload = bytearray(n)
        except MemoryError:  # the frame is lost, those after it are not
            while n:
                n -= readinto(_byte)
            raise
    if n:
        readinto(payload)
    return op, ident, payload, sequence


def call(op, ident=0, payload=b"", into=None):
    """Send a frame and return the payload of its answer; it is read to ``into`` if it fits."""
    global _sequence
    _sequence = _sequence % 255 + 1
    wanted = _sequence
    post(op, ident, payload, wanted)
    while True:
        frame = _receive(wanted, into)
        if frame[0] & 0x80:
            if frame[3] == wanted:
                return frame[2]
        else:
            _waiting.append(frame)


def sync(ms=0):
    """Let the chips' side come to the present, and hear what it has to say until then.

    The laptop may have kept it waiting: what was due is then not late, but the time goes back.
    ``ms``, at most 255: the present is so much later, here and there.
    """
    global ticks_offset_ms
    post(_SYNC, ms)
    while True:
        readinto(_in)
        if _in[0] == _SYNC | 0x80:
            ticks_offset_ms += ms
            return
        _waiting.append(_rest())


def _advance(ident, payload):
    global ticks_offset_ms
    ticks_offset_ms += struct.unpack("<i", payload)[0]


handlers[_ADVANCE] = _advance


def _ask(ident, payload):
    global _asked
    _asked = True


handlers[_ASK] = _ask


def _hurried(ident, payload):
    global _hurry
    _hurry = ident


handlers[_HURRY] = _hurried


def waits(ms):
    """The program has nothing to do until something comes or ``ms`` have passed (-1: for ever).

    Returns for how long it has to wait: 0 in a hurry, when they have passed by now.
    """
    global _asked
    if _asked:
        _asked = False
        post(_WAITS)
    if 0 < ms <= _hurry:
        sync(ms)
        return 0
    return ms


def pump():
    """Handle every frame that has arrived; returns how many."""
    global _busy
    if _busy:  # a handler made a call: what came meanwhile is handled when it returns
        return 0
    _busy = True
    count = 0
    try:
        while True:
            if _waiting:
                op, ident, payload, _ = _waiting.pop(0)
            elif ready(0):
                op, ident, payload, _ = _receive()
            else:
                return count
            count += 1
            handler = handlers.get(op << 8 | ident) or handlers.get(op)
            if handler:
                handler(ident, payload)
    finally:
        _busy = False


def wait(ms):
    """Wait until a frame has been handled or ``ms`` have passed (-1: for ever)."""
    if not pump():
        ms = waits(ms)
        if not ready(ms) and ms:
            sync()
        pump()


def lent(name):
    """The class ``name`` of the module ``_name``, which goes when the last user lets go of it."""
    module = "_" + name.lower()
    __import__(module)
    return getattr(sys.modules.pop(module), name)
