"""PWM of ``machine``."""

import struct

import _link
from machine import _gpio
from micropython import const

_PWM_SET = const(0x31)
_PWM_OFF = const(0x32)


class PWM:
    """A square wave on a pin."""

    def __init__(self, dest, *, freq=5000, duty_u16=None, duty_ns=None, invert=False):
        self._id = _gpio(dest)
        self.init(freq=freq, duty_u16=duty_u16, duty_ns=duty_ns)

    def init(self, *, freq=5000, duty_u16=None, duty_ns=None, invert=False):
        self._freq = freq
        self._duty = 32768
        if duty_u16 is not None:
            self._duty = duty_u16
        if duty_ns is not None:
            self._duty = duty_ns * freq * 65535 // 1000000000
        self._set()

    def _set(self):
        _link.post(_PWM_SET, self._id, struct.pack("<IH", self._freq, self._duty))

    def freq(self, value=None):
        if value is None:
            return self._freq
        self._freq = value
        self._set()

    def duty_u16(self, value=None):
        if value is None:
            return self._duty
        self._duty = value
        self._set()

    def duty(self, value=None):
        return self._duty >> 6 if value is None else self.duty_u16(value << 6)

    def deinit(self):
        _link.post(_PWM_OFF, self._id)
