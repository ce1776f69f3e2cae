"""MicroPython programs that paint screens: a display that remembers, keys typed ahead."""

from array import array
from pathlib import Path

from PIL import Image

PROLOGUE = """
import asyncio, gc

class Display:
    # the driver's methods, and every rectangle that was painted
    width, height = 240, 320
    def __init__(self):
        self.glass = bytearray(240 * 320 * 2)
        self.windows = []
    def rows(self, y, h):
        pass
    def window(self, x, y, w, h):
        assert 0 <= x and 0 <= y and w > 0 and h > 0 and x + w <= 240 and y + h <= 320
        self.windows.append((x, y, w, h))
        self.at = x, y, w
    def write(self, buf):
        x, y, w = self.at
        for i in range(len(buf) // 2 // w):
            to = ((y + i) * 240 + x) * 2
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


def source(body: str, folder: Path | str, fonts: Path) -> str:
    """A MicroPython program that runs ``body``, the inside of a coroutine.

    ``folder``: where its ``shot(name)`` leaves what is on the glass; ``fonts``: the font files.
    """
    return PROLOGUE.format(fonts=str(fonts), folder=str(folder), body=_indented(body))


def painting(screens: dict[str, str], setting: str) -> str:
    """The body of a program that paints each screen after ``setting`` and takes a shot of it."""
    parts = [
        "from pos.ui import lights, listing, typed\nfrom pos.ui import text as letters",
        "from pos.words import say",
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


def picture(path: Path) -> Image.Image:
    """A shot as a picture."""
    words = array("H", path.read_bytes())
    words.byteswap()
    return Image.frombytes("RGB", (240, 320), words.tobytes(), "raw", "BGR;16")
