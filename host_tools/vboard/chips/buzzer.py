"""A passive buzzer: sounds what a PWM channel plays on its wire, and remembers it."""

from collections.abc import Callable
from dataclasses import dataclass

from host_tools.vboard.clock import Clock
from host_tools.vboard.wire import Net

_FULL = 65536


@dataclass
class Tone:
    """One tone; milliseconds on the board's clock, ``duration`` is None while it sounds."""

    freq: int
    start: float
    duration: float | None = None


class Buzzer:
    """The buzzer on ``net``; a steady level makes no sound."""

    def __init__(self, clock: Clock, net: Net) -> None:
        self._clock = clock
        self.net = net
        self.faults: list[str] = []
        self.tones: list[Tone] = []
        self.on_change: Callable[[], None] | None = None
        self._dead = False

    @property
    def sounding(self) -> int:
        """The frequency in Hz that is heard now, or 0."""
        return self.tones[-1].freq if self.tones and self.tones[-1].duration is None else 0

    def pwm(self, freq: int, duty: int) -> None:
        """The channel plays ``freq`` Hz, ``duty`` of 65536 high, from now on; 0 is silence."""
        freq = freq if 0 < duty < _FULL and not self._dead else 0
        if freq == self.sounding:
            return
        now = self._clock.now_ms()
        if self.sounding:
            self.tones[-1].duration = now - self.tones[-1].start
        if freq:
            self.tones.append(Tone(freq, now))
        self.changed()

    def misbehave(self, way: str) -> None:
        """Be "well" or "dead" (never heard); raises ValueError for another name."""
        if way not in ("well", "dead"):
            raise ValueError(f"a buzzer cannot be {way!r}")
        if way == "dead":
            self.pwm(0, 0)
        self._dead = way == "dead"

    def changed(self) -> None:
        """Tell whoever listens."""
        if self.on_change is not None:
            self.on_change()
