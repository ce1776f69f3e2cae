"""A lithium cell with its charger, a TP4056 (data sheet, NanJing Top Power ASIC, rev. 1.0 [M]).

CHRG is open drain: pulled low while the charger works, let go when the cell is full or nothing is
plugged in. Charging ends at 4.2 V and begins again below 4.05 V. What the cell holds does not
change by itself: a test says it.
"""

from collections.abc import Callable

from host_tools.vboard.wire import Net

FULL, AGAIN = 4.2, 4.05  # V


class Battery:
    """The cell's voltage goes to ``measure`` behind a divider; ``chrg`` is the charger's wire."""

    def __init__(self, measure: Callable[[float], None], chrg: Net, divider: int = 2) -> None:
        self._measure = measure
        self._chrg = chrg
        self._divider = divider
        self.faults: list[str] = []
        self.volts = 4.1
        self.plugged = False
        self._done = False
        self._dead = False
        self.on_change: Callable[[], None] | None = None
        self._settle()

    @property
    def charging(self) -> bool:
        """Whether the charger is at work."""
        return self.plugged and not self._done

    def set(self, volts: float) -> None:
        """The cell has so many volts from now on; raises ValueError beyond 0 to 4.5 V."""
        if not 0 <= volts <= 4.5:
            raise ValueError(f"a lithium cell has no {volts} V")
        self.volts = volts
        self._settle()

    def plug(self, on: bool = True) -> None:
        """Plug the charger in, or pull it out."""
        self.plugged = on
        self._done = False
        self._settle()

    def misbehave(self, way: str) -> None:
        """Be "well" or "dead" (the wire of the divider is off); raises ValueError otherwise."""
        if way not in ("well", "dead"):
            raise ValueError(f"a battery cannot be {way!r}")
        self._dead = way == "dead"
        self._settle()

    def _settle(self) -> None:
        if self.volts >= FULL:
            self._done = True
        elif self.volts < AGAIN:
            self._done = False
        self._measure(0.0 if self._dead else self.volts / self._divider)
        self._chrg.drive(0 if self.charging else None)
        if self.on_change is not None:
            self.on_change()
