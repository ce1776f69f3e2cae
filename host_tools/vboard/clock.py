"""The board's clock: what a chip model measures its delays with.

All times are milliseconds as float. A model never looks at the machine's clock: it asks this one,
so that a test may let time pass (``advance``) without waiting for it.
"""

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """A call that is due later."""

    def cancel(self) -> None:
        """Forget the call; harmless when it has been made."""
        ...


class Clock(Protocol):
    """What a chip model may know of time."""

    def now_ms(self) -> float:
        """Milliseconds since the board got power."""
        ...

    def call_later(self, ms: float, call: Callable[[], None]) -> Timer:
        """Make ``call`` once ``ms`` milliseconds have passed on this clock."""
        ...


_STAMP_MS, _MOST = 4, 250  # the unit of a stamp, and how many may have passed since


def since_stamp(stamp: int) -> float:
    """Milliseconds since the microcontroller wrote ``stamp`` (0..255) to a frame, up to 1,000."""
    return stamps_apart(stamp, int(time.monotonic() * 1000) // _STAMP_MS)


def stamps_apart(first: int, second: int) -> float:
    """Milliseconds from one stamp to a later one, up to 1,000."""
    passed = (second - first) & 0xFF
    return passed * _STAMP_MS if passed <= _MOST else 0


class _Due:
    __slots__ = ("call",)

    def __init__(self, call: Callable[[], None]) -> None:
        self.call: Callable[[], None] | None = call

    def cancel(self) -> None:
        self.call = None


class ManualClock:
    """A clock that stands still until it is told to advance; for tests of a model on its own."""

    def __init__(self) -> None:
        self._now = 0.0
        self._due: list[tuple[float, int, _Due]] = []
        self._order = itertools.count()

    def now_ms(self) -> float:
        """Milliseconds since the start."""
        return self._now

    def call_later(self, ms: float, call: Callable[[], None]) -> Timer:
        """Make ``call`` when the clock has been advanced by ``ms``."""
        due = _Due(call)
        heapq.heappush(self._due, (self._now + max(0.0, ms), next(self._order), due))
        return due

    def next_due_ms(self) -> float | None:
        """When the next call is due, or None."""
        while self._due and self._due[0][2].call is None:
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None

    def advance(self, ms: float) -> None:
        """Let ``ms`` pass, making every call that falls due, in order."""
        end = self._now + ms
        while self._due and self._due[0][0] <= end:
            self._now, _, due = heapq.heappop(self._due)
            if due.call is not None:
                due.call()
        self._now = end


class LoopClock:
    """Real time on an asyncio loop, plus what a test has let pass; use from the loop's thread.

    Less the time for which the laptop has not let this thread run: on a busy machine a chip would
    seem to answer late, and whoever waits for it would not know better. ``on_stall`` hears of it.
    """

    _LATE_MS = 0.05  # a timer of the loop may fire this much early
    _STALL_MS = 12.0  # so late it may be, or a call from outside come, before time is taken back

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._start = time.monotonic()
        self._offset = 0.0
        self._manual = ManualClock()
        self._handle: asyncio.TimerHandle | None = None
        self._present = 0.0  # until when what was lost is taken back
        self.on_stall: Callable[[float], None] | None = None

    def now_ms(self) -> float:
        """Milliseconds since the board got power, advanced time included."""
        return (time.monotonic() - self._start) * 1000 + self._offset

    def call_later(self, ms: float, call: Callable[[], None]) -> Timer:
        """Make ``call`` on the loop's thread once ``ms`` have passed or been advanced over."""
        self.catch_up()
        due = self._manual.call_later(ms, call)
        self._arm()
        return due

    def advance(self, ms: float) -> None:
        """Let ``ms`` pass at once."""
        self._offset += ms
        self.catch_up()

    def stalled(self, late_ms: float = 0.0) -> None:
        """Something that is handled now should have been ``late_ms`` ago: no time has passed.

        What is due by this clock itself may be later still.
        """
        real = (time.monotonic() - self._start) * 1000
        due = self._manual.next_due_ms()
        if due is not None:
            late_ms = max(late_ms, self.now_ms() - due)
        late = min(late_ms, real - self._present)
        if late >= self._STALL_MS:
            self._present = real
            self._offset -= late
            self._arm()
            if self.on_stall is not None:
                self.on_stall(late)

    def close(self) -> None:
        """Make no further calls."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def catch_up(self) -> None:
        """Make every call that is due."""
        behind = self.now_ms() - self._manual.now_ms()
        if behind > 0:
            self._manual.advance(behind)
        self._arm()

    def _arm(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        due = self._manual.next_due_ms()
        if due is not None:
            wait = max(0.0, due - self.now_ms() + self._LATE_MS) / 1000
            self._handle = self._loop.call_later(wait, self._fire)

    def _fire(self) -> None:
        self._handle = None
        self.stalled()
        self.catch_up()
