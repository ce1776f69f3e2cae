"""The buzzer: short patterns that play by themselves."""

import asyncio

from micropython import const

# Pairs of frequency in 10 Hz (0: pause) and length in 10 ms.
# Success and alert tone as EMV Contactless Book A wants them (user interface, audio) [M]
_OK = b"\x96\x32"  # 1500 Hz, 500 ms
_BAD = b"\x4b\x14\x00\x14\x4b\x14"  # 750 Hz, 200 ms, twice, 200 ms apart
_KEY = b"\xc8\x02"  # 2000 Hz, 20 ms

_SLICE_MS = const(10)


_LIT = const(200)  # slices that the lamp shows how it went


class Buzzer:
    """``pwm`` is a machine.PWM; ``duty`` of 65536 sets the loudness, 32768 being the loudest.

    ``lamp``, pins of a green and a red one, shows the same for a while longer, also when muted.
    """

    def __init__(self, pwm, duty: int = 32768, lamp=()):
        self._lamp = lamp
        self._busy = False
        self._pwm = pwm
        self._loud = self._duty = duty
        self._next = None
        self._task = None
        pwm.duty_u16(0)

    def mute(self, on: bool) -> None:
        """Play in silence from now on, or aloud again."""
        self._duty = 0 if on else self._loud

    def ok(self):
        """The transaction went well. Returns at once; await the result to hear the end."""
        return self._play(_OK)

    def bad(self):
        """Something went wrong. Returns at once; await the result to hear the end."""
        return self._play(_BAD)

    def key(self):
        """A key was pressed. Returns at once; await the result to hear the end."""
        return self._play(_KEY)

    def busy(self, on: bool) -> None:
        """Something takes its time from now on, or is over: the lamp alone says so."""
        self._busy = on
        if self._task is None:
            self._light(on, on)

    def _light(self, green, red):
        if self._lamp:
            self._lamp[0](green)
            self._lamp[1](red)

    def _play(self, pattern):
        """Replace what plays now; the task that plays."""
        self._next = pattern
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return self._task

    async def _run(self):
        pwm = self._pwm
        try:
            while self._next:
                pattern, self._next = self._next, None
                if pattern != _KEY:
                    self._light(pattern == _OK, pattern == _BAD)
                at = 0
                while at < len(pattern) and not self._next:
                    if pattern[at]:
                        pwm.freq(pattern[at] * 10)
                    pwm.duty_u16(self._duty if pattern[at] else 0)
                    left = pattern[at + 1]
                    while left and not self._next:
                        await asyncio.sleep_ms(_SLICE_MS)
                        left -= 1
                    at += 2
                left = _LIT if self._lamp and pattern != _KEY else 0
                if left:
                    pwm.duty_u16(0)
                while left and not self._next and not self._busy:
                    await asyncio.sleep_ms(_SLICE_MS)
                    left -= 1
        finally:
            pwm.duty_u16(0)
            self._light(self._busy, self._busy)
            self._task = None
