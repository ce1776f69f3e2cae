"""A virtual board on a desk: at a serial port that tools can reach, with a cable to be pulled."""

from host_tools.build.image import build_firmware, compile_tree, pack
from host_tools.device.screen_reader import read_screen
from host_tools.device.virtual import _fonts
from host_tools.vboard.board import VirtualBoard
from host_tools.vboard.mcu import HEAP
from host_tools.vboard.serial.side import SerialSide

START = "Language"
PROGRAM = """
import asyncio

async def main():
    while True:
        await asyncio.sleep(1)

print("program runs")
asyncio.run(main())
"""


class Desk:
    """A virtual board and the cable to it."""

    def __init__(self, heap=HEAP, **options):
        self.board = VirtualBoard(heap=heap).start()
        self.side = SerialSide(self.board, **options)
        self.url = self.side.url
        self._read = 0

    def close(self):
        self.board.power_off()
        self.side.close()
        self.board.close()

    def call(self, function, *arguments):
        return self.board.call(function, *arguments)

    def said(self, *words, timeout=20.0):
        """Wait until the console has said ``words`` since the last call."""
        board = self.board

        def heard():
            text = bytes(board.console.scrollback).decode("utf-8", "replace")[self._read :]
            at = max(text.find(word) + len(word) for word in words)
            return text[:at] if all(word in text for word in words) else ""

        text = board.wait_for(heard, timeout, f"{words} on the console")
        self._read += len(text)
        return text

    def program(self, folder, source=PROGRAM):
        """Flash a program of the test's own, on the bench; returns its ROM image."""
        rom = rom_of(folder, source)
        part = self.side.data.partition("romfs")
        self.call(self.side.flash.erase, part.offset, part.size)
        self.call(self.side.flash.program, part.offset, rom)
        return rom


def rom_of(folder, source):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "source").mkdir(exist_ok=True)
    (folder / "source" / "main.py").write_text(source, encoding="utf-8")
    compile_tree(folder / "source", folder / "stage")
    return pack([folder / "stage"], folder / "program.romfs").path.read_bytes()


def screen(d):
    fonts = _fonts("virtual", build_firmware().sha256)
    image = d.call(d.board.display.image)
    return "\n".join(line.text for line in read_screen(image, fonts))
