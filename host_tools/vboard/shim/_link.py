"""The line from the virtual board's microcontroller to its chips.

One stream of frames ``op u8 | id u8 | sequence u8 | 0 | length u16 little-endian | payload``. ``post``
sends and goes on; ``call`` sends and waits for the answer: the same op plus 0x80, the same sequence.
Frames that the other side sends on its own (received UART bytes, pin edges, socket data) are handed to
``handlers[op](id, payload)`` whenever the program waits: what an interrupt does on a board.

Ctrl-C may raise KeyboardInterrupt between any two steps. So a frame leaves in one write, and an answer
that nobody waits for any more is known by its sequence and dropped.
"""

import os
import struct
import sys

import uselect


PIN_SETUP, PIN_SET, PIN_GET, PIN_IRQ, PIN_EDGE = 0x01, 0x02, 0x03, 0x04, 0x05
UART_SETUP, UART_TX, UART_RX = 0x10, 0x11, 0x12
SPI_SETUP, SPI_WRITE, SPI_TRANSFER = 0x20, 0x21, 0x22
I2C_SETUP, I2C_WRITE, I2C_READ = 0x28, 0x29, 0x2A
ADC_READ, PWM_SET, PWM_OFF = 0x30, 0x31, 0x32
FLASH_READ, FLASH_PROGRAM, FLASH_ERASE = 0x40, 0x41, 0x42
NVS_GET, NVS_SET, NVS_ERASE = 0x48, 0x49, 0x4A
WLAN = 0x50
SOCK_OPEN, SOCK_CONNECT, SOCK_TX, SOCK_CLOSE, SOCK_RX, SOCK_EVENT = (
    0x60,
    0x61,
    0x62,
    0x63,
    0x64,
    0x65,
)
RESOLVE = 0x66
RESET, RTC_GET, RTC_SET, WDT_FEED, ADVANCE = 0x70, 0x71, 0x72, 0x73, 0x74
BOOTED = 0x75



def _buffer(size):
    """Memory outside the heap, where a chip's own drivers have their buffers; or else in it."""
    place = os.getenv("VBOARD_BUFFER")
    if not place:
        return bytearray(size)
    import uctypes

    return uctypes.bytearray_at(int(place), size)


stream = open(int(os.getenv("VBOARD_LINK")), "r+b")
handlers = {}
ticks_offset_ms = 0

MAX = 1040  # the longest payload: what LittleFS programs at once, and its address

_out = _buffer(6 + MAX)
_in = bytearray(6)
_poll = uselect.poll()
_poll.register(stream, uselect.POLLIN)
_waiting = []  # frames that came while a call waited for its answer
_busy = False
_sequence = 0


def post(op, ident=0, payload=b"", sequence=0):
    """Send a frame; ``payload`` is at most MAX bytes."""
    n = len(payload)
    _out[0], _out[1], _out[2], _out[4], _out[5] = op, ident, sequence, n & 0xFF, n >> 8
    _out[6 : 6 + n] = payload
    stream.write(memoryview(_out)[: 6 + n])


def _receive():
    stream.readinto(_in)
    op, ident, sequence, _, n = struct.unpack("<BBBBH", _in)
    payload = bytearray(n)
    if n:
        stream.readinto(payload)
    return op, ident, payload, sequence


def call(op, ident=0, payload=b""):
    """Send a frame and return the payload of its answer."""
    global _sequence
    _sequence = _sequence % 255 + 1
    wanted = _sequence
    post(op, ident, payload, wanted)
    while True:
        frame = _receive()
        if frame[0] & 0x80:
            if frame[3] == wanted:
                return frame[2]
        else:
            _waiting.append(frame)


def _advance(ident, payload):
    global ticks_offset_ms
    ticks_offset_ms += struct.unpack("<I", payload)[0]


handlers[ADVANCE] = _advance


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
            elif _poll.poll(0):
                op, ident, payload, _ = _receive()
            else:
                return count
            count += 1
            handler = handlers.get(op)
            if handler:
                handler(ident, payload)
    finally:
        _busy = False


def wait(ms):
    """Wait until a frame has been handled or ``ms`` have passed (-1: for ever)."""
    if not pump() and _poll.poll(ms):
        pump()


def lent(name):
    """The class ``name`` of the module ``_name``, which goes when the last user lets go of it."""
    module = "_" + name.lower()
    __import__(module)
    return getattr(sys.modules.pop(module), name)
