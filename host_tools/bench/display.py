"""What the screen costs: bytes and calls on its bus, instructions, heap; and a slip on paper.

The firmware's own screens and driver on MicroPython, with a bus that counts. Instructions are the
difference of two numbers of times, so that start and setting up cancel out.
"""

from collections.abc import Iterator
from pathlib import Path

from host_tools.bench import mpy
from host_tools.bench.report import NO_VALGRIND, Report, Row
from host_tools.build.image import build_firmware

SCREEN = 240 * 320 * 2  # bytes
KEY_SHARE, KEY_CALLS = 3.0, 4  # percent of the screen, calls on the bus
FULL_BYTES, FULL_CALLS = 160 * 1024, 45
TWENTY = 0.5  # million instructions
GROWTH = 0  # bytes
_N = 8  # times that are counted
_ROUNDS, _EACH = 125, 8  # 1,000 screens
_HEAP = "1m"

# Bus and keys: each time the terminal waits for a key, what has passed over the bus is noted
_START = """
import asyncio
from pos.drivers.ili9341 import Ili9341

from pos.ui import entry, screens, typed
from pos.ui.frame import Ui
class Spi:
    calls = bytes = 0
    def write(self, buf):
        self.calls += 1
        self.bytes += len(buf)
class Keys:
    noted = None
    def type(self, keys):
        self.ahead = list(keys)
    async def get(self):
        if self.noted is not None:
            self.noted.append((spi.calls, spi.bytes))
        return self.ahead.pop(0)
def pin(level):
    pass
spi, keys = Spi(), Keys()
display = Ili9341(spi, pin, pin)
ui = Ui(display, keys, "/rom/fonts")
ui.clock = lambda: "10:05"
canvas = ui.canvas
async def screen(which):
    if which == "amount":
        keys.type("1280C")
        await entry.amount(ui, 5000000)
    elif which == "amount6":
        keys.type("128034C")
        await entry.amount(ui, 5000000)
    elif which == "PIN":
        keys.type("123456C")
        await entry.pin(ui, 128000, "621234******1232")
    elif which == "password":
        keys.type("123456C")
        await entry.password(ui, "Operator 01")
    elif which == "voucher":
        keys.type("000042C")
        await typed.ask(ui, "trace", "void")
    elif which == "menu":
        keys.type("C")
        await entry.choose(ui, "Menu", ("Sale", "Void", "Refund", "Pre-authorisation", "More"))
    elif which == "result":
        await screens.result(ui, "ok", "Approved", ("621234******1232", "Code 104729"), 128000)
    elif which == "chinese":
        text = "请将卡靠近读卡区听到提示音后再移开" * 4
        await screens.result(ui, "warn", "交易成功", (text[:56],))
BITMAP = bytearray(25 * 198)
QR = None
def line(text):
    number = canvas.text(16, 200, 208, text)
    canvas.show(16, 200, 208, 16)
def bitmap():
    # as the canvas paints: strip by strip, here from dots of one bit
    from framebuf import MONO_HLSB, RGB565, FrameBuffer
    picture = FrameBuffer(BITMAP, 200, 198, MONO_HLSB)
    palette = FrameBuffer(bytearray(4), 2, 1, RGB565)
    buffer = memoryview(bytearray(9 * 198 * 2))
    strip = FrameBuffer(buffer, 198, 9, RGB565)
    display.window(21, 61, 198, 198)
    for y in range(0, 198, 9):
        strip.blit(picture, 0, -y, -1, palette)
        display.write(buffer)
"""
_RUN = "async def main():\n    for _ in range({n:3d}):\n        {do}\nasyncio.run(main())\n"
_NOTED = """
async def main():
    await screen("result")
    for which in {which}:
        keys.noted = []
        before = spi.calls, spi.bytes
        gc.collect()
        gc.disable()
        heap = gc.mem_alloc()
        await screen(which)
        heap = gc.mem_alloc() - heap
        gc.enable()
        noted = [before] + (keys.noted or [(spi.calls, spi.bytes)])
        told = ["%d,%d" % (b[0] - a[0], b[1] - a[1]) for a, b in zip(noted, noted[1:])]
        print(which, heap, *told)
    ui.forget()
    before = spi.calls, spi.bytes
    ui.page("")
    canvas.show()
    print("whole", 0, "%d,%d" % (spi.calls - before[0], spi.bytes - before[1]))
    before = spi.calls, spi.bytes
    bitmap()
    print("bitmap", 0, "%d,%d" % (spi.calls - before[0], spi.bytes - before[1]))
asyncio.run(main())
"""
_GROWN = """
async def once():
    for which in ("amount", "PIN", "password", "voucher", "menu", "result", "chinese", "menu"):
        await screen(which)
    gc.collect()
    return gc.mem_alloc()
async def main():
    await once()
    first = await once()
    for _ in range({rounds}):
        last = await once()
    print("grown", last - first)
asyncio.run(main())
"""
# 40 lines, most of them with Chinese
_SLIP = """
import io
from pos.drivers.escpos_printer import Printer
from pos.drivers.raster_printer import RasterPrinter
from pos.slips import lines
from pos.ui.fonts import view
class Uart(io.IOBase):
    pass
class Sent:
    count = 0
async def send(self, data):
    Sent.count += len(data)
Printer.write = send
han, latin = view("/rom/fonts/han24.gb"), view("/rom/fonts/latin24.gb")
printers = Printer(Uart()), RasterPrinter(Printer(Uart()), han, latin)
async def slip(number):
    for i in range(20):
        for part in lines.row("商户名称", "北京测试商店 %02d" % i):
            await printers[number].write(part)
        for part in lines.row("REF %02d" % i, "260911000123"):
            await printers[number].write(part)
"""
_SENT = """
async def main():
    for number in (0, 1):
        Sent.count = 0
        await slip(number)
        print("sent", number, Sent.count)
asyncio.run(main())
"""
# Name, what is done, what to set up before it
_COUNTED = {
    "amount": 'await screen("amount")',
    "amount6": 'await screen("amount6")',
    "result": 'await screen("result")',
    "chinese": 'await screen("chinese")',
    "letters": 'canvas.clear(); line("Hold it to the reade")',
    "hanzi": 'canvas.clear(); line("请将卡靠近读卡区听到提示音")',
    "bitmap": "bitmap()",
    "text": "await slip(0)",
    "raster": "await slip(1)",
}


def source() -> str:
    """A program up to where its screens can be shown."""
    return mpy.start_source() + _START


def traffic(rom: Path) -> dict[str, tuple[int, list[tuple[int, int]]]]:
    """For each screen: bytes allocated; calls and bytes of the page and of each key after it."""
    which = ("amount", "amount6", "PIN", "password", "voucher", "menu", "result", "chinese")
    told = mpy.run(source() + _NOTED.format(which=which), _HEAP, rom)
    found = {}
    for name, heap, *parts in told:
        pairs = [tuple(map(int, part.split(","))) for part in parts]
        found[name] = int(heap), [(calls, sent) for calls, sent in pairs]
    return found


def growth(rom: Path, rounds: int = _ROUNDS) -> int:
    """By how many bytes the heap has grown after ``rounds`` times 8 screens."""
    return int(mpy.run(source() + _GROWN.format(rounds=rounds), _HEAP, rom)[0][1])


def slips(rom: Path) -> list[int]:
    """Bytes to the printer of a slip of 40 lines: as text, and where Chinese goes as dots."""
    told = mpy.run(source() + _SLIP + _SENT, _HEAP, rom)
    return [int(words[2]) for words in told]


def counts(rom: Path) -> dict[str, float]:
    """Million instructions of each thing in _COUNTED. Raises MeterError."""
    programs = []
    for do in _COUNTED.values():
        for n in (1, 1 + _N):
            programs.append(source() + _SLIP + _RUN.format(n=n, do=do))
    found = mpy.instructions(programs, heap=_HEAP, rom=rom)
    pairs = zip(_COUNTED, found[::2], found[1::2], strict=True)
    return {name: (more - once) / _N / 1e6 for name, once, more in pairs}


def rows(rom: Path, *, instructions: bool = True) -> list[Row]:
    """All figures; the rows of instructions only where they are wanted and can be counted."""
    found = traffic(rom)
    out = []
    for name, what in (
        ("amount", "key to digit, amount up to 99.99"),
        ("amount6", "key to digit, amount up to 9,999.99"),
        ("PIN", "key to digit, PIN"),
        ("password", "key to digit, password"),
        ("voucher", "key to digit, voucher number"),
    ):
        keys = found[name][1][1:]
        shares = [sent * 100 / SCREEN for _, sent in keys]
        mean = sum(shares) / len(shares)
        out.append(Row(f"{what}: of the screen, mean", mean, "%", KEY_SHARE))
        out.append(Row("  most", max(shares), "%", KEY_SHARE))
        out.append(Row("  calls, most", max(calls for calls, _ in keys), "", KEY_CALLS))
        out.append(Row("  allocated, page and keys", found[name][0], "bytes, 8-byte words"))
    for name, what in (
        ("whole", "whole screen"),
        ("menu", "next screen, menu"),
        ("voucher", "next screen, voucher number"),
        ("result", "next screen, result"),
        ("chinese", "next screen, 60 Chinese characters"),
    ):
        calls, sent = found[name][1][0]
        out.append(Row(f"{what}: bytes", sent, "", FULL_BYTES))
        out.append(Row("  calls", calls, "", FULL_CALLS))
    calls, sent = found["bitmap"][1][0]
    out.append(Row("bitmap of 198 x 198, as a QR code: bytes", sent))
    out.append(Row("  calls", calls))
    for what, sent in zip(("text", "dots where it is Chinese"), slips(rom), strict=True):
        out.append(Row(f"slip of 40 lines as {what}", sent, "bytes"))
    out.append(Row("heap after 1,000 screens, more than before", growth(rom), "bytes", GROWTH))
    return out + (_instructions(rom) if instructions else [])


def _instructions(rom: Path) -> list[Row]:
    if not mpy.has_valgrind():
        return [Row("instructions", None, note=NO_VALGRIND)]
    found = counts(rom)
    unit = "M instructions"
    return [
        Row("key to digit, amount", (found["amount6"] - found["amount"]) / 2, unit),
        Row("next screen, result", found["result"], unit),
        Row("next screen, 60 Chinese characters", found["chinese"], unit),
        Row("20 letters on a line", found["letters"], unit, TWENTY),
        Row("13 Chinese characters, a whole line", found["hanzi"], unit, TWENTY),
        Row("bitmap of 198 x 198", found["bitmap"], unit),
        Row("slip of 40 lines as text", found["text"], unit),
        Row("slip of 40 lines with dots", found["raster"], unit),
    ]


def measure() -> Iterator[Report]:
    """The report of the display. Raises BuildError, MeterError."""
    yield Report(None, "Screen and paper", rows(build_firmware().path))
