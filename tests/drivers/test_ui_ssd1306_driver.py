"""The driver of the small display: what it puts on its wires, played to the model of the chip."""

import pytest

from host_tools.vboard.chips.ssd1306 import Ssd1306

PROLOGUE = """
import asyncio, gc
from pos.drivers.ssd1306 import Ssd1306

there = True
class I2c:
    def writeto_mem(self, address, control, data):
        if not there:
            raise OSError(19)
        print("write", address, bytes((control,)).hex() + bytes(data).hex())
    def readfrom(self, address, count):
        if not there:
            raise OSError(19)
        return bytes((status,))
status = 0
async def sleep_ms(ms):
    print("sleep", ms)
asyncio.sleep_ms = sleep_ms
lcd = Ssd1306(I2c())

async def main():
    global there, status
    await lcd.start()
    print("# body")
{body}

asyncio.run(main())
"""
ALL_LIT = "lcd.window(0, 0, 128, 64)\nlcd.write(bytearray(b'\\xff' * 128 * 64 * 2))"


class Board:
    """The chip's model, fed with what the driver sent, and the bytes of each transfer."""

    def __init__(self, log: str) -> None:
        self.chip = Ssd1306()
        self.sent: list[int] = []
        self.printed: list[str] = []
        for line in log.splitlines():
            what, _, value = line.partition(" ")
            if what == "write":
                address, data = value.split()
                assert int(address) == self.chip.address
                self.sent.append(len(bytes.fromhex(data)) - 1)
                self.chip.i2c_write(bytes.fromhex(data))
            elif line == "# body":
                self.sent.clear()
            elif what != "sleep":
                self.printed.append(line)

    def lit(self) -> set[tuple[int, int]]:
        image = self.chip.image().convert("1")
        return {(x, y) for x in range(128) for y in range(64) if image.getpixel((x, y))}


@pytest.fixture
def play(mpy):
    def run(body: str = "pass") -> Board:
        lines = "".join("    " + line + "\n" for line in body.strip("\n").splitlines())
        return Board(mpy(PROLOGUE.format(body=lines), heap="1m"))

    return run


def test_the_chip_accepts_the_start_and_is_dark(play):
    board = play()
    assert board.chip.faults == []
    assert board.chip.showing
    assert board.lit() == set()


def test_a_window_of_any_place_is_painted_and_only_its_bytes_are_sent(play):
    board = play(
        "lcd.window(3, 5, 10, 6)\n"
        "lcd.write(bytearray(b'\\xff\\xff' * 20))\n"
        "lcd.write(bytearray(b'\\x00\\x01' * 40))"  # any colour but black is lit
    )
    assert board.lit() == {(x, y) for x in range(3, 13) for y in range(5, 11)}
    assert board.sent == [6, 10, 10]  # where, and two pages
    assert board.chip.faults == []


def test_what_is_around_a_window_stays(play):
    board = play(ALL_LIT + "\nlcd.window(8, 9, 4, 2)\nlcd.write(bytearray(16))")
    assert len(board.lit()) == 128 * 64 - 8
    assert board.sent == [6, 1024, 6, 4]


@pytest.mark.parametrize(
    "what",
    ["window(0, 0, 129, 1)", "window(0, 60, 1, 5)", "window(-1, 0, 1, 1)", "window(0, 0, 0, 1)"],
)
def test_a_rectangle_that_leaves_the_screen_is_refused(play, what):
    body = f"try:\n    lcd.{what}\nexcept ValueError:\n    print('refused')"
    assert play(body).printed == ["refused"]


def test_more_pixels_than_the_window_has_are_refused(play):
    body = (
        "lcd.window(0, 0, 4, 1)\n"
        "try:\n    lcd.write(bytearray(16))\nexcept ValueError:\n    print('no')"
    )
    assert play(body).printed == ["no"]


def test_a_chip_that_comes_back_gets_the_whole_picture(play):
    board = play(
        "there = False\n"
        "lcd.window(0, 0, 8, 8)\nlcd.write(bytearray(b'\\xff' * 128))\n"
        "print(lcd.works())\n"
        "there = True\n"
        "lcd.window(64, 32, 8, 8)\nlcd.write(bytearray(b'\\xff' * 128))\n"
        "print(lcd.works())"
    )
    assert board.printed == ["False", "True"]
    assert len(board.lit()) == 128
    assert {(0, 0), (71, 39)} <= board.lit()
    assert board.chip.faults == []


def test_a_chip_that_says_it_is_off_does_not_work(play):
    assert play("status = 0x40\nprint(lcd.works())").printed == ["False"]


def test_painting_leaves_no_heap_behind(play):
    board = play(
        "buf = bytearray(128 * 8 * 2)\n"
        "real, I2c.writeto_mem = I2c.writeto_mem, lambda *a: None\n"
        "lcd.window(0, 0, 128, 8)\nlcd.write(buf)\n"
        "gc.collect()\nbefore = gc.mem_alloc()\n"
        "for i in range(20):\n    lcd.window(0, 8, 128, 8)\n    lcd.write(buf)\n"
        "gc.collect()\nprint(gc.mem_alloc() - before)"
    )
    assert int(board.printed[0]) <= 64
