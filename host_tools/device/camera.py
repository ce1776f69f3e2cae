"""Keeps each picture that stood on a board's display for a while, be it that nobody looked then.

A busy laptop looks late: a screen that is there for a quarter of a second would not be seen. So
the picture is kept when the next one begins to be painted, however late it is looked at.
"""

from collections import deque

from PIL import Image

from host_tools.vboard.board import VirtualBoard
from host_tools.vboard.clock import stamps_apart

_STOOD_MS = 40.0  # a shorter time is a pause in painting
_MOST = 64


class Camera:
    """Before the display of ``board``; ``painted`` and ``about_to_change`` are for the chip."""

    def __init__(self, board: VirtualBoard) -> None:
        self._board = board
        self._kept: deque[Image.Image] = deque(maxlen=_MOST)
        self._starts = 0  # of the board when the pictures were taken
        self._painted: tuple[float, int] | None = None  # when, by the board's clock and by stamp

    def painted(self) -> None:
        """Something has been painted. On the board's thread."""
        self._painted = self._board.clock.now_ms(), self._board.mcu.stamp

    def about_to_change(self) -> None:
        """Something will be painted: what stands there has stood long enough, or not."""
        if self._painted is None:
            return
        at, stamp = self._painted
        passed = self._board.clock.now_ms() - at
        # The program may have gone on long before this thread has heard of it
        if max(passed, stamps_apart(stamp, self._board.mcu.stamp)) >= _STOOD_MS:
            self._painted = None
            if not self._other_life():
                self._kept.append(self._board.display.image())

    def _other_life(self) -> bool:
        """Whether the board has started anew: then nothing of what it showed before counts."""
        before, self._starts = self._starts, len(self._board.mcu.starts)
        if before != self._starts:
            self._kept.clear()
        return before != self._starts

    def kept(self) -> list[Image.Image]:
        """The pictures that stood there since ``forget``, oldest first, without the present one.

        On any thread.
        """

        def kept() -> list[Image.Image]:
            self._other_life()
            return list(self._kept)

        return self._board.call(kept)

    def forget(self, last: Image.Image | None = None) -> None:
        """All that was kept, or all before ``last``. On any thread."""

        def forget() -> None:
            while self._kept and self._kept[0] is not last:
                self._kept.popleft()

        self._board.call(forget)
