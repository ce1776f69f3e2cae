"""A cellular module: AT commands until it has dialled, then PPP takes its line.

ITU-T V.250 and 3GPP TS 27.007. The text of an OSError is the name of the words for it: net_part
(no answer), net_sim, net_pin, net_signal, net_search, net_denied, net_refused.
"""

import asyncio
import time

from micropython import const

_ANSWER_MS = const(5000)
_WAKE_MS = const(400)
_BOOT_MS = const(15000)
_SIM_MS = const(10000)
_REGISTER_MS = const(30000)
_SEARCH_MS = const(10000)  # while nothing at all is heard
_DIAL_MS = const(30000)
_PPP_MS = const(20000)
_AGAIN_MS = const(500)
_GUARD_MS = const(1100)  # of silence around +++: S12 is one second
_PAUSE_MS = const(10)
_MOST_LINE = const(80)
_ENDS = (b"OK", b"ERROR", b"NO CARRIER", b"NO DIALTONE", b"BUSY", b"NO ANSWER")
_FAILED = b"+CME ERROR:"
_NO_SIM = (b"10", b"13", b"15")  # not inserted, failure, wrong one (27.007, 9.2.1)
_PIN = (b"SIM PIN", b"SIM PUK")
_HOME, _DENIED, _ROAMING = b"1", b"3", b"5"  # 27.007, 7.2
_NOT_HEARD = (b"0", b"99")  # 27.007, 8.5: -113 dBm or less, not known


async def join(net, uart, apn: str = "", key: str = "", user: str = ""):
    """Dial, and bring PPP up; returns the ``PPP``. ``net`` is the module ``network``."""
    await Modem(uart).dial(apn)
    ppp = net.PPP(uart)
    ppp.active(True)
    if user:
        ppp.connect(security=ppp.SEC_PAP, user=user, key=key)
    else:
        ppp.connect()
    began = time.ticks_ms()
    while time.ticks_diff(time.ticks_ms(), began) < _PPP_MS and ppp.status() >= 0:
        if ppp.isconnected():
            return ppp
        await asyncio.sleep_ms(_AGAIN_MS)
    ppp.active(False)
    raise OSError("net_refused")


class Modem:
    """The module at ``uart``, which does not block; one coroutine at a time may use it."""

    def __init__(self, uart):
        self._uart = uart
        self._in = bytearray(32)
        self._rest = b""  # what has been read and is not looked at yet

    async def dial(self, apn: str) -> None:
        """From whatever state it is in to data mode; raises OSError."""
        await self._find()
        await self._ask("E0")
        await self._ask("+CMEE=1")
        await self._wait_for_sim()
        await self._register()
        if (await self._ask('+CGDCONT=1,"IP","%s"' % apn))[0] != b"OK":
            raise OSError("net_refused")
        if (await self._ask("D*99#", ms=_DIAL_MS))[0][:7] != b"CONNECT":
            raise OSError("net_refused")

    async def _find(self):
        """Have it in command mode. It may be starting, or still be in a call of ours."""
        began = time.ticks_ms()
        while time.ticks_diff(time.ticks_ms(), began) < _BOOT_MS:
            for i in range(3):
                if await self._hears(""):
                    if i:  # it was slow, and has something to say to the first ones too
                        await asyncio.sleep_ms(_WAKE_MS)
                    await self._hears("H")
                    return
            await asyncio.sleep_ms(_GUARD_MS)
            self._uart.write(b"+++")
            await asyncio.sleep_ms(_GUARD_MS)
        raise OSError("net_part")

    async def _hears(self, command) -> bool:
        try:
            return (await self._ask(command, ms=_WAKE_MS))[0] == _ENDS[0]
        except OSError:
            return False

    async def _wait_for_sim(self):
        """A module that has just started knows nothing of its SIM for a while."""
        began = time.ticks_ms()
        while time.ticks_diff(time.ticks_ms(), began) < _SIM_MS:
            end, state = await self._ask("+CPIN?", b"+CPIN:")
            if state == b"READY":
                return
            if state[:7] in _PIN:
                raise OSError("net_pin")
            if end[len(_FAILED) :].strip() in _NO_SIM:
                break
            await asyncio.sleep_ms(_AGAIN_MS)
        raise OSError("net_sim")

    async def _register(self):
        began = time.ticks_ms()
        while True:
            denied = False
            for name in ("+CEREG", "+CREG"):
                _, value = await self._ask(name + "?", name.encode() + b":")
                state = value.split(b",")[1:2]
                if state in ([_HOME], [_ROAMING]):
                    return
                denied = denied or state == [_DENIED]
            if denied:
                raise OSError("net_denied")
            _, value = await self._ask("+CSQ", b"+CSQ:")
            deaf = value.split(b",")[0] in _NOT_HEARD
            if time.ticks_diff(time.ticks_ms(), began) >= (_SEARCH_MS if deaf else _REGISTER_MS):
                raise OSError("net_signal" if deaf else "net_search")
            await asyncio.sleep_ms(_AGAIN_MS)

    async def _ask(self, command, wanted=b"", ms=_ANSWER_MS) -> tuple:
        """(result code, what came behind ``wanted``) of AT and ``command``. Raises OSError.

        Lines that are no answer are passed over: the command itself, while echo is on, and news.
        """
        while self._uart.readinto(self._in):
            pass  # nobody has asked for it
        self._rest = b""
        self._uart.write("AT" + command + "\r")
        began = time.ticks_ms()
        value = b""
        while True:
            line = await self._next(began, ms)
            if wanted and line[: len(wanted)] == wanted:
                value = line[len(wanted) :].strip()
            elif line in _ENDS or line[:7] == b"CONNECT" or line[: len(_FAILED)] == _FAILED:
                return line, value

    async def _next(self, began, ms) -> bytes:
        """The next line that is not empty; its end is cut off when it is too long."""
        line = b""
        while True:
            for i, byte in enumerate(self._rest):
                if byte in b"\r\n":
                    self._rest = self._rest[i + 1 :]
                    break
                if len(line) < _MOST_LINE:
                    line += self._rest[i : i + 1]
            else:
                count = self._uart.readinto(self._in)
                self._rest = bytes(self._in[:count]) if count else b""
                if not count:
                    if time.ticks_diff(time.ticks_ms(), began) >= ms:
                        raise OSError("net_part")
                    await asyncio.sleep_ms(_PAUSE_MS)
                continue
            if line:
                return line
