"""Serves the board's serial line by RFC 2217, to one program at a time.

``unplug`` pulls the cable: the program that has it open sees its connection end, and nobody can
open it until ``plug_in``.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import cast

from serial.rfc2217 import PortManager

from host_tools.vboard.serial.lines import ControlLines


class Rfc2217Server:
    """Listens at 127.0.0.1; ``received(data)`` gets what a program sends. Loop thread only."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        port: int,
        lines: ControlLines,
        received: Callable[[bytes], None],
    ) -> None:
        self._loop, self._lines, self._received = loop, lines, received
        self._socket = socket.create_server(("127.0.0.1", port))
        self.port: int = self._socket.getsockname()[1]
        self.url = f"rfc2217://127.0.0.1:{self.port}"
        self._client: _Client | None = None
        self._plugged = True
        self._left: int | None = None
        self._server: asyncio.Server | None = None
        self._task = loop.create_task(self._listen())

    async def _listen(self) -> None:
        self._server = await self._loop.create_server(lambda: _Client(self), sock=self._socket)

    def close(self) -> None:
        """Stop serving."""
        self.unplug()
        self._task.cancel()
        if self._server is not None:
            self._server.close()
        self._socket.close()

    def say(self, data: bytes) -> None:
        """Bytes that the board puts on the line; lost when nobody listens."""
        if self._client is not None:
            self._client.say(data)

    def unplug(self) -> None:
        """Pull the cable."""
        self._plugged, self._left = False, None
        if self._client is not None:
            self._client.transport.abort()
            self._gone(self._client)

    def unplug_after(self, count: int) -> None:
        """Pull the cable when ``count`` more bytes have come from a program."""
        self._left = count

    def plug_in(self) -> None:
        """Put the cable back."""
        self._plugged = True

    # for the clients

    def _came(self, client: "_Client") -> str | None:
        """Why this program is not let in, or None."""
        if not self._plugged:
            return ""
        if self._client is not None:
            return "in use by {}:{}".format(*self._client.transport.get_extra_info("peername"))
        self._client = client
        return None

    def _gone(self, client: "_Client") -> None:
        if client is self._client:
            self._client = None
            self._lines.move(False, False)

    def _take(self, data: bytes) -> None:
        if self._left is not None:
            self._left -= len(data)
            if self._left <= 0:
                self.unplug()
                return
        self._received(data)


class _Client(asyncio.Protocol):
    """One program at the line, behind pyserial's Telnet filter."""

    def __init__(self, server: Rfc2217Server) -> None:
        self._server = server
        self._manager: PortManager | None = None
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        refused = self._server._came(self)
        if refused is not None:
            self.transport.write(refused.encode() + b"\r\n" if refused else b"")
            self.transport.close()
            return
        name = self.transport.get_extra_info("socket")
        name.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._manager = PortManager(self._server._lines, self)

    def write(self, data: bytes) -> None:
        """What the filter sends."""
        self.transport.write(bytes(data))

    def say(self, data: bytes) -> None:
        """What the board sends, escaped."""
        self.transport.write(data.replace(b"\xff", b"\xff\xff"))

    def data_received(self, data: bytes) -> None:
        if self._manager is not None:
            plain = b"".join(self._manager.filter(data))
            if plain:
                self._server._take(plain)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server._gone(self)
