"""WDT of ``machine``."""

import struct

import _link


class WDT:
    """The watchdog; cannot be stopped."""

    def __init__(self, id=0, timeout=5000):
        self._timeout = struct.pack("<I", timeout)
        self.feed()

    def feed(self):
        _link.post(_link.WDT_FEED, 0, self._timeout)
