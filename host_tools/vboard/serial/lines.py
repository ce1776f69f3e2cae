"""The USB bridge's two control lines, and the two transistors between them and the chip.

RTS alone pulls EN low, DTR alone pulls IO0 low, both together or none pull nothing: the circuit of
nearly every ESP32 board. Booleans are as in pyserial: True is asserted.
"""

import asyncio
from collections.abc import Callable

# A tool over the network moves one line after the other, some 50 ms apart; a capacitor holds EN
# down for a millisecond on a board. Here it is a large one, and IO0 going low in time counts.
RISE_S = 0.4


class ControlLines:
    """A serial port as pyserial's PortManager wants to see one, and what its lines do.

    ``hold()`` is called when EN goes low; ``start(loader)`` when it is high again, with whether
    IO0 was low. Loop thread only.
    """

    baudrate = 115200
    bytesize = 8
    parity = "N"
    stopbits = 1
    xonxoff = rtscts = break_condition = False
    cts = dsr = cd = True
    ri = False

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        hold: Callable[[], None],
        start: Callable[[bool], None],
    ) -> None:
        self._loop, self._hold, self._start = loop, hold, start
        self._dtr = self._rts = False
        self._held = False
        self._rising: asyncio.TimerHandle | None = None

    @property
    def dtr(self) -> bool:
        """Data terminal ready."""
        return self._dtr

    @dtr.setter
    def dtr(self, asserted: bool) -> None:
        self.move(asserted, self._rts)

    @property
    def rts(self) -> bool:
        """Request to send."""
        return self._rts

    @rts.setter
    def rts(self, asserted: bool) -> None:
        self.move(self._dtr, asserted)

    def move(self, dtr: bool, rts: bool) -> None:
        """Set both lines at once, as the port's driver does when it is opened or closed."""
        self._dtr, self._rts = dtr, rts
        enabled, io0_low = not (rts and not dtr), dtr and not rts
        if not enabled:
            self._stop_rising()
            if not self._held:
                self._held = True
                self._hold()
        elif self._held and io0_low:
            self._rise(True)
        elif self._held and self._rising is None:
            self._rising = self._loop.call_later(RISE_S, self._rise, False)

    def reset_input_buffer(self) -> None:
        """Nothing waits in the bridge."""

    def reset_output_buffer(self) -> None:
        """Nothing waits in the bridge."""

    def close(self) -> None:
        """Forget what was to come."""
        self._stop_rising()

    def _rise(self, loader: bool) -> None:
        self._stop_rising()
        self._held = False
        self._start(loader)

    def _stop_rising(self) -> None:
        if self._rising is not None:
            self._rising.cancel()
            self._rising = None
