"""A virtual board with a program of the test's own: the wire without the terminal."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from host_tools.build.image import compile_tree, pack
from host_tools.vboard.board import VirtualBoard

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"


class Bench:
    """A board that runs ``program`` as its main, and what its console has said.

    ``modules``: files of the firmware that it imports, by their paths there.
    """

    def __init__(self, folder: Path, program: str, modules: tuple[str, ...] = ()) -> None:
        source = folder / "source"
        source.mkdir()
        for module in modules:
            (source / module).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(FIRMWARE / module, source / module)
        (source / "main.py").write_text(program, encoding="utf-8")
        compile_tree(source, folder / "stage")
        image = pack([folder / "stage"], folder / "program.romfs")
        self.board = VirtualBoard(rom=image).start()
        self.port = self.board.call(lambda: self.board.console.port)
        self._read = 0

    def close(self) -> None:
        self.board.close()

    def said(self, *words: str, timeout: float = 10.0) -> str:
        """Wait until the console has said ``words`` since the last call; returns what it said."""
        board = self.board

        def heard() -> str:
            text = bytes(board.console.scrollback).decode("utf-8", "replace")[self._read :]
            at = max((text.find(word) + len(word) for word in words), default=0)
            return text[:at] if all(word in text for word in words) else ""

        try:
            text = board.wait_for(heard, timeout, f"{words} on the console")
        except TimeoutError as error:
            told = board.call(lambda: bytes(board.console.scrollback)).decode("utf-8", "replace")
            raise AssertionError(f"{error}; it said:\n{told}") from None
        self._read += len(text)
        return text

    def mpremote(self, *arguments: str, timeout: float = 60.0) -> str:
        """Run the program ``mpremote`` on the board's port; returns what it printed."""
        program = Path(sys.executable).with_name("mpremote")
        done = subprocess.run(
            [str(program), "connect", self.port, *arguments],
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def bench(tmp_path):
    """Makes benches: ``bench(program)`` boots a board with it."""
    made = []

    def make(program: str, power: bool = True, modules: tuple[str, ...] = ()) -> Bench:
        made.append(Bench(tmp_path, program, modules))
        if power:
            made[-1].board.power_on()
        return made[-1]

    yield make
    for one in made:
        one.close()
