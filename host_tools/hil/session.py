"""A bare board at a serial port, ready to be made a terminal of, as often as one likes."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from host_tools.build.image import build_firmware, build_shim
from host_tools.hil.core import SerialCore
from host_tools.hil.repl import Repl, Upload
from host_tools.hil.tunnel import Counts
from host_tools.ports import BAUDRATE
from host_tools.vboard.console import Console

_SHIM = Path(__file__).parent / "shim"
_PORT = Path(__file__).parent / "port"


class BareSession:
    """The port, and the images for the board at it; ``core`` is what ``VirtualBoard`` takes.

    ``firmware`` is another program than the terminal. Raises HilError.
    """

    def __init__(
        self,
        url: str,
        baudrate: int = BAUDRATE,
        progress: Callable[[str, int, int], None] = lambda *_: None,
        firmware: Upload | None = None,
    ) -> None:
        self._repl = Repl(url, baudrate)
        self._progress = progress
        self.images = (
            firmware or Upload.of("taptill.firmware", build_firmware().path),
            Upload.of("taptill.modules", build_shim(_SHIM).path),
            Upload.plain(_PORT / "taptill_rom.py"),
        )
        self.counts = Counts()

    def close(self) -> None:
        """Leave the board at its REPL and the port to others."""
        self._repl.close()

    def __enter__(self) -> "BareSession":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def core(self, loop: asyncio.AbstractEventLoop, console: Console) -> SerialCore:
        """What runs the program of one board."""
        core = SerialCore(loop, console, self._repl, self.images, progress=self._progress)
        core.counts = self.counts
        return core
