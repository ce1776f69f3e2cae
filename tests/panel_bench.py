"""The panel on a port of its own, as ``taptill sim`` serves it."""

import asyncio
import contextlib
import threading
from typing import NamedTuple

from host_tools.acquirer.server import bound
from host_tools.panel import run
from host_tools.panel.world import World


class Served(NamedTuple):
    """A terminal that is switched on, and where its page is."""

    world: World
    port: int

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}/"


@contextlib.contextmanager
def served(mm_per_s=600.0):
    """Serve a fresh terminal; its paper comes out at ``mm_per_s``."""
    sock = bound("127.0.0.1", 0)
    sock.listen()  # who comes before the server is up waits
    with World() as world:
        world.device.board.printer.mm_per_s = mm_per_s
        web = run.server(world, "127.0.0.1", typing=True)
        thread = threading.Thread(target=lambda: asyncio.run(web.serve([sock])))
        thread.start()
        try:
            yield Served(world, sock.getsockname()[1])
        finally:
            web.should_exit = True
            thread.join(20)
            assert not thread.is_alive()
