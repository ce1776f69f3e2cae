"""MicroPython programs that paint screens: a display that remembers, keys typed ahead."""

from array import array
from pathlib import Path

from PIL import Image

PROLOGUE = """
import asyncio, gc

class Display:
    # the driver's methods, and every rectangle that was painted
    width, height = {width}, {height}
    def __init__(self):
        self.glass = bytearray({width} * {height} * 2)
        self.windows = []
    def rows(self, y, h):
        pass
    def window(self, x, y, w, h):
        assert 0 <= x and 0 <= y and w > 0 and h > 0 and x + w <= {width} and y + h <= {height}
        self.windows.append((x, y, w, h))
        self.at = x, y, w
    def write(self, buf):
        x, y, w = self.at
        for i in range(len(buf) // 2 // w):
            to = ((y + i) * {width} + x) * 2
            self.glass[to : to + 2 * w] = buf[2 * w * i : 2 * w * (i + 1)]
        self.at = x, y + len(buf) // 2 // w, w

class Keys:
    # what is typed ahead; then nobody comes, and whoever waits is told by `idle`
    def __init__(self):
        self.ahead = []
        self.come = asyncio.Event()
        self.idle = asyncio.Event()
    def type(self, keys):
        self.ahead.extend(keys)
        self.idle.clear()
        self.come.set()
    async def get(self):
        while not self.ahead:
            self.come.clear()
            self.idle.set()
            await self.come.wait()
        return self.ahead.pop(0)

import sys
for name in {instead}:  # modules that a board with such a display has in place of others
    __import__("pos.ui.{screens}." + name)
    sys.modules["pos.ui." + name] = module = sys.modules["pos.ui.{screens}." + name]
    setattr(sys.modules["pos.ui"], name, module)
from pos.ui import entry, screens
from pos.ui.frame import FAULT, OFF, OK, Ui
display, keys = Display(), Keys()
ui = Ui(display, keys, {fonts!r})
ui.clock = lambda: "10:05"

def shot(name):
    with open({folder!r} + "/" + name, "wb") as file:
        file.write(display.glass)

waiting = []

async def after(coro, typed=""):
    # let a screen run until it waits for a key that nobody presses
    keys.idle.clear()
    task = asyncio.create_task(coro)
    waiting.append(task)
    keys.type(typed)
    await asyncio.sleep_ms(0)
    await asyncio.wait_for(keys.idle.wait(), 20)
    return task

async def answer(coro, typed):
    keys.type(typed)
    return await asyncio.wait_for(coro, 20)

async def main():
{body}

asyncio.run(main())
"""
_LEAVE = """
while waiting:
    task = waiting.pop()
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass
"""


SIZES = {"": (240, 320), "small": (128, 64)}  # of the displays, by the name of their screens
# In this order: a module may import those before it
_SMALL = ("frame", "field", "lights", "signal", "listing", "screens")
_INSTEAD = {"": (), "small": _SMALL}


def source(body: str, folder: Path | str, fonts: Path, screens: str = "") -> str:
    """A MicroPython program that runs ``body``, the inside of a coroutine.

    ``folder``: where its ``shot(name)`` leaves what is on the glass; ``fonts``: the font files;
    ``screens``: for which display, a key of SIZES.
    """
    width, height = SIZES[screens]
    return PROLOGUE.format(
        fonts=str(fonts),
        folder=str(folder),
        body=_indented(body),
        width=width,
        height=height,
        screens=screens,
        instead=_INSTEAD[screens],
    )


def painting(screens: dict[str, str], setting: str) -> str:
    """The body of a program that paints each screen after ``setting`` and takes a shot of it."""
    parts = [
        "from pos.ui import lights, listing, signal, typed",
        "from pos.ui import text as letters",
        "from pos.words import beside, say",
        setting,
    ]
    for name, code in screens.items():
        parts += [
            f"print('screen {name}')",
            f"async def screen():\n{_indented(code)}",
            "await screen()",
        ]
        parts += [f"shot({name!r})", _LEAVE]
    return "\n".join(parts)


def _indented(code: str) -> str:
    return "".join(f"    {line}\n" for line in code.strip("\n").splitlines())


def picture(path: Path, screens: str = "") -> Image.Image:
    """A shot as a picture; what is not dark is lit on a display of one colour."""
    words = array("H", path.read_bytes())
    words.byteswap()
    return Image.frombytes("RGB", SIZES[screens], words.tobytes(), "raw", "BGR;16")
