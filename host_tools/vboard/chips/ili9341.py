"""The ILI9341 display controller on its 4-line serial interface, and the 240x320 glass behind it.

After the ILI9341 data sheet V1.11: D/CX tells commands from parameters (7.1), chapter 8 has the
commands, 8.2.2, 8.2.11, 8.2.12 and 15.4 the pauses. The glass is that of the usual modules: wired
mirrored, with BGR stripes, so that MADCTL 48h gives an upright picture. ``faults`` tells what the
chip would not have accepted; the model does not obey it either.
"""

import random
from array import array
from collections.abc import Callable
from typing import cast

from PIL import Image, ImageChops

from host_tools.vboard.chips import ili9341_commands as cmd
from host_tools.vboard.clock import Clock
from host_tools.vboard.wire import Net

WIDTH, HEIGHT = 240, 320

_AFTER_RESET_MS = 5.0
_RESET_TO_SLPOUT_MS = 120.0
_AFTER_SLEEP_MS = 5.0
_BETWEEN_SLEEPS_MS = 120.0
_SIX_BITS = [value & 0xFC | value >> 6 for value in range(256)]
_TWO_LEVELS = [0] * 128 + [255] * 128
_MY, _MX, _MV, _BGR = 0x80, 0x40, 0x20, 0x08
_MISBEHAVIOURS = ("well", "dead", "stuck_white", "stuck_black", "snow", "dead_rows", "mute")


class Ili9341:
    """One display module; ``led`` is the backlight, lit at 1 (None: always lit)."""

    def __init__(
        self,
        clock: Clock,
        *,
        cs: Net,
        dc: Net,
        rst: Net | None = None,
        led: Net | None = None,
        slack_ms: float = 0.0,
    ) -> None:
        """``slack_ms`` is forgiven at each pause, for a board whose pins reach the model late."""
        self._clock, self._cs, self._dc, self._rst, self._led = clock, cs, dc, rst, led
        self._slack = slack_ms
        self.faults: list[str] = []
        self.on_change: Callable[[], None] | None = None
        self.before_change: Callable[[], None] | None = None  # it is selected
        self.bytes_written = 0
        self.writes = 0
        self._ram = Image.new("RGB", (WIDTH, HEIGHT))  # as the memory lies, not as seen
        self._ways: dict[str, tuple] = {}
        self._not_before = self._no_sleep_before = clock.now_ms()
        self._dirty = False
        self._defaults()
        cs.watch(self._on_cs)
        if rst is not None:
            rst.watch(self._on_rst)
        if led is not None:
            led.watch(lambda _: self.changed())

    # --- the wire ---

    def spi_write(self, data: bytes) -> None:
        """Bytes on SDI; D/CX low: commands, high: parameters. Not for us while CSX is high."""
        self.writes += 1
        self.bytes_written += len(data)
        if self._cs.level or "dead" in self._ways:
            return
        if self._rst is not None and not self._rst.level:
            self.faults.append(f"{len(data)} bytes while RESX is low")
        elif self._dc.level == 0:
            for code in data:
                self._begin(code)
        elif data:
            self._parameters(data)

    def spi_transfer(self, data: bytes) -> bytes:
        """As ``spi_write``, and what SDO shows meanwhile (0 when the chip does not drive it)."""
        deaf = self._cs.level or "dead" in self._ways or not self._dc.level
        deaf = deaf or "mute" in self._ways
        if deaf or self._code not in cmd.READS:
            self.spi_write(data)
            return bytes(len(data))
        self.writes += 1
        self.bytes_written += len(data)
        if self._code in (cmd.RAMRD, cmd.RAMRDC):
            return self._read_pixels(len(data))
        answer = self._answer[: len(data)]
        self._answer = self._answer[len(data) :]
        return answer + bytes(len(data) - len(answer))

    def changed(self) -> None:
        """Tell whoever looks at the glass."""
        if self.on_change is not None:
            self.on_change()

    def _on_cs(self, net: Net) -> None:
        if not net.level:
            if self.before_change is not None:
                self.before_change()
        else:
            self._flush_pixels()
            if self._dirty:
                self._dirty = False
                self.changed()

    def _on_rst(self, net: Net) -> None:
        if "dead" in self._ways:
            return
        now = self._clock.now_ms()
        self._flush_pixels()
        self._defaults()
        if net.level:
            self._not_before = now + _AFTER_RESET_MS
            self._no_sleep_before = now + _RESET_TO_SLPOUT_MS
        self.changed()

    # --- commands ---

    def _defaults(self) -> None:
        """What a reset does to the registers; the frame memory keeps its contents (8.2.2)."""
        self._reg = cmd.Registers()
        self._code: int | None = None
        self._deaf = False
        self._got = bytearray()
        self._pixels = bytearray()
        self._answer = b""
        self._column = self._page = 0
        self._read_fresh = True

    def _begin(self, code: int) -> None:
        self._end()
        self._code, self._deaf, self._got = code, True, bytearray()
        entry = cmd.CODES.get(code)
        if entry is None:
            return self.faults.append(f"unknown command {code:02X}h")
        wait = self._not_before - self._clock.now_ms() - self._slack
        if wait > 0:
            return self.faults.append(f"{entry.name} {wait:.1f} ms too early after reset or sleep")
        self._deaf = False
        if code in (cmd.RAMWR, cmd.RAMRD):
            self._column, self._page = self._reg.columns[0], self._reg.pages[0]
        if code in cmd.READS:
            self._read_fresh = True
            self._answer = self._reg.read(code)
        elif entry.most == 0:
            self._execute(code, b"")

    def _end(self) -> None:
        """The command before is over: has it had all its parameters?"""
        code = -1 if self._code is None else self._code
        entry = cmd.CODES.get(code)
        self._flush_pixels()
        if self._pixels:
            self.faults.append(f"{len(self._pixels)} bytes of a pixel left over")
            self._pixels.clear()
        if entry is None or self._deaf or code in cmd.STREAM or code in cmd.READS:
            return
        if len(self._got) < entry.least:
            self.faults.append(
                f"{entry.name}: {len(self._got)} parameters instead of {entry.least}"
            )
        elif len(self._got) < entry.most:
            self._execute(code, bytes(self._got))

    def _parameters(self, data: bytes) -> None:
        code = self._code
        if code is None:
            self.faults.append(f"{len(data)} parameters without a command")
            self._deaf = True
            self._code = -1
        if code is None or self._deaf or code in cmd.READS:
            return None  # after a read: clocks for an answer that nobody looks at
        if code in cmd.STREAM:
            return self._take_pixels(data)
        entry = cmd.CODES[code]
        room = entry.most - len(self._got)
        if room:
            self._got += data[:room]
            if len(self._got) == entry.most:
                self._execute(code, bytes(self._got))
        if len(data) > room:
            self.faults.append(f"{entry.name}: more than {entry.most} parameters")
            self._deaf = True
        return None

    def _execute(self, code: int, p: bytes) -> None:
        reg = self._reg
        if code == cmd.SWRESET:
            self._software_reset()
        elif code in (cmd.SLPIN, cmd.SLPOUT):
            self._sleep(code)
        elif code in (cmd.CASET, cmd.PASET):
            return self._window(code, int.from_bytes(p[:2], "big"), int.from_bytes(p[2:], "big"))
        elif code in (cmd.DISPON, cmd.DISPOFF):
            reg.display_on = code == cmd.DISPON
        elif code in (cmd.INVON, cmd.INVOFF):
            reg.inverted = code == cmd.INVON
        elif code in (cmd.IDMON, cmd.IDMOFF):
            reg.idle = code == cmd.IDMON
        elif code in (cmd.NORON, cmd.PTLON):
            reg.partial, reg.scrolling = code == cmd.PTLON, False
        elif code == cmd.MADCTL:
            reg.madctl = p[0]
        elif code == cmd.COLMOD:
            if p[0] & 7 not in (5, 6):
                return self.faults.append(f"COLMOD {p[0]:02X}h: neither 16 nor 18 bits per pixel")
            reg.colmod = p[0]
        elif code == cmd.GAMSET and p[0] not in (1, 2, 4, 8):
            return self.faults.append(f"GAMSET {p[0]:02X}h: no such curve")
        elif code == cmd.PTLAR:
            self._partial_area(int.from_bytes(p[:2], "big"), int.from_bytes(p[2:], "big"))
        elif code == cmd.VSCRDEF:
            areas = tuple(int.from_bytes(p[i : i + 2], "big") for i in (0, 2, 4))
            if sum(areas) != HEIGHT:
                return self.faults.append(f"VSCRDEF: areas {areas} do not add up to {HEIGHT}")
            reg.scroll_areas = areas
        elif code == cmd.VSCRSADD:
            reg.scroll_start, reg.scrolling = int.from_bytes(p, "big"), True
        else:
            reg.other[code] = p
            if code != cmd.DISCTRL:
                return None
        self._dirty = True
        return None

    def _software_reset(self) -> None:
        now = self._clock.now_ms()
        if now < self._no_sleep_before - self._slack and self._reg.awake:
            return self.faults.append("SWRESET within 120 ms of SLPOUT")
        if self._reg.awake:
            self._no_sleep_before = now + _RESET_TO_SLPOUT_MS
        self._defaults()
        self._code, self._deaf = cmd.SWRESET, False
        self._not_before = now + _AFTER_RESET_MS
        return None

    def _sleep(self, code: int) -> None:
        now = self._clock.now_ms()
        if self._reg.awake == (code == cmd.SLPOUT):
            return None  # no effect (8.2.11, 8.2.12)
        wait = self._no_sleep_before - now - self._slack
        if wait > 0:
            return self.faults.append(
                f"{cmd.CODES[code].name} {wait:.1f} ms too early: reset or sleep + 120"
            )
        self._reg.awake = code == cmd.SLPOUT
        self._not_before = now + _AFTER_SLEEP_MS
        self._no_sleep_before = now + _BETWEEN_SLEEPS_MS
        return None

    def _window(self, code: int, first: int, last: int) -> None:
        turned = bool(self._reg.madctl & _MV)
        limit = HEIGHT if (code == cmd.CASET) == turned else WIDTH
        if first > last or last >= limit:
            name = cmd.CODES[code].name
            return self.faults.append(
                f"{name} {first}..{last}: outside 0..{limit - 1} or backwards"
            )
        if code == cmd.CASET:
            self._reg.columns = (first, last)
        else:
            self._reg.pages = (first, last)
        return None

    def _partial_area(self, first: int, last: int) -> None:
        if first >= HEIGHT or last >= HEIGHT:
            return self.faults.append(f"PTLAR {first}..{last}: outside 0..{HEIGHT - 1}")
        self._reg.partial_rows = (first, last)
        return None

    # --- frame memory ---

    def _take_pixels(self, data: bytes) -> None:
        """Gather bytes; they go to memory in blocks, at CSX high and at the next command."""
        self._pixels += data
        self._dirty = True
        if len(self._pixels) >= 65536:
            self._flush_pixels()

    def _flush_pixels(self) -> None:
        size = self._reg.pixel_bytes
        count = len(self._pixels) // size
        at = 0
        (left, right), (_, bottom) = self._reg.columns, self._reg.pages
        wide = right - left + 1
        while count:
            if self._column == left and count >= wide:
                rows = min(count // wide, bottom - self._page + 1)
                run = wide
            else:
                rows, run = 1, min(count, right - self._column + 1)
            end = at + rows * run * size
            self._store(self._column, self._page, run, rows, bytes(self._pixels[at:end]))
            at, count = end, count - rows * run
            if not self._advance(run, rows):
                at += count * size
                break
        del self._pixels[:at]

    def _advance(self, run: int, rows: int) -> bool:
        """Move the pointer on; False: the window is full and WEMODE = 0 ignores the rest (F6h)."""
        (left, right), (top, bottom) = self._reg.columns, self._reg.pages
        self._column += run
        if self._column > right:
            self._column, self._page = left, self._page + rows
        if self._page > bottom:
            self._page = top
            return self._reg.wraps
        return True

    def _store(self, column: int, page: int, wide: int, high: int, data: bytes) -> None:
        """Paste a block given in the order of the host at its place in memory (data sheet 9.3)."""
        if self._reg.pixel_bytes == 2:
            words = array("H", data)
            words.byteswap()
            block = Image.frombytes("RGB", (wide, high), words.tobytes(), "raw", "BGR;16")
        else:
            block = Image.frombytes("RGB", (wide, high), data).point(_SIX_BITS * 3)
        block, column, page = self._turn(block, column, page)
        self._ram.paste(block, (column, page))

    def _turn(self, block: Image.Image, column: int, page: int) -> tuple[Image.Image, int, int]:
        if self._reg.madctl & _MV:
            block = block.transpose(Image.Transpose.TRANSPOSE)
            column, page = page, column
        if self._reg.madctl & _MX:
            block = block.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            column = WIDTH - column - block.width
        if self._reg.madctl & _MY:
            block = block.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
            page = HEIGHT - page - block.height
        return block, column, page

    def _spot(self, column: int, page: int) -> tuple[int, int]:
        """Where one pixel is, as ``_turn`` has it."""
        if self._reg.madctl & _MV:
            column, page = page, column
        if self._reg.madctl & _MX:
            column = WIDTH - column - 1
        if self._reg.madctl & _MY:
            page = HEIGHT - page - 1
        return column, page

    def _read_pixels(self, count: int) -> bytes:
        """RAMRD: a dummy byte, then 3 bytes a pixel (8.2.24); the pointer moves on."""
        if self._read_fresh:
            self._answer, self._read_fresh = b"\0", False
        while len(self._answer) < count:
            color = cast(
                "tuple[int, int, int]", self._ram.getpixel(self._spot(self._column, self._page))
            )
            self._answer += bytes(c & 0xFC for c in color)
            self._advance(1, 1)
        answer, self._answer = self._answer[:count], self._answer[count:]
        return answer

    # --- what a person sees and does ---

    def misbehave(self, way: str, *args: int) -> None:
        """Be one of _MISBEHAVIOURS; "dead_rows" takes the first row and a count.

        Raises ValueError for another name. Ways add up until "well".
        """
        if way not in _MISBEHAVIOURS:
            raise ValueError(f"ILI9341 cannot be {way!r}; it knows {_MISBEHAVIOURS}")
        if way == "well":
            self._ways.clear()
        else:
            self._ways[way] = args
        self.changed()

    @property
    def lit(self) -> bool:
        """Whether the backlight is on."""
        return self._led is None or bool(self._led.level)

    @property
    def showing(self) -> bool:
        """Whether the frame memory is on the glass: awake, display on and lit."""
        return self._reg.awake and self._reg.display_on and self.lit and "dead" not in self._ways

    def pixels(self) -> bytes:
        """What a person sees as 240 * 320 * 3 bytes R, G, B, row by row from the top left."""
        return self.image().tobytes()

    def image(self) -> Image.Image:
        """What a person sees, portrait, 240x320, RGB; black while nothing is shown."""
        self._flush_pixels()
        if not self.lit or "stuck_black" in self._ways:
            return Image.new("RGB", (WIDTH, HEIGHT))
        if "stuck_white" in self._ways:
            return Image.new("RGB", (WIDTH, HEIGHT), (255, 255, 255))
        if "snow" in self._ways:
            noise = random.Random(1).randbytes(WIDTH * HEIGHT * 3)
            return Image.frombytes("RGB", (WIDTH, HEIGHT), noise)
        picture = self._shown() if self.showing else Image.new("RGB", (WIDTH, HEIGHT))
        if "dead_rows" in self._ways:
            first, count = self._ways["dead_rows"]
            picture.paste((0, 0, 0), (0, first, WIDTH, first + count))
        return picture

    def _shown(self) -> Image.Image:
        picture = self._reg.scan(self._ram)
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)  # the glass is wired mirrored
        if not self._reg.madctl & _BGR:  # and its stripes are BGR
            red, green, blue = picture.split()
            picture = Image.merge("RGB", (blue, green, red))
        if self._reg.idle:
            picture = picture.point(_TWO_LEVELS * 3)
        if self._reg.inverted:
            picture = ImageChops.invert(picture)
        return picture
