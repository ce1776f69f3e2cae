"""The acquiring host as a TCP server: connections, frames, faults on request."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from host_tools.acquirer import dialect, scenario, security, view, wire
from host_tools.acquirer.handlers import Answer
from host_tools.acquirer.ledger import GroupBroken, Ledger
from host_tools.acquirer.log import JsonLog
from host_tools.acquirer.processor import BAD_MAC, HostConfig, Processor, Reply
from host_tools.acquirer.scenario import Fault, Scenario
from host_tools.acquirer.tls import HANDSHAKE_SECONDS, Refused, subject, why
from host_tools.acquirer.view import View

# A silent connection is closed after this many seconds.
IDLE_SECONDS = 300.0
# The ledger takes one unit of work at a time; the second worker is for the packet view.
_WORKERS = 2
# So many messages at most share one transaction, and with it one sync of the disk.
_GROUP = 64
_BACKLOG = 1024
_ACCEPT_PAUSE = 0.1

_Done = tuple[dialect.Message, Reply]
_Result = _Done | wire.FrameError


class AcquiringHost:
    """Serves one ledger. All methods run on the event loop of ``start``; else see HostThread."""

    def __init__(
        self,
        ledger: Ledger,
        log: JsonLog | None = None,
        config: HostConfig | None = None,
        idle_seconds: float = IDLE_SECONDS,
        packets: View | None = None,
    ) -> None:
        self.ledger = ledger
        self.log = log or JsonLog()
        self.scenario = Scenario()
        self.port = 0
        self._processor = Processor(ledger, config)
        self._idle = idle_seconds
        self._view = packets
        self._door: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._ssl: ssl.SSLContext | None = None
        self._host = ""
        self._closed_door: socket.socket | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._pool = ThreadPoolExecutor(_WORKERS, "acquirer")
        self._waiting: list[tuple[str, wire.Frame, asyncio.Future[_Done]]] = []
        self._booking: asyncio.Task[None] | None = None
        self._late_replies: dict[str, bytes] = {}
        self._late_frames: dict[str, wire.Frame] = {}

    async def start(
        self, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
    ) -> int:
        """Listen (0: any free port) and return the port. OSError when it is taken.

        With ``tls`` over TLS: a terminal whose handshake fails is logged and not served.
        """
        self._host, self._ssl = host, tls
        await self._listen(bound(host, port))
        self.log.event("listening", host=host, port=self.port, tls=self._ssl is not None)
        return self.port

    async def _listen(self, sock: socket.socket) -> None:
        self.port = sock.getsockname()[1]
        sock.setblocking(False)
        sock.listen(_BACKLOG)
        self._door = sock
        self._accepting = asyncio.create_task(self._accept(sock))

    async def _accept(self, door: socket.socket) -> None:
        """Take connections. Not asyncio's server: that one keeps failed handshakes to itself."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                sock, _ = await loop.sock_accept(door)
            except OSError as error:
                # e.g. no file descriptor left: those that are connected go on
                self.log.event("not_accepted", why=type(error).__name__)
                await asyncio.sleep(_ACCEPT_PAUSE)
                continue
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            task = asyncio.create_task(self._serve(sock))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Close the door and all connections; what is being booked is finished first."""
        await self._close_listener()
        if self._closed_door is not None:
            self._closed_door.close()
            self._closed_door = None
        await self._drop_connections()
        self._waiting.clear()
        if self._booking is not None:
            await self._booking
        await asyncio.to_thread(self._pool.shutdown)
        self.log.event("stopped")

    async def _close_listener(self) -> None:
        if self._accepting is not None:
            self._accepting.cancel()
            await asyncio.gather(self._accepting, return_exceptions=True)
            self._accepting = None
        if self._door is not None:
            self._door.close()
            self._door = None

    async def _drop_connections(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- faults on request --

    @property
    def down(self) -> bool:
        """Whether it refuses connections because that was asked for."""
        return self._closed_door is not None

    async def misbehave(
        self, name: str, *args: object, mti: str | None = None, count: int | None = 1
    ) -> None:
        """Ask for a fault of scenario.FAULTS, see there. UnknownFault for any other."""
        await self.add_fault(Fault(name, tuple(str(arg) for arg in args), mti, count))

    async def add_fault(self, fault: Fault) -> None:
        """Ask for a fault; "refuse" takes effect at once."""
        self.log.event("fault_asked", fault=fault.name, args=fault.args, mti=fault.mti)
        if fault.name != scenario.HOST_DOWN:
            self.scenario.add(fault)
        elif self._closed_door is None:
            # A bound socket that does not listen refuses, and keeps the port ours.
            await self._close_listener()
            await self._drop_connections()
            self._closed_door = bound(self._host, self.port)

    async def behave(self) -> None:
        """Call all faults off; a host that was down listens again on the same port."""
        self.scenario.clear()
        self._late_replies.clear()
        self._late_frames.clear()
        if self._closed_door is not None:
            door, self._closed_door = self._closed_door, None
            await self._listen(door)

    async def show(self, tls: ssl.SSLContext | None) -> None:
        """Prove ourselves by another certificate from now on, or not at all; who is connected
        has to come again."""
        self._ssl = tls
        await self._drop_connections()

    # -- one connection --

    async def _serve(self, sock: socket.socket) -> None:
        """One connection from its handshake to its end; whatever happens stays inside."""
        name = _peer(sock)
        writer = None
        try:
            reader, writer = await self._open(sock)
            self.log.event("connect", peer=name, **self._proof(writer))
            if self.scenario.take_connect() is None:
                await self._converse(name, reader, writer)
            self.log.event("close", peer=name)
        except Refused as error:
            self.log.event("refused", peer=name, why=str(error))
        except wire.FrameError as error:
            self.log.event("bad_frame", peer=name, why=str(error))
        except (OSError, TimeoutError) as error:
            self.log.event("lost", peer=name, why=type(error).__name__)
        except asyncio.CancelledError:
            self.log.event("closed_by_host", peer=name)
        except Exception as error:
            self.log.error(name, error)
        finally:
            if writer is None:
                sock.close()
            else:
                writer.close()

    async def _open(
        self, sock: socket.socket
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The streams of a connection. Raises Refused when its handshake fails."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        limit = HANDSHAKE_SECONDS if self._ssl else None
        try:
            transport, _ = await loop.connect_accepted_socket(
                lambda: protocol, sock, ssl=self._ssl, ssl_handshake_timeout=limit
            )
        except OSError as error:
            if self._ssl is None:
                raise
            raise Refused(why(error)) from None
        return reader, asyncio.StreamWriter(transport, protocol, reader, loop)

    def _proof(self, writer: asyncio.StreamWriter) -> dict[str, str]:
        """What TLS says of a terminal: the name in its certificate, protocol, cipher."""
        if self._ssl is None:
            return {}
        cipher = writer.get_extra_info("cipher")
        name = subject(writer.get_extra_info("peercert"))
        return {"certificate": name, "protocol": cipher[1], "cipher": cipher[0]}

    async def _converse(
        self, peer: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while True:
            async with asyncio.timeout(self._idle):
                frame = await wire.read_frame(reader)
            if frame is None:
                return
            fault = self.scenario.take_message(frame.message[:2].hex())
            if fault is not None:
                self.log.event("fault", peer=peer, fault=fault.name)
            delivery = await self._handle(peer, frame, fault)
            await asyncio.sleep(delivery.seconds)
            writer.write(delivery.data)
            await writer.drain()
            if delivery.close:
                return

    async def _handle(
        self, peer: str, frame: wire.Frame, fault: Fault | None
    ) -> scenario.Delivery:
        """Process (unless the fault forbids it) and shape what leaves; late things come due."""
        if fault is not None and not fault.books:
            return self._unprocessed(peer, frame, fault)
        reply = await self._process(peer, frame)
        terminal = reply.terminal_id
        delivery = scenario.deliver(fault, reply)
        if terminal in self._late_replies:
            delivery.data = self._late_replies.pop(terminal) + delivery.data
        if terminal in self._late_frames:
            await self._process(peer, self._late_frames.pop(terminal))
        if delivery.held:
            self._late_replies[terminal] = delivery.held
        self.log.event("sent", peer=peer, terminal=terminal, size=len(delivery.data))
        return delivery

    def _unprocessed(self, peer: str, frame: wire.Frame, fault: Fault) -> scenario.Delivery:
        try:
            request = dialect.decode(frame.message)
        except dialect.FormatError as error:
            raise wire.FrameError(str(error)) from None
        self.log.message("not_processed", peer, request)
        code = fault.args[0] if fault.args else "96"
        reply = self._processor.reply(frame, request, Answer(code))
        if fault.name == "late_booking":
            self._late_frames[reply.terminal_id] = frame
        return scenario.deliver(fault, reply)

    async def _process(self, peer: str, frame: wire.Frame) -> Reply:
        """Have a message booked, together with whatever else is waiting then, and log it."""
        done: asyncio.Future[_Done] = asyncio.get_running_loop().create_future()
        self._waiting.append((peer, frame, done))
        if self._booking is None or self._booking.done():
            self._booking = asyncio.create_task(self._book())
        request, reply = await done
        self.log.message("request", peer, request, route=reply.route)
        self.log.message("reply", peer, reply.message, **({"why": reply.why} if reply.why else {}))
        if self._view is not None:
            loop = asyncio.get_running_loop()
            notes = await loop.run_in_executor(self._pool, self._mac_notes, frame, request, reply)
            self._view.exchange(peer, request, reply.message, notes)
        return reply

    async def _book(self) -> None:
        """Process what is waiting, in groups; those who wait are told how it went."""
        loop = asyncio.get_running_loop()
        while self._waiting:
            group, self._waiting = self._waiting[:_GROUP], self._waiting[_GROUP:]
            messages = [(peer, frame) for peer, frame, _ in group]
            results = await loop.run_in_executor(self._pool, self._process_group, messages)
            for (_, _, done), result in zip(group, results, strict=True):
                if done.done():  # its connection has gone
                    continue
                if isinstance(result, wire.FrameError):
                    done.set_exception(result)
                else:
                    done.set_result(result)

    def _process_group(self, messages: list[tuple[str, wire.Frame]]) -> list[_Result]:
        """Process messages in one transaction; one by one when one of them cannot be."""
        if len(messages) > 1:
            try:
                with self.ledger.group():
                    return [self._process_one(*message) for message in messages]
            except GroupBroken:
                pass
        return [self._process_one(*message) for message in messages]

    def _process_one(self, peer: str, frame: wire.Frame) -> _Result:
        try:
            return self._processor.process(frame, lambda error: self.log.error(peer, error))
        except wire.FrameError as error:
            return error

    def _mac_notes(self, frame: wire.Frame, request: dialect.Message, reply: Reply) -> list[str]:
        """For an answer A0: how the host computes the MAC that it did not find."""
        if reply.message.fields.get(39) != BAD_MAC:
            return []
        mak, sm4 = b"", False
        with self.ledger.begin() as work:
            terminal = work.terminal(reply.terminal_id)
            if terminal is not None and terminal.mak is not None:
                mak = work.keys.unwrap(f"{terminal.id} mak", terminal.mak)
                sm4 = terminal.key_mode == security.SM
        return view.mac_steps(mak, frame.message, request, sm4)


def _peer(sock: socket.socket) -> str:
    """Address and port of the other side, "?" when it has gone already."""
    try:
        name = sock.getpeername()
    except OSError:
        return "?"
    return f"{name[0]}:{name[1]}" if len(name) > 1 else "?"


def bound(host: str, port: int) -> socket.socket:
    """A bound socket that does not listen yet."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


class HostThread:
    """An acquiring host on its own thread, for tests and demos.

    Use as a context manager or call ``stop``. ``ledger`` queries and ``log.wait`` are safe from
    the calling thread.
    """

    def __init__(
        self,
        ledger: Ledger,
        log: JsonLog | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Callable[[], datetime] = datetime.now,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.host = AcquiringHost(ledger, log, HostConfig(clock=clock))
        self.ledger = ledger
        self.log = self.host.log
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="acquirer", daemon=True
        )
        self._thread.start()
        try:
            self.port = self._call(self.host.start(host, port, tls))
        except BaseException:
            self._end_loop()
            raise

    def _call(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def misbehave(
        self, name: str, *args: object, mti: str | None = None, count: int | None = 1
    ) -> None:
        """Ask for a fault, see scenario.FAULTS."""
        self._call(self.host.misbehave(name, *args, mti=mti, count=count))

    def misbehave_line(self, line: str) -> None:
        """Ask for a fault by its line, e.g. ``drop_after_booking mti=0200 count=2``."""
        self._call(self.host.add_fault(scenario.parse(line)))

    def behave(self) -> None:
        """Call all faults off."""
        self._call(self.host.behave())

    def show(self, tls: ssl.SSLContext | None) -> None:
        """Prove ourselves by another certificate, see AcquiringHost."""
        self._call(self.host.show(tls))

    def stop(self) -> None:
        """Stop serving and end the thread; the ledger stays open for queries."""
        if self._thread.is_alive():
            self._call(self.host.stop())
            self._end_loop()

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> "HostThread":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
