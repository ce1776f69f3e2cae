"""``taptill acquirer``: its options, and what may go wrong with them.

Imports are inside the functions, as in ``cli.py``.
"""

import errno
import ssl
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated

import typer

from host_tools.cli_emv import fail, in_a_sentence

ROOT = Path(__file__).resolve().parents[1]

_Port = Annotated[int, typer.Option(min=0, max=65535, help="TCP port; 0 takes a free one.")]
_Host = Annotated[str, typer.Option(help="Address to listen at.")]
_Database = Annotated[
    str,
    typer.Option(
        "--db",
        help="SQLAlchemy URL of the ledger: sqlite:///FILE, postgresql://USER@HOST/DB; sqlite:// "
        "is one in memory. Default: build/acquirer/ledger.db.",
    ),
]
_Log = Annotated[
    Path | None,
    typer.Option(help="Append the log to this file.", show_default="standard output"),
]
_KeyFile = Annotated[
    Path | None, typer.Option(help="The host's master key.", show_default="beside the ledger")
]
_Terminals = Annotated[
    int, typer.Option(min=1, max=1000, help="Test terminals, from number 12345678 up.")
]
_Fault = Annotated[
    list[str] | None,
    typer.Option(help="Misbehave, e.g. 'drop_after_booking mti=0200' (docs/acquirer.md)."),
]
_Show = Annotated[
    bool,
    typer.Option("--show", help="Print each exchange field by field, masked, not the log."),
]
_TlsCert = Annotated[
    Path | None, typer.Option(help="Serve TLS with this certificate (taptill host ca).")
]
_TlsKey = Annotated[
    Path | None, typer.Option(help="Its key.", show_default="beside it, named .key")
]
_TlsCa = Annotated[
    Path | None,
    typer.Option(help="Only terminals with a certificate of this CA.", show_default="any"),
]


def acquirer(
    port: _Port = 8583,
    host: _Host = "127.0.0.1",
    database: _Database = "",
    log: _Log = None,
    key_file: _KeyFile = None,
    terminals: _Terminals = 1,
    fault: _Fault = None,
    show: _Show = False,
    tls_cert: _TlsCert = None,
    tls_key: _TlsKey = None,
    tls_ca: _TlsCa = None,
) -> None:
    """Start the acquiring host and serve until Ctrl-C.

    It speaks the UnionPay direct-POS dialect of ISO 8583 and keeps a ledger; its log, one JSON
    object a line, shows no secrets. Test merchant: the cents of the amount decide the answer
    (docs/acquirer.md).
    """
    options = SimpleNamespace(**locals())
    if (tls_key or tls_ca) and not tls_cert:
        raise typer.BadParameter("--tls-key and --tls-ca need --tls-cert")
    options.database = database or default_database()
    _serve(options)


def default_database() -> str:
    """The URL of the ledger where none is named; its folder is there."""
    folder = ROOT / "build" / "acquirer"
    folder.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{folder / 'ledger.db'}"


def _context(given: SimpleNamespace) -> ssl.SSLContext | None:
    from host_tools.acquirer.tls import server_context

    if given.tls_cert is None:
        return None
    key = given.tls_key or given.tls_cert.with_suffix(".key")
    return server_context(given.tls_cert, key, given.tls_ca)


def _serve(given: SimpleNamespace) -> None:
    from sqlalchemy.exc import SQLAlchemyError

    from host_tools.acquirer.app import run_acquirer
    from host_tools.acquirer.keystore import KeyStoreError
    from host_tools.acquirer.migrations import SchemaError
    from host_tools.acquirer.scenario import UnknownFault
    from host_tools.acquirer.seed import SeedError
    from host_tools.acquirer.tls import TlsError

    def ready(taken: int) -> None:
        over = " over TLS" if given.tls_cert else ""
        where = f"{given.host}:{taken}{over}"
        typer.echo(f"The acquiring host listens at {where}; Ctrl-C stops it.", err=True)

    with in_a_sentence(KeyStoreError, SeedError, TlsError, SchemaError):
        try:
            run_acquirer(
                given.port,
                given.database,
                given.host,
                given.log,
                given.key_file,
                given.terminals,
                tuple(given.fault or ()),
                ready,
                _context(given),
                given.show,
            )
        except UnknownFault as error:
            raise typer.BadParameter(str(error)) from None
        except SQLAlchemyError as error:
            fail(f"the ledger cannot be used: {database_reason(error)}")
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            fail(f"port {given.port} is in use; stop what uses it or choose another with --port")


def database_reason(error: Exception) -> str:
    """Why a database cannot be used: the first line of its driver.

    The whole text of the exception holds statements and values.
    """
    lines = str(getattr(error, "orig", None) or error).splitlines()
    return lines[0] if lines else type(error).__name__
