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

_MOST_CONNECTIONS = 64
_LAST_WORDS_S = 2  # for pages that are open when it stops


class _Server(uvicorn.Server):
    """Leaves signals to ``serve``: a stop that was asked for is no failure."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


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
        limit_concurrency=_MOST_CONNECTIONS,
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
