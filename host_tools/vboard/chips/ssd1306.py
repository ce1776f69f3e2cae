"""The SSD1306 display controller on I2C, and the 128x64 OLED glass behind it.

After the SSD1306 data sheet, revision 1.5: 8.1.5 the I2C bus, 9 and 10 the commands, 10.1.3 the
addressing modes, application note 3 the charge pump. The glass is that of the usual modules:
upright with segments and scan direction remapped (A1h, C8h). ``faults`` tells what the chip would
not have accepted, or where a picture would be missing; the model does not obey it either.
"""

import random
from collections.abc import Callable

from PIL import Image, ImageChops

from host_tools.vboard.chips import ssd1306_commands as cmd

WIDTH, HEIGHT = 128, 64
PAGES = HEIGHT // 8

_MISBEHAVIOURS = ("well", "dead", "nack", "stuck", "burnt")


class Ssd1306:
    """One display module; ``address`` is 3Ch or 3Dh, as its resistor says.

    Without a reset pin it starts when it is given power: ``power``.
    """

    def __init__(self, address: int = 0x3C) -> None:
        self.address = address
        self.faults: list[str] = []
        self.on_change: Callable[[], None] | None = None
        self.before_change: Callable[[], None] | None = None  # it is written to
        self.bytes_written = 0
        self.writes = 0
        self._ways: set[str] = set()
        self._frozen: Image.Image | None = None
        self.power(True)

    def power(self, on: bool) -> None:
        """Give or take the supply. The memory holds noise after it, and the display is off."""
        self._powered = on
        self._ram = bytearray(random.Random(1306).randbytes(WIDTH * PAGES))
        self._reg = cmd.Registers()
        self._left: list[int] = []  # parameters of a command that is not complete
        self._command = -1
        self.changed()

    def changed(self) -> None:
        """Tell whoever looks at the glass."""
        if self.on_change is not None:
            self.on_change()

    # --- the wire ---

    def i2c_write(self, data: bytes) -> int:
        """A transfer to the chip; how many bytes it acknowledges, its address not counted.

        -1: nobody acknowledges the address.
        """
        if not self._answers:
            return -1
        if self.before_change is not None:
            self.before_change()
        self.writes += 1
        self.bytes_written += len(data)
        at = 0
        while at < len(data):
            control = data[at]
            if control & 0x3F:
                self.faults.append(f"control byte {control:02X}h: bits 5 to 0 are not 0")
                return at
            # Co (bit 7): one byte follows, then another control byte; else all the rest is alike
            end = at + 2 if control & 0x80 else len(data)
            if control & 0x40:
                self._data(data[at + 1 : end])
            else:
                for byte in data[at + 1 : end]:
                    self._take(byte)
            at = end
        self.changed()
        return len(data)

    def i2c_read(self, count: int) -> bytes:
        """The status register, over and over: bit 6 is set while the display is off."""
        if not self._answers:
            return b""
        return bytes([0x00 if self._reg.on else 0x40]) * count

    @property
    def _answers(self) -> bool:
        return self._powered and not self._ways & {"dead", "nack"}

    # --- commands ---

    def _take(self, byte: int) -> None:
        """A byte with D/C low: a command, or a parameter of the one before."""
        if self._command >= 0:
            self._left.append(byte)
        elif byte in cmd.PARAMETERS:
            self._command, self._left = byte, []
        else:
            self._simple(byte)
            return
        if len(self._left) == cmd.PARAMETERS[self._command]:
            code, self._command = self._command, -1
            self._execute(code, self._left)

    def _simple(self, code: int) -> None:
        reg = self._reg
        if code < 0x10:
            self._page_mode_only(code)
            reg.start_column = reg.column = reg.start_column & 0xF0 | code
        elif code < 0x20:
            self._page_mode_only(code)
            reg.start_column = reg.column = reg.start_column & 0x0F | (code & 7) << 4
        elif 0x40 <= code < 0x80:
            reg.start_line = code & 0x3F
        elif 0xB0 <= code < 0xB8:
            self._page_mode_only(code)
            reg.page, reg.column = code & 7, reg.start_column
        elif code in (0xA0, 0xA1):
            reg.remapped = code == 0xA1
        elif code in (0xA4, 0xA5):
            reg.all_on = code == 0xA5
        elif code in (0xA6, 0xA7):
            reg.inverse = code == 0xA7
        elif code in (0xAE, 0xAF):
            self._switch(code == 0xAF)
        elif code in (0xC0, 0xC8):
            reg.scan_remapped = code == 0xC8
        elif code in (0x2E, 0x2F):
            reg.scrolling = code == 0x2F
        elif code != 0xE3:  # NOP
            self.faults.append(f"unknown command {code:02X}h")

    def _page_mode_only(self, code: int) -> None:
        if self._reg.mode != cmd.PAGE:
            self.faults.append(f"{code:02X}h is for page addressing mode alone")

    def _switch(self, on: bool) -> None:
        if on and not self._reg.pump:
            self.faults.append("AFh without the charge pump (8Dh 14h): the glass stays dark")
        self._reg.on = on

    def _execute(self, code: int, given: list[int]) -> None:
        reg = self._reg
        if code == 0x20:
            if given[0] & 3 == 3:
                self.faults.append("20h 03h: no such addressing mode")
            else:
                reg.mode = given[0] & 3
        elif code in (0x21, 0x22):
            self._window(code, *given)
        elif code == 0x81:
            reg.contrast = given[0]
        elif code == 0x8D:
            if reg.on and bool(given[0] & 4) != reg.pump:
                self.faults.append("8Dh while the display is on: AEh comes before it")
            reg.pump = bool(given[0] & 4)
        elif code == 0xA8:
            if given[0] & 0x3F < 15:
                self.faults.append(f"A8h {given[0]:02X}h: a multiplex ratio below 16")
            else:
                reg.rows = (given[0] & 0x3F) + 1
        elif code == 0xD3:
            reg.offset = given[0] & 0x3F
        elif code == 0xDA and given[0] & 0x10 == 0:
            self.faults.append("DAh: sequential COM pins; this glass has alternative ones")
        elif code not in cmd.KEPT:
            self.faults.append(f"{code:02X}h: scrolling is not in this model")

    def _window(self, code: int, first: int, last: int) -> None:
        """21h columns, 22h pages; the pointer goes to the corner (10.1.4, 10.1.5)."""
        reg = self._reg
        most = WIDTH if code == 0x21 else PAGES
        if reg.mode == cmd.PAGE:
            self.faults.append(f"{code:02X}h has no effect in page addressing mode")
        elif first > last or last >= most:
            self.faults.append(f"{code:02X}h {first}..{last}: outside 0..{most - 1} or backwards")
        elif code == 0x21:
            reg.columns, reg.column = (first, last), first
        else:
            reg.pages, reg.page = (first, last), first

    def _data(self, data: bytes) -> None:
        """Bytes for the memory: eight pixels below each other, the uppermost in bit 0."""
        reg = self._reg
        if self._command >= 0:
            self.faults.append(f"{self._command:02X}h lacks parameters")
            self._command = -1
        for byte in data:
            self._ram[reg.page * WIDTH + reg.column] = byte
            reg.advance()

    # --- what a person sees and does ---

    def misbehave(self, way: str) -> None:
        """Be one of _MISBEHAVIOURS; ways add up until "well". ValueError for another name.

        "dead": no answer and dark; "nack": no answer, the picture stays; "stuck": it answers, but
        the picture stays; "burnt": two columns are dark for ever.
        """
        if way not in _MISBEHAVIOURS:
            raise ValueError(f"SSD1306 cannot be {way!r}; it knows {_MISBEHAVIOURS}")
        if way == "well":
            self._ways.clear()
            self._frozen = None
        else:
            if way == "stuck":
                self._frozen = self.image()
            self._ways.add(way)
        self.changed()

    @property
    def showing(self) -> bool:
        """Whether the memory is on the glass."""
        reg = self._reg
        return self._powered and reg.on and reg.pump and "dead" not in self._ways

    @property
    def lit(self) -> bool:
        """Whether it shines: there is no other light."""
        return self.showing

    @property
    def contrast(self) -> int:
        """How bright it is, 0 to 255."""
        return self._reg.contrast

    def pixels(self) -> bytes:
        """What a person sees as 128 * 64 * 3 bytes R, G, B, row by row from the top left."""
        return self.image().tobytes()

    def image(self) -> Image.Image:
        """What a person sees, 128x64, RGB: white on black; black while nothing is shown."""
        if self._frozen is not None:
            return self._frozen
        if not self.showing:
            return Image.new("RGB", (WIDTH, HEIGHT))
        picture = self._scanned()
        if self._reg.inverse:
            picture = ImageChops.invert(picture)
        if "burnt" in self._ways:
            picture.paste(0, (40, 0, 42, HEIGHT))
        return picture.convert("RGB")

    def _scanned(self) -> Image.Image:
        """The memory as segments and commons show it on glass that is mounted upside down."""
        reg = self._reg
        if reg.all_on:
            return Image.new("L", (WIDTH, HEIGHT), 255)
        out = bytearray(WIDTH * HEIGHT)
        for row in range(reg.rows):
            line = (row + reg.start_line + reg.offset) % HEIGHT
            page, bit = divmod(line, 8)
            bits = self._ram[page * WIDTH : (page + 1) * WIDTH]
            y = row if reg.scan_remapped else HEIGHT - 1 - row
            values = bytes(255 if byte >> bit & 1 else 0 for byte in bits)
            out[y * WIDTH : (y + 1) * WIDTH] = values if reg.remapped else values[::-1]
        return Image.frombytes("L", (WIDTH, HEIGHT), bytes(out))
