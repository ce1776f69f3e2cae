"""ESC/POS as a 58 mm printer understands it: bytes in, print jobs out.

Commands after Epson's ESC/POS reference, as far as a small receipt printer has them. Everything
else is reported with its bytes and offset, and skipped. Offsets count the bytes since power came.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from host_tools.vboard.chips.thermal_paper import CELLS, Composer, Line, Style

_NUL, _HT, _LF, _CR, _DLE, _ESC, _FS, _GS = 0x00, 0x09, 0x0A, 0x0D, 0x10, 0x1B, 0x1C, 0x1D
_SPACING = 30
_BAND_ROWS = 24
_CODE_PAGES = {0: "cp437", 2: "cp850", 3: "cp860", 4: "cp863", 5: "cp865", 16: "cp1252"}
_CODE_PAGES |= {17: "cp866", 18: "cp852", 19: "cp858"}
_ALIGN = ("left", "center", "right")

# After the first two bytes: how many parameter bytes, and who obeys.
_COMMANDS = {
    b"\x10\x04": (1, "real_time"),
    b"\x10\x05": (1, "real_time"),
    b"\x1b@": (0, "initialise"),
    b"\x1b!": (1, "print_mode"),
    b"\x1bE": (1, "emphasis"),
    b"\x1bG": (1, "emphasis"),
    b"\x1b-": (1, "underline"),
    b"\x1ba": (1, "justify"),
    b"\x1bd": (1, "feed_lines"),
    b"\x1bJ": (1, "feed_dots"),
    b"\x1b2": (0, "default_spacing"),
    b"\x1b3": (1, "line_spacing"),
    b"\x1b ": (1, "right_spacing_set"),
    b"\x1bM": (1, "select_font"),
    b"\x1bt": (1, "code_page"),
    b"\x1bR": (1, "country"),
    b"\x1b$": (2, "move_to"),
    b"\x1d!": (1, "character_size"),
    b"\x1dB": (1, "reverse"),
    b"\x1dL": (2, "left_margin"),
    b"\x1dW": (2, "area_width"),
    b"\x1dV": (1, "cut"),
    b"\x1da": (1, "automatic_status"),
    b"\x1dr": (1, "send_status"),
    b"\x1dI": (1, "send_identity"),
    b"\x1dv": (6, "raster"),
    b"\x1c&": (0, "double_byte_on"),
    b"\x1c.": (0, "double_byte_off"),
    b"\x1c!": (1, "double_byte_mode"),
}


@dataclass(frozen=True)
class Job:
    """What the head does in one go: burn ``dots`` while the paper moves, which makes ``lines``."""

    dots: Image.Image
    lines: tuple[Line, ...] = ()


class Language:
    """The interpreter; ``buffer`` is the printer's input buffer, from which it takes."""

    def __init__(
        self,
        buffer: bytearray,
        dots: int,
        fault: Callable[[str], None],
        obey: Callable[[str, int], None],
        cjk_font: Path | None = None,
        gb18030: bool = True,
    ) -> None:
        """``obey(name, n)`` does what concerns the printer: send_status, automatic_status...

        Without ``gb18030`` the commands of FS are unknown.
        """
        self.buffer, self._dots, self._fault, self._obey = buffer, dots, fault, obey
        self.offset = 0
        self._gb18030 = gb18030
        self._line = Composer(cjk_font)
        self._image: tuple[int, int, int] | None = None  # bytes a row, rows left, rows in all
        self._scale = (1, 1)
        self._initialise(b"")

    def step(self) -> Job | bool:
        """Take one thing from the buffer: a job, or True, or False when bytes are missing."""
        if self._image is not None:
            return self._image_band()
        if not self.buffer:
            return False
        first = self.buffer[0]
        if first in (_DLE, _ESC, _FS, _GS):
            return self._command()
        if first >= 0x20:
            return self._character(first)
        if first == _LF:
            self._drop(1)
            return self._print(self._spacing)
        if first == _HT:
            self._tab()
        elif first not in (_NUL, _CR):
            self._unknown(1)
            return True
        self._drop(1)
        return True

    # --- taking bytes ---

    def _drop(self, count: int) -> bytes:
        taken = bytes(self.buffer[:count])
        del self.buffer[:count]
        self.offset += len(taken)
        return taken

    def _unknown(self, count: int) -> None:
        at = self.offset
        self._fault(f"unknown sequence {self._drop(count).hex(' ').upper()} at byte {at}")

    def _refuse(self, parameters: bytes, why: str) -> None:
        self._fault(f"{why}: {parameters.hex(' ').upper()} before byte {self.offset}")

    def _command(self) -> Job | bool:
        if len(self.buffer) < 2:
            return False
        code = bytes(self.buffer[:2])
        if code in (b"\x1d(", b"\x1c("):  # GS ( x pL pH: not in this printer, but of known length
            return self._skip_function()
        if code not in _COMMANDS or (code[0] == _FS and not self._gb18030):
            self._unknown(2)
            return True
        count, name = _COMMANDS[code]
        if name == "cut" and len(self.buffer) > 2 and self.buffer[2] in (65, 66):
            count = 2
        if len(self.buffer) < 2 + count:
            return False
        parameters = self._drop(2 + count)[2:]
        return getattr(self, f"_{name}")(parameters) or True

    def _skip_function(self) -> bool:
        if len(self.buffer) < 5:
            return False
        size = int.from_bytes(self.buffer[3:5], "little")
        if len(self.buffer) < 5 + size:
            return False
        at = self.offset
        self._fault(f"unknown sequence {self._drop(3).hex(' ').upper()} at byte {at}")
        self._drop(2 + size)
        return True

    # --- characters ---

    def _character(self, first: int) -> Job | bool:
        size = 1
        if self._double_byte and first >= 0x81:
            if len(self.buffer) < 2:
                return False
            size = 4 if 0x30 <= self.buffer[1] <= 0x39 else 2
            if len(self.buffer) < size:
                return False
        codec = self._codec if size == 1 else "gb18030"
        try:
            char = bytes(self.buffer[:size]).decode(codec)
        except UnicodeDecodeError:
            self._unknown(1)
            return True
        style = self._style
        if size > 1:
            style = replace(style, double_byte=True, **self._wide)
        if not self._line.put(char, style, self._right_spacing, self._room):
            return self._print(self._spacing)  # the line is full; the character comes next time
        self._drop(size)
        return True

    def _tab(self) -> None:
        step = 8 * (CELLS[self._style.font][0] * self._style.width + self._right_spacing)
        target = (self._line.x // step + 1) * step
        if target < self._room:
            self._line.x = target

    # --- printing ---

    def _print(self, feed: int, blank_lines: int = 0) -> Job:
        """The line, and ``feed`` dots from its top to the next line's (at least its height)."""
        printed = self._line.take(self._align, self._left, self._room, self._dots)
        strip = Image.new("1", (self._dots, max(feed, printed[0].height)))
        strip.paste(printed[0], (0, 0))
        return Job(strip, (printed[1],) + (Line("", self._align),) * blank_lines)

    def _feed_lines(self, p: bytes) -> Job | None:
        if len(self._line):
            return self._print(p[0] * self._spacing, max(0, p[0] - 1))
        return Job(self._blank(p[0] * self._spacing), (Line(""),) * p[0]) if p[0] else None

    def _feed_dots(self, p: bytes) -> Job | None:
        if len(self._line):
            return self._print(p[0])
        return Job(self._blank(p[0])) if p[0] else None

    def _blank(self, rows: int) -> Image.Image:
        return Image.new("1", (self._dots, rows))

    def _cut(self, p: bytes) -> Job | None:
        """GS V: there is no cutter in a 58 mm printer; functions 65 and 66 feed all the same."""
        if p[0] not in (0, 1, 48, 49, 65, 66):
            return self._refuse(p, "GS V")
        return self._feed_dots(p[1:]) if len(p) == 2 else None

    def _raster(self, p: bytes) -> Job | None:
        """GS v 0 m xL xH yL yH: rows of x bytes follow, which are burnt as they come."""
        wide, high = p[2] | p[3] << 8, p[4] | p[5] << 8
        if p[0] != 0x30 or p[1] & 0xCF > 3 or not wide or not high:
            return self._refuse(p, "GS v")
        self._scale = (1 + (p[1] & 1), 1 + (p[1] >> 1 & 1))
        self._image = (wide, high, high)
        if wide * 8 * self._scale[0] > self._room:
            self._refuse(p, f"GS v 0 is wider than {self._room} dots")
        if len(self._line):
            self._refuse(p, "GS v 0 not at the beginning of a line")
            return self._print(0)
        return None

    def _image_band(self) -> Job | bool:
        wide, left, high = self._image or (1, 0, 0)
        rows = min(len(self.buffer) // wide, left, _BAND_ROWS)
        if not rows:
            return False
        data = self._drop(rows * wide)
        band = Image.frombytes("1", (wide * 8, rows), data)
        if self._scale != (1, 1):
            size = (band.width * self._scale[0], band.height * self._scale[1])
            band = band.resize(size, Image.Resampling.NEAREST)
        band = band.crop((0, 0, min(band.width, self._room), band.height))
        spare = self._room - band.width
        shift = self._left + {"left": 0, "center": spare // 2, "right": spare}[self._align]
        strip = self._blank(band.height)
        strip.paste(band, (shift, 0))
        self._image = (wide, left - rows, high) if left > rows else None
        words = f"[image {wide * 8}x{high}]"
        done = Line(words, self._align, laid_out=words)
        return Job(strip, () if self._image else (done,))

    # --- settings ---

    def _initialise(self, _: bytes) -> None:
        self._style = Style()
        self._wide = {"width": 1, "height": 1, "underline": 0}  # what FS ! or GS ! has set
        self._align, self._spacing, self._right_spacing = "left", _SPACING, 0
        self._left, self._room = 0, self._dots
        self._codec, self._double_byte = "cp437", False
        self._line = Composer(self._line.cjk_font)

    def _set(self, **changes) -> None:
        self._style = replace(self._style, **changes)

    def _print_mode(self, p: bytes) -> None:
        n = p[0]
        self._set(
            font="B" if n & 1 else "A",
            bold=bool(n & 8),
            height=1 + (n >> 4 & 1),
            width=1 + (n >> 5 & 1),
            underline=n >> 7,
        )

    def _double_byte_mode(self, p: bytes) -> None:
        """FS !: for two-byte characters what ESC ! is for the others; GS ! sets both."""
        self._wide = {"width": 1 + (p[0] >> 2 & 1), "height": 1 + (p[0] >> 3 & 1)}
        self._wide["underline"] = p[0] >> 7

    def _emphasis(self, p: bytes) -> None:
        self._set(bold=bool(p[0] & 1))

    def _underline(self, p: bytes) -> None:
        if p[0] & 0xCF > 2:
            return self._refuse(p, "ESC -")
        return self._set(underline=p[0] & 3)

    def _reverse(self, p: bytes) -> None:
        self._set(inverted=bool(p[0] & 1))

    def _character_size(self, p: bytes) -> None:
        if p[0] & 0x88:
            return self._refuse(p, "GS !")
        self._wide |= {"width": (p[0] >> 4) + 1, "height": (p[0] & 7) + 1}
        return self._set(width=(p[0] >> 4) + 1, height=(p[0] & 7) + 1)

    def _select_font(self, p: bytes) -> None:
        if p[0] & 0xCF > 1:
            return self._refuse(p, "ESC M")
        return self._set(font="AB"[p[0] & 1])

    def _justify(self, p: bytes) -> None:
        if p[0] & 0xCF > 2:
            return self._refuse(p, "ESC a")
        if len(self._line):
            return self._refuse(p, "ESC a not at the beginning of a line")
        self._align = _ALIGN[p[0] & 3]
        return None

    def _default_spacing(self, _: bytes) -> None:
        self._spacing = _SPACING

    def _line_spacing(self, p: bytes) -> None:
        self._spacing = p[0]

    def _right_spacing_set(self, p: bytes) -> None:
        self._right_spacing = p[0]

    def _code_page(self, p: bytes) -> None:
        if p[0] not in _CODE_PAGES:
            return self._refuse(p, "ESC t")
        self._codec = _CODE_PAGES[p[0]]
        return None

    def _country(self, p: bytes) -> None:
        if p[0]:
            self._refuse(p, "ESC R: only 0 (USA) is in this printer")

    def _move_to(self, p: bytes) -> None:
        target = int.from_bytes(p, "little")
        if target >= self._room:
            return self._refuse(p, "ESC $ outside the line")
        self._line.x = target
        return None

    def _left_margin(self, p: bytes) -> None:
        self._margins(p, int.from_bytes(p, "little"), self._room)

    def _area_width(self, p: bytes) -> None:
        self._margins(p, self._left, int.from_bytes(p, "little"))

    def _margins(self, p: bytes, left: int, room: int) -> None:
        if len(self._line) or left >= self._dots or not room:
            return self._refuse(p, "GS L, GS W")
        self._left, self._room = left, min(room, self._dots - left)
        return None

    def _double_byte_on(self, _: bytes) -> None:
        self._double_byte = True

    def _double_byte_off(self, _: bytes) -> None:
        self._double_byte = False

    # --- what the printer itself does ---

    def _real_time(self, p: bytes) -> None:
        """Obeyed when it arrived; here its bytes are only taken out."""

    def _automatic_status(self, p: bytes) -> None:
        self._obey("automatic_status", p[0])

    def _send_status(self, p: bytes) -> None:
        if p[0] not in (1, 2, 49, 50):
            return self._refuse(p, "GS r")
        return self._obey("send_status", p[0] & 3)

    def _send_identity(self, p: bytes) -> None:
        if p[0] not in (1, 2, 3, 49, 50, 51, 65, 66, 67, 68):
            return self._refuse(p, "GS I")
        return self._obey("send_identity", p[0])
