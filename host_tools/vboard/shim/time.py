"""``time`` of the virtual board: the ESP32's epoch (2000-01-01), a clock that can be advanced."""

import struct

import utime
from utime import ticks_add, ticks_cpu, ticks_diff

import _link
from micropython import const

_RTC_GET = const(0x71)
_RTC_SET = const(0x72)

_EPOCH = 946684800  # 2000-01-01 in seconds since 1970

# Microseconds since 2000, at _rtc_at, less what the ticks are ahead
_rtc_us = struct.unpack("<Q", _link.call(_RTC_GET))[0] - _link.ticks_offset_ms * 1000
_rtc_at = utime.ticks_us()


def ticks_ms():
    return ticks_add(utime.ticks_ms(), _link.ticks_offset_ms)


def ticks_us():
    return ticks_add(utime.ticks_us(), _link.ticks_offset_ms * 1000)


def sleep_ms(ms):
    until = ticks_add(ticks_ms(), ms)
    while True:
        left = ticks_diff(until, ticks_ms())
        if left <= 0:
            return
        _link.wait(left)


def sleep(seconds):
    sleep_ms(int(seconds * 1000))


def sleep_us(us):
    if us >= 2000:
        sleep_ms(us // 1000)
    else:
        utime.sleep_us(us)


def time_ns():
    passed = utime.ticks_diff(utime.ticks_us(), _rtc_at) + _link.ticks_offset_ms * 1000
    return (_rtc_us + passed) * 1000


def time():
    return time_ns() // 1000000000


def gmtime(seconds=None):
    return utime.gmtime((time() if seconds is None else seconds) + _EPOCH)[:8]


localtime = gmtime


def mktime(t):
    """Seconds since 2000-01-01 of a (year, month, day, hour, minute, second, ...) tuple."""
    y, m = t[0], t[1]
    if m <= 2:
        y, m = y - 1, m + 12
    days = 365 * y + y // 4 - y // 100 + y // 400 + (153 * (m - 3) + 2) // 5 + t[2] - 730426
    return days * 86400 + t[3] * 3600 + t[4] * 60 + t[5]


def _set_rtc(us):
    """Set the clock to ``us`` microseconds since 2000; for machine.RTC."""
    global _rtc_us, _rtc_at
    _rtc_us = us - _link.ticks_offset_ms * 1000
    _rtc_at = utime.ticks_us()
    _link.post(_RTC_SET, 0, struct.pack("<Q", us))
