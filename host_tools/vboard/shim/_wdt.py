"""WDT of ``machine``."""

import struct

import _link
from micropython import const

_WDT_FEED = const(0x73)


class WDT:
    """The watchdog; cannot be stopped."""

    def __init__(self, *, id=0, timeout=5000):
        self._timeout = struct.pack("<I", timeout)
        self.feed()

    def feed(self):
        _link.post(_WDT_FEED, 0, self._timeout)
