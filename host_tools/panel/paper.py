"""The paper that has come out of the printer, as rows of dots that only ever become more.

A frame of paper: 02, number of the slip (2 bytes, least significant first), number of its first
row here (4 bytes), dots in a row (2 bytes), then rows of one bit a dot, the leftmost dot first.
"""

import io
import struct
from collections.abc import Iterator

from PIL import Image

from host_tools.vboard.chips.escpos_printer import EscPosPrinter
from host_tools.vboard.chips.thermal_paper import DOTS_PER_MM, Slip

PAPER = 0x02
_HEAD = struct.Struct("<BHIH")
_MOST = 1024  # rows in one frame
_DPI = DOTS_PER_MM * 25.4


class _Rows:
    """A slip as far as it has been read."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.strips = 0
        self.whole = False


class Paper:
    """Copies what a printer puts on paper. ``read`` runs on the board's thread."""

    def __init__(self, printer: EscPosPrinter) -> None:
        self._printer = printer
        self._slips: list[_Rows] = [_Rows()]
        self.dots = printer.dots
        self._bytes = (printer.dots + 7) // 8
        self._covered = round(printer.tear_bar_mm * DOTS_PER_MM)

    @property
    def current(self) -> int:
        """The number of the slip that still hangs in the printer; those before it are torn off."""
        return len(self._slips) - 1

    def rows(self, number: int) -> int:
        """How many rows of a slip are to be seen: the rest is behind the tear bar."""
        slip = self._slips[number]
        have = len(slip.data) // self._bytes
        return have if slip.whole else max(0, have - self._covered)

    def read(self) -> bool:
        """Take in what is new; whether there was anything."""
        torn = self._printer.slips
        before = (len(self._slips), len(self._slips[-1].data))
        for number in range(self.current, len(torn)):
            rows = self._slips[number] = _Rows()
            _copy(rows, torn[number])
            rows.whole = True
            self._slips.append(_Rows())
        _copy(self._slips[-1], self._printer.slip)
        return before != (len(self._slips), len(self._slips[-1].data))

    def frames(self, seen: list[int]) -> Iterator[bytes]:
        """The rows beyond ``seen`` (how many of each slip), which is brought up to date."""
        for number in range(len(self._slips)):
            if number == len(seen):
                seen.append(0)
            rows = self.rows(number)
            while seen[number] < rows:
                first, last = seen[number], min(rows, seen[number] + _MOST)
                data = self._slips[number].data[first * self._bytes : last * self._bytes]
                yield _HEAD.pack(PAPER, number, first, self.dots) + bytes(data)
                seen[number] = last

    def image(self, number: int) -> Image.Image:
        """A slip as a person sees it. IndexError when there is none, or nothing of it yet."""
        if not 0 <= number < len(self._slips) or not self.rows(number):
            raise IndexError(number)
        size = (self.dots, self.rows(number))
        data = bytes(self._slips[number].data[: size[1] * self._bytes])
        return Slip(self.dots, [Image.frombytes("1", size, data)]).image()

    def save(self, number: int | None, kind: str) -> bytes:
        """A slip (None: all of them, one below the other or one a page) as "png" or "pdf".

        203 dots to the inch, so that it prints in its own size. IndexError: nothing is there.
        """
        every = (
            [n for n in range(len(self._slips)) if self.rows(n)] if number is None else [number]
        )
        images = [self.image(n) for n in every]
        if not images:
            raise IndexError("no paper")
        out = io.BytesIO()
        if kind == "pdf":
            images[0].save(
                out, "PDF", resolution=_DPI, save_all=True, append_images=images[1:], title="Slip"
            )
        else:
            _below_each_other(images).save(out, "PNG", dpi=(_DPI, _DPI))
        return out.getvalue()


def _copy(rows: _Rows, slip: Slip) -> None:
    for strip in slip.strips[rows.strips :]:
        rows.data += strip.tobytes()
    rows.strips = len(slip.strips)


def _below_each_other(images: list[Image.Image]) -> Image.Image:
    whole = Image.new("RGB", (images[0].width, sum(image.height for image in images)))
    y = 0
    for image in images:
        whole.paste(image, (0, y))
        y += image.height
    return whole
