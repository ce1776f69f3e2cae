"""The terminal's fonts as the screen reader needs them: glyphs by what their ink begins with."""

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from host_tools.device.han_glyphs import Han, Pair, load_han

_HEADER = struct.Struct("<4sBBBBHH")
_RECORD = struct.Struct("<BBBBB3s")

Column = tuple[int, ...]


class Glyph(NamedTuple):
    """A character as columns of grey levels, as high as its font; ``x`` blank ones before."""

    char: str
    x: int
    advance: int
    columns: list[Column]
    ink: int


class ScreenFont:
    """A font file as the reader needs it: glyphs by their first inked column."""

    def __init__(self, name: str, data: bytes, folder: Path | None = None) -> None:
        """``folder``: where Chinese for this font may be."""
        magic, bits, self.height, self.baseline, _, count, _ = _HEADER.unpack_from(data)
        if magic != b"TTF1" or bits != 2:
            raise ValueError(f"{name}: not a font of 2 bits a pixel")
        self.name = name
        self.space = 0
        self.by_first: dict[Column, list[Glyph]] = {}
        self._tops: set[int] = set()
        self._bottoms: set[int] = set()
        codes = struct.unpack_from(f"<{count}H", data, _HEADER.size)
        for i, code in enumerate(codes):
            record = _HEADER.size + 2 * count + 8 * i
            glyph = _glyph(chr(code), self.height, data, record)
            if glyph.columns:
                self.by_first.setdefault(glyph.columns[0], []).append(glyph)
                self._tops.add(data[record + 3])
                self._bottoms.add(data[record + 3] + data[record + 1])
            elif code == 0x20:
                self.space = glyph.advance
        for glyphs in self.by_first.values():
            glyphs.sort(key=lambda glyph: -glyph.ink)
        self.han = load_han(folder, name, self.height) if folder else None
        self._han: dict[Pair, list[Glyph]] = {}

    def starting(self, columns: list[Column], at: int, chinese: bool) -> Sequence[Glyph]:
        """The glyphs whose ink may begin at a column, those with most of it first."""
        found = self.by_first.get(columns[at], ())
        if not chinese or self.han is None:
            return found
        cells = self.hanzi(columns, at)
        return sorted([*cells, *found], key=lambda glyph: -glyph.ink) if cells else found

    def hanzi(self, columns: list[Column], at: int) -> Sequence[Glyph]:
        """Those of cells alone."""
        if self.han is None or not any(columns[at]) or at + 1 == len(columns):
            return ()
        pair = columns[at], columns[at + 1]
        if pair not in self._han:
            if pair not in self.han.first:
                return ()
            self._han[pair] = [_of_cell(self.han, cell) for cell in self.han.first[pair]]
        return self._han[pair]

    def lines(self, top: int, bottom: int, chinese: bool) -> Sequence[int]:
        """Where a line of cells can begin whose ink goes from row ``top`` to before ``bottom``."""
        if chinese:
            return self.han.lines(top, bottom) if self.han else ()
        return [top - t for t in self._tops if bottom - top + t in self._bottoms]


def load_fonts(folder: Path | str) -> list[ScreenFont]:
    """The ``*.fnt`` files of a folder; raises ValueError for one that is no font."""
    paths = sorted(Path(folder).glob("*.fnt"))
    return [ScreenFont(path.stem, path.read_bytes(), Path(folder)) for path in paths]


def _glyph(char: str, height: int, data: bytes, record: int) -> Glyph:
    width, rows, x, y, advance, where = _RECORD.unpack_from(data, record)
    start, stride = int.from_bytes(where, "little"), (width + 3) // 4
    columns = []
    for column in range(width):
        at, shift = start + column // 4, column % 4 * 2
        levels = bytes(data[at + row * stride] >> shift & 3 for row in range(rows))
        columns.append(tuple(bytes(y) + levels + bytes(height - y - rows)))
    ink = sum(len(column) - column.count(0) for column in columns)
    return Glyph(char, x, advance, columns, ink)


def _of_cell(han: Han, cell: int) -> Glyph:
    char, x, columns = han.glyph(cell)
    ink = sum(len(column) - column.count(0) for column in columns)
    return Glyph(char, x, han.size, columns, ink)
