"""ILI9341: a 240x320 colour display on SPI (data sheet V1.11), portrait, 16 bits a pixel.

Pixels are RGB565 words, high byte first, as the chip wants them on the wire.
"""

import asyncio

from micropython import const

_SWRESET = const(0x01)
_SLPOUT = const(0x11)
_DISPON = const(0x29)
_CASET = const(0x2A)
_PASET = const(0x2B)
_RAMWR = const(0x2C)
_RAMRD = const(0x2E)
_RDID4 = const(0xD3)
_READ_BAUD = const(6000000)  # 18.3.4: a read cycle takes 150 ns

_RESET_PULSE_MS = const(1)  # 15.4: at least 10 us
_TO_COMMAND_MS = const(6)  # 15.4, 8.2.12: 5 ms after a reset and after SLPOUT
_TO_SLPOUT_MS = const(121)  # 15.4: 120 ms after a reset

# length of the parameters, command, parameters
_SETUP = (
    b"\x01\xc0\x23"  # PWCTRL1: grey level voltage 4.60 V
    b"\x01\xc1\x10"  # PWCTRL2: step-up factor
    b"\x02\xc5\x3e\x28"  # VMCTRL1: VCOMH 4.25 V, VCOML -1.5 V
    b"\x01\xc7\x86"  # VMCTRL2: VCOM offset -58
    b"\x01\x36\x48"  # MADCTL: MX, BGR: portrait, connector at the bottom
    b"\x01\x3a\x55"  # COLMOD: 16 bits a pixel
    b"\x02\xb1\x00\x18"  # FRMCTR1: 79 Hz
    b"\x03\xb6\x08\x82\x27"  # DISCTRL: 320 lines
    b"\x01\x26\x01"  # GAMSET: gamma curve 1
    b"\x0f\xe0\x0f\x31\x2b\x0c\x0e\x08\x4e\xf1\x37\x07\x10\x03\x0e\x09\x00"  # PGAMCTRL
    b"\x0f\xe1\x00\x0e\x14\x03\x11\x07\x31\xc1\x48\x08\x0f\x0c\x31\x36\x0f"  # NGAMCTRL
)
_LINE = const(240)  # pixels that fill() sends at once


class Ili9341:
    """The chip at ``spi`` (mode 0, at most 40 MHz); the pins ``cs`` to ``led`` are outputs."""

    width = 240
    height = 320

    def __init__(self, spi, cs, dc, rst=None, led=None, baudrate: int = 40000000):
        self._baud = baudrate
        self._spi = spi
        self._cs = cs
        self._dc = dc
        self._rst = rst
        self._led = led
        self._code = bytearray(1)
        self._span = bytearray(4)
        self._rows = self._columns = -1  # what the chip's window is, as numbers
        self._left = 0  # bytes that the open window still lacks
        cs(1)
        if led:
            led(0)

    async def start(self) -> None:
        """Reset and set up the chip, clear it to white, show it and light it: 0.2 s."""
        self._rows = self._columns = -1
        if self._rst:
            self._rst(0)
            await asyncio.sleep_ms(_RESET_PULSE_MS)
            self._rst(1)
        else:
            self._command(_SWRESET)
        await asyncio.sleep_ms(_TO_SLPOUT_MS)
        at = 0
        while at < len(_SETUP):
            end = at + 2 + _SETUP[at]
            self._command(_SETUP[at + 1], _SETUP[at + 2 : end])
            at = end
        self._command(_SLPOUT)
        await asyncio.sleep_ms(_TO_COMMAND_MS)
        self.fill(0, 0, self.width, self.height, 0xFFFF)
        self._command(_DISPON)
        self.light(True)

    def works(self) -> bool:
        """Whether the chip says its name, 9341 (8.3.23 RDID4), by MISO, slower than it is
        written."""
        answer = bytearray(3)  # 00, 93, 41
        self._read(_RDID4, answer)
        return answer[1:] == b"\x93\x41"

    def read(self, x: int, y: int, w: int, h: int, buf) -> None:
        """What the rectangle shows, from the chip's memory: three bytes a pixel, red, green, blue,
        in their upper six bits (8.2.24 RAMRD). Where MISO is not wired it is one colour."""
        self._columns = self._rows = -1
        self._address(_CASET, x, x + w - 1)
        self._address(_PASET, y, y + h - 1)
        self._read(_RAMRD, buf)

    def _read(self, code: int, buf) -> None:
        """What follows the dummy byte, slower than it is written."""
        self._spi.init(baudrate=_READ_BAUD)
        self._code[0] = code
        self._cs(0)
        self._dc(0)
        self._spi.write(self._code)
        self._dc(1)
        self._spi.readinto(self._code)
        self._spi.readinto(buf)
        self._cs(1)
        self._spi.init(baudrate=self._baud)

    def light(self, on: bool) -> None:
        """Switch the backlight, where its pin is wired."""
        if self._led:
            self._led(on)

    def window(self, x: int, y: int, w: int, h: int) -> None:
        """Open the rectangle for ``write``: w * h pixels row by row, in any number of pieces.

        The chip stays selected until the last pixel: nothing else may use the bus until then.
        Raises ValueError for a rectangle that is empty or leaves the screen.
        """
        if x < 0 or y < 0 or w < 1 or h < 1 or x + w > self.width or y + h > self.height:
            raise ValueError
        if self._columns != x << 9 | w:
            self._columns = x << 9 | w
            self._address(_CASET, x, x + w - 1)
        self.rows(y, h)
        self._command(_RAMWR)  # begins at the window's corner (8.2.22)
        self._cs(0)
        self._left = w * h * 2

    def rows(self, y: int, h: int) -> None:
        """Name the rows of the next window ahead of time, which saves calls when it comes."""
        if self._rows != y << 9 | h:
            self._rows = y << 9 | h
            self._address(_PASET, y, y + h - 1)

    def write(self, buf) -> None:
        """The next pixels of the window; raises ValueError when they are more than it lacks."""
        if len(buf) > self._left:
            raise ValueError
        self._left -= len(buf)
        self._spi.write(buf)
        if not self._left:
            self._cs(1)

    def blit(self, x: int, y: int, w: int, h: int, buf) -> None:
        """Put w * h pixels (high byte first) into the rectangle; errors as ``window``."""
        self.window(x, y, w, h)
        self.write(buf)

    def fill(self, x: int, y: int, w: int, h: int, color: int) -> None:
        """Paint the rectangle with one RGB565 colour (red: upper bits); errors as ``window``."""
        self.window(x, y, w, h)
        pixels = w * h
        line = memoryview(bytes((color >> 8, color & 0xFF)) * min(_LINE, pixels))
        while pixels > _LINE:
            self.write(line)
            pixels -= _LINE
        self.write(line[: pixels * 2])

    def _address(self, command: int, first: int, last: int) -> None:
        span = self._span
        span[0] = first >> 8
        span[1] = first & 0xFF
        span[2] = last >> 8
        span[3] = last & 0xFF
        self._command(command, span)

    def _command(self, code: int, data=None) -> None:
        """A command and its parameters; D/CX is left high, for parameters and pixels."""
        self._code[0] = code
        self._cs(0)
        self._dc(0)
        self._spi.write(self._code)
        self._dc(1)
        if data:
            self._spi.write(data)
        self._cs(1)
