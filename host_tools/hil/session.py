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
        self._repl = repl = Repl(url, baudrate)
        self.counts = Counts()
        try:
            repl.enter()
            firmware = firmware or _terminal(repl)
            modules = Upload.of("taptill.modules", build_shim(_SHIM).path)
            reader = Upload.plain(_PORT / "taptill_rom.py")
            repl.install((firmware, modules, reader), progress)
        except BaseException:
            repl.close()
            raise
        self._images = firmware, modules

    def close(self) -> None:
        """Leave the board at its REPL and the port to others."""
        self._repl.close()

    def __enter__(self) -> "BareSession":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def core(self, loop: asyncio.AbstractEventLoop, console: Console) -> SerialCore:
        """What runs the program of one board."""
        return SerialCore(loop, console, self._repl, *self._images, self.counts)


def _terminal(repl: Repl) -> Upload:
    """The terminal's firmware, for the chip that is there."""
    return Upload.of("taptill.firmware", build_firmware(march=repl.march()).path)
