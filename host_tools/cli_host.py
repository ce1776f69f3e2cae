"""The group ``taptill host``, and ``taptill decode iso8583``: the acquiring host for an engineer.

Imports are inside the commands, as in ``cli.py``.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from host_tools.cli_emv import decode, fail, in_a_sentence

host = typer.Typer(
    help="Tools around the acquiring host: send it transactions, say what it gives its terminals, "
    "make certificates, look after its database, measure it. The host is `taptill acquirer`.",
    no_args_is_help=True,
)
Json = Annotated[bool, typer.Option("--json", help="As JSON.")]
Clear = Annotated[
    bool, typer.Option("--clear", help="Card numbers, tracks, PIN blocks and keys in full.")
]


def hex_key(text: str, what: str) -> bytes:
    """A key given as hex, 8 or 16 bytes; wrong usage (exit code 2) otherwise."""
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) not in (8, 16):
        raise typer.BadParameter(f"{what} is no key of 16 or 32 hex digits")
    return key


def tell(readings: list[Any], as_json: bool, clear: bool) -> None:
    """Print readings: JSON, coloured on a terminal, else plain lines."""
    from host_tools.decode8583 import show

    if as_json:
        trees = [show.tree(one, clear) for one in readings]
        typer.echo(json.dumps(trees[0] if len(trees) == 1 else trees, indent=2))
        return
    for at, one in enumerate(readings):
        if at:
            typer.echo()
        if sys.stdout.isatty():
            from host_tools.decode8583.colour import print_coloured

            print_coloured(show.lines(one, clear))
        else:
            typer.echo("\n".join(show.lines(one, clear)))


@decode.command()
def iso8583(
    data: Annotated[
        list[str],
        typer.Argument(
            metavar="HEX|FILE|-", help="Hex (blanks allowed), a file, or - for standard input."
        ),
    ],
    mak: Annotated[
        str,
        typer.Option(help="MAC key in hex: shows how the MAC comes about.", show_default=False),
    ] = "",
    sm4: Annotated[bool, typer.Option("--sm4", help="The MAC is SM4's.")] = False,
    clear: Clear = False,
    as_json: Json = False,
) -> None:
    """Take frames of the direct-POS dialect apart, field by field, with the firmware's codec.

    A whole frame, one without its length, or a message from the MTI on. A file may hold hex, one
    frame a line, the bytes of a capture, or the host's log (taptill acquirer --log).

    A frame that is broken is shown up to the break, then field, offset (from the MTI) and reason;
    the exit code is 1 then, and also when --mak finds a wrong MAC.

    Example: taptill decode iso8583 0034600003000060310031000008200000000000C00010...
    """
    from host_tools.decode8583.inputs import NotFrames, readings

    key = hex_key(mak, "--mak") if mak else None
    if sm4 and key is not None and len(key) != 16:
        raise typer.BadParameter("an SM4 key has 32 hex digits")
    try:
        found = readings(_given(data), key, sm4, clear)
    except NotFrames as error:
        fail(error)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    if not found:
        fail("there are no messages in it")
    tell(found, as_json, clear)
    broken = next((one.broken for one in found if one.broken), None)
    if broken:
        fail(broken)
    if any(one.mac and not one.mac.equal for one in found):
        fail("F64: not the MAC of this message")
    if key and not any(one.mac for one in found):
        fail("F64: the message carries no MAC")


def _given(words: list[str]) -> bytes:
    if words == ["-"]:
        return sys.stdin.buffer.read()
    if len(words) == 1 and os.path.isfile(words[0]):
        return Path(words[0]).read_bytes()
    return "".join(words).encode("utf-8", "replace")


# -- certificates --------------------------------------------------------------

ca = typer.Typer(
    help="Make a TEST CA, and certificates for hosts and terminals: EC P-256, files for their "
    "owner alone; nothing is written over.",
    no_args_is_help=True,
)
host.add_typer(ca, name="ca")
_CA_FOLDER = Path("build/acquirer/tls")
_Folder = Annotated[Path, typer.Option("--dir", help="Where CA and certificates are.")]
_Days = Annotated[int, typer.Option(min=1, max=36500, help="How long it is valid.")]


@ca.command()
def init(
    folder: _Folder = _CA_FOLDER,
    name: Annotated[str, typer.Option(help="As in its certificate.")] = "TapTill TEST CA",
    days: _Days = 3650,
) -> None:
    """Make a CA: ca.pem and ca.key.

    Example: taptill host ca init
    """
    from host_tools.acquirer import tls

    with in_a_sentence(tls.TlsError):
        typer.echo(tls.make_ca(folder, name, days))


@ca.command()
def server(
    name: Annotated[str, typer.Argument(help="DNS name or address by which it is reached.")],
    folder: _Folder = _CA_FOLDER,
    days: _Days = 825,
) -> None:
    """Make a certificate for a host: server-NAME.pem and .key.

    Example: taptill host ca server 127.0.0.1
    """
    from host_tools.acquirer import tls

    with in_a_sentence(tls.TlsError):
        typer.echo(tls.make_server(folder, name, days))


@ca.command()
def terminal(
    serial: Annotated[str, typer.Argument(help="The terminal's serial number.")],
    folder: _Folder = _CA_FOLDER,
    days: _Days = 825,
) -> None:
    """Make a certificate for a terminal: terminal-SERIAL.pem and .key.

    Example: taptill host ca terminal TT000001
    """
    from host_tools.acquirer import tls

    with in_a_sentence(tls.TlsError):
        typer.echo(tls.make_terminal(folder, serial, days))


# -- the database --------------------------------------------------------------

db = typer.Typer(
    help="Look after the ledger's database: SQLite or PostgreSQL by URL. Opening a ledger brings "
    "it up to date by itself.",
    no_args_is_help=True,
)
host.add_typer(db, name="db")
_Url = Annotated[
    str, typer.Argument(metavar="URL", help="sqlite:///FILE or postgresql://USER@HOST/DB.")
]


@contextmanager
def engine_of(url: str, new: bool = False) -> Iterator[Any]:
    """The engine of a URL; a file of SQLite is made only if it may be ``new``."""
    from sqlalchemy.exc import ArgumentError, SQLAlchemyError

    from host_tools.acquirer.ledger import make_engine
    from host_tools.acquirer.migrations import SchemaError
    from host_tools.cli_acquirer import database_reason

    try:
        engine = make_engine(url)
    except (ArgumentError, ImportError):
        raise typer.BadParameter("URL is no database URL that can be used here") from None
    file = engine.url.database
    with in_a_sentence(SchemaError):
        try:
            if engine.dialect.name == "sqlite" and not new and not (file and Path(file).exists()):
                fail(f"{file}: there is no such database")
            yield engine
        except SQLAlchemyError as error:
            fail(f"the database cannot be used: {database_reason(error)}")
        finally:
            engine.dispose()


@db.command()
def upgrade(url: _Url) -> None:
    """Bring an empty or older database up to date.

    Example: taptill host db upgrade sqlite:///build/acquirer/ledger.db
    """
    from host_tools.acquirer import migrations

    with engine_of(url, new=True) as engine:
        before = migrations.upgrade(engine)
        now = migrations.head()
    typer.echo(f"schema {now}" + ("" if before == now else f", was {before or 'empty'}"))


@db.command()
def current(url: _Url) -> None:
    """Say which schema a database has, and which one this program makes of it.

    Example: taptill host db current sqlite:///build/acquirer/ledger.db
    """
    from host_tools.acquirer import migrations

    with engine_of(url) as engine:
        found = migrations.current(engine)
    typer.echo(f"schema {found or 'empty'}, this program has {migrations.head()}")


@db.command()
def check(url: _Url) -> None:
    """Compare the tables of a database with those of this program; exit code 1 if they differ.

    Example: taptill host db check sqlite:///build/acquirer/ledger.db
    """
    from host_tools.acquirer import migrations

    with engine_of(url) as engine:
        found = migrations.differences(engine)
    if found:
        typer.echo("\n".join(found))
        raise typer.Exit(1)
    typer.echo("the tables are those of this program")


@db.command()
def revision(
    message: Annotated[str, typer.Argument(help="What has changed, a few words.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Make the newest, not yet released one anew.")
    ] = False,
) -> None:
    """Write the migration that leads from the newest schema to models.py as it is.

    For who changes the tables. Example: taptill host db revision "Batches and holds"
    """
    from host_tools.acquirer import migrations

    with in_a_sentence(migrations.SchemaError):
        made = migrations.make_revision(message, replace)
    typer.echo(made or "models.py is the newest schema already")


@host.command()
def bench(
    terminals: Annotated[int, typer.Option(min=1, max=500, help="How many at once.")] = 50,
    sales: Annotated[int, typer.Option(min=1, help="How many sales each.")] = 40,
    url: Annotated[
        str, typer.Option("--db", help="URL of the ledger.", show_default="a SQLite file")
    ] = "",
    as_json: Json = False,
) -> None:
    """Measure how many sales a second the acquiring host takes.

    Starts a host on a database of its own, with terminals that sell at the same time, and compares
    its ledger with the answers. Exit code 1 when a sale failed, got lost or is booked wrongly.

    Example: taptill host bench --terminals 50 --sales 40
    """
    from host_tools.acquirer.keystore import KeyStoreError
    from host_tools.host_client import bench as load
    from host_tools.host_client.session import NoAnswer

    with in_a_sentence(load.BenchError, KeyStoreError, NoAnswer):
        figures = load.measure(terminals, sales, url)
    if as_json:
        typer.echo(json.dumps(dict(figures.rows()), indent=2))
    else:
        typer.echo("\n".join(f"{name:16}{value}" for name, value in figures.rows()))
    if figures.failed or figures.lost or figures.wrong:
        raise typer.Exit(1)
