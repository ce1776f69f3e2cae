"""The acquiring host as a TCP server: connections, frames, faults on request."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from host_tools.acquirer import dialect, scenario, wire
from host_tools.acquirer.handlers import Answer
from host_tools.acquirer.ledger import Ledger
from host_tools.acquirer.log import JsonLog
from host_tools.acquirer.processor import HostConfig, Processor, Reply
from host_tools.acquirer.scenario import Fault, Scenario

# A silent connection is closed after this many seconds.
IDLE_SECONDS = 300.0
_WORKERS = 4


class AcquiringHost:
    """Serves one ledger. All methods run on the event loop of ``start``; else see HostThread."""

    def __init__(
        self,
        ledger: Ledger,
        log: JsonLog | None = None,
        config: HostConfig | None = None,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self.ledger = ledger
        self.log = log or JsonLog()
        self.scenario = Scenario()
        self.port = 0
        self._processor = Processor(ledger, config)
        self._idle = idle_seconds
        self._server: asyncio.Server | None = None
        self._ssl: ssl.SSLContext | None = None
        self._host = ""
        self._closed_door: socket.socket | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._pool = ThreadPoolExecutor(_WORKERS, "acquirer")
        self._late_replies: dict[str, bytes] = {}
        self._late_frames: dict[str, wire.Frame] = {}

    async def start(
        self, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
    ) -> int:
        """Listen (0: any free port) and return the port. OSError when it is taken."""
        self._host, self._ssl = host, tls
        await self._listen(_bound(host, port))
        self.log.event("listening", host=host, port=self.port)
        return self.port

    async def _listen(self, sock: socket.socket) -> None:
        self.port = sock.getsockname()[1]
        self._server = await asyncio.start_server(self._serve, sock=sock, ssl=self._ssl)

    async def stop(self) -> None:
        """Close the door and all connections; what is being booked is finished first."""
        self._close_listener()
        if self._closed_door is not None:
            self._closed_door.close()
            self._closed_door = None
        await self._drop_connections()
        await asyncio.to_thread(self._pool.shutdown)
        self.log.event("stopped")

    def _close_listener(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _drop_connections(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- faults on request --

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
            self._close_listener()
            await self._drop_connections()
            self._closed_door = _bound(self._host, self.port)

    async def behave(self) -> None:
        """Call all faults off; a host that was down listens again on the same port."""
        self.scenario.clear()
        self._late_replies.clear()
        self._late_frames.clear()
        if self._closed_door is not None:
            door, self._closed_door = self._closed_door, None
            await self._listen(door)

    # -- one connection --

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        name = writer.get_extra_info("peername")
        peer = f"{name[0]}:{name[1]}" if name else "?"
        self.log.event("connect", peer=peer)
        try:
            if self.scenario.take_connect() is None:
                await self._converse(peer, reader, writer)
            self.log.event("close", peer=peer)
        except wire.FrameError as error:
            self.log.event("bad_frame", peer=peer, why=str(error))
        except (OSError, TimeoutError) as error:
            self.log.event("lost", peer=peer, why=type(error).__name__)
        except asyncio.CancelledError:
            self.log.event("closed_by_host", peer=peer)
        except Exception as error:
            self.log.error(peer, error)
        finally:
            self._tasks.discard(task)
            writer.close()

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
        def note(error: Exception) -> None:
            self.log.error(peer, error)

        loop = asyncio.get_running_loop()
        request, reply = await loop.run_in_executor(
            self._pool, self._processor.process, frame, note
        )
        self.log.message("request", peer, request, route=reply.route)
        self.log.message("reply", peer, reply.message, **({"why": reply.why} if reply.why else {}))
        return reply


def _bound(host: str, port: int) -> socket.socket:
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
