"""PN532 NFC reader (user manual UM0701-02): one ISO 14443-4 card at a time, type A or B."""

import asyncio
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from pos.drivers.pn532_hsu import Link
from pos.protocol.apdu import CardLost, CardUnreadable, Collision, ReaderFault

# Commands (UM0701-02, chapter 7)
_FIRMWARE = const(0x02)
_RF = const(0x32)
_EXCHANGE = const(0x40)
_LIST = const(0x4A)
_RELEASE = const(0x52)

_LIST_MS = const(1000)
_CARD_MS = const(3000)
_FIELD_MS = const(6)  # card reset, and card start-up: at least 5.1 ms (EMV Level 1, ISO 14443-3)
_ROUND_MS = const(40)  # a round of polling takes at least so long
_ABSENT_MS = const(150)  # between two looks whether the card is still there

# InListPassiveTarget: at most two cards of 106 kbit/s type A; of type B, all families (AFI 00)
_TYPE_A = b"\x02\x00"
_TYPE_B = b"\x02\x03\x00"

_MAX_DATA = const(262)  # in one InDataExchange, behind Tg
_GATHER = const(16)  # chained answers are put together in the send buffer from here on

# Status bytes (7.1). All others: the card answers, but not as it should.
_LOST = b"\x01\x27\x2a\x2b"  # time-out; no such target any more; another type B card; B card gone
_FAULTY = b"\x0d\x10\x26\x2d"  # overheated; wrong parameter; not allowed; over-current


class Pn532:
    """The reader; one coroutine at a time may use it.

    ``uart`` does not block, is at 115200 baud and has 300 bytes of buffer in and out. ``reset`` is
    the pin at RSTPDN, if there is one. ``fast`` raises the line to 921600 baud.

    Every call may be cancelled: the chip is told to stop, and the next call first makes sure that
    no answer to the old one is still on its way.
    """

    def __init__(self, uart, reset=None, fast: bool = True):
        self._link = Link(uart, reset)
        self._fast = fast
        self._ready = False  # configured
        self._on = False  # RF field; None: nobody knows
        self._brty = None  # of the last card: _TYPE_A or _TYPE_B

    async def start(self) -> tuple:
        """Find the chip at either baud rate, wake and configure it; the field is off then.

        Returns (IC, version, revision, support) of GetFirmwareVersion. Raises ReaderFault when no
        chip answers: after half a second, with noise on the line a little over one.
        """
        link = self._link
        self._ready = False
        await link.find()
        # Without again=False the answer is never None, here and in `_list`
        version = tuple(await link.command(_FIRMWARE))  # pyright: ignore[reportArgumentType]
        if self._fast:
            self._fast = await link.hasten()
        # item 05: ATR and PSL once more; two looks for a card, then the chip gives up by itself
        await link.command(_RF, b"\x05\x01\x01\x01")
        # item 02: ATR 102.4 ms (default); a card may take 819.2 ms where it sets no time itself
        await link.command(_RF, b"\x02\x00\x0b\x0e")
        await self._switch_field(False)
        self._ready = True
        return version

    async def field(self, on: bool) -> None:
        """Switch the RF field; returns when cards have had the time to start, or to reset.

        Raises ReaderFault.
        """
        if not self._up():
            if not on:
                return
            await self.start()
        await self._switch_field(on)

    async def poll(self, timeout_ms=None):
        """Wait for one card, type A and type B in turn, with the field on; None when none came.

        Returns bytes: "A", SENS_RES (2), SEL_RES, length and UID, ATS; or "B", ATQB (12), length
        and ATTRIB_RES. Without ``timeout_ms`` it waits until it is cancelled. A chip that falls
        silent is started anew once.

        Raises Collision for two cards, CardUnreadable for one without ISO 14443-4 (both with the
        field off, so that all cards start afresh), ReaderFault.
        """
        end = ticks_add(ticks_ms(), timeout_ms or 0)
        healed = not self._up()
        while True:
            begun = ticks_ms()
            try:
                if not self._up():
                    await self.start()
                if not self._on:
                    await self._switch_field(True)
                info = await self._look(_TYPE_A) or await self._look(_TYPE_B)
            except ReaderFault:
                if healed:
                    raise
                healed = True
                self._ready = False
                continue
            except (Collision, CardUnreadable):
                await self.release()
                raise
            if info:
                return info
            if timeout_ms is not None and ticks_diff(end, ticks_ms()) <= 0:
                return None
            await asyncio.sleep_ms(max(0, _ROUND_MS - ticks_diff(ticks_ms(), begun)))

    async def exchange(self, capdu) -> memoryview:
        """Send a C-APDU to the card that `poll` has found; returns its R-APDU, SW1 SW2 included.

        The view is good until the next call; short APDUs only (258 bytes back, chained or not).
        An APDU that the chip has acknowledged is never sent twice.

        Raises CardLost (also where a silent chip could be started again), CardUnreadable,
        ReaderFault.
        """
        link = self._link
        whole, end, rest = link.tx, _GATHER, capdu
        try:
            while self._up():
                # Tg, with MI when more of the command follows (7.3.8)
                last = len(rest) <= _MAX_DATA
                part = rest if last else memoryview(rest)[:_MAX_DATA]
                tg = b"\x01" if last else b"\x41"
                answer = await link.command(_EXCHANGE, tg, part, _CARD_MS, False)
                if answer is None:
                    await link.barrier()
                    raise CardLost("no answer")
                more = self._check(answer)
                rest = b"" if last else memoryview(rest)[_MAX_DATA:]
                if not last:
                    continue
                if not more and end == _GATHER:
                    return answer[1:]
                size = len(answer) - 1
                if end + size > len(whole):
                    raise CardUnreadable("answer too long")
                whole[end : end + size] = answer[1:]
                end += size
                if not more:
                    return whole[_GATHER:end]
        except ReaderFault:
            if self._up():
                raise
        await self.start()
        raise CardLost("reader restarted")

    def close(self) -> None:
        """Give the UART back; this object is of no use afterwards."""
        self._link.close()

    async def release(self) -> None:
        """Deselect the card, take the field away.

        For cleaning up: raises no CardError, `poll` finds a dead chip. Without a field there is
        nothing to do.
        """
        if self._on is False:
            return
        try:
            if self._up():
                await self._link.command(_RELEASE, b"\x00", ms=_LIST_MS)
        except ReaderFault:
            pass
        try:
            await self.field(False)
        except ReaderFault:
            pass

    async def removed(self) -> None:
        """Wait until the card is gone: two looks in a row, each after a card reset, find none.

        The field is on for a look every 150 ms only, and off at the end. Raises ReaderFault.
        """
        missed = 0
        while missed < 2:
            await self.field(False)
            if missed == 0:
                await asyncio.sleep_ms(_ABSENT_MS)
            await self.field(True)
            missed = 0 if await self._present() else missed + 1
        await self.field(False)

    def _up(self) -> bool:
        return self._ready and self._link.alive

    async def _switch_field(self, on: bool) -> None:
        self._on = None
        await self._link.command(_RF, b"\x01\x01" if on else b"\x01\x00")
        self._on = on
        await asyncio.sleep_ms(_FIELD_MS)

    async def _list(self, brty):
        """InListPassiveTarget (7.3.5): its answer when there is a card, else None."""
        answer = await self._link.command(_LIST, brty, ms=_LIST_MS)
        size = len(answer)  # pyright: ignore[reportArgumentType]
        return answer if size and answer[0] else None

    async def _present(self) -> bool:
        if self._brty is not None:
            return await self._list(self._brty) is not None
        return await self._list(_TYPE_A) is not None or await self._list(_TYPE_B) is not None

    async def _look(self, brty):
        """What `poll` returns, when there is a card of this type."""
        answer = await self._list(brty)
        if answer is None:
            return None
        if answer[0] > 1:
            raise Collision
        self._brty = brty
        size = len(answer)
        if brty is _TYPE_B:
            if size >= 15 and answer[2] == 0x50:
                return b"B" + bytes(answer[2:])
        # SEL_RES 20: the card does ISO 14443-4 (ISO 14443-3, 6.5.3.4)
        elif size >= 6 and size >= 6 + answer[5] and answer[4] & 0x20:
            return b"A" + bytes(answer[2:])
        raise CardUnreadable("no ISO 14443-4")

    def _check(self, answer) -> bool:
        """Whether more of the R-APDU is to come (MI); raises what the status byte stands for."""
        if not len(answer):
            raise ReaderFault("no status")
        status = answer[0] & 0x3F
        if status:
            kind = CardUnreadable
            if status in _LOST:
                kind = CardLost
            elif status in _FAULTY:
                kind = ReaderFault
            raise kind("status {:02x}".format(status))
        return answer[0] & 0x40 != 0
