"""ADC of ``machine``."""

import struct

import _link
from machine import _gpio
from micropython import const

_ADC_READ = const(0x30)


class ADC:
    """An analogue input; full scale 3.1 V (11 dB)."""

    ATTN_0DB, ATTN_2_5DB, ATTN_6DB, ATTN_11DB = 0, 1, 2, 3

    def __init__(self, id, *, atten=ATTN_11DB):
        self._id = _gpio(id)

    def read_u16(self):
        return struct.unpack("<H", _link.call(_ADC_READ, self._id))[0]

    def read_uv(self):
        return self.read_u16() * 3100000 // 65535

    def read(self):
        return self.read_u16() >> 4
