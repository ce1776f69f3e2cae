"""Reads lines that were printed as dots back, by exact comparison with the firmware's fonts.

A line is an image of 24 rows, or 48 where the printer has doubled them, in columns of 12 dots;
a Chinese character takes two columns. In bold each dot has a neighbour at its right.
"""

import itertools
from pathlib import Path

from PIL import Image, ImageChops

from host_tools.build.han import cells

_HEAD = 8
_COLUMN, _ROWS = 12, 24
_LEAST_ROWS = 12  # above the first ink of a line
_LATIN = "".join(map(chr, range(0x20, 0x7F)))


class PaperReader:
    """The fonts of a folder, as `host_tools.build.han` writes them."""

    def __init__(self, folder: Path) -> None:
        self._known: dict[bool, dict[bytes, str]] = {False: {}, True: {}}  # by whether it is bold
        for name, chars in (("han24.gb", cells()), ("latin24.gb", list(_LATIN))):
            data = (folder / name).read_bytes()
            width, height, size = data[5:8]
            for i, char in enumerate(chars):
                dots = data[_HEAD + i * size : _HEAD + (i + 1) * size]
                cell = Image.frombytes("1", (width, height), dots)
                if char:
                    self._known[False].setdefault(cell.tobytes(), char)
                    shifted = Image.new("1", cell.size)
                    shifted.paste(cell, (1, 0))
                    thick = ImageChops.logical_or(cell, shifted)
                    self._known[True].setdefault(thick.tobytes(), char)

    def read(self, paper: Image.Image) -> list[str]:
        """The lines in a picture of paper (dark dots, as many as the head has); "" for one that
        is not made of these characters.
        """
        dots = paper.convert("L").point([255 * (value < 128) for value in range(256)], "1")
        texts, y = [], 0
        while box := dots.crop((0, y, dots.width, dots.height)).getbbox():
            y += box[1]
            text, rows = self._line(dots, y)
            texts.append(text)
            y += rows
        return texts

    def _line(self, dots: Image.Image, top: int) -> tuple[str, int]:
        """The text whose first ink is in row ``top``, and the rows from there to its end."""
        for wide, high, bold in itertools.product((1, 2), (1, 2), (False, True)):
            for above in range(_LEAST_ROWS):
                y = top - above * high
                strip = dots.crop((0, y, dots.width, y + _ROWS * high))
                text = self._text(strip, wide, high, bold)
                if text:
                    return text, y + _ROWS * high - top
        rows = 1
        while dots.crop((0, top + rows, dots.width, top + rows + 1)).getbbox():
            rows += 1
        return "", rows

    def _text(self, strip: Image.Image, wide: int, high: int, bold: bool) -> str:
        box = strip.getbbox()
        if box is None:
            return ""
        left = box[0]
        for start in range(max(left % wide, left - (2 * _COLUMN - 1) * wide), left + 1, wide):
            part = strip.crop((start, 0, strip.width - (strip.width - start) % wide, strip.height))
            small = part.resize((part.width // wide, _ROWS), Image.Resampling.NEAREST)
            box = small.getbbox()
            text = self._from(small, 0, box[2], bold) if box else ""
            if text and small.resize(part.size, Image.Resampling.NEAREST) == part:
                return text.strip()
        return ""

    def _from(self, strip: Image.Image, x: int, end: int, bold: bool) -> str:
        text = ""
        while x < end - bold:  # the last character's neighbours may stand outside its cell
            for width in (2 * _COLUMN, _COLUMN):
                cell = strip.crop((x, 0, x + width, _ROWS))
                char = self._known[bold].get(cell.tobytes())
                if char:
                    break
            else:
                return ""
            text += char
            x += width
        return text
