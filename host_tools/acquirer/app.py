"""Runs the acquiring host as a program and opens its ledger."""

import asyncio
import signal
import ssl
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from sqlalchemy.engine import make_url

from host_tools.acquirer import keystore, scenario, seed
from host_tools.acquirer.keystore import KeyStore
from host_tools.acquirer.ledger import MEMORY, Ledger
from host_tools.acquirer.log import JsonLog
from host_tools.acquirer.server import AcquiringHost
from host_tools.acquirer.view import View

DEFAULT_PORT = 8583


def open_ledger(
    db_url: str = MEMORY,
    key_file: Path | None = None,
    terminals: int = 1,
    image: bytes = b"",
) -> Ledger:
    """The ledger of a database URL, seeded with the test merchant, terminals and cards.

    ``image``: that of another ledger in memory, which this one takes up.

    A ledger in memory lives under the TEST master key; any other under the key of the environment
    (``TAPTILL_HOST_KEY``) or of ``key_file`` (default: the SQLite file's name plus ``.key``, else
    ``acquirer.key`` here), which is created when it does not exist.
    Raises KeyStoreError when the key is unusable, SeedError for a bad card file.
    """
    if db_url == MEMORY:
        return Ledger(MEMORY, KeyStore(keystore.TEST_MASTER_KEY), image or _seeded(terminals))
    ledger = Ledger(db_url, keystore.load(key_file or _key_file(db_url)))
    seed.seed(ledger, terminals=terminals)
    return ledger


@cache
def _seeded(terminals: int) -> bytes:
    """A ledger in memory that has been seeded: a fifth of a second's work, done once."""
    ledger = Ledger(MEMORY, KeyStore(keystore.TEST_MASTER_KEY))
    seed.seed(ledger, terminals=terminals)
    try:
        return ledger.image()
    finally:
        ledger.close()


def _key_file(db_url: str) -> Path:
    url = make_url(db_url)
    on_disk = url.get_backend_name() == "sqlite" and url.database
    return Path(f"{url.database}.key") if on_disk else Path("acquirer.key")


def run_acquirer(
    port: int = DEFAULT_PORT,
    db_url: str = "sqlite:///acquirer.db",
    host: str = "127.0.0.1",
    log_path: Path | None = None,
    key_file: Path | None = None,
    terminals: int = 1,
    faults: Sequence[str] = (),
    on_ready: Callable[[int], None] | None = None,
    tls: ssl.SSLContext | None = None,
    show: bool = False,
) -> None:
    """Serve until SIGINT or SIGTERM. ``faults``: scenario lines; no ``log_path``: to stdout.

    ``show`` prints each exchange to stdout (view.py) instead of the log.
    ``on_ready(port)`` is called when connections are accepted. Raises OSError when the port is
    taken, UnknownFault, KeyStoreError and SeedError as their names say.
    """
    asked = [scenario.parse(line) for line in faults]
    ledger = open_ledger(db_url, key_file, terminals)
    log = JsonLog(log_path, None if log_path or show else sys.stdout)
    acquirer = AcquiringHost(ledger, log, packets=View(sys.stdout) if show else None)
    try:
        asyncio.run(_serve(acquirer, host, port, asked, on_ready, tls))
    finally:
        ledger.close()
        log.close()


async def _serve(
    acquirer: AcquiringHost,
    host: str,
    port: int,
    faults: list[scenario.Fault],
    on_ready: Callable[[int], None] | None,
    tls: ssl.SSLContext | None,
) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    port = await acquirer.start(host, port, tls)
    try:
        for fault in faults:
            await acquirer.add_fault(fault)
        if on_ready is not None:
            on_ready(port)
        await stopping.wait()
    finally:
        await acquirer.stop()
