"""What is typed at the virtual board's console, and when it gets to the process behind it."""

import asyncio
import os
import tty
from collections.abc import Iterator

import pytest

from host_tools.vboard.console import Console

BANNER = b'Type "help()" for more information.\n>>> '


class Line:
    """A console, and the other end of its inner terminal."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.begin()

    def begin(self) -> None:
        self.process = os.dup(self.console.new_process_terminal(raw=False))
        tty.setraw(self.process)  # as at a prompt
        os.set_blocking(self.process, False)

    async def says(self, data: bytes) -> None:
        os.write(self.process, data)
        heard = len(self.console.scrollback)
        async with asyncio.timeout(10):
            while len(self.console.scrollback) == heard:
                await asyncio.sleep(0)

    def reads(self) -> bytes:
        try:
            return os.read(self.process, 4096)
        except BlockingIOError:
            return b""


@pytest.fixture
def line(monkeypatch) -> Iterator[tuple[asyncio.AbstractEventLoop, Line]]:
    monkeypatch.setattr("host_tools.vboard.console._LINE_S", 60.0)
    loop = asyncio.new_event_loop()
    console = Console(loop, lambda: None)
    yield loop, Line(console)
    console.close()
    loop.close()


def test_one_line_at_a_time(line):
    """The unix port forgets what lies in its terminal when it begins to run a line."""
    loop, end = line

    async def story() -> None:
        end.console.booted()
        await end.says(BANNER)
        end.console.type(b"a = 1\rif a:\r")
        assert end.reads() == b"a = 1\r"
        end.console.type(b" b()\r")
        assert end.reads() == b""
        await end.says(b"a = 1\n>>> ")
        assert end.reads() == b"if a:\r"
        await end.says(b"if a:\n... ")
        assert end.reads() == b" b()\r"

    loop.run_until_complete(story())


def test_a_program_that_reads_gets_what_follows_its_line(line, monkeypatch):
    monkeypatch.setattr("host_tools.vboard.console._LINE_S", 0.01)
    loop, end = line

    async def story() -> None:
        end.console.booted()
        await end.says(BANNER)
        end.console.type(b"input()\rJim\r")
        assert end.reads() == b"input()\r"
        got = b""
        async with asyncio.timeout(10):
            while not got:
                await asyncio.sleep(0.001)
                got = end.reads()
        assert got == b"Jim\r"

    loop.run_until_complete(story())


def test_a_program_that_computes_is_interrupted_when_it_waits(line):
    loop, end = line
    waits = False

    async def story() -> None:
        nonlocal waits
        end.console.waits = lambda: waits
        end.console.booted()
        interrupted: list[bytes] = []
        end.console._write = interrupted.append
        end.console.type(b"\r\x03x = 1\r")
        await asyncio.sleep(0.01)
        assert not interrupted
        waits = True
        async with asyncio.timeout(10):
            while not interrupted:
                await asyncio.sleep(0.001)
        assert interrupted == [b"\r\x03"]
        await end.says(BANNER)
        assert interrupted == [b"\r\x03", b"x = 1\r"]

    loop.run_until_complete(story())


def test_a_process_that_dies_of_it_is_interrupted_in_its_next_life(line):
    loop, end = line

    async def story() -> None:
        end.console.booted()
        end.console._write = lambda _: None
        end.console.type(b"\x03x = 1\r")
        await end.says(b"FATAL: uncaught NLR 0x7f\n")
        del end.console._write
        end.begin()
        typed: list[bytes] = []
        end.console._write = typed.append
        end.console.booted()
        assert typed == [b"\x03"]
        await end.says(BANNER)
        assert typed == [b"\x03", b"x = 1\r"]

    loop.run_until_complete(story())
