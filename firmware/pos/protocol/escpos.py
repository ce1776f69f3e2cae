"""The printer's language: ESC/POS as 58 mm thermal printers speak it (384 dots, 32 columns).

Commands are bytes; answers are single bytes without a tag, so two kinds are told apart by their
fixed bits: ``DLE EOT n`` (real time, answered at once) has bits 0 and 7 off, bits 1 and 4 on;
``GS r n`` (answered when everything before it has been processed) has bits 4 and 7 off.
Epson ESC/POS reference: DLE EOT, GS r.
"""

from micropython import const

from pos.protocol import gb18030
from pos.protocol.errors import BadBytes

COLUMNS = const(32)  # of font A at normal width

LEFT = const(0)
CENTRE = const(1)
RIGHT = const(2)

# What a status says, whatever it was asked with.
PAPER_OUT = const(0x01)
NEAR_END = const(0x02)
COVER_OPEN = const(0x04)
OFFLINE = const(0x08)
ERROR = const(0x10)

PRINTER = const(1)  # n of DLE EOT n
OFFLINE_CAUSE = const(2)
PAPER_SENSOR = const(4)

INIT = b"\x1b@"  # ESC @: text defaults
NO_AUTO_STATUS = b"\x1da\x00"  # GS a 0: speak only when asked
CHINESE = b"\x1c&"  # FS &: two bytes from 80 on are one character, of two columns
MARK = b"\x1dr\x01"  # GS r 1: answered in order, the end of what was sent before it

_REALTIME_MASK = const(0x93)
_REALTIME_FIXED = const(0x12)
_MARK_MASK = const(0x90)


class PrinterFault(Exception):
    """The printer cannot go on; ``why`` is "paper", "cover", "silent" or "fault"."""

    def __init__(self, why: str):
        super().__init__(why)
        self.why = why


def align(side: int) -> bytes:
    """ESC a n: LEFT, CENTRE or RIGHT, from the beginning of a line."""
    return b"\x1ba" + bytes((side,))


def bold(on: bool) -> bytes:
    """ESC E n: emphasis on or off."""
    return b"\x1bE" + bytes((1 if on else 0,))


def size(width: int, height: int) -> bytes:
    """GS ! n: characters ``width`` and ``height`` times (1..8) as large."""
    return b"\x1d!" + bytes(((width - 1) << 4 | (height - 1),))


def feed(lines: int) -> bytes:
    """ESC d n: print what is in the line and feed ``lines`` (0..255) lines."""
    return b"\x1bd" + bytes((lines,))


def raster(width: int, rows: int, scale: int = 0) -> bytes:
    """GS v 0: the header before ``width`` (bytes, 8 dots each, MSB left) x ``rows`` bytes of
    image. ``scale``: 1 twice as wide, 2 twice as high, 3 both.

    A real-time command is also seen inside an image (10 04 n): bands of few rows keep the harm
    small.
    """
    return b"\x1dv0" + bytes((scale, width & 0xFF, width >> 8, rows & 0xFF, rows >> 8))


def ask(n: int) -> bytes:
    """DLE EOT n: PRINTER, OFFLINE_CAUSE or PAPER_SENSOR, at once, also when the buffer is full."""
    return b"\x10\x04" + bytes((n,))


def text(line: str) -> bytes:
    """``line`` as bytes: with Chinese in it GB18030 between FS & and FS . (Chinese mode on, off).

    Control characters become "?", so that no text can carry a command; what GB 2312 lacks becomes
    a box.
    """
    data = bytes(gb18030.encode(line))
    for c in data:
        if c >= 0x80:
            return CHINESE + data + b"\x1c."
    return data


def is_realtime(answer: int) -> bool:
    """Whether an answer byte has the fixed bits of ``DLE EOT``."""
    return answer & _REALTIME_MASK == _REALTIME_FIXED


def is_mark(answer: int) -> bool:
    """Whether an answer byte has the fixed bits of ``GS r``."""
    return answer & _MARK_MASK == 0


def realtime_bits(n: int, answer: int) -> int:
    """The answer to ``DLE EOT n`` as status bits; raises BadBytes when it cannot be one."""
    if not is_realtime(answer):
        raise BadBytes("DLE EOT", 0, "fixed bits")
    bits = 0
    if n == PRINTER:
        if answer & 0x08:
            bits |= OFFLINE
    elif n == OFFLINE_CAUSE:
        if answer & 0x04:
            bits |= COVER_OPEN
        if answer & 0x20:
            bits |= PAPER_OUT
        if answer & 0x40:
            bits |= ERROR
    elif n == PAPER_SENSOR:
        if answer & 0x0C:
            bits |= NEAR_END
        if answer & 0x60:
            bits |= PAPER_OUT
    else:
        raise ValueError("n")
    return bits


def mark_bits(answer: int) -> int:
    """The answer to ``GS r 1`` as status bits; raises BadBytes when it cannot be one."""
    if not is_mark(answer):
        raise BadBytes("GS r", 0, "fixed bits")
    return (NEAR_END if answer & 0x03 else 0) | (PAPER_OUT if answer & 0x0C else 0)
