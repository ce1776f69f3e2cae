"""The commands ``flash`` and ``deploy``: from a clone to a board that runs the terminal.

Imports are inside the commands, as in ``cli.py``.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

_Board = Annotated[str, typer.Option(help="A directory of boards/.")]
_Port = Annotated[
    str | None,
    typer.Option(
        help="/dev/ttyUSB0, rfc2217://HOST:PORT, ...",
        show_default="the one with a USB device of the board; asks when there are two",
    ),
]
_Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]


def flash(
    image: Annotated[Path, typer.Option(help="MicroPython as built for the board, a .bin file.")],
    board: _Board = "esp32s3_n16r8",
    port: _Port = None,
    erase: Annotated[
        bool, typer.Option("--erase", help="Forget keys (NVS) and files; else they are kept.")
    ] = False,
    any_version: Annotated[
        bool, typer.Option("--any-version", help="Also a MicroPython that is too old.")
    ] = False,
    production: Annotated[
        bool,
        typer.Option(
            "--production",
            help="A terminal without REPL, whose console wants proof; no image with another.",
        ),
    ] = False,
    as_json: _Json = False,
) -> None:
    """Write MicroPython, partition table and terminal to a board, and verify them.

    Refuses an image or a chip that is not the board's before anything is written. Interrupted in
    the middle, the same command again puts it right.
    """
    with _told(as_json):
        from host_tools import boards
        from host_tools.flash import image as images
        from host_tools.flash import writing

        known = boards.load(board)
        read = images.read_image(image)
        images.check_for(read, known, any_version, production)
        plan = writing.plan(known, read, erase, production)
        say = _speaker(as_json)
        say(f"Image    {image.name}: MicroPython {read.version}, {images.CHIPS[read.chip]}")
        say(f"         {images.in_words(read)}")
        say(f"         {read.size:,} bytes, sha256 {read.sha256}")
        url = _url(port, known.usb)
        say(f"Port     {url}")
        chip = writing.examine(url, known)
        say(f"Chip     {writing.in_words(chip)}")
        with _progress(as_json) as shown:
            writing.write(
                url, known, plan, erase, lambda piece, percent: shown(piece.title, percent, 100)
            )
        for piece in plan.pieces:
            say(f"Written  {piece.offset:#010x} {len(piece.data):9,} bytes  {piece.title}")
        say("Verified by the chip, piece by piece; it restarts.")
        say(f"Kept     {', '.join(plan.kept) or 'nothing'}")
        if as_json:
            _print(
                board=board,
                port=url,
                image={
                    "version": read.version,
                    "size": read.size,
                    "sha256": read.sha256,
                    "terminal": read.terminal,
                },
                chip=vars(chip),
                written=[
                    {"title": p.title, "offset": p.offset, "size": len(p.data)}
                    for p in plan.pieces
                ],
                kept=plan.kept,
            )


def deploy(board: _Board = "esp32s3_n16r8", port: _Port = None, as_json: _Json = False) -> None:
    """Bring a development board's files up to date: only what has changed, verified; restart it.

    For boards with PSRAM whose MicroPython has its REPL. The cable pulled in the middle leaves
    what was there before.
    """
    with _told(as_json):
        from host_tools import boards
        from host_tools.flash import deploy as deploying

        known = boards.load(board)
        files = deploying.files_for(board)
        url = _url(port, known.usb)
        say = _speaker(as_json)
        say(f"Port     {url}")
        with _progress(as_json) as shown:
            done = deploying.deploy(url, files, lambda *sent: shown("Sending", *sent))
        for path in done.sent:
            say(f"Sent     {len(files[path]):9,} bytes  {path}")
        for path in done.removed:
            say(f"Removed  {path}")
        count = len(done.sent) + done.same
        say(f"{len(done.sent)} of {count} files sent, {done.size:,} bytes; all verified.")
        if as_json:
            _print(
                board=board,
                port=url,
                sent=done.sent,
                removed=done.removed,
                same=done.same,
                size=done.size,
            )


def _url(port: str | None, usb: tuple[tuple[int, int], ...]) -> str:
    from host_tools import ports

    if not port and not usb:
        raise ports.PortError(
            "this board has no USB port to be found by: start taptill board --rfc2217 4000 and "
            "name it, --port rfc2217://127.0.0.1:4000"
        )
    return port or ports.choose(usb, ports.ask_which)


def _print(**facts: Any) -> None:
    typer.echo(json.dumps(facts))


def _speaker(as_json: bool) -> Callable[[str], None]:
    return (lambda line: None) if as_json else typer.echo


@contextmanager
def _told(as_json: bool) -> Iterator[None]:
    """What can be expected to go wrong, in a sentence (or as JSON), and exit with 1."""
    from host_tools.boards import BoardError
    from host_tools.build.image import BuildError
    from host_tools.flash.esptool import FlashError
    from host_tools.flash.image import ImageError
    from host_tools.ports import PortError

    def fail(sentence: object) -> NoReturn:
        if as_json:
            _print(error=str(sentence))
        typer.echo(f"taptill: {sentence}", err=True)
        raise typer.Exit(1)

    try:
        yield
    except (BuildError, FlashError, ImageError, PortError) as error:
        fail(error)
    except BoardError as error:
        raise typer.BadParameter(str(error)) from None
    except KeyboardInterrupt:
        fail("interrupted: run the same command again")
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        fail(f"{where}{error.strerror or error}")


@contextmanager
def _progress(as_json: bool) -> Iterator[Callable[[str, float, float], None]]:
    """A bar for each title at a terminal, nothing elsewhere."""
    if as_json or not sys.stderr.isatty():
        yield lambda title, done, size: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, Any] = {}

        def show(title: str, done: float, size: float) -> None:
            if title not in tasks:
                tasks[title] = bars.add_task(title, total=size)
            bars.update(tasks[title], completed=done, total=size)

        yield show
