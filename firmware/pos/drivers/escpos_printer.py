"""A serial ESC/POS thermal printer: nothing is sent that its buffer cannot take.

Small printers have a few kilobytes of buffer and drop what does not fit. Where a busy line is
wired it is obeyed. Where there is none the printer itself keeps the account: after every half
window a ``GS r 1`` is sent, which it answers once everything before it is on paper, and at most
``_WINDOW`` bytes are unanswered.
"""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from pos import aio, log
from pos.protocol import escpos
from pos.protocol.escpos import PrinterFault

_WINDOW = const(256)  # bytes every printer can hold
_CHUNK = const(64)  # bytes at once: UART.write blocks when the transmit ring is full
_ANSWER_MS = const(300)  # a real-time answer is due at once
_TRIES = const(3)
_LOOK_MS = const(400)  # between two looks at the status while waiting
_STALL_MS = const(4000)  # without any progress, beyond what the head needs
_POLL_MS = const(500)
_ROW_BYTES = const(48)  # a dot row of 384 dots
_ROW_MS = const(3)  # the head at 50 mm/s, 8 rows to the mm

_CANNOT = escpos.PAPER_OUT | escpos.COVER_OPEN | escpos.ERROR


class Printer:
    """One printer, used by one task at a time; every call may be cancelled."""

    def __init__(self, uart, busy=None, line_ms: int = 150, baudrate: int = 115200):
        """``busy`` is an input pin, 1 = stop; ``line_ms`` is what the slowest line takes the
        head."""
        # MicroPython's streams read and write; the stubs know either the one or the other
        self._io: asyncio.StreamWriter = asyncio.StreamReader(uart)  # pyright: ignore[reportAttributeAccessIssue]
        self._uart = uart
        self._busy = busy
        self._line_ms = line_ms
        self._byte_us = 10000000 // baudrate
        self._one = bytearray(1)
        self._owed = 0  # real-time answers that are still to come
        self._answer = -1  # the last one
        self._marks = 0  # GS r answers that are still to come
        self._marked = 0  # bytes before the last mark sent, unanswered
        self._loose = 0  # bytes after it
        self._due_ms = 0  # what the head needs for them
        self._allowed_ms = 0  # and what it may need until the mark is answered
        self._torn = 0  # bytes of a command whose writer was cancelled

    def close(self) -> None:
        """Give the UART back; this object is of no use afterwards."""
        self._uart.deinit()

    async def start(self) -> int:
        """Reset the printer's settings and prove that it answers in order; raises PrinterFault.

        Returns its status, as ``check``.
        """
        bits = await self.check()
        await self._mend()
        await self._send(escpos.INIT + escpos.NO_AUTO_STATUS)
        await self.finish()
        return bits

    async def status(self) -> int:
        """Ask in real time; bits of ``escpos``. Raises PrinterFault("silent" or "fault": no
        answer, noise)."""
        bits = 0
        for n in (escpos.PRINTER, escpos.OFFLINE_CAUSE, escpos.PAPER_SENSOR):
            bits |= escpos.realtime_bits(n, await self._ask(n))
        return bits

    async def check(self) -> int:
        """The status, when the printer can print or is only paused; raises PrinterFault
        otherwise."""
        bits = await self.status()
        if bits & _CANNOT:
            if bits & escpos.COVER_OPEN:
                raise PrinterFault("cover")
            raise PrinterFault("paper" if bits & escpos.PAPER_OUT else "fault")
        return bits

    async def write(self, data) -> None:
        """Send whole commands as fast as the printer takes them: a line, an image band, at most
        4096 bytes.

        Raises PrinterFault. When it is cancelled the rest of the commands is made up for by the
        next call.
        """
        await self._mend()
        if self._busy is None:
            await self._room(len(data))
        self._loose += len(data)
        self._due_ms += self._head_ms(data)
        await self._send(data)
        if self._busy is None and not self._marks and self._loose * 2 >= _WINDOW:
            await self._mark()

    async def finish(self) -> None:
        """Return when everything written has been printed; raises PrinterFault.

        The deadline is renewed as long as marks are answered or the printer is merely paused.
        """
        await self._mend()
        await self._settle()
        await self._mark()
        await self._settle()

    async def ready(self) -> None:
        """Wait, for as long as it takes, until the printer is on line with paper and a closed
        cover."""
        while True:
            try:
                if not await self.check() & escpos.OFFLINE:
                    await self._settle()
                    return
            except PrinterFault as fault:
                if fault.why == "fault" or fault.why == "silent":
                    # Whoever switches the printer off takes the missing answers with it.
                    self._marks = self._marked = self._loose = 0
            await asyncio.sleep_ms(_POLL_MS)

    # --- sending ---

    async def _send(self, data):
        """Chunk by chunk; what a chunk costs the line (and, beyond the window, the head) is waited
        for.

        A question is put between two chunks only when the printer has kept busy for long.
        """
        view = memoryview(data)
        total = len(view)
        self._torn = total
        long = total > _WINDOW and self._busy is None
        while self._torn:
            if self._busy is not None:
                await self._while_busy()
            at = total - self._torn
            chunk = view[at : at + _CHUNK]
            self._torn -= len(chunk)
            self._io.write(chunk)
            await self._io.drain()
            ms = len(chunk) * self._byte_us // 1000 + 1
            await asyncio.sleep_ms(ms + (self._head_ms(chunk) if long else 0))

    def _head_ms(self, chunk):
        lines = 0
        for c in chunk:
            if c == 0x0A:
                lines += 1
        return lines * self._line_ms + len(chunk) * _ROW_MS // _ROW_BYTES

    async def _mend(self):
        """Complete a command that was cut off with NULs: blank in an image, nothing in text."""
        if self._torn:
            await self._send(bytes(self._torn))

    async def _while_busy(self):
        """Wait for the busy line; look why when it takes long, for a stopped printer keeps it
        high."""
        since = ticks_ms()
        looked = since
        while self._busy.value():
            await asyncio.sleep_ms(2)
            now = ticks_ms()
            if ticks_diff(now, looked) >= _LOOK_MS:
                if await self.check() & escpos.OFFLINE:
                    since = now
                looked = ticks_ms()
                if ticks_diff(looked, since) > _STALL_MS:
                    raise PrinterFault("fault")

    async def _room(self, count):
        """Wait until ``count`` more bytes keep within the window (a larger write: until it is
        empty)."""
        while self._marked + self._loose and self._marked + self._loose + count > _WINDOW:
            if not self._marks:
                await self._mark()
            await self._settle()

    async def _mark(self):
        # Counted before it is sent: whoever listens meanwhile must know that an answer is due.
        self._marks += 1
        self._marked += self._loose + len(escpos.MARK)
        self._allowed_ms = _STALL_MS + 2 * self._due_ms
        self._loose = self._due_ms = 0
        try:
            await self._send(escpos.MARK)
        except BaseException:
            if self._torn:  # not a byte of it has left
                self._torn = 0
                self._marks -= 1
            raise

    async def _settle(self):
        """Wait for the answer to the mark; what is slow or paused may take its time, a fault may
        not."""
        since = ticks_ms()
        while self._marks:
            before = self._marks
            await self._listen(_LOOK_MS)
            if self._marks < before:
                since = ticks_ms()
            elif await self.check() & escpos.OFFLINE:
                since = ticks_ms()
            elif ticks_diff(ticks_ms(), since) > self._allowed_ms:
                raise PrinterFault("fault")

    # --- hearing ---

    async def _ask(self, n):
        noise = False
        for _ in range(_TRIES):
            while self._owed:  # of a question whose asker was cancelled
                if await self._listen(_ANSWER_MS) is None:
                    self._owed = 0
            self._owed += 1
            self._io.write(escpos.ask(n))
            await self._io.drain()
            since = ticks_ms()
            while self._owed:
                left = _ANSWER_MS - ticks_diff(ticks_ms(), since)
                got = await self._listen(left) if left > 0 else None
                if got is None:
                    break
                noise = noise or not got
            else:
                return self._answer
        raise PrinterFault("fault" if noise else "silent")

    async def _listen(self, ms):
        """Take one byte: True for an answer that was owed, False for noise, None when none
        comes."""
        try:
            if not await aio.deadline(
                self._io.readinto(self._one),  # pyright: ignore[reportAttributeAccessIssue]
                ms,
            ):
                return False
        except asyncio.TimeoutError:
            return None
        answer = self._one[0]
        if self._owed and escpos.is_realtime(answer):
            self._owed -= 1
            self._answer = answer
            return True
        if self._marks and escpos.is_mark(answer):
            self._marks -= 1
            if not self._marks:
                self._marked = 0
            return True
        log.debug("printer", "stray byte")
        return False
