"""The user interface on the real MicroPython: a display that remembers, keys typed ahead."""

import tempfile
from pathlib import Path

from host_tools.build.fonts import build_fonts
from host_tools.device.screen_fonts import load_fonts
from host_tools.device.screen_reader import read_screen
from host_tools.screens import program
from host_tools.screens.program import picture

_FOLDER = tempfile.TemporaryDirectory(prefix="taptill-fonts-")


def fonts(screens: str = "") -> Path:
    """The folder of the font files of a display, made once a run."""
    folder = Path(_FOLDER.name) / (screens or "large")
    if not folder.exists():
        build_fonts(folder, screens)
    return folder


def source(body: str, folder: Path | str = "/nowhere") -> str:
    """A MicroPython program that runs ``body``, the inside of a coroutine."""
    return program.source(body, folder, fonts())


def lines(path: Path) -> list[str]:
    """The lines of text that a shot shows."""
    return [line.text for line in read_screen(picture(path), load_fonts(fonts()))]
