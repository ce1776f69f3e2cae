"""What the line to a bare board does: a program on the board times its own buses."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from host_tools.build.image import compile_tree, pack
from host_tools.hil.repl import HilError, Upload
from host_tools.hil.session import BareSession
from host_tools.vboard.board import VirtualBoard

_PROGRAM = """
import machine, time
import esp32
from time import ticks_diff, ticks_us

def spent(what, times):
    start = ticks_us()
    for _ in range(times):
        what()
    return ticks_diff(ticks_us(), start)

pin = machine.Pin(4, machine.Pin.IN)
print("round", spent(pin.value, 200) // 200)
block = bytearray(4096)
flash = esp32.Partition("vfs")
print("read", 16 * 4096, spent(lambda: flash.readblocks(0, block), 16))
spi = machine.SPI(1, 40000000, sck=machine.Pin(12), mosi=machine.Pin(11), miso=machine.Pin(13))
picture = bytes(range(256)) * 16
def write():
    for _ in range(16):
        spi.write(picture)
    pin.value()
print("write", 16 * 4096, spent(write, 1))
print("done")
while True:
    time.sleep(1)
"""
_DONE_S = 300.0


def packed(program: str) -> Upload:
    """An image with ``program`` as its main."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "source").mkdir()
        (folder / "source" / "main.py").write_text(program, encoding="utf-8")
        compile_tree(folder / "source", folder / "stage")
        image = pack([folder / "stage"], folder / "program.romfs")
        return Upload.of("taptill.program", image.path)


def measure(url: str, baudrate: int) -> Iterator[str]:
    """Measure; lines for people. Raises HilError."""
    with BareSession(url, baudrate, firmware=packed(_PROGRAM)) as session:
        with VirtualBoard(core=session.core) as board:
            board.power_on()
            said = board.wait_for(
                lambda: _told(bytes(board.console.scrollback)), _DONE_S, "the end of it"
            )
    counts = session.counts
    yield f"round trip of one call    {said['round'][0] / 1000:9.2f} ms"
    titles = {"read": "to the board (flash read) ", "write": "from the board (SPI)      "}
    for what, title in titles.items():
        size, us = said[what]
        yield f"{title}{size / us * 1000:9.1f} kB/s"
    segments = counts.sent + counts.received
    yield f"segments {segments}, again {counts.again}, damaged {counts.damaged}"


def _told(console: bytes) -> dict[str, list[int]]:
    text = console.decode("utf-8", "replace")
    if "Traceback" in text:
        raise HilError(f"the measuring program failed: {text.strip().splitlines()[-1]}")
    if "done" not in text:
        return {}
    found = re.findall(r"^(round|read|write) ([\d ]+)\r?$", text, re.M)
    return {name: [int(number) for number in numbers.split()] for name, numbers in found}
