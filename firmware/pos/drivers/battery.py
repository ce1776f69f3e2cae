"""A lithium cell behind a voltage divider, and the charger's sign that it is being charged.

``CHRG`` of a TP4056 (or ``STAT`` of an MCP73831) is open drain: low while it charges.
"""

from micropython import const

_READS = const(4)
# mV over 3000 in tens, of each tenth of the charge from empty to full, at a light load [M]
_CURVE = b"\x1b\x45\x49\x4d\x50\x54\x57\x5f\x66\x6f\x78"


class Battery:
    """``adc`` (machine.ADC) sees the cell divided by ``divider``; ``charger`` is an input pin."""

    def __init__(self, adc, charger, divider: int):
        self._adc = adc
        self._charger = charger
        self._divider = divider

    def millivolts(self) -> int:
        """The voltage of the cell; next to nothing where its wire is off."""
        total = 0
        for _ in range(_READS):
            total += self._adc.read_uv()
        return total * self._divider // (1000 * _READS)

    def percent(self) -> int:
        """Roughly how full it is, 0 to 100: on the charger it looks fuller than it is."""
        level = (self.millivolts() - 3000) // 10
        if level <= _CURVE[0]:
            return 0
        for i in range(1, len(_CURVE)):
            low, high = _CURVE[i - 1], _CURVE[i]
            if level < high:
                return 10 * (i - 1) + 10 * (level - low) // (high - low)
        return 100

    def charging(self) -> bool:
        """Whether the charger is at work now."""
        return not self._charger.value()
