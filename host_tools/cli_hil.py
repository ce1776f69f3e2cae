"""The command ``taptill hil``."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from host_tools.cli_emv import fail, in_a_sentence

if TYPE_CHECKING:
    from host_tools.acquirer.ledger import Ledger
    from host_tools.hil.watch import Watch

_SMALL = 100_000  # bytes that nobody has to wait for


_Port = Annotated[
    str,
    typer.Option(
        help="Device or URL of pyserial: /dev/ttyUSB0, rfc2217://host:port, socket://...",
        show_default="a bare MicroPython process on this machine",
    ),
]
_Baudrate = Annotated[
    int | None,
    typer.Option(
        min=9600, help="Of the line.", show_default="115200; the process as fast as it can"
    ),
]
# These are of a full board
_Board = Annotated[str, typer.Option(help="With --operator: which one, a directory of boards/.")]
_Key = Annotated[
    Path | None,
    typer.Option(help="With --operator: the console key of a production image.", exists=True),
]
_Database = Annotated[
    str,
    typer.Option(
        help="With --operator and --port: URL of the ledger of its host, to compare with.",
        show_default="not compared",
    ),
]


def hil(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SCENARIO]...", help="Of tests/vectors/scenarios; all of them."),
    ] = None,
    port: _Port = "",
    baudrate: _Baudrate = None,
    operator: Annotated[
        bool,
        typer.Option("--operator", help="A full board: prompts say what to press, tap, look at."),
    ] = False,
    board: _Board = "esp32s3_n16r8",
    key: _Key = None,
    database: _Database = "",
    measure: Annotated[
        bool, typer.Option("--measure", help="Measure the line instead, and stop.")
    ] = False,
) -> None:
    """Run the terminal on a bare board: its chips are here, its buses come over the serial line.

    The board needs MicroPython 1.25 or newer with a REPL at the port, and about 4 MB of heap
    (PSRAM). Firmware and the virtual board's own modules are put into its file system; what is
    there already is not sent again. What failed has its pictures in build/failures.

    With --operator the board is a terminal with chips of its own: a person presses, taps and looks
    as prompts say; with --port its console tells what the display shows while nobody is in the
    midst of a sale, and its journal, which is compared with the ledger of --database.
    """
    from host_tools.build.image import BuildError
    from host_tools.device.scenario import ScenarioError
    from host_tools.hil import measure as meter
    from host_tools.hil import run
    from host_tools.hil.repl import HilError
    from host_tools.hil.session import BareSession
    from host_tools.ports import BAUDRATE

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        files = run.chosen(names or [])
    except ScenarioError as error:
        raise typer.BadParameter(str(error)) from None
    if operator:
        with _watched(port, baudrate or BAUDRATE, key) as watch, _books(database) as ledger:
            _with_operator(files, board, watch, ledger)
        return
    with in_a_sentence(BuildError, HilError, ScenarioError):
        with _port(port, baudrate or 0) as url:
            if measure:
                for line in meter.measure(url, baudrate or BAUDRATE):
                    typer.echo(line)
                return
            with BareSession(url, baudrate or BAUDRATE, _progress) as session:
                start = time.monotonic()
                tally = run.tell(run.play(session, files), len(files), typer.echo)
                counts = session.counts
    minutes, seconds = divmod(int(time.monotonic() - start), 60)
    typer.echo(
        f"{tally}, {minutes}:{seconds:02} minutes; "
        f"{counts.bytes_sent + counts.bytes_received:,} bytes over the line in "
        f"{counts.sent + counts.received:,} segments, {counts.again} of them sent again, "
        f"{counts.damaged} damaged"
    )
    if tally.failed:
        fail(f"failed: {', '.join(tally.failed)}")


def _with_operator(
    files: list[Path], board: str, watch: "Watch | None", ledger: "Ledger | None"
) -> None:
    from host_tools.boards import BoardError
    from host_tools.build.image import BUILD, BuildError, build_firmware
    from host_tools.console.wire import ConsoleError
    from host_tools.device.scenario import ScenarioError
    from host_tools.device.screen_fonts import load_fonts
    from host_tools.hil import full, run
    from host_tools.hil.operator import OperatorDevice

    def ask(line: str) -> bool:
        said = typer.prompt(f"{line}  [Enter: done, n: it is not so]", "", show_default=False)
        return not said.strip().lower().startswith("n")

    with in_a_sentence(BoardError, BuildError, ConsoleError, ScenarioError):
        if watch:
            build_firmware(board)
            fonts = load_fonts(BUILD / board / "fonts" / "fonts")
            device = OperatorDevice(ask, watch.picture, fonts)
        else:
            device = OperatorDevice(ask)
        results = full.play_all(files, device, watch, ledger)
        tally = run.tell(results, len(files), typer.echo)
    compared = watch and ledger
    typer.echo(f"{tally}; journal and ledger were {'' if compared else 'not '}compared")
    if tally.failed:
        fail(f"failed: {', '.join(tally.failed)}")


@contextmanager
def _watched(port: str, baudrate: int, key: Path | None) -> Iterator["Watch | None"]:
    from host_tools.device.console_key import KeyFileError, read_key
    from host_tools.hil.watch import Watch
    from host_tools.ports import PortError

    if not port:
        yield None
        return
    with in_a_sentence(KeyFileError, PortError):
        watch = Watch(port, baudrate, read_key(key) if key else None)
    with watch:
        yield watch


@contextmanager
def _books(url: str) -> Iterator["Ledger | None"]:
    """The ledger of a host, which has to be there."""
    from host_tools.acquirer.app import open_ledger
    from host_tools.acquirer.keystore import KeyStoreError
    from host_tools.cli_host import engine_of

    if not url:
        yield None
        return
    with engine_of(url):
        pass  # says in a sentence why it cannot be used
    with in_a_sentence(KeyStoreError):
        ledger = open_ledger(url)
    try:
        yield ledger
    finally:
        ledger.close()


@contextmanager
def _port(port: str, baudrate: int) -> Iterator[str]:
    """The port that was named, or that of a bare process."""
    if port:
        yield port
        return
    from host_tools.build.image import BUILD
    from host_tools.hil.bare import BareBoard

    folder = BUILD / "bare"
    folder.mkdir(parents=True, exist_ok=True)
    with BareBoard(folder, baudrate=baudrate) as board:
        yield board.port


def _progress(name: str, done: int, whole: int) -> None:
    if whole < _SMALL:
        return
    if done == whole or done * 10 // whole != (done - 1024) * 10 // whole:
        typer.echo(f"  {name}: {done:,} of {whole:,} bytes", err=True)
