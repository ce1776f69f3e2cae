"""Reads the text on the terminal's screen back from the pixels, by exact comparison of glyphs.

The terminal draws every glyph in a cell of its own, in four grey levels between the colour behind
it and its own colour. So for each two colours on it the picture is turned into grey levels,
and where the columns of a line of cells are those of glyphs, there is text; nothing is guessed.

What is read: every sign of the font files, Chinese where letters alone do not explain all ink.
Not read: runs of nothing but ``. , ' ` - _ | : ;``
(lines and corners look like them) and the corners of boxes.
"""

import functools
import hashlib
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from PIL import Image

from host_tools.device.screen_fonts import Column, Glyph, ScreenFont
from host_tools.device.screen_layers import LARGE, SIZES, SMALL, Box, Rows, layers

_NOT_ALONE = " .,'`-_|:;\"·–"
_CORNERS = "╭╮╯╰"
_GAP = 12  # blank columns that part two segments of a row
_FIELDS_APART = 4  # blank columns, in spaces, from which two texts on a line are two columns
_SAME_LINE = 2  # rows between the feet of texts that stand on one line
_STROKES = " |丨"  # what the edges of such a box look like
_SMALL_HANZI = 14  # rows of a cell on the small display
_LEAST_HANZI, _MOST_HANZI = 10, 26  # rows of ink in a line of them
_LEAST_BAND = 16  # rows: more than a box that has text in it
_MOST_KNOWN = 8192
_SEGMENTS_KEPT = 4096
_SIGN_BESIDE = re.compile(r"[（「《]\w|\w[）」》。，：；！？]")
_PART = re.compile(rb"[^\0](?:\0{0,%d}[^\0])*" % (_GAP - 1), re.DOTALL)

_known: dict[tuple, "list[TextLine]"] = {}  # what stands on pictures and bands, by digest


class TextLine(NamedTuple):
    """What stands on one line of the screen.

    Columns are parted by two spaces, texts of different fonts or colours that stand close by one.
    ``x``, ``y``: upper left corner of the first text's cell; ``font``: the name of its font.
    """

    text: str
    x: int
    y: int
    font: str


class _Run(NamedTuple):
    text: str
    x: int
    y: int
    right: int
    pen: int  # where the next glyph's cell would begin
    font: ScreenFont
    ink: int

    @property
    def base(self) -> int:
        """The row the letters stand on."""
        return self.y + self.font.baseline

    def moved(self, x: int, y: int) -> "_Run":
        """The same so many pixels further right and down."""
        return self._replace(x=self.x + x, y=self.y + y, right=self.right + x, pen=self.pen + x)


def read_screen(image: Image.Image | bytes, fonts: Sequence[ScreenFont]) -> list[TextLine]:
    """The lines of text on a screen, top to bottom.

    ``image``: a picture or its RGB bytes, 3 a pixel. Raises ValueError for an unknown size.
    """
    if isinstance(image, bytes | bytearray | memoryview):
        size = next((s for s in SIZES if s[0] * s[1] * 3 == len(image)), SIZES[0])
        image = Image.frombytes("RGB", size, bytes(image))
    if image.size not in SIZES:
        raise ValueError(f"a picture of {image.size}, not one of {SIZES}")
    return list(_read_once(image.convert("RGB"), tuple(fonts)))


def _bands(image: Image.Image) -> list[tuple[int, int]]:
    """Rows from and to, cut in the middle of rows of one colour: no text and no box is parted."""
    row = image.width * 3
    data = image.tobytes()
    cuts, y = [0], 0
    while y < image.height:
        line = data[row * y : row * y + 3] * image.width
        end = y
        while data[row * end : row * end + row] == line:
            end += 1
        middle = (y + end) // 2
        if end > y and middle - cuts[-1] >= _LEAST_BAND <= image.height - middle:
            cuts.append(middle)
        y = max(end, y + 1)
    return list(itertools.pairwise([*cuts, image.height]))


def _read_once(image: Image.Image, fonts: tuple[ScreenFont, ...]) -> list[TextLine]:
    """As ``_read``, a whole large screen in its bands.

    Most of a screen is as it was on the one before, or in another story.
    """
    key = hashlib.sha1(image.tobytes()).digest(), image.size, fonts
    if key not in _known:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        bands = _bands(image) if image.size == LARGE else []
        _known[key] = _read_bands(image, bands, fonts) if len(bands) > 1 else _read(image, fonts)
    return _known[key]


def _read_bands(
    image: Image.Image, bands: list[tuple[int, int]], fonts: tuple[ScreenFont, ...]
) -> list[TextLine]:
    lines: list[TextLine] = []
    for top, bottom in bands:
        band = _read_once(image.crop((0, top, image.width, bottom)), fonts)
        lines += [line._replace(y=line.y + top) for line in band]
    return lines


def _read(image: Image.Image, fonts: Sequence[ScreenFont]) -> list[TextLine]:
    plain = image.size == SMALL
    found: list[_Run] = []
    mono = [font for font in fonts if font.han and font.han.mono]
    for rows, box, grey in layers(image):
        grey = grey or plain
        parts: Iterable[Box] = _segments(rows, 0, 0, len(rows[0]), len(rows))
        for part in _whole(parts) if plain else parts:
            runs = _read_segment(rows, part, box, fonts, False) if grey else []
            if _may_be_chinese(rows, part, runs):
                wide = _read_segment(rows, part, box, fonts if grey else mono, True)
                runs += [run for run in wide if _is_chinese(run.text)]
            found += [run for run in runs if run.text.strip(_STROKES)] if plain else runs
    return _join(_without_overlaps(found))


def screen_text(lines: Iterable[TextLine]) -> str:
    """The lines as one text."""
    return "\n".join(line.text for line in lines)


def _may_be_chinese(rows: Rows, part: Box, runs: list[_Run]) -> bool:
    """Whether a segment has the size of a line and ink that letters do not explain."""
    left, top, right, bottom = part
    if not _LEAST_HANZI <= bottom - top <= _MOST_HANZI or right - left < _LEAST_HANZI:
        return False
    ink = sum(right - left - row[left:right].count(0) for row in rows[top:bottom])
    if 4 * ink > 3 * (right - left) * (bottom - top):  # a box
        return False
    return sum(run.ink for run in _apart(runs)) < ink


def _is_chinese(text: str) -> bool:
    """Whether it has characters, or signs of Chinese beside letters or digits.

    Parts of pictures may look like other signs.
    """
    return any(map(_is_wide, text)) or _SIGN_BESIDE.search(text) is not None


def _is_wide(char: str) -> bool:
    return "一" < char <= "龥" or "０" <= char <= "ｚ" or char in "□￥"


def _segments(rows: Rows, left: int, top: int, right: int, bottom: int) -> Iterator[Box]:
    """The inked parts of an area, cut at blank rows and wide blank columns as long as it helps."""
    y = top
    while y < bottom:
        if rows[y].count(0, left, right) == right - left:
            y += 1
            continue
        end = y
        while end < bottom and rows[end].count(0, left, right) < right - left:
            end += 1
        ink = 0
        for row in rows[y:end]:
            ink |= int.from_bytes(row[left:right], "little")
        parts = [m.span() for m in _PART.finditer(ink.to_bytes(right - left, "little"))]
        for start, stop in parts:
            if len(parts) > 1:
                yield from _segments(rows, left + start, y, left + stop, end)
            else:
                yield left + start, y, left + stop, end
        y = end


def _whole(parts: Iterable[Box]) -> list[Box]:
    """Segments of which those that can be one line of small hanzi are one: 号 has a blank row."""
    found: list[Box] = []
    for left, top, right, bottom in parts:
        for i, box in enumerate(found):
            near = 0 <= top - box[3] <= 1 and left < box[2] and right > box[0]
            if near and bottom - box[1] <= _SMALL_HANZI:
                found[i] = min(box[0], left), box[1], max(box[2], right), bottom
                break
        else:
            found.append((left, top, right, bottom))
    return found


def _read_segment(
    rows: Rows, part: Box, origin: Box, fonts: Sequence[ScreenFont], chinese: bool
) -> list[_Run]:
    """Every run of glyphs in a segment, for every font and line that it can belong to."""
    left, top, right, bottom = part
    tallest = max((font.height for font in fonts), default=0)
    first = max(0, top - tallest)
    around = tuple(row[left:right] for row in rows[first : bottom + tallest])
    runs = _runs_around(around, top - first, bottom - first, tuple(fonts), chinese)
    x, y = origin[0] + left, origin[1] + first
    return [run.moved(x, y) for run in runs]


@functools.lru_cache(_SEGMENTS_KEPT)  # most of a screen is as it was a moment ago
def _runs_around(
    rows: tuple[bytes, ...], top: int, bottom: int, fonts: tuple[ScreenFont, ...], chinese: bool
) -> list[_Run]:
    """As ``_read_segment``, of the columns of the segment alone and counted from them."""
    blank = bytes(len(rows[0]))
    found: list[_Run] = []
    for font in fonts:
        for y in font.lines(top, bottom, chinese):
            above, below = max(0, -y), max(0, y + font.height - len(rows))
            cells = [blank] * above
            cells += rows[max(0, y) : y + font.height]
            cells += [blank] * below
            columns = list(zip(*cells, strict=True))
            if (
                _has_hanzi(columns, font)
                if chinese
                else not font.by_first.keys().isdisjoint(columns)
            ):
                found += _runs(columns, font, 0, y, chinese)
    return found


def _has_hanzi(columns: list[Column], font: ScreenFont) -> bool:
    for at in range(len(columns)):
        for glyph in font.hanzi(columns, at):
            if columns[at : at + len(glyph.columns)] == glyph.columns:
                return True
    return False


def _runs(
    columns: list[Column], font: ScreenFont, left: int, top: int, chinese: bool
) -> Iterator[_Run]:
    """Texts in the columns of one line of cells."""
    at = 0
    while at < len(columns):
        glyph = _glyph_at(columns, font, at, None, chinese)
        if not glyph:
            at += 1
            continue
        start, text, ink = at - glyph.x, "", 0
        while True:
            text += glyph.char
            ink += glyph.ink
            pen = at - glyph.x + glyph.advance
            at += len(glyph.columns)
            following = _next_ink(columns, at)
            glyph = following and _glyph_at(columns, font, following, pen, chinese)
            if not following or not glyph:
                break
            text += " " * ((following - glyph.x - pen) // (font.space or 1))
            at = following
        yield _Run(text, left + start, top, left + at, left + pen, font, ink)


def _glyph_at(
    columns: list[Column], font: ScreenFont, at: int, pen: int | None, chinese: bool
) -> Glyph | None:
    """The glyph whose ink begins at a column; after ``pen`` only whole spaces may have passed."""
    for glyph in font.starting(columns, at, chinese):
        if columns[at : at + len(glyph.columns)] != glyph.columns:
            continue
        if pen is None:
            return glyph
        gap = at - glyph.x - pen
        if gap == 0 or (gap > 0 and font.space and gap % font.space == 0):
            return glyph
    return None


def _next_ink(columns: list[Column], at: int) -> int | None:
    while at < len(columns):
        if any(columns[at]):
            return at
        at += 1
    return None


def _without_overlaps(runs: list[_Run]) -> list[_Run]:
    """Of readings of the same place the one that explains most ink."""
    return [run for run in _apart(runs) if run.text.strip(_NOT_ALONE) and run.text not in _CORNERS]


def _apart(runs: list[_Run]) -> list[_Run]:
    kept: list[_Run] = []
    for run in sorted(runs, key=lambda run: -run.ink):
        if not any(_touch(run, other) for other in kept):
            kept.append(run)
    return kept


def _touch(a: _Run, b: _Run) -> bool:
    apart = a.right <= b.x or b.right <= a.x
    return not (apart or a.y + a.font.height <= b.y or b.y + b.font.height <= a.y)


def _join(runs: list[_Run]) -> list[TextLine]:
    """Runs that stand on the same line, left to right, as one text each line."""
    lines: list[list[_Run]] = []
    for run in sorted(runs, key=lambda run: (run.base, run.x)):
        if lines and run.base - lines[-1][0].base <= _SAME_LINE:
            lines[-1].append(run)
        else:
            lines.append([run])
    return [_as_line(sorted(line, key=lambda run: run.x)) for line in lines]


def _as_line(runs: list[_Run]) -> TextLine:
    text, first = runs[0].text, runs[0]
    for before, run in itertools.pairwise(runs):
        space = before.font.space or before.font.height // 4
        if run.font is not before.font or run.x != before.pen:  # else a wide sign's empty half
            text += "  " if run.x - before.right >= _FIELDS_APART * space else " "
        text += run.text
    return TextLine(text, first.x, first.y, first.font.name)
