"""Runs the panel as a program: socket, server, signals."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator

import uvicorn

from host_tools.panel.hands import MOST_BYTES
from host_tools.panel.server import guarded, make_app
from host_tools.panel.world import World

DEFAULT_PORT = 8585
_LAST_WORDS_S = 2  # for pages that are open when it stops


class _Server(uvicorn.Server):
    """Leaves signals to ``serve``: a stop that was asked for is no failure."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def bound(host: str, port: int) -> socket.socket:
    """A socket at that address. OSError when it is taken or not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


def server(world: World, name: str, typing: bool) -> uvicorn.Server:
    """A server for ``world``; ``name``: what it was told to listen at."""
    app = guarded(make_app(world, name, typing), name)
    config = uvicorn.Config(
        app,
        log_level="error",
        access_log=False,
        lifespan="off",
        ws="websockets-sansio",
        ws_max_size=4 * MOST_BYTES,
        server_header=False,
        timeout_graceful_shutdown=_LAST_WORDS_S,
    )
    return _Server(config)


def run(world: World, sock: socket.socket, name: str, on_ready: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM."""
    typing = sock.getsockname()[0] in ("127.0.0.1", "::1")
    asyncio.run(_serve(server(world, name, typing), sock, on_ready))


async def _serve(web: uvicorn.Server, sock: socket.socket, on_ready: Callable[[], None]) -> None:
    def stop() -> None:
        web.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    serving = asyncio.create_task(web.serve([sock]))
    while not web.started and not serving.done():
        await asyncio.sleep(0.01)
    if web.started:
        on_ready()
    await serving
