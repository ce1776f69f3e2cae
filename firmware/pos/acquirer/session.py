"""The line to the acquiring host: connect, send one request, wait for its answer.

One connection a story; one over TLS, whose handshake costs seconds, is kept for the next story
(``network.kept``) unless nobody is at the keys. ``connect`` comes before anything is recorded as
sent, so that a host that cannot be reached, or cannot prove itself, never costs a reversal; from
the first byte of ``exchange`` on, any HostError of another kind means that nobody knows what the
host has done.
"""

import asyncio
import select
from time import ticks_diff, ticks_ms

from micropython import const

from pos import log
from pos.acquirer import messages
from pos.aio import deadline
from pos.crypto import mac
from pos.protocol import iso8583, unionpay
from pos.protocol.errors import BadBytes

_MAC_ROOM = b"00000000"
# A kept connection that has been idle for longer is not trusted: something on the way may have
# forgotten it, and then a request would be lost
_FRESH_MS = const(60000)


class HostError(Exception):
    """``why``: "connect" not reached, "tls_..." reached, but one side could not prove itself,
    "closed" hung up, "silent" no answer in time, "mac" an answer that the host has not sealed,
    "garbled" bytes that are no message. The first two: nothing has been sent."""

    def __init__(self, why: str):
        super().__init__(why)
        self.why = why


class Session:
    """Exchanges with the host of ``params``; ``network.up()`` brings the network up or raises.

    Over TLS where the parameter ``tls`` is on, and then never without: what it takes is in
    ``root``, sealed by what ``sealer()`` returns.
    """

    def __init__(self, params, network, root: str, sealer):
        self._params = params
        self._network = network
        self._root, self._sealer = root, sealer
        self._reader = self._writer = None
        self._whole = True  # whether the connection stands between two messages
        self.action = 0  # what the host asked for in the header of its last answer
        self.sm4 = False  # whether MACs are made with SM4
        self.failed = ""  # why the last attempt to connect did
        self.reached = False  # whether there was a connection, before TLS

    async def connect(self) -> None:
        """Have a connection, also proven where it is TLS.

        Raises HostError("connect" or "tls_...") and then nothing has been sent. A heap without
        room for TLS is such a case too: what has to go to the host finds more room later.
        """
        if self._writer:
            return
        p = self._params
        try:
            if await self._again():
                return
            await self._network.up()
            await deadline(self._open(p["host"], p["port"]), p["connect_s"] * 1000)
        except (OSError, EOFError, asyncio.TimeoutError, MemoryError) as error:
            await self._hang_up()
            self.failed = why = str(error)
            log.warn("host", "cannot connect: %s", why or type(error).__name__)
            if why[:4] == "tls_":
                raise HostError(why)
            self._network.unreached()
            raise HostError("connect")

    async def _again(self) -> bool:
        """Whether the connection that an earlier story has kept is of use."""
        network = self._network
        if not network.kept:
            return False
        line, since = network.kept
        # nothing is owed to us: what there is to read is the end of it, or comes too late
        fresh = ticks_diff(ticks_ms(), since) < _FRESH_MS and network.is_up()
        if fresh and not _poll(line.s, select.POLLIN):
            self._reader = self._writer = line
            network.kept = None
            return True
        await network.close()
        return False

    async def _open(self, host, port):
        self._whole = self.reached = False
        self._reader, self._writer = await asyncio.open_connection(host, port)
        sock = self._writer.s  # pyright: ignore[reportAttributeAccessIssue]
        if _poll(sock, select.POLLOUT) & (select.POLLERR | select.POLLHUP):
            raise OSError("refused")
        self.reached = True
        if self._params["tls"]:
            from pos.acquirer.tls import Tls

            line = Tls(self._writer)
            await line.start(self._root, self._sealer(), host)
            self._reader = self._writer = line
        self._whole = True

    async def close(self) -> None:
        """Be done; safe at any time. What is TLS and sound is kept, the rest hung up."""
        if self._writer and self._params["tls"] and self._whole:
            self._network.kept = self._writer, ticks_ms()
            self._reader = self._writer = None
        await self._hang_up()

    async def _hang_up(self):
        writer, self._reader, self._writer = self._writer, None, None
        self._whole = True
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
        return mti, messages.echoed(fields), frame

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
        await self._hang_up()
        raise HostError(why)

    async def _talk(self, request, mak):
        mti, fields, frame = request
        self._whole = False
        if log.tap:
            log.tap("8583", True, frame)
        self._writer.write(frame)
        await self._writer.drain()
        while True:
            answer = await self._receive(mti, fields, mak)
            if answer:
                self._whole = True
                return answer

    async def _receive(self, mti, fields, mak):
        """The fields of the answer, or None for a frame that belongs to something else."""
        head = await self._reader.readexactly(2)
        body = await self._reader.readexactly(unionpay.body_length(head))
        if log.tap:
            log.tap("8583", False, head + body)
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


def _poll(sock, mask) -> int:
    """What a socket is ready for, now. A connection may have failed while it was made:
    ``asyncio.open_connection`` waits for the end of the attempt and does not look how it ended."""
    poll = select.poll()
    poll.register(sock, mask)
    ready = 0
    for _, events in poll.poll(0):
        ready |= events
    return ready
