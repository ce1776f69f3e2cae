"""RTC and WDT of ``machine``."""

import struct
import time

import _link


class RTC:
    """The clock; starts at 2000-01-01 when power comes, survives resets."""

    def __init__(self, id=0):
        pass

    def datetime(self, t=None):
        """(year, month, day, weekday, hours, minutes, seconds, microseconds)."""
        if t is None:
            ns = time.time_ns()
            y, mo, d, h, mi, s, wd, _ = time.gmtime(ns // 1000000000)
            return (y, mo, d, wd, h, mi, s, ns // 1000 % 1000000)
        seconds = time.mktime((t[0], t[1], t[2], t[4], t[5], t[6]))
        time._set_rtc(seconds * 1000000 + t[7])


class WDT:
    """The watchdog; cannot be stopped."""

    def __init__(self, id=0, timeout=5000):
        self._timeout = struct.pack("<I", timeout)
        self.feed()

    def feed(self):
        _link.post(_link.WDT_FEED, 0, self._timeout)
