"""A printer that knows no Chinese: lines with Chinese in them are drawn here and sent as dots.

Slips are the same bytes for every printer, GB18030 between FS & and FS . (`escpos.text`). Lines
of ASCII alone go through as they are. A drawn line has the letters of the terminal, 12 x 24 dots,
half as wide as a Chinese character.
"""

from framebuf import MONO_HLSB, FrameBuffer
from micropython import const

from pos.protocol import escpos, gbk

_ESC = const(0x1B)
_FS = const(0x1C)
_GS = const(0x1D)
_HIGH = const(24)  # rows of a character
_WIDE = const(12)  # dots of a column
_SPACING = const(30)  # rows from one line to the next
_CELLS = const(8)  # where the bitmaps begin in a file of cells
_HAN_BYTES = const(72)
_LATIN_BYTES = const(48)


class RasterPrinter:
    """What ``printer`` is, given the content of ``han24.gb`` and ``latin24.gb``.

    It has one and is none: private names are shortened in each module by itself.
    """

    def __init__(self, printer, han, latin):
        for name in ("close", "start", "status", "check", "finish", "ready"):
            setattr(self, name, getattr(printer, name))
        self._printer = printer
        self._fonts = (han, latin)
        self._size = 0  # n of GS !
        self._bold = False

    async def write(self, data) -> None:
        """As `Printer.write`; whole lines. Raises PrinterFault."""
        begin = 0
        while begin < len(data):
            end, text, chinese = self._scan(data, begin)
            if chinese:
                await self._printer.write(self._commands(data, begin, end))
                await self._printer.write(self._drawn(text))
            else:
                await self._printer.write(data[begin:end])
            begin = end

    def _scan(self, data, at: int):
        """Where the line that begins at ``at`` ends, its text, and whether Chinese is in it."""
        text = bytearray()
        chinese = False
        while at < len(data):
            c = data[at]
            if c == 0x0A:
                return at + 1, text, chinese
            size = _length(data, at)
            if not size:
                text.append(c)
                size = 1
            elif c == _FS:
                chinese = True
            elif c == _GS and data[at + 1] == 0x21:
                self._size = data[at + 2]
            elif c == _ESC and data[at + 1] == 0x45:
                self._bold = bool(data[at + 2] & 1)
            elif c == _ESC and data[at + 1] == 0x40:
                self._size = 0
                self._bold = False
            at += size
        return at, text, chinese

    def _commands(self, data, at: int, end: int):
        """The commands of a line without its text and without those that switch Chinese."""
        out = bytearray()
        while at < end:
            size = _length(data, at)
            if size and data[at] != _FS:
                out.extend(data[at : at + size])
            at += size or 1
        return out

    def _drawn(self, text):
        """A line as an image, scaled by the printer, and the feed to the next line."""
        wide = self._size >> 4 & 1
        high = self._size & 1
        columns = min(len(text), escpos.COLUMNS >> wide)
        row = (columns * _WIDE + 7) // 8
        head = escpos.raster(row, _HIGH, wide | high << 1)
        out = bytearray(len(head) + row * _HIGH)
        out[: len(head)] = head
        self._draw(FrameBuffer(memoryview(out)[len(head) :], row * 8, _HIGH, MONO_HLSB), text)
        if not high:
            out.extend(b"\x1bJ" + bytes((_SPACING - _HIGH,)))
        return out

    def _draw(self, image, text):
        x = i = 0
        while i < len(text):
            c = text[i]
            i += 1
            if c < 0x80:
                at = _CELLS + (c - 0x20) * _LATIN_BYTES
                cell = (self._fonts[1][at : at + _LATIN_BYTES], _WIDE, _HIGH, MONO_HLSB)
            else:
                at = _CELLS + gbk.cell(c << 8 | text[i]) * _HAN_BYTES
                cell = (self._fonts[0][at : at + _HAN_BYTES], 2 * _WIDE, _HIGH, MONO_HLSB)
                i += 1
            image.blit(cell, x, 0)
            if self._bold:
                image.blit(cell, x + 1, 0, 0)
            x += _WIDE if c < 0x80 else 2 * _WIDE


def _length(data, at: int) -> int:
    """The bytes of the command at ``at``; 0 where there is a character."""
    c = data[at]
    if c == _FS:
        return 2
    if c == _ESC:
        return 2 if data[at + 1] == 0x40 else 3
    if c == _GS:
        if data[at + 1] == 0x76:  # an image
            row = data[at + 4] | data[at + 5] << 8
            return 8 + row * (data[at + 6] | data[at + 7] << 8)
        return 3
    return 0
