"""A matrix of keys without diodes: contacts between row wires and column wires, nothing else.

A closed key joins its row and its column. A column is low while it is joined, over however many
keys, to a row that the board drives low; so three keys at the corners of a rectangle make the
fourth one appear. Else the column is let go, and the pull-up of the board's input decides.
"""

from collections.abc import Callable, Sequence

from host_tools.vboard.clock import Clock
from host_tools.vboard.wire import Net

_EDGES = 5  # a bouncing contact: make, break, make, break, make
_MISBEHAVIOURS = ("well", "dead", "stuck", "bounce", "dead_row", "dead_col")


class KeyMatrix:
    """Keys named by one character each in ``layout``, row by row."""

    def __init__(
        self,
        clock: Clock,
        rows: Sequence[Net],
        cols: Sequence[Net],
        layout: str = "123C456B789M*0#E",
        bounce_ms: float = 0.0,
    ) -> None:
        """``bounce_ms``: how long a contact chatters at each press and release."""
        if len(layout) != len(rows) * len(cols) or len(set(layout)) != len(layout):
            raise ValueError(f"layout {layout!r} does not name {len(rows)} x {len(cols)} keys")
        self._clock, self._rows, self._cols, self._layout = clock, list(rows), list(cols), layout
        self.bounce_ms = bounce_ms
        self.faults: list[str] = []
        self.on_change: Callable[[], None] | None = None
        self._wanted: set[str] = set()  # under a finger
        self._closed: set[str] = set()  # contact made at this moment
        self._stuck: set[str] = set()
        self._broken: set[tuple[str, int]] = set()
        self._shorts: set[tuple[int, int]] = set()
        self._moves: dict[str, int] = {}  # how often a key was moved: outdates chatter on its way
        for row in self._rows:
            row.watch_board(lambda _: self._settle())
        self._settle()

    # --- fingers ---

    @property
    def pressed(self) -> frozenset[str]:
        """The keys that are held down or stuck."""
        return frozenset(self._wanted | self._stuck)

    def press(self, key: str) -> None:
        """Hold ``key`` down until it is released; raises ValueError when there is no such key."""
        self._check(key)
        if key not in self._wanted:
            self._wanted.add(key)
            self._move(key, True)

    def release(self, key: str) -> None:
        """Let ``key`` go; harmless when it is not held."""
        self._check(key)
        if key in self._wanted:
            self._wanted.discard(key)
            self._move(key, False)

    def stroke(self, key: str, hold_ms: float = 60) -> None:
        """Press ``key`` now and release it after ``hold_ms``."""
        self.press(key)
        self._clock.call_later(hold_ms, lambda: self.release(key))

    def type(self, keys: str, hold_ms: float = 60, gap_ms: float = 60) -> float:
        """Stroke ``keys`` one after the other; returns the milliseconds until the last is up."""
        for key in keys:
            self._check(key)
        for i, key in enumerate(keys):
            due = i * (hold_ms + gap_ms)
            self._clock.call_later(due, lambda key=key: self.stroke(key, hold_ms))
        return len(keys) * (hold_ms + gap_ms)

    def misbehave(self, way: str, *args: str | float) -> None:
        """Be "well", "dead", "stuck" (key), "bounce" (ms), "dead_row" or "dead_col" (index).

        Raises ValueError for another name. Ways add up until "well".
        """
        if way not in _MISBEHAVIOURS:
            raise ValueError(f"keys cannot be {way!r}; they know {_MISBEHAVIOURS}")
        if way == "well":
            self._stuck.clear()
            self._broken.clear()
            self.bounce_ms = 0.0
        elif way == "stuck":
            self._check(str(args[0]))
            self._stuck.add(str(args[0]))
        elif way == "bounce":
            self.bounce_ms = float(args[0])
        else:
            self._broken.add((way, int(args[0]) if args else 0))
        self._settle()
        self.changed()

    def changed(self) -> None:
        """Tell whoever looks at the keys."""
        if self.on_change is not None:
            self.on_change()

    def _check(self, key: str) -> None:
        if len(key) != 1 or key not in self._layout:
            raise ValueError(f"no key {key!r} in {self._layout!r}")

    # --- contacts ---

    def _move(self, key: str, closes: bool) -> None:
        """The contact goes to its new state, with some chatter when it bounces."""
        move = self._moves[key] = self._moves.get(key, 0) + 1
        self._contact(key, move, closes)
        for edge in range(1, _EDGES if self.bounce_ms > 0 else 1):
            state = closes == (edge % 2 == 0)
            self._clock.call_later(
                self.bounce_ms * edge / (_EDGES - 1),
                lambda state=state: self._contact(key, move, state),
            )
        self.changed()

    def _contact(self, key: str, move: int, closed: bool) -> None:
        if self._moves[key] == move:
            (self._closed.add if closed else self._closed.discard)(key)
            self._settle()

    def _joined(self) -> dict[int, set[int]]:
        """Columns by row: which keys make contact."""
        joined: dict[int, set[int]] = {}
        for key in self._closed | self._stuck:
            row, col = divmod(self._layout.index(key), len(self._cols))
            if not self._broken & {("dead", 0), ("dead_row", row), ("dead_col", col)}:
                joined.setdefault(row, set()).add(col)
        return joined

    def _settle(self) -> None:
        low_cols: set[int] = set()
        joined = self._joined()
        for row in joined:
            if self._rows[row].board_drive == 0:
                rows, cols = self._reach(row, joined)
                low_cols |= cols
                self._look_for_shorts(row, rows)
        for i, col in enumerate(self._cols):
            col.drive(0 if i in low_cols else None)

    @staticmethod
    def _reach(start: int, joined: dict[int, set[int]]) -> tuple[set[int], set[int]]:
        """Rows and columns that are one wire with row ``start``."""
        rows, cols = {start}, set(joined[start])
        grown = True
        while grown:
            new = {r for r, c in joined.items() if c & cols} - rows
            rows |= new
            for row in new:
                cols |= joined[row]
            grown = bool(new)
        return rows, cols

    def _look_for_shorts(self, low: int, rows: set[int]) -> None:
        for row in rows:
            net = self._rows[row]
            if net.board_drive == 1 and not net.open_drain and (low, row) not in self._shorts:
                self._shorts.add((low, row))
                self.faults.append(
                    f"row {low} driven low and row {row} driven high are joined by keys"
                )
