"""Chinese as the screen reader needs it: cells of a font file by their first two inked columns.

A cell is cut into columns only when it might be the one: there are 7,614 of them in a font.
"""

import functools
import struct
from pathlib import Path

Column = tuple[int, ...]
Pair = tuple[Column, Column]
_HEAD = 8
_HANZI = 20902  # code points in the first part of the table
_FACES = {  # of the display: the file, and the level that each level of the file is shown as
    "sans16": ("han16.gb", b"\0\1\2\3"),
    "bold16": ("han16.gb", b"\0\2\3\3"),
    "sans24": ("han24.gb", b"\0\3"),
}


class Han:
    """The cells of one font; ``mono``: drawn without grey."""

    def __init__(self, data: bytes, shades: bytes, chars: list[str], height: int) -> None:
        """``height``: rows of the line that the cells stand in, from its first one on."""
        bits, self.size = data[4], data[5]
        self.mono = bits == 1
        self._chars = chars
        self._bytes, self._stride, self._each = data[7], -(-self.size * bits // 8), 8 // bits
        self._below = bytes(height - self.size)
        cells, mask = data[_HEAD:], (1 << bits) - 1
        self._planes = []  # one for each pixel of a byte: a level a byte
        for x in range(self._each):
            shift = 2 * x if bits == 2 else 7 - x
            self._planes.append(
                cells.translate(bytes(shades[b >> shift & mask] for b in range(256)))
            )
        self.first: dict[Pair, list[int]] = {}  # by the first inked column and the one after it
        for cell, char in enumerate(chars):
            for x in range(self.size if char else 0):
                column = self._column(cell, x)
                if any(column):
                    after = self._column(cell, x + 1) if x + 1 < self.size else bytes(height)
                    self.first.setdefault((tuple(column), tuple(after)), []).append(cell)
                    break

    def _column(self, cell: int, x: int) -> bytes:
        start = cell * self._bytes + x // self._each
        plane = self._planes[x % self._each]
        return plane[start : (cell + 1) * self._bytes : self._stride] + self._below

    @functools.cache  # noqa: B019 - as many as there are characters, and the fonts live as long
    def glyph(self, cell: int) -> tuple[str, int, list[Column]]:
        """The character, the blank columns before its ink, and its columns."""
        columns = [tuple(self._column(cell, x)) for x in range(self.size)]
        inked = [x for x, column in enumerate(columns) if any(column)]
        return self._chars[cell], inked[0], columns[inked[0] : inked[-1] + 1]

    def lines(self, top: int, bottom: int) -> range:
        """Where a line of cells can begin whose ink goes from row ``top`` to before ``bottom``.

        Words have ink in the upper quarter of their cells, and over two thirds of it.
        """
        if 3 * (bottom - top) < 2 * self.size:
            return range(0)
        return range(max(bottom - self.size, top - self.size // 4), top + 1)


def load_han(folder: Path, name: str, height: int) -> Han | None:
    """What the face ``name`` draws Chinese with; None where it has none."""
    if name not in _FACES or not (folder / "gb2312.tab").exists():
        return None
    paths = folder / _FACES[name][0], folder / "gb2312.tab"
    return _load(name, height, *((path, path.stat().st_mtime_ns) for path in paths))


@functools.lru_cache(maxsize=6)
def _load(name: str, height: int, font: tuple[Path, int], table: tuple[Path, int]) -> Han:
    chars = _chars(table[0].read_bytes())
    return Han(font[0].read_bytes(), _FACES[name][1], chars, height)


def _chars(table: bytes) -> list[str]:
    (signs,) = struct.unpack_from("<H", table, 4)
    back = table[_HEAD + 2 * _HANZI + 4 * signs :]
    return [chr(point) if point else "" for (point,) in struct.iter_unpack("<H", back)]
