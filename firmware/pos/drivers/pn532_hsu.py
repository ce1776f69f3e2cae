"""The line to a PN532: its high speed UART (user manual UM0701-02, 6.2 and 6.3.3).

Commands and their answers, lost and damaged ones, both baud rates; what they say to cards is the
business of ``pn532``.
"""

import asyncio
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from pos import log
from pos.aio import Alarm
from pos.protocol import pn532_frame as frames
from pos.protocol.apdu import ReaderFault
from pos.protocol.pn532_frame import ACK, BAD, DATA, ERROR

_SLOW = const(115200)
_FAST = const(921600)

_FIRMWARE = const(0x02)
_BAUD = const(0x10)
_SAM = const(0x14)

_ACK_MS = const(100)  # the acknowledgement comes within 15 ms
_SHORT_MS = const(200)  # the answer to a command that needs no card
_GAP_MS = const(50)  # within a frame
_QUIET_MS = const(4)  # nothing for so long: the damaged answer is over
_TRIES = const(3)  # a command that the chip has not heard
_NACKS = const(2)  # an answer that has come damaged
_FRAMES = const(32)  # that are not the answer: the line babbles

# What became of a command
_SILENT = const(0)  # not a byte came
_STUCK = const(1)  # acknowledged, never answered
_GARBLED = const(2)  # the answer stayed damaged
_REFUSED = const(3)  # error frame
_ANSWERED = const(4)

# A sleeping chip needs edges, then time; it throws all of this away (UM0701-02, 7.2.11)
_WAKE = b"\x55\x55" + bytes(14)
_PING = b"\x00\x00\xff\x02\xfe\xd4\x02\x2a\x00"  # GetFirmwareVersion


class Link:
    """Commands to the chip, one at a time.

    ``uart`` does not block, is at 115200 baud and has 300 bytes of buffer in and out. ``reset`` is
    the pin at RSTPDN, or None.
    """

    def __init__(self, uart, reset=None):
        self._uart = uart
        self._reset = reset
        self._baud = _SLOW
        self._reader = asyncio.StreamReader(uart)
        self._alarm = Alarm()
        self._rx = frames.Receiver(300)
        self._tx = bytearray(300)
        self.tx = memoryview(self._tx)  # the next frame to the chip is built at its start
        self.alive = False  # the chip has been found, and has not fallen silent since
        self._dirty = False  # an answer to an earlier command may still come

    def close(self) -> None:
        """Give the UART back, and the buffers: this object is of no use afterwards."""
        self._alarm.close()
        self._uart.deinit()
        self._uart = self._reader = self._rx = self._tx = None
        self.tx = memoryview(b"")

    async def find(self) -> None:
        """Wake the chip, at the baud rate it last had or the other: a reset may have spared it.

        Raises ReaderFault when it answers at neither, after half a second.
        """
        self.alive = False
        for _ in range(2):
            if self._reset is not None:
                self._reset.value(0)
                await asyncio.sleep_ms(2)
                self._reset.value(1)
                await asyncio.sleep_ms(10)
                self._baud = _SLOW
            for rate in (self._baud, _SLOW + _FAST - self._baud):
                self._set_baud(rate)
                stale = self._dirty
                self._uart.write(_WAKE)
                # normal mode, no virtual card: the first command after LowVbat (7.2.10)
                count = frames.build(self._tx, _SAM, b"\x01\x00\x00")
                if await self._ask(self.tx[:count], _SAM + 1, _SHORT_MS) == _ANSWERED:
                    self._dirty = stale
                    self.alive = True
                    return
        self._set_baud(_SLOW)
        raise ReaderFault("no answer")

    async def hasten(self) -> bool:
        """Raise the line to 921600 baud; False when it does not carry it, and is at 115200 again.

        SetSerialBaudRate (7.2.8): the chip switches when the host has acknowledged its answer.
        Raises ReaderFault.
        """
        if self._baud == _FAST:
            return True
        await self.command(_BAUD, b"\x07")
        self._uart.write(frames.ACK_FRAME)
        await asyncio.sleep_ms(2)  # six bytes at the old rate, and 200 us for the chip
        self._set_baud(_FAST)
        try:
            await self.barrier()
        except ReaderFault:
            await self.find()
        return self._baud == _FAST

    async def command(self, code, head: bytes = b"", data: bytes = b"", ms=_SHORT_MS, again=True):
        """Send a command, wait ``ms`` for its answer; a view of what follows the response code.

        The view is good until the next call. A command is sent anew when the chip stays silent,
        and if ``again`` also when its answer is missing or damaged; without ``again`` a missing
        answer is None. Raises ReaderFault; ``alive`` is False then if the chip has fallen silent.
        """
        if self._dirty:
            await self.barrier()
        out = self.tx[: frames.build(self._tx, code, head, data)]
        if log.tap:
            log.tap("pn532", True, out)
        for attempt in range(_TRIES):
            outcome = await self._ask(out, code + 1, ms)
            if outcome == _ANSWERED:
                self._dirty = attempt > 0
                if log.tap:
                    log.tap("pn532", False, self._rx.data)
                return self._rx.data[1:]
            if outcome == _REFUSED:
                raise ReaderFault("command {:02x} refused".format(code))
            if not again:
                if outcome == _STUCK:
                    return None
                if outcome == _GARBLED:
                    raise ReaderFault("damaged answer")
        self.alive = False
        raise ReaderFault("no answer")

    async def barrier(self) -> None:
        """Abort what runs; return once nothing of any earlier command can arrive any more.

        The answer to a question asked now comes after all older answers, and nobody mistakes it
        for the answer to something else. Raises ReaderFault.
        """
        for _ in range(_TRIES):
            self._uart.write(frames.ACK_FRAME)
            await asyncio.sleep_ms(1)
            if await self._ask(_PING, _FIRMWARE + 1, _SHORT_MS) == _ANSWERED:
                self._dirty = False
                return
        self.alive = False
        raise ReaderFault("no answer")

    def _set_baud(self, rate: int) -> None:
        self._uart.init(baudrate=rate)
        self._baud = rate

    async def _ask(self, frame, code: int, ms: int) -> int:
        """Send ``frame``, take the acknowledgement, wait ``ms`` for the response ``code``."""
        rx, uart = self._rx, self._uart
        self._forget()
        self._dirty = True
        try:
            uart.write(frame)
            end = ticks_add(ticks_ms(), _ACK_MS)
            acked, nacks = False, _NACKS
            for _ in range(_FRAMES):
                kind = await self._frame(end, acked)
                if kind == DATA and rx.data[0] == code:
                    return _ANSWERED
                if not acked:
                    if kind == 0 and not rx.heard:
                        return _SILENT
                    if kind == 0 or kind == ACK:
                        # also when it came damaged: no command is sent a second time for that
                        acked = True
                        end = ticks_add(ticks_ms(), ms)
                elif kind == ERROR:
                    return _REFUSED
                elif kind == BAD:
                    if not nacks:
                        break
                    nacks -= 1
                    await self._quiet()
                    uart.write(frames.NACK_FRAME)
                elif kind == 0:
                    return _STUCK
            return _GARBLED
        except asyncio.CancelledError:
            uart.write(frames.ACK_FRAME)  # abort
            raise

    async def _frame(self, end, acked: bool) -> int:
        """The next frame until the tick ``end``, or 0; a frame that stops half-way is BAD.

        The beginning of a response is waited for by an event. The acknowledgement, and the rest of
        a frame, are near: a nap allocates nothing.
        """
        rx = self._rx
        kind = rx.next()
        gap = ticks_add(ticks_ms(), _GAP_MS)
        room = None
        while not kind:
            room = room or rx.room()
            count = self._uart.readinto(room)
            if count:
                rx.took(count)
                kind, room = rx.next(), None
                gap = ticks_add(ticks_ms(), _GAP_MS)
            begun = acked and rx.partial()
            left = ticks_diff(gap if begun else end, ticks_ms())
            if kind or left <= 0:
                return kind or (BAD if begun else 0)
            if acked and not begun:
                self._alarm.set(left)
                room = room or rx.room()
                count = await self._reader.readinto(room)
                if count:
                    rx.took(count)
                    kind, room = rx.next(), None
                    gap = ticks_add(ticks_ms(), _GAP_MS)
            else:
                await asyncio.sleep_ms(0 if count else 1)
        return kind

    def _forget(self) -> bool:
        """Throw away what has come; whether there was anything in the UART."""
        self._rx.reset()
        return bool(self._uart.readinto(self._rx.room()))

    async def _quiet(self) -> None:
        """Throw away what comes until the line has been quiet for a while, or never seems to."""
        idle = 0
        for _ in range(10 * _QUIET_MS):
            idle = 0 if self._forget() else idle + 1
            if idle > _QUIET_MS:
                break
            await asyncio.sleep_ms(1)
