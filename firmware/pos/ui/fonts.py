"""Font files, read in place: on a ROM file system no byte of them is copied to the heap.

A face of letters (made by ``host_tools/build/fonts.py``): 12 bytes of header, the code points in
ascending order (2 bytes each, low byte first), a record of 8 bytes per glyph, the bitmaps. What it
lacks comes from a font of cells, which has all of GB 2312 (``host_tools/build/han.py``).
"""

from array import array

from framebuf import GS2_HMSB, MONO_HLSB
from micropython import const

from pos.protocol import gbk
from pos.protocol.gbk import points, wrap

_CODES = const(12)
_RECORD = const(8)
_CELL = const(0x8000)  # the number of a glyph with this bit is that of a cell
_SMALL = const(16384)  # bytes of a file that may lie on the heap
_ZERO = const(0x30)
_WIDE = const(0x2E80)  # from here on letters have nothing


def view(path: str):
    """The content of a file where it lies. Raises OSError."""
    file = open(path, "rb")
    try:
        return memoryview(file)
    except TypeError:  # a file system that cannot be mapped
        from pos.ui.unmapped import Unmapped

        size = file.seek(0, 2)
        file.seek(0)
        return file.read() if size < _SMALL else Unmapped(file)


class Cells:
    """A font of square cells, one for each place of GB 2312; ``size`` is their side in pixels.

    ``bytes`` each, from byte 8 of ``data`` on, in the ``format`` of framebuf.

    Raises OSError without the file, ValueError when it is no such font.
    """

    def __init__(self, path: str):
        data = view(path)
        if bytes(data[0:4]) != b"GBF1":
            raise ValueError(path)
        self.data = data
        self.size = data[5]
        self.format = MONO_HLSB if data[4] == 1 else GS2_HMSB
        self.bytes = data[7]  # of a cell


class Font:
    """One type face in one size; ``data`` is the file, ``height`` the rows of a line.

    ``baseline`` is how many rows of the line are above the foot of the letters; ``cells`` draws
    what the file lacks, from the first row of the line on.
    Raises OSError without the file, ValueError when it is no font of 2 bits a pixel.
    """

    def __init__(self, path: str, cells=None):
        data = view(path)
        if bytes(data[0:5]) != b"TTF1\x02":
            raise ValueError(path)
        self.data = data
        self.height = data[5]
        self.baseline = data[6]
        self.cells = cells
        self._count = data[8] | data[9] << 8
        self.records = _CODES + 2 * self._count
        self._first = data[_CODES] | data[_CODES + 1] << 8
        self._missing = data[10] | data[11] << 8
        self._run = 1  # glyphs from the first on whose codes follow each other, as ASCII's do
        while self._run < self._count and self._code(self._run) == self._first + self._run:
            self._run += 1

    def glyphs(self, text: str):
        """The numbers of what is drawn for ``text``: of a record, or _CELL and that of a cell."""
        found = array("H")
        first, run = self._first, self._run
        for code in points(text):
            glyph = code - first
            found.append(glyph if 0 <= glyph < run else self._glyph(code))
        return found

    def width(self, glyphs) -> int:
        """Pixels that they take on a line."""
        data = self.data
        advance = self.records + 4
        size = self.cells.size if self.cells else 0
        width = 0
        for glyph in glyphs:
            width += size if glyph >= _CELL else data[advance + _RECORD * glyph]
        return width

    def rows(self, glyphs):
        """The first row of a line that they or a digit reach, and the one below the last."""
        data = self.data
        records = self.records
        top, bottom = self.height, 0
        for i in range(-1, len(glyphs)):
            glyph = self._glyph(_ZERO) if i < 0 else glyphs[i]
            if glyph >= _CELL:
                start, high = 0, self.cells.size
            else:
                at = records + _RECORD * glyph
                start, high = data[at + 3], data[at + 1]
            if high:
                top = min(top, start)
                bottom = max(bottom, start + high)
        return top, bottom

    def _glyph(self, code: int) -> int:
        glyph = code - self._first
        if not 0 <= glyph < self._run:
            glyph = -1 if code >= _WIDE and self.cells else self._search(code)
            if glyph < 0:
                return _CELL | gbk.cell(gbk.code(code)) if self.cells else self._missing
        return glyph

    def _code(self, index: int) -> int:
        at = _CODES + 2 * index
        return self.data[at] | self.data[at + 1] << 8

    def _search(self, code: int) -> int:
        low, high = 0, self._count
        while low < high:
            middle = (low + high) >> 1
            if self._code(middle) < code:
                low = middle + 1
            else:
                high = middle
        return low if low < self._count and self._code(low) == code else -1

    def measure(self, text: str) -> int:
        """Pixels that ``text`` takes on a line."""
        return self.width(self.glyphs(text))

    def wrap(self, text: str, width: int) -> list:
        """``text`` as lines of at most ``width`` pixels, see `gbk.wrap`."""
        return wrap(text, width, self._advance)

    def _advance(self, code: int) -> int:
        glyph = self._glyph(code)
        return self.cells.size if glyph >= _CELL else self.data[self.records + _RECORD * glyph + 4]

    def fitting(self, glyphs, width: int) -> int:
        """How many of the glyphs fit ``width`` pixels, at least one."""
        for i in range(len(glyphs)):
            width -= self.width(glyphs[i : i + 1])
            if width < 0 and i:
                return i
        return len(glyphs)
