"""What a thermal head leaves on 58 mm paper: glyphs in their cells, lines of dots, slips.

The head has 8 dots to the millimetre. Dots are PIL images of mode "1" in which 1 is a burnt dot.
The characters are IBM Plex Mono, drawn without grey and enlarged by doubling dots, as heads do.
"""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import fontpkg_ibm_plex_mono
from PIL import Image, ImageChops, ImageDraw, ImageFont

DOTS_PER_MM = 8
PAPER_DOTS = 58 * DOTS_PER_MM
CELLS = {"A": (12, 24, 20, 19), "B": (9, 17, 15, 14)}  # width, height, font size, baseline
_CJK_CELL = 24
_PAPER_COLOUR = (250, 249, 245)
_INK_COLOUR = (38, 37, 42)


@dataclass(frozen=True)
class Style:
    """How characters are printed."""

    font: str = "A"
    bold: bool = False
    underline: int = 0
    width: int = 1
    height: int = 1
    inverted: bool = False
    double_byte: bool = False  # from the font of 24x24 dots


@dataclass(frozen=True)
class Line:
    """A line on the paper. ``text`` is trimmed; an attribute holds when any character has it."""

    text: str
    align: str = "left"
    bold: bool = False
    underline: bool = False
    inverted: bool = False
    width: int = 1
    height: int = 1
    font: str = "A"
    laid_out: str = ""  # as it lies on the paper, with spaces before it

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the largest character, in multiples."""
        return self.width, self.height


@dataclass
class Slip:
    """A piece of paper."""

    dots: int
    strips: list[Image.Image] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    @property
    def height(self) -> int:
        """Dot rows."""
        return sum(strip.height for strip in self.strips)

    @property
    def blank_rows(self) -> int:
        """Dot rows since the last burnt dot."""
        rows = 0
        for strip in reversed(self.strips):
            box = strip.getbbox()
            if box:
                return rows + strip.height - box[3]
            rows += strip.height
        return rows

    @property
    def text(self) -> str:
        """All lines, trimmed at the right, without empty lines at the end."""
        return "\n".join(line.laid_out.rstrip() for line in self.lines).rstrip("\n")

    def cut(self, rows: int) -> Image.Image:
        """Take the last ``rows`` dot rows off (at most all there are) and return them."""
        whole = Image.new("1", (self.dots, self.height))
        y = 0
        for strip in self.strips:
            whole.paste(strip, (0, y))
            y += strip.height
        edge = max(0, whole.height - rows)
        self.strips = [whole.crop((0, 0, self.dots, edge))]
        return whole.crop((0, edge, self.dots, whole.height))

    def image(self) -> Image.Image:
        """The paper, 464 dots wide (58 mm), RGB, the printable 384 dots in the middle."""
        wide = max(PAPER_DOTS, self.dots)
        picture = Image.new("RGB", (wide, max(1, self.height)), _PAPER_COLOUR)
        y = 0
        for strip in self.strips:
            picture.paste(_INK_COLOUR, ((wide - self.dots) // 2, y), strip)
            y += strip.height
        return picture


# --- glyphs ---


def _plex(weight: str, size: int) -> ImageFont.FreeTypeFont:
    path = Path(fontpkg_ibm_plex_mono.ROOT) / "files" / f"IBMPlexMono-{weight}.ttf"
    return ImageFont.truetype(str(path), size)


@lru_cache(maxsize=8)
def _font(weight: str, size: int) -> ImageFont.FreeTypeFont:
    return _plex(weight, size)


@lru_cache(maxsize=4)
def _cjk_font(path: str) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, _CJK_CELL)


def _draw(cell: Image.Image, at: tuple[int, int], char: str, font, anchor: str) -> None:
    pen = ImageDraw.Draw(cell)
    pen.fontmode = "1"
    pen.text(at, char, font=font, fill=1, anchor=anchor)


@lru_cache(maxsize=1024)
def _narrow(char: str, font: str, bold: bool) -> Image.Image:
    width, height, size, baseline = CELLS[font]
    cell = Image.new("1", (width, height))
    weight = "Bold" if bold else "Medium"
    _draw(cell, (0, baseline), char, _font(weight, size), "ls")
    return cell


@lru_cache(maxsize=1024)
def _wide(char: str, bold: bool, path: str | None) -> Image.Image:
    """A 24x24 character; without a font for it a box with its code point in hexadecimal."""
    cell = Image.new("1", (_CJK_CELL, _CJK_CELL))
    if path is not None:
        _draw(cell, (_CJK_CELL // 2, _CJK_CELL // 2), char, _cjk_font(path), "mm")
    else:
        ImageDraw.Draw(cell).rectangle((1, 1, 22, 22), outline=1)
        code = f"{ord(char) & 0xFFFF:04X}"
        for i, digits in enumerate((code[:2], code[2:])):
            _draw(cell, (6, 11 + 9 * i), digits, _font("Medium", 11), "ls")
    if bold:
        cell = ImageChops.logical_or(cell, ImageChops.offset(cell, 1, 0))
    return cell


def glyph(char: str, style: Style, cjk_font: Path | None = None) -> Image.Image:
    """The dots of one character with its style: a cell, underlined, enlarged, inverted."""
    if style.double_byte:
        cell = _wide(char, style.bold, str(cjk_font) if cjk_font else None)
    else:
        cell = _narrow(char, style.font, style.bold)
    if style.underline or style.inverted or style.width * style.height > 1:
        size = (cell.width * style.width, cell.height * style.height)
        cell = cell.resize(size, Image.Resampling.NEAREST)
        if style.underline:
            cell.paste(1, (0, cell.height - style.underline, cell.width, cell.height))
        if style.inverted:
            cell = ImageChops.logical_xor(cell, Image.new("1", cell.size, 1))
    return cell


# --- a line being composed ---


class Composer:
    """The line buffer: characters side by side on one base, aligned when the line is printed."""

    def __init__(self, cjk_font: Path | None = None) -> None:
        self.cjk_font = cjk_font
        self.x = 0
        self._items: list[tuple[int, Image.Image, str, Style]] = []

    def __len__(self) -> int:
        return len(self._items)

    def put(self, char: str, style: Style, spacing: int, room: int) -> bool:
        """Add a character; False when it does not fit into ``room`` dots."""
        cell = glyph(char, style, self.cjk_font)
        if self._items and self.x + cell.width > room:
            return False
        self._items.append((self.x, cell, char, style))
        self.x += cell.width + spacing * style.width
        return True

    def take(self, align: str, left: int, room: int, dots: int) -> tuple[Image.Image, Line]:
        """The line as dots of its characters' height, and what it says; empties the composer."""
        items, self._items = self._items, []
        used = items[-1][0] + items[-1][1].width if items else 0
        self.x = 0
        shift = left + {"left": 0, "center": (room - used) // 2, "right": room - used}[align]
        height = max((cell.height for _, cell, _, _ in items), default=0)
        strip = Image.new("1", (dots, height))
        laid_out, end = "", 0
        for x, cell, char, _ in items:
            strip.paste(1, (shift + x, height - cell.height), cell)
            laid_out += " " * round((shift + x - end) / CELLS["A"][0]) + char
            end = shift + x + cell.width
        return strip, self._describe(items, align, laid_out)

    @staticmethod
    def _describe(items, align: str, laid_out: str) -> Line:
        line = Line(laid_out.strip(), align, laid_out=laid_out)
        styles = [style for _, _, char, style in items if char != " " or style.inverted]
        if not styles:
            return line
        return replace(
            line,
            bold=any(s.bold for s in styles),
            underline=any(s.underline for s in styles),
            inverted=any(s.inverted for s in styles),
            width=max(s.width for s in styles),
            height=max(s.height for s in styles),
            font=styles[0].font,
        )
