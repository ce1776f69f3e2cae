"""A matrix of keys: one key at a time, debounced; idle it costs nothing.

Idle, all rows are low and a key pulls its column down, which interrupts. Only while a key is down
the rows are scanned, one low at a time. Rows are open drain, so that two keys in one column never
short two outputs.
"""

import asyncio

from micropython import const

from pos.aio import Queue, QueueFull

_SCAN_MS = const(5)
_STABLE = const(4)  # scans in a row: 20 ms
_AHEAD = const(8)  # keys typed ahead; more are lost

_NONE = const(-1)
_MANY = const(-2)


class Keypad:
    """``rows`` and ``cols`` are machine.Pin; ``layout`` has one character a key, row by row."""

    def __init__(self, rows, cols, layout: str = "123C456B789M*0#E"):
        self._rows = rows
        self._cols = cols
        self._layout = layout
        self._keys = Queue(_AHEAD)
        self.listener = None  # callable(str) that gets the keys instead of who waits for them
        self._edge = asyncio.ThreadSafeFlag()
        self._resting = True  # all rows low, to hear of any key; else a press is being scanned

    async def run(self) -> None:
        """The task that watches the keys, until it is cancelled."""
        for row in self._rows:
            row.init(row.OPEN_DRAIN, row.PULL_UP)
            row.value(0)
        try:
            for col in self._cols:
                col.init(col.IN, col.PULL_UP)
                col.irq(handler=self._touched, trigger=col.IRQ_FALLING)
            while True:
                if not self._any():
                    await self._edge.wait()
                self._resting = False
                self._rows_to(1)
                await self._press()
                self._edge.clear()  # the scan itself makes edges; a key that is down now is seen
                self._resting = True
                self._rows_to(0)
        finally:
            for col in self._cols:
                col.irq(handler=None)

    async def get(self) -> str:
        """Wait for the next key that has been pressed."""
        return await self._keys.get()

    def clear(self) -> None:
        """Forget the keys that have been typed ahead."""
        self._keys.clear()

    def held(self) -> str:
        """The key that is down now, "?" for several, empty for none."""
        if self._resting and not self._any():
            return ""
        if self._resting:
            self._rows_to(1)
        key = self._scan()
        if self._resting:
            self._rows_to(0)
        return "" if key == _NONE else "?" if key == _MANY else self._layout[key]

    def _rows_to(self, level: int) -> None:
        for row in self._rows:
            row.value(level)

    def _touched(self, pin) -> None:
        self._edge.set()

    def _any(self) -> bool:
        for col in self._cols:
            if not col.value():
                return True
        return False

    def _scan(self) -> int:
        """The number of the only key that is down, _NONE or _MANY; all rows are high before and
        after."""
        found = _NONE
        key = 0
        for row in self._rows:
            row.value(0)
            for col in self._cols:
                if not col.value():
                    found = key if found == _NONE else _MANY
                key += 1
            row.value(1)
        return found

    async def _press(self) -> None:
        """One press, from the first contact until every key has been up for 20 ms.

        The key counts once it has been alone for 20 ms. A second key spoils the press: neither
        counts from then on.
        """
        last, same, counted = _NONE, 0, False
        while True:
            key = self._scan()
            same = same + 1 if key == last else 1
            last = key
            if key == _MANY:
                counted = True
            elif same >= _STABLE:
                if key == _NONE:
                    return
                if not counted:
                    counted = True
                    self._put(self._layout[key])
            await asyncio.sleep_ms(_SCAN_MS)

    def _put(self, char: str) -> None:
        if self.listener:
            self.listener(char)
            return
        try:
            self._keys.put_nowait(char)
        except QueueFull:
            pass
