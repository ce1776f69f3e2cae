"""The line to the acquiring host: connect, send one request, wait for its answer.

One connection a story. ``connect`` comes before anything is recorded as sent, so that a host that
cannot be reached never costs a reversal; from the first byte of ``exchange`` on, any HostError
other than "connect" means that nobody knows what the host has done.
"""

import asyncio
import select

from pos import log
from pos.acquirer import messages
from pos.aio import deadline
from pos.crypto import mac
from pos.protocol import iso8583, unionpay
from pos.protocol.errors import BadBytes

_MAC_ROOM = b"00000000"


class HostError(Exception):
    """``why``: "connect" not reached, "closed" hung up, "silent" no answer in time,
    "mac" an answer that the host has not sealed, "garbled" bytes that are no message."""

    def __init__(self, why: str):
        super().__init__(why)
        self.why = why


class Session:
    """Exchanges with the host of ``params``; ``network.up()`` brings the network up or raises."""

    def __init__(self, params, network):
        self._params = params
        self._network = network
        self._reader = self._writer = None
        self.action = 0  # what the host asked for in the header of its last answer
        self.sm4 = False  # whether MACs are made with SM4

    async def connect(self) -> None:
        """Have a connection; raises HostError("connect") and then nothing has been sent."""
        if self._writer:
            return
        p = self._params
        try:
            await self._network.up()
            self._reader, self._writer = await deadline(
                asyncio.open_connection(p["host"], p["port"]), p["connect_s"] * 1000
            )
            if _refused(self._writer.s):
                await self.close()
                raise OSError("refused")
        except (OSError, asyncio.TimeoutError) as error:
            log.warn("host", "cannot connect: %s", error)
            raise HostError("connect")

    async def close(self) -> None:
        """Hang up; safe at any time."""
        writer, self._reader, self._writer = self._writer, None, None
        if writer:
            writer.close()
            try:
                await writer.wait_closed()
            except OSError:
                pass

    def request(self, mti: str, fields: dict, mak=None) -> tuple:
        """What ``exchange`` sends: packed, sealed with ``mak`` and framed. Raises BadBytes."""
        if mak:
            fields[64] = _MAC_ROOM
        message = iso8583.pack(unionpay.PROFILE, mti, fields)
        if mak:
            mac.seal(mak, message, self.sm4)
        p = self._params
        frame = unionpay.frame(bytes.fromhex(p["tpdu"]), bytes.fromhex(p["header"]), message)
        return mti, fields, frame

    async def exchange(self, request: tuple, mak=None) -> dict:
        """Send a request and return the fields of its answer, whose F64 ``mak`` checks.

        Raises HostError, and has then hung up.
        """
        mti = request[0]
        try:
            await self.connect()
            return await deadline(self._talk(request, mak), self._params["answer_s"] * 1000)
        except asyncio.TimeoutError:
            why = "silent"
        except (OSError, EOFError):
            why = "closed"
        except BadBytes as error:
            log.warn("host", "answer: %s at %d: %s", error.what, error.offset, error.why)
            why = "garbled"
        except HostError as error:
            why = error.why
        log.warn("host", "%s: %s", mti, why)
        await self.close()
        raise HostError(why)

    async def _talk(self, request, mak):
        mti, fields, frame = request
        self._writer.write(frame)
        await self._writer.drain()
        while True:
            answer = await self._receive(mti, fields, mak)
            if answer:
                return answer

    async def _receive(self, mti, fields, mak):
        """The fields of the answer, or None for a frame that belongs to something else."""
        head = await self._reader.readexactly(2)
        body = await self._reader.readexactly(unionpay.body_length(head))
        _, header, message = unionpay.unframe(head + body)
        answer_mti, answer = iso8583.unpack(unionpay.PROFILE, message)
        try:
            messages.check(mti, fields, answer_mti, answer)
        except messages.NotOurs as error:
            log.warn("host", "not the answer to %s: %s", mti, error.args[0])
            return None
        if mak and (64 in answer or unionpay.approved(answer[39])):
            if 64 not in answer or not mac.verify(mak, message, self.sm4):
                raise HostError("mac")
        self.action = unionpay.action(header)
        return answer


def _refused(sock) -> bool:
    """Whether a connection has failed while it was made: ``asyncio.open_connection`` waits for
    the end of the attempt and does not look how it ended."""
    poll = select.poll()
    poll.register(sock, select.POLLOUT)
    return any(events & (select.POLLERR | select.POLLHUP) for _, events in poll.poll(0))
