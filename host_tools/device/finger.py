"""A finger on the keys of a board, which stays on each for as long as the firmware needs.

It works on the board's thread: a laptop that is busy does not make it slow, and while a key is
down the firmware scans.
"""

from collections import deque

from host_tools.vboard.board import VirtualBoard
from host_tools.vboard.wire import Net

# Of the key matrix, one after the other, while a key is down: four for the firmware to believe it,
# one in which the finger goes, and one that is somebody else's look at the keys
_SCANS = 6


class Finger:
    """Presses keys one after the other. All methods are for the board's thread."""

    def __init__(self, board: VirtualBoard) -> None:
        self._board = board
        self._rows = [board.mcu.net(gpio) for gpio in board.wires.KEYPAD_ROWS]
        self._edges = self._wanted = self._more = 0  # of the first row
        self._left: deque[str] = deque()
        self.key = ""  # that which is pressed, or has just been
        self._down = False
        for net in self._rows:
            net.watch(self._edge)

    def press(self, keys: str) -> None:
        """Begin to press keys, each once those before it are over."""
        self._left.extend(keys)
        if not self.key:
            self._board.mcu.hurry("finger", True)
            self._next()

    def hold(self, key: str) -> None:
        """Press a key and leave it down."""
        self._more = 2 * (_SCANS + int(self._board.keys.bounce_ms))
        self._wanted = self._edges + self._more
        self._board.keys.press(key)

    def lift(self) -> None:
        """Forget what is still to be pressed, and let go."""
        self._left.clear()
        self._board.mcu.hurry("finger", False)
        if self.key:
            self._board.keys.release(self.key)
            self.key, self._down = "", False

    @property
    def seen(self) -> bool:
        """Whether the firmware has scanned the key that was pressed last often enough."""
        return self._edges >= self._wanted

    @property
    def idle(self) -> bool:
        """Whether the firmware knows that no key is down: all rows are low."""
        return all(net.board_drive == 0 for net in self._rows)

    def _next(self) -> None:
        self.key = self._left.popleft() if self._left else ""
        if self.key:
            self._down = True
            self.hold(self.key)
        else:
            self._board.mcu.hurry("finger", False)
        self._board.changed()

    def _edge(self, net: Net) -> None:
        self._edges += net is self._rows[0]
        if self._down and self.seen:
            self._down = False
            self._board.clock.call_later(0, lambda key=self.key: self._board.keys.release(key))
        elif net is self._rows[-1] and not net.level and self.idle:
            if not self.seen:  # that was a single look at the keys, not the scans of a press
                self._wanted = self._edges + self._more
            if self.key and not self._down:
                self._board.clock.call_later(0, self._next)
            self._board.changed()
        elif self._edges == self._wanted:
            self._board.changed()
