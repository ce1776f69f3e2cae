"""A serial port of this machine over the network by RFC 2217, where a farm has no ser2net."""

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from host_tools.vboard.serial.lines import ControlLines
from host_tools.vboard.serial.server import Rfc2217Server

_READ = 4096


@contextmanager
def bridge(device: str) -> Iterator[str]:
    """The URL at which the pseudo-terminal ``device`` is served; it has no control lines."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="bridge", daemon=True)
    thread.start()
    descriptor = os.open(device, os.O_RDWR | os.O_NOCTTY)

    async def begin() -> Rfc2217Server:
        lines = ControlLines(loop, lambda: None, lambda _: None)
        lines.wired = False
        server = Rfc2217Server(loop, 0, lines, lambda data: _write(descriptor, data))
        loop.add_reader(descriptor, lambda: server.say(os.read(descriptor, _READ)))
        return server

    async def end() -> None:
        loop.remove_reader(descriptor)
        server.close()

    server = asyncio.run_coroutine_threadsafe(begin(), loop).result()
    try:
        yield server.url
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        os.close(descriptor)


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
