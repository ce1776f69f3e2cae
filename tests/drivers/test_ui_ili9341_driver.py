"""The display driver: what it puts on its wires, played to the model of the chip."""

import pytest
from ui_bench import fonts

from host_tools.device.screen_fonts import load_fonts
from host_tools.device.screen_reader import read_screen
from host_tools.vboard.chips.ili9341 import Ili9341
from host_tools.vboard.clock import ManualClock
from host_tools.vboard.wire import Net

PROLOGUE = """
import asyncio, gc
from pos.drivers.ili9341 import Ili9341

record = True
class Pin:
    def __init__(self, name):
        self.name = name
    def __call__(self, level):
        if record:
            print(self.name, int(level))
class Spi:
    def write(self, buf):
        if record:
            print("write", bytes(buf).hex())
async def sleep_ms(ms):
    print("sleep", ms)
asyncio.sleep_ms = sleep_ms
lcd = Ili9341(Spi(), Pin("cs"), Pin("dc"), {rst}, Pin("led"))

async def main():
    await lcd.start()
    print("# body")
{body}

asyncio.run(main())
"""


class Board:
    """The chip's model on four nets, and the log of the driver's wires."""

    def __init__(self, log: str) -> None:
        self.clock = ManualClock()
        self.nets = {"cs": Net(1), "dc": Net(2), "rst": Net(3), "led": Net(4)}
        for net in self.nets.values():
            net.configure(int(net.gpio != 4), 0, False)
        self.lcd = Ili9341(self.clock, **self.nets)
        self.writes = 0
        self.printed = []
        self.lit_while_blank = False
        for line in log.splitlines():
            self._play(line)

    def _play(self, line: str) -> None:
        what, _, value = line.partition(" ")
        if what in self.nets:
            self.nets[what].configure(int(value), 0, False)
            self.lit_while_blank |= self.lcd.lit and not self.lcd.showing
        elif what == "write":
            self.writes += 1
            self.lcd.spi_write(bytes.fromhex(value))
        elif what == "sleep":
            self.clock.advance(float(value))
        elif line == "# body":
            self.writes = 0
        else:
            self.printed.append(line)


@pytest.fixture
def play(mpy):
    def run(body: str = "pass", rst: str = 'Pin("rst")') -> Board:
        lines = "".join("    " + line + "\n" for line in body.strip("\n").splitlines())
        return Board(mpy(PROLOGUE.format(body=lines, rst=rst), heap="1m"))

    return run


@pytest.mark.parametrize("rst", ['Pin("rst")', "None"])
def test_the_chip_accepts_the_start(play, rst):
    board = play(rst=rst)
    assert board.lcd.faults == []
    assert board.lcd.showing
    assert set(board.lcd.pixels()) == {0xFF}
    assert board.clock.now_ms() <= 250
    assert board.nets["cs"].level == 1


def test_the_light_waits_for_the_picture(play):
    board = play()
    assert board.lcd.lit and not board.lit_while_blank
    off = play("lcd.light(False)")
    assert not off.lcd.lit and off.lcd.faults == []


def test_fill_and_blit_land_where_they_should(play):
    board = play("""
lcd.fill(10, 20, 30, 300, 0xF800)
lcd.blit(100, 7, 2, 2, b"\\x07\\xe0\\x00\\x1f\\x00\\x00\\x07\\xe0")
lcd.fill(239, 319, 1, 1, 0x0000)
""")
    picture = board.lcd.image()
    assert board.lcd.faults == []
    assert picture.getpixel((10, 20)) == picture.getpixel((39, 319)) == (255, 0, 0)
    assert picture.getpixel((9, 20)) == picture.getpixel((40, 20)) == (255, 255, 255)
    assert picture.getpixel((10, 19)) == (255, 255, 255)
    green, blue, black = (0, 255, 0), (0, 0, 255), (0, 0, 0)
    got = [picture.getpixel(at) for at in ((100, 7), (101, 7), (100, 8), (101, 8), (239, 319))]
    assert got == [green, blue, black, green, black]


def test_a_window_may_be_written_in_pieces(play):
    board = play("""
lcd.window(0, 0, 4, 4)
for i in range(4):
    lcd.write(b"\\x00\\x00" * (3, 7, 5, 1)[i])
lcd.fill(8, 8, 1, 1, 0)
""")
    assert board.lcd.faults == []
    counts = {color: count for count, color in board.lcd.image().getcolors()}
    assert counts == {(255, 255, 255): 240 * 320 - 17, (0, 0, 0): 17}
    assert board.nets["cs"].level == 1


def test_what_leaves_the_screen_is_refused_before_anything_is_sent(play):
    board = play("""
outside = (-1, 0, 1, 1), (0, -1, 1, 1), (239, 0, 2, 1), (0, 319, 1, 2)
for area in outside + ((0, 0, 0, 1), (0, 0, 1, 0)):
    try:
        lcd.window(*area)
        print("taken", area)
    except ValueError:
        pass
lcd.window(0, 0, 1, 2)
lcd.write(b"\\x00\\x00")
try:
    lcd.write(b"\\x00\\x00\\x00\\x00")
    print("taken")
except ValueError:
    pass
lcd.write(b"\\x00\\x00")
""")
    assert board.printed == []
    assert board.writes == 5 + 2
    assert board.lcd.faults == []


def test_a_call_allocates_next_to_nothing(play):
    board = play("""
global record
record = False
buf = bytes(240 * 8 * 2)
lcd.blit(0, 0, 240, 8, buf)
gc.collect()
gc.disable()
before = gc.mem_alloc()
for _ in range(100):
    lcd.blit(0, 0, 240, 8, buf)
print((gc.mem_alloc() - before) // 100)
""")
    assert int(board.printed[0]) <= 128


def test_a_full_repaint_takes_at_most_45_writes(play):
    board = play(f"""
from pos.ui import screens
from pos.ui.frame import Ui
ui = Ui(lcd, None, {str(fonts())!r})
await screens.result(ui, "ok", "Approved", ("Take your slip",), 128000)
""")
    assert board.lcd.faults == []
    assert board.writes <= 45
    texts = [line.text for line in read_screen(board.lcd.image(), load_fonts(fonts()))]
    assert texts[1:] == ["✓", "Approved", "¥ 1,280.00", "Take your slip", "E OK"]
