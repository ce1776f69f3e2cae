"""SSD1306: a 128x64 display of one colour on I2C (data sheet, revision 1.5).

It takes the pixels that the canvas makes, RGB565 words, as the other displays do: a word that is
not zero is a lit pixel. The chip cannot be read and has eight pixels in a byte, so that a copy of
its memory stays here.
"""

import asyncio

from framebuf import MONO_VLSB, RGB565, FrameBuffer
from micropython import const

_COMMANDS = const(0x00)  # control byte: all that follows are commands
_DATA = const(0x40)
_PAGE_BYTES = const(128)
_PUMP_MS = const(100)  # the charge pump takes so long to be there: application note, 3

_SETUP = (
    b"\xae"  # display off
    b"\xd5\x80"  # clock: 370 kHz
    b"\xa8\x3f"  # 64 rows
    b"\xd3\x00\x40"  # no offset, first line 0
    b"\x8d\x14"  # charge pump on
    b"\x20\x00"  # addresses go along the row, then to the next page
    b"\xa1\xc8"  # columns and rows turned: connector at the top
    b"\xda\x12"  # COM pins alternate
    b"\x81\xcf"  # contrast
    b"\xd9\xf1"  # pre-charge
    b"\xdb\x40"  # VCOMH
    b"\xa4\xa6\x2e"  # as the memory says, not inverted, no scrolling
)


class Ssd1306:
    """The chip at ``address`` of ``i2c`` (at most 400 kHz)."""

    width = 128
    height = 64

    def __init__(self, i2c, address: int = 0x3C):
        self._i2c = i2c
        self._address = address
        self._glass = bytearray(_PAGE_BYTES * 8)
        self._view = memoryview(self._glass)
        self._picture = FrameBuffer(self._glass, self.width, self.height, MONO_VLSB)
        self._window = [0, 0, 0, 0]  # left, top, width, row to be written next
        self._end = 0  # row below the window
        self._lost = True  # what the chip has is not what it should have

    async def start(self) -> None:
        """Set up the chip, clear it, show it: 0.1 s."""
        self._picture.fill(0)
        self._lost = True
        self._send(0, 0)
        await asyncio.sleep_ms(_PUMP_MS)

    def works(self) -> bool:
        """Whether the chip answers at its address, and says that it is on."""
        try:
            return not self._i2c.readfrom(self._address, 1)[0] & 0x40
        except OSError:
            return False

    def light(self, on: bool) -> None:
        """Switch the picture on or off; the memory keeps it."""
        self._try(_COMMANDS, b"\xaf" if on else b"\xae")

    def rows(self, y: int, h: int) -> None:
        """Nothing to be said ahead of time: the picture leaves when a window is full."""

    def window(self, x: int, y: int, w: int, h: int) -> None:
        """Open the rectangle for ``write``: w * h pixels row by row, in whole rows.

        Raises ValueError for a rectangle that is empty or leaves the screen.
        """
        if x < 0 or y < 0 or w < 1 or h < 1 or x + w > self.width or y + h > self.height:
            raise ValueError
        window = self._window
        window[0], window[1], window[2], window[3] = x, y, w, y
        self._end = y + h

    def write(self, buf) -> None:
        """The next rows of the window; raises ValueError when they are more than it lacks."""
        x, top, w, y = self._window
        high = len(buf) // 2 // w
        if high * w * 2 != len(buf) or y + high > self._end:
            raise ValueError
        self._picture.blit(FrameBuffer(buf, w, high, RGB565), x, y)
        self._window[3] = y = y + high
        if y == self._end:
            self._send(top >> 3, (y + 7) >> 3, x, w)

    def _send(self, first: int, end: int, x: int = 0, w: int = _PAGE_BYTES) -> None:
        """Bring pages and columns to the chip; after it was away, all of it."""
        lost = self._lost
        if lost:
            self._lost = False
            self._try(_COMMANDS, _SETUP)
            first, end, x, w = 0, 8, 0, _PAGE_BYTES
        self._try(_COMMANDS, bytes((0x21, x, x + w - 1, 0x22, first, end - 1)))
        if w == _PAGE_BYTES:
            self._try(_DATA, self._view[first * _PAGE_BYTES : end * _PAGE_BYTES])
        else:
            for page in range(first, end):
                at = page * _PAGE_BYTES + x
                self._try(_DATA, self._view[at : at + w])
        if lost:
            self.light(True)

    def _try(self, kind: int, data) -> None:
        """A transfer. A chip that does not answer gets everything anew when it does again."""
        if not self._lost:
            try:
                self._i2c.writeto_mem(self._address, kind, data)
            except OSError:
                self._lost = True
