"""The commands of the ILI9341 (data sheet V1.11, chapter 8) as a table, and its registers."""

from dataclasses import dataclass, field
from typing import NamedTuple

from PIL import Image

SWRESET, SLPIN, SLPOUT, PTLON, NORON = 0x01, 0x10, 0x11, 0x12, 0x13
INVOFF, INVON, GAMSET, DISPOFF, DISPON = 0x20, 0x21, 0x26, 0x28, 0x29
CASET, PASET, RAMWR, RAMRD = 0x2A, 0x2B, 0x2C, 0x2E
PTLAR, VSCRDEF, MADCTL, VSCRSADD = 0x30, 0x33, 0x36, 0x37
IDMOFF, IDMON, COLMOD, RAMWRC, RAMRDC = 0x38, 0x39, 0x3A, 0x3C, 0x3E
DISCTRL, IFCTL, RDID4, READ_INDEX = 0xB6, 0xF6, 0xD3, 0xD9

STREAM = frozenset((RAMWR, RAMWRC))
READS = frozenset(
    b"\x04\x09\x0a\x0b\x0c\x0d\x0e\x0f\x2e\x3e\x45\x52\x54\x56\x5f\xd2\xd3\xda\xdb\xdc"
)


class Command(NamedTuple):
    """A command's name and how many parameters it takes at least and at most."""

    name: str
    least: int
    most: int


# code, name, parameters (a range where the chip is content with fewer); reads take none.
_TABLE = """
00 NOP 0|01 SWRESET 0|04 RDDIDIF 0|09 RDDST 0|0A RDDPM 0|0B RDDMADCTL 0|0C RDDCOLMOD 0
0D RDDIM 0|0E RDDSM 0|0F RDDSDR 0|10 SLPIN 0|11 SLPOUT 0|12 PTLON 0|13 NORON 0|20 DINVOFF 0
21 DINVON 0|26 GAMSET 1|28 DISPOFF 0|29 DISPON 0|2A CASET 4|2B PASET 4|2C RAMWR 0|2D RGBSET 128
2E RAMRD 0|30 PLTAR 4|33 VSCRDEF 6|34 TEOFF 0|35 TEON 1|36 MADCTL 1|37 VSCRSADD 2|38 IDMOFF 0
39 IDMON 0|3A COLMOD 1|3C RAMWRC 0|3E RAMRDC 0|44 STE 2|45 GSCAN 0|51 WRDISBV 1|52 RDDISBV 0
53 WRCTRLD 1|54 RDCTRLD 0|55 WRCABC 1|56 RDCABC 0|5E WRCABCMB 1|5F RDCABCMB 0|B0 IFMODE 1
B1 FRMCTR1 2|B2 FRMCTR2 2|B3 FRMCTR3 2|B4 INVTR 1|B5 PRCTR 4|B6 DISCTRL 3-4|B7 ETMOD 1
B8 BKLTCTRL1 1|B9 BKLTCTRL2 1|BA BKLTCTRL3 1|BB BKLTCTRL4 1|BC BKLTCTRL5 1|BE BKLTCTRL7 1
BF BKLTCTRL8 1|C0 PWCTRL1 1|C1 PWCTRL2 1|C5 VMCTRL1 2|C7 VMCTRL2 1|D0 NVMWR 2|D1 NVMPKEY 3
D2 RDNVM 0|D3 RDID4 0|D9 SPIREAD 1|DA RDID1 0|DB RDID2 0|DC RDID3 0|E0 PGAMCTRL 15
E1 NGAMCTRL 15|E2 DGAMCTRL1 16|E3 DGAMCTRL2 64|F6 IFCTL 3|CB PWCTRLA 5|CF PWCTRLB 3|E8 DTCTRLA 3
E9 DTCTRLA2 3|EA DTCTRLB 2|ED PWONSEQ 4|F2 EN3G 1|F7 PRCTRL 1
"""


def _parse(table: str) -> dict[int, Command]:
    codes = {}
    for entry in table.replace("\n", "|").strip("|").split("|"):
        code, name, count = entry.split()
        least, _, most = count.partition("-")
        codes[int(code, 16)] = Command(name, int(least), int(most or least))
    return codes


CODES = _parse(_TABLE)


@dataclass
class Registers:
    """The registers with their defaults after reset."""

    awake: bool = False
    display_on: bool = False
    inverted: bool = False
    idle: bool = False
    partial: bool = False
    scrolling: bool = False
    madctl: int = 0x00
    colmod: int = 0x66
    columns: tuple[int, int] = (0, 239)
    pages: tuple[int, int] = (0, 319)
    partial_rows: tuple[int, int] = (0, 319)
    scroll_areas: tuple[int, ...] = (0, 320, 0)
    scroll_start: int = 0
    other: dict[int, bytes] = field(default_factory=dict)

    @property
    def pixel_bytes(self) -> int:
        """2 (RGB565, big-endian) or 3 (one byte per colour, 6 bits used)."""
        return 2 if self.colmod & 7 == 5 else 3

    @property
    def wraps(self) -> bool:
        """WEMODE of IFCTL: what exceeds the window goes on at its start, or is ignored."""
        return bool(self.other.get(IFCTL, b"\x01")[0] & 1)

    def scan(self, memory: Image.Image) -> Image.Image:
        """``memory`` as gates and sources show it: scrolling, partial mode, GS and SS."""
        picture = memory.copy()
        top, moving, _ = self.scroll_areas
        if self.scrolling and moving:
            shift = (self.scroll_start - top) % moving
            width = memory.width
            picture.paste(memory.crop((0, top + shift, width, top + moving)), (0, top))
            picture.paste(memory.crop((0, top, width, top + shift)), (0, top + moving - shift))
        if self.partial:
            first, last = self.partial_rows
            shown = range(first, last + 1) if first <= last else None
            for row in range(memory.height):
                if not (row in shown if shown else row >= first or row <= last):
                    picture.paste((0, 0, 0), (0, row, memory.width, row + 1))
        control = self.other.get(DISCTRL, b"\x0a\x82\x27")[1]
        if control & 0x20:  # SS
            picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        if control & 0x40:  # GS
            picture = picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        return picture

    def status(self) -> int:
        """The 32 bits of RDDST (8.2.4)."""
        word = self.awake << 31 | (self.madctl >> 2 & 0x3F) << 25 | (self.colmod & 7) << 20
        word |= self.idle << 19 | self.partial << 18 | self.awake << 17 | (not self.partial) << 16
        return word | self.scrolling << 15 | self.inverted << 13 | self.display_on << 10

    def read(self, code: int) -> bytes:
        """What SDO shows after ``code``; long answers begin with a dummy clock."""
        power = self.awake << 7 | self.idle << 6 | self.partial << 5 | self.awake << 4
        power |= (not self.partial) << 3 | self.display_on << 2
        short = {0x0A: power, 0x0B: self.madctl, 0x0C: self.colmod, 0x0D: self.inverted << 5}
        if code == 0x04:
            return bytes(4)
        if code == 0x09:
            return (self.status() << 7).to_bytes(5, "big")
        if code == RDID4:
            index = self.other.get(READ_INDEX, b"\0")[0]
            parameters = b"\x00\x00\x93\x41"
            return parameters[index & 3 : (index & 3) + 1] if index & 0x10 else parameters
        return bytes((short.get(code, 0),))
