"""Makes the terminal's font files out of IBM Plex Sans (SIL Open Font License 1.1).

A font file is read in place by the firmware (no copy), all numbers little-endian:

====== ====== =========================================================================
offset size   content
====== ====== =========================================================================
0      4      ``TTF1``
4      1      bits a pixel (2: grey levels 0 to 3)
5      1      line height in pixels: the rows of a cell
6      1      baseline: rows from the top of the cell to the line the letters stand on
7      1      0
8      2      number of glyphs, n
10     2      index of the glyph that stands for a character the font lacks
12     2*n    code points, ascending, for a binary search (Basic Multilingual Plane)
12+2n  8*n    per glyph: width, height, x offset, y offset, advance (a byte each),
              offset of its bitmap from the start of the file (3 bytes)
...           bitmaps: rows of 2-bit pixels, four a byte, leftmost in the low bits, each row
              starting on a byte: MicroPython's ``framebuf.GS2_HMSB``
====== ====== =========================================================================

The ink of a glyph never leaves its cell (0 <= x offset, x offset + width <= advance), so that
cells can be drawn side by side without blending, and read back from a picture without doubt.
"""

import os
import struct
from pathlib import Path
from typing import NamedTuple

import fontpkg_ibm_plex_sans
from PIL import Image, ImageDraw, ImageFont

from host_tools.build import icons
from host_tools.build.han import build_han

MAGIC = b"TTF1"
_CACHE = Path(__file__).resolve().parents[2] / "build" / "cache"
_HEADER = struct.Struct("<4sBBBBHH")
_ASCII = "".join(map(chr, range(0x20, 0x7F)))
_TEXT = _ASCII + "¥·•…×÷°€£–→←↑↓"
_TWO_LEVELS = [0] * 128 + [255] * 128
_AMOUNT = " 0123456789.,-¥*"


class Glyph(NamedTuple):
    """A character's picture: ``rows`` of grey levels 0 to 3, cropped to the ink."""

    rows: list[bytes]
    x: int
    y: int
    advance: int


class Face(NamedTuple):
    """One font file to make: an IBM Plex Sans instance at a pixel size, and its characters."""

    name: str
    size: int
    weight: int
    width: int
    characters: str
    mono: bool = False  # no grey: for a display of one colour
    least: int = 0  # rows of a line, for the Chinese in it


FACES = (
    Face("sans16", 16, 450, 100, _TEXT),
    Face("bold16", 16, 650, 100, _TEXT),
    Face("sans24", 24, 550, 100, _TEXT),
    Face("amount40", 40, 550, 85, _AMOUNT),
    Face("amount52", 52, 550, 85, _AMOUNT),  # these for people who see less well
    Face("amount64", 64, 550, 85, _AMOUNT),
    Face("amount80", 80, 550, 85, _AMOUNT),
)
# For 128x64 pixels: four lines of 16. The names are those of the large display, and say its sizes
SMALL_FACES = (
    Face("sans16", 13, 500, 85, _TEXT, mono=True),
    Face("bold16", 13, 700, 85, _TEXT, mono=True),
    Face("sans24", 22, 550, 85, _TEXT, mono=True, least=24),
    Face("amount40", 30, 550, 85, _AMOUNT, mono=True),
    Face("amount22", 22, 550, 85, _AMOUNT, mono=True),  # lower than a line of letters
)
_SMALL_ICON = 15
_SETS = {"": (FACES, icons.LARGE), "small": (SMALL_FACES, _SMALL_ICON)}


def build_fonts(out_dir: Path | str, screens: str = "") -> list[Path]:
    """Write every font file to ``out_dir``; the same bytes each time. Returns their paths.

    ``screens``: the display they are for, as in ``firmware/pos/ui``. Chinese is rendered once and
    kept under ``build/cache``.
    """
    faces, icon = _SETS[screens]
    out = Path(out_dir)
    out.mkdir(parents=True, exist_ok=True)
    paths = []
    for face in faces:
        paths.append(out / f"{face.name}.fnt")
        _replace(paths[-1], _build_face(face))
    paths.append(out / "icons.fnt")
    mono = faces[0].mono
    pictures = icons.large(icon) | icons.corners()
    big = {char: _from_image(image, mono=mono) for char, image in pictures.items()}
    _replace(paths[-1], encode(big, icon, icon))
    return paths + build_han(out, _CACHE, small=mono)


def _replace(path: Path, data: bytes) -> None:
    """Write a file that another build may be reading: it sees the old content or the new."""
    partial = path.with_suffix(f".{os.getpid()}.tmp")
    partial.write_bytes(data)
    partial.replace(path)


def encode(glyphs: dict[str, Glyph], height: int, baseline: int) -> bytes:
    """The bytes of a font file; raises ValueError for what the format cannot hold."""
    order = sorted(glyphs, key=ord)
    if ord(order[-1]) > 0xFFFF:
        raise ValueError("a code point beyond U+FFFF")
    fallback = order.index("?") if "?" in glyphs else 0
    head = _HEADER.pack(MAGIC, 2, height, baseline, 0, len(order), fallback)
    codes = b"".join(struct.pack("<H", ord(char)) for char in order)
    index, bitmaps = bytearray(), bytearray()
    start = len(head) + len(codes) + 8 * len(order)
    for char in order:
        glyph = glyphs[char]
        width = len(glyph.rows[0]) if glyph.rows else 0
        if glyph.x < 0 or glyph.x + width > glyph.advance or glyph.y + len(glyph.rows) > height:
            raise ValueError(f"{char!r} leaves its cell")
        index += bytes((width, len(glyph.rows), glyph.x, glyph.y, glyph.advance))
        index += (start + len(bitmaps)).to_bytes(3, "little")
        bitmaps += b"".join(map(_pack_row, glyph.rows))
    return head + codes + bytes(index) + bytes(bitmaps)


def _pack_row(levels: bytes) -> bytes:
    """Grey levels as 2-bit pixels, the leftmost of four in the low bits."""
    packed = bytearray((len(levels) + 3) // 4)
    for x, level in enumerate(levels):
        packed[x >> 2] |= level << ((x & 3) * 2)
    return bytes(packed)


def _build_face(face: Face) -> bytes:
    font, mono = _open(face), face.mono
    tops, bottoms = zip(*(_ink(font, char, mono)[1::2] for char in face.characters), strict=True)
    top, bottom = min(tops), max(bottoms)
    ascent = font.getmetrics()[0]
    glyphs = {char: _render(font, char, top, mono) for char in face.characters}
    if face.characters is _TEXT:
        cap = ascent - _ink(font, "H", mono)[1]
        for char, image in icons.small(cap).items():
            glyphs[char] = _from_image(image, y=ascent - top - cap, margin=1, mono=mono)
    else:
        # the mark of a hidden digit: a dot at the height of the figures' middle
        figure = _ink(font, "0", mono)
        dot = icons.dot(face.size // 4)
        middle = (figure[1] + figure[3]) // 2 - dot.height // 2 - top
        glyphs["*"] = _from_image(dot, y=middle, margin=3, mono=mono)
    return encode(glyphs, max(bottom - top, face.least), ascent - top)


def _open(face: Face) -> ImageFont.FreeTypeFont:
    folder = fontpkg_ibm_plex_sans.ROOT / "files"
    path = folder / "IBMPlexSans[wdth,wght].ttf"
    font = ImageFont.truetype(str(path), face.size, layout_engine=ImageFont.Layout.BASIC)
    values = {b"Weight": face.weight, b"Width": face.width}
    font.set_variation_by_axes(
        [values[axis.get("name", b"")] for axis in font.get_variation_axes()]
    )
    return font


def _ink(font: ImageFont.FreeTypeFont, char: str, mono: bool) -> tuple[int, int, int, int]:
    left, top, right, bottom = font.getbbox(char, "1" if mono else "")
    return int(left), int(top), int(right), int(bottom)


def _render(font: ImageFont.FreeTypeFont, char: str, top: int, mono: bool) -> Glyph:
    """A character of the type face, its cell widened where the ink would leave it."""
    advance = round(font.getlength(char, "1" if mono else ""))
    left, upper, right, lower = _ink(font, char, mono)
    if char == " " or right <= left:
        return Glyph([], 0, 0, advance)
    image = Image.new("L", (right - left, lower - upper))
    draw = ImageDraw.Draw(image)
    draw.fontmode = "1" if mono else "L"
    draw.text((-left, -upper), char, font=font, fill=255)
    rows, dx, dy = _crop(_levels(image))
    if not rows:
        return Glyph([], 0, 0, advance)
    x = max(0, left + dx)
    return Glyph(rows, x, upper - top + dy, max(advance, x + len(rows[0])))


def _from_image(image: Image.Image, y: int = 0, margin: int = 0, mono: bool = False) -> Glyph:
    if mono:
        image = image.point(_TWO_LEVELS)
    rows, dx, dy = _crop(_levels(image))
    return Glyph(rows, dx + margin, y + dy, image.width + 2 * margin)


def _levels(image: Image.Image) -> list[bytes]:
    """Rows of grey levels 0 to 3 of an 8-bit picture."""
    table = bytes((value * 3 + 127) // 255 for value in range(256))
    data = image.tobytes().translate(table)
    return [data[i : i + image.width] for i in range(0, len(data), image.width)]


def _crop(rows: list[bytes]) -> tuple[list[bytes], int, int]:
    """The rows cut to their ink, and how many columns and rows went at the left and the top."""
    inked = [i for i, row in enumerate(rows) if any(row)]
    if not inked:
        return [], 0, 0
    columns = [x for x in range(len(rows[0])) if any(row[x] for row in rows)]
    cut = [row[columns[0] : columns[-1] + 1] for row in rows[inked[0] : inked[-1] + 1]]
    return cut, columns[0], inked[0]
