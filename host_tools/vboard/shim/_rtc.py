"""RTC of ``machine``."""

import time


class RTC:
    """The clock; starts at 2000-01-01 when power comes, survives resets."""

    def __init__(self, id=0):
        pass

    def datetime(self, datetimetuple=None):
        """(year, month, day, weekday, hours, minutes, seconds, microseconds)."""
        t = datetimetuple
        if t is None:
            ns = time.time_ns()
            y, mo, d, h, mi, s, wd, _ = time.gmtime(ns // 1000000000)
            return (y, mo, d, wd, h, mi, s, ns // 1000 % 1000000)
        seconds = time.mktime((t[0], t[1], t[2], t[4], t[5], t[6]))
        time._set_rtc(seconds * 1000000 + t[7])
