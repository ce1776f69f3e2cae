"""Chinese: all of GB 2312 from Noto Sans SC, as files that the firmware reads in place.

A cell is a character's place in GB 2312: (row, column), both from 1 to 94. Rows 1 to 9 are signs,
16 to 87 hanzi; those between and behind are empty and have no cells here, so that there are 7,614.
A byte of the code is the row or column plus A0.

``gb2312.tab``, numbers low byte first:

====== ========== =====================================================================
offset bytes      what
====== ========== =====================================================================
0      4          ``GBT1``
4      2          number of signs, n
6      2          zero
8      2 x 20902  codes of the code points 4E00 to 9FA5: row, column (plus A0 each); 0: none
       4 x n      the other code points, ascending: code point (2), row, column (plus A0 each)
       2 x 7614   code points of the cells; 0: none
====== ========== =====================================================================

``han16.gb``, ``han24.gb`` (display and paper) and ``latin24.gb`` (ASCII on paper, 20 to 7E):

====== ========= ======================================================================
0      4         ``GBF1``
4      1         bits a pixel: 2 (``framebuf.GS2_HMSB``) or 1 (``framebuf.MONO_HLSB``)
5      1         width of a cell
6      1         height of a cell
7      1         bytes of a cell
8      ...       the cells; rows start on a byte
====== ========= ======================================================================

A code of GB 2312 decodes as GBK and GB18030 have it (A1A4 is U+00B7, A1AA U+2014).
"""

import hashlib
import os
import struct
from functools import cache
from pathlib import Path

import fontpkg_ibm_plex_mono
import pylopdf_fonts_zh_cn
from PIL import Image, ImageDraw, ImageFont

ROWS = (*range(1, 10), *range(16, 88))
COLUMNS = 94
FIRST, LAST = 0x4E00, 0x9FA5  # the code points that have a place of their own in the table
BOX = "□"  # stands for what is not in GB 2312
FILES = ("gb2312.tab", "han16.gb", "han24.gb", "latin24.gb")
_ALIASES = {"¥": "￥", "•": "·"}  # drawn alike, and only the second is in GB 2312
_DARKER = 0.75  # exponent of the grey levels of thin strokes: lighter ones are hard to read
_ASCII = "".join(map(chr, range(0x20, 0x7F)))
_CELL = 24
_SMALL = 14
_SMALL_FILE = "han14.gb"


@cache
def cells() -> list[str]:
    """The character of each cell, "" where there is none."""
    found = []
    for row in ROWS:
        for column in range(1, COLUMNS + 1):
            code = bytes((0xA0 + row, 0xA0 + column))
            char = code.decode("gbk", errors="ignore")
            found.append(char if len(char) == 1 and not 0xE000 <= ord(char) < 0xF900 else "")
    return found


def code(char: str) -> bytes:
    """The two bytes of a character in GB 2312; none for what it lacks."""
    code = _ALIASES.get(char, char).encode("gbk", errors="ignore")
    row, column = (code[0] - 0xA0, code[1] - 0xA0) if len(code) == 2 else (0, 0)
    return code if row in ROWS and column > 0 else b""


def build_han(out: Path, cache_folder: Path, *, small: bool = False) -> list[Path]:
    """Write the files to ``out``, rendered once for all under ``cache_folder``; their paths.

    ``small``: for a display of one colour and 64 rows; its ``han16.gb`` has cells of 14 pixels.
    """
    key = hashlib.sha256(Path(__file__).read_bytes())
    for path in (_noto(), _plex()):
        key.update(f"{path.name} {path.stat().st_size}".encode())
    kept = cache_folder / f"han-{key.hexdigest()[:16]}"
    if not all((kept / name).exists() for name in (*FILES, _SMALL_FILE)):
        kept.mkdir(parents=True, exist_ok=True)
        for name, data in zip((*FILES, _SMALL_FILE), _render(), strict=True):
            _replace(kept / name, data)
    for name in FILES:
        data = (kept / (_SMALL_FILE if small and name == "han16.gb" else name)).read_bytes()
        if not (out / name).exists() or (out / name).read_bytes() != data:
            _replace(out / name, data)
    return [out / name for name in FILES]


def _replace(path: Path, data: bytes) -> None:
    partial = path.with_suffix(f".{os.getpid()}.tmp")
    partial.write_bytes(data)
    partial.replace(path)


def _render() -> tuple[bytes, bytes, bytes, bytes, bytes]:
    chars = cells()
    grey = b"".join(_grey(_drawn(char, _font(16), 16)) for char in chars)
    dots = b"".join(_dots(_bold(_drawn(char, _font(_CELL), _CELL))) for char in chars)
    latin = b"".join(_dots(_latin(char)) for char in _ASCII)
    small = b"".join(_grey(_drawn_hard(char)) for char in chars)
    files = (2, 16, 16, grey), (1, 24, 24, dots), (1, 12, 24, latin), (2, _SMALL, _SMALL, small)
    return tables(), *(_file(*file) for file in files)  # pyright: ignore[reportReturnType]


def tables() -> bytes:
    """The content of ``gb2312.tab``."""
    hanzi = b"".join(code(chr(point)) or bytes(2) for point in range(FIRST, LAST + 1))
    signs = {char for char in cells() if char and not FIRST <= ord(char) <= LAST}
    signs = sorted(signs | _ALIASES.keys())
    table = b"".join(struct.pack("<H", ord(char)) + code(char) for char in signs)
    back = b"".join(struct.pack("<H", ord(char) if char else 0) for char in cells())
    return struct.pack("<4sHH", b"GBT1", len(signs), 0) + hanzi + table + back


def _file(bits: int, width: int, height: int, data: bytes) -> bytes:
    size = (width * bits + 7) // 8 * height  # rows start on a byte
    return struct.pack("<4sBBBB", b"GBF1", bits, width, height, size) + data


def _noto() -> Path:
    return pylopdf_fonts_zh_cn.sans_path()


def _plex() -> Path:
    return Path(fontpkg_ibm_plex_mono.ROOT) / "files" / "IBMPlexMono-Medium.ttf"


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(_noto()), size, layout_engine=ImageFont.Layout.BASIC)


def _drawn(char: str, font: ImageFont.FreeTypeFont, size: int) -> Image.Image:
    cell = Image.new("L", (size, size))
    if char:
        middle = (size / 2, size / 2)
        ImageDraw.Draw(cell).text(middle, char, font=font, fill=255, anchor="mm")
    return cell


def _drawn_hard(char: str) -> Image.Image:
    """A cell of the small display: no grey, rows filled up to whole bytes."""
    cell = Image.new("L", (-(-_SMALL // 4) * 4, _SMALL))
    if char:
        draw = ImageDraw.Draw(cell)
        draw.fontmode = "1"
        draw.text((_SMALL / 2, _SMALL / 2 - 1), char, font=_font(_SMALL), fill=255, anchor="mm")
    return cell


def _bold(cell: Image.Image) -> Image.Image:
    """Grey as dots, rather more than fewer of them: thin lines burn badly."""
    return cell.point(_BURNT, "1")


def _latin(char: str) -> Image.Image:
    """A letter for paper: half a cell wide, on the line that hanzi seem to stand on."""
    cell = Image.new("1", (_CELL // 2, _CELL))
    font = ImageFont.truetype(str(_plex()), 20, layout_engine=ImageFont.Layout.BASIC)
    ImageDraw.Draw(cell).text((0, 19), char, font=font, fill=1, anchor="ls")
    return cell


_BURNT = [255 if value >= 100 else 0 for value in range(256)]
_LEVELS = bytes(round((value / 255) ** _DARKER * 3) for value in range(256))


def _grey(image: Image.Image) -> bytes:
    """Four pixels a byte, the leftmost in the low bits."""
    levels = image.tobytes().translate(_LEVELS)
    return bytes(
        levels[i] | levels[i + 1] << 2 | levels[i + 2] << 4 | levels[i + 3] << 6
        for i in range(0, len(levels), 4)
    )


def _dots(image: Image.Image) -> bytes:
    """Eight pixels a byte, the leftmost in the high bit."""
    return image.tobytes()
