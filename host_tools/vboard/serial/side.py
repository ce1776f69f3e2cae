"""The serial side of a virtual board: RFC 2217, control lines, boot loader, boot from its flash.

``SerialSide(board)`` on a board that has been started and has no power yet; then ``power_on``.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

from host_tools import boards
from host_tools.build.image import BUILD, Image, build_firmware
from host_tools.vboard.board import VirtualBoard
from host_tools.vboard.process import ProcessCore
from host_tools.vboard.serial.chip_flash import Area, ChipFlash
from host_tools.vboard.serial.lines import ControlLines
from host_tools.vboard.serial.second_stage import look
from host_tools.vboard.serial.server import Rfc2217Server
from host_tools.vboard.serial.stand_in import LOADER_AT, micropython_image

_WAITS = b"rst:0x1 (POWERON),boot:0x0 (DOWNLOAD(USB/UART0))\r\nwaiting for download\r\n"
IMAGE = BUILD / "virtual" / "micropython.bin"


class SerialSide:
    """``server`` has the cable, ``lines`` DTR and RTS, ``flash`` the chip; ``loading`` whether the
    ROM's boot loader is at the line.
    """

    def __init__(
        self,
        board: VirtualBoard,
        port: int = 0,
        *,
        chip: str | None = None,
        blank: bool = False,
        path: Path | None = None,
        production: bool = False,
    ) -> None:
        """Serve TCP ``port`` (0: any). ``chip``: another one than the board's, for a wrong board.

        ``blank``: nothing is in the flash, as on a new module; else it is as a new board comes
        from the bench, with an image for ``production`` or development. ``path`` keeps the flash
        but for its file system.
        """
        self._board = board
        self.data = boards.load("virtual")
        self.chip = chip or self.data.chip
        self.psram_size = self.data.psram_size
        fresh = path is None or not path.exists()
        vfs, nvs = self.data.partition("vfs"), self.data.partition("nvs")
        if vfs.size != board.flash.size:
            raise ValueError(f"vfs has {vfs.size} bytes and the model {board.flash.size}")
        self.flash = ChipFlash(
            self.data.flash_size,
            board.flash,
            Area(vfs.offset, vfs.size),
            Area(nvs.offset, nvs.size),
            self._forget_nvs,
            path,
        )
        if fresh and not blank:
            self._program(build_firmware(production=production))
        self._rom: Callable[[bytes], None] | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="taptill-")
        self.said = ""
        board.call(self._connect, port)

    @property
    def loading(self) -> bool:
        """Whether the boot loader of the ROM has the line."""
        return self._rom is not None

    @property
    def url(self) -> str:
        """What a tool is told as its port."""
        return self.server.url

    def close(self) -> None:
        """Take it off the board."""
        self._board.call(self._disconnect)
        self.flash.close()
        self._folder.cleanup()

    def _connect(self, port: int) -> None:
        board = self._board
        self.lines = ControlLines(board._loop, self._hold, self._start)
        self.server = Rfc2217Server(board._loop, port, self.lines, board.console.type)
        board.console.listeners.append(self.server.say)
        board.mcu.finds_program = self._finds_program

    def _disconnect(self) -> None:
        self._board.console.listeners.remove(self.server.say)
        self._board.console.taken = None
        self.lines.close()
        self.server.close()

    def _hold(self) -> None:
        """EN is low: nothing runs and nothing answers."""
        self._rom, self._board.console.taken = None, self._to_rom
        self._board.mcu.hold()

    def _to_rom(self, data: bytes) -> None:
        if self._rom is not None and self._board.mcu.powered:
            self._rom(data)

    def _start(self, loader: bool) -> None:
        """EN has risen."""
        if not loader or not self._board.mcu.powered:
            self._board.mcu.leave_reset()
            return
        from host_tools.vboard.serial.rom import RomLoader

        console = self._board.console
        self._rom = RomLoader(self.chip, self.flash, self.psram_size, console.line).feed
        console.say(_WAITS)
        self._board.changed()

    def _finds_program(self) -> bool:
        """Whether the chip starts what is in the flash, whose ROM image the core then has."""
        self._rom = self._board.console.taken = None
        found = look(self.flash, self.chip)
        self.said = found.said
        if found.rom is None:
            self._board.console.say(f"{found.said}\r\n".encode())
            self._board.changed()
            return False
        partial = Path(self._folder.name, "partial")
        partial.write_bytes(found.rom)  # a process may still have the old one mapped
        assert isinstance(self._board.core, ProcessCore)
        self._board.core.rom = partial.replace(partial.with_name("rom"))
        return True

    def _forget_nvs(self) -> None:
        for key in list(self._board.mcu.nvs):
            self._board.mcu.nvs.pop(key)

    def _program(self, rom: Image) -> None:
        """As a board comes from the bench: MicroPython and the terminal are on it."""
        image = stand_in_image(self.data)
        self.flash.program(LOADER_AT[self.data.chip], image)
        romfs = self.data.partition("romfs")
        self.flash.program(romfs.offset, rom.path.read_bytes())


def stand_in_image(board: boards.Board) -> bytes:
    """What there is of MicroPython on a virtual board (see ``stand_in``)."""
    table = boards.partition_table(board.directory / "partitions.csv")
    return micropython_image(board.chip, board.flash_size, table)
