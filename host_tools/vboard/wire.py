"""The copper between the microcontroller and the chips: nets (one wire) and UART lines.

Everything here runs on the board's event loop thread.
"""

from collections.abc import Callable
from typing import Protocol

PULL_NONE, PULL_UP, PULL_DOWN = 0, 1, 2


class Net:
    """One wire at a GPIO of the microcontroller.

    The board drives it (``board_drive`` 0, 1 or None for input), a chip may drive it (``drive``),
    a pull resistor decides when nobody does. Both driving against each other is a fault that is
    reported.
    """

    def __init__(self, gpio: int, report: Callable[[str], None] | None = None) -> None:
        self.gpio = gpio
        self.board_drive: int | None = None
        self.open_drain = False
        self.pull = PULL_NONE
        self._chip_drive: int | None = None
        self._report = report
        self._watchers: list[Callable[[Net], None]] = []
        self._board_watchers: list[Callable[[Net], None]] = []
        self._level = self._resolve()

    @property
    def level(self) -> int:
        """0 or 1, as anybody on the wire sees it."""
        return self._level

    def watch(self, call: Callable[["Net"], None]) -> None:
        """Call ``call(net)`` after each change of the level."""
        self._watchers.append(call)

    def watch_board(self, call: Callable[["Net"], None]) -> None:
        """Call ``call(net)`` after each change of what the board does to the wire.

        The level may have stayed: an open-drain output that lets go of a wire without a pull-up
        leaves it low.
        """
        self._board_watchers.append(call)

    def drive(self, level: int | None) -> None:
        """A chip drives the wire to 0 or 1, or lets go (None)."""
        self._chip_drive = level
        self._settle()

    def configure(self, board_drive: int | None, pull: int, open_drain: bool) -> None:
        """The microcontroller sets up its side of the wire."""
        before = self.board_drive, self.pull, self.open_drain
        self.board_drive, self.pull, self.open_drain = board_drive, pull, open_drain
        self._settle()
        if (board_drive, pull, open_drain) != before:
            for call in list(self._board_watchers):
                call(self)

    def _resolve(self) -> int:
        board = self.board_drive
        if self.open_drain and board == 1:
            board = None
        if board is not None:
            if self._chip_drive is not None and self._chip_drive != board and self._report:
                self._report(
                    f"GPIO {self.gpio}: board drives {board}, chip drives {self._chip_drive}"
                )
            return board
        if self._chip_drive is not None:
            return self._chip_drive
        return 1 if self.pull == PULL_UP else 0

    def _settle(self) -> None:
        level = self._resolve()
        if level != self._level:
            self._level = level
            for call in list(self._watchers):
                call(self)


class UartChip(Protocol):
    """A chip at the end of a UART line."""

    baudrate: int

    def receive(self, data: bytes) -> None:
        """Bytes from the board's TX, as the chip's own receiver decodes them."""
        ...


class UartLine:
    """A UART between the board and one chip.

    Each side has its own baud rate; where they differ, the receiver sees garbage, as on copper.
    ``to_board`` is set by whoever runs the board's side.
    """

    def __init__(self) -> None:
        self.board_baudrate = 115200
        self.chip: UartChip | None = None
        self.to_board: Callable[[bytes], None] | None = None
        self.bytes_to_chip = 0
        self.bytes_to_board = 0

    def attach(self, chip: UartChip) -> None:
        """Solder ``chip`` to the line."""
        self.chip = chip

    def from_board(self, data: bytes) -> None:
        """The board has sent ``data``."""
        self.bytes_to_chip += len(data)
        if self.chip is not None:
            self.chip.receive(self._as_heard(data, self.board_baudrate, self.chip.baudrate))

    def from_chip(self, data: bytes, baudrate: int) -> None:
        """The chip has sent ``data`` at ``baudrate``."""
        self.bytes_to_board += len(data)
        if self.to_board is not None:
            self.to_board(self._as_heard(data, baudrate, self.board_baudrate))

    @staticmethod
    def _as_heard(data: bytes, sent_at: int, heard_at: int) -> bytes:
        """What a receiver at ``heard_at`` baud makes of ``data`` (a 3 % error is tolerated)."""
        if not data or abs(sent_at - heard_at) * 100 <= 3 * heard_at:
            return bytes(data)
        count = max(1, len(data) * heard_at // sent_at)
        return bytes((data[i * len(data) // count] * 0x9D + 0x5A + i) & 0xFF for i in range(count))
