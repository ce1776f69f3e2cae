"""A bare board at a serial port, ready to be made a terminal of, as often as one likes."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from host_tools.build.image import build_firmware, build_shim
from host_tools.hil.core import SerialCore
from host_tools.hil.repl import Repl, Upload
from host_tools.hil.tunnel import Counts
from host_tools.ports import BAUDRATE
from host_tools.vboard.board import VIRTUAL
from host_tools.vboard.console import Console

_SHIM = Path(__file__).parent / "shim"
_PORT = Path(__file__).parent / "port"


class BareSession:
    """The port, and a board with the images; ``core`` is what ``VirtualBoard`` takes.

    ``firmware`` is another program than the terminal. Raises HilError.
    """

    def __init__(
        self,
        url: str,
        baudrate: int = BAUDRATE,
        progress: Callable[[str, int, int], None] = lambda *_: None,
        firmware: Upload | None = None,
    ) -> None:
        self._repl = repl = Repl(url, baudrate, progress)
        self._program = firmware
        self._terminals: dict[str, Upload] = {}  # by board
        self.counts = Counts()
        try:
            repl.enter()
            self._march = "" if firmware else repl.march()
            self._modules = Upload.of("taptill.modules", build_shim(_SHIM).path)
            reader = Upload.plain(_PORT / "taptill_rom.py")
            repl.install((self._image(VIRTUAL[0]), self._modules, reader))
        except BaseException:
            repl.close()
            raise

    def close(self) -> None:
        """Leave the board at its REPL and the port to others."""
        self._repl.close()

    def __enter__(self) -> "BareSession":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def core(self, loop: asyncio.AbstractEventLoop, console: Console, board: str) -> SerialCore:
        """What runs the program of one board; ``board``: which one of VIRTUAL it stands for."""
        images = self._image(board), self._modules
        return SerialCore(loop, console, self._repl, *images, self.counts)

    def _image(self, board: str) -> Upload:
        """The program: the terminal's firmware for the chip that is there, with this wiring."""
        if self._program is not None:
            return self._program
        if board not in self._terminals:
            image = build_firmware(board, march=self._march)
            self._terminals[board] = Upload.of("taptill.firmware", image.path)
        return self._terminals[board]
