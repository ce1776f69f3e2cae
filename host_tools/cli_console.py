"""The command ``taptill console``: diagnostics over the serial line while the terminal runs."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from host_tools.cli_emv import fail, in_a_sentence


def console(
    command: Annotated[
        list[str] | None,
        typer.Argument(help="One command, such as status; none: a prompt.", show_default=False),
    ] = None,
    port: Annotated[
        str | None,
        typer.Option(
            help="A serial port, or any URL of pyserial.",
            show_default="the running virtual board",
        ),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(help="The terminal's console key, for production images.", exists=True),
    ] = None,
    log: Annotated[Path | None, typer.Option(help="Append all that is shown to a file.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Objects, one a line, for programs.")
    ] = False,
    follow: Annotated[
        bool, typer.Option("--follow", help="After the command go on listening, until Ctrl-C.")
    ] = False,
) -> None:
    """Look inside a terminal over its serial line, while it goes on working.

    At the prompt Tab completes, the arrows go through earlier commands, Ctrl-] leaves; help lists
    the commands. The board is not reset. A port that goes away is waited for. With one COMMAND
    the exit code is 0 when it was carried out and all is well, 1 when not, 2 when there is no such
    command; --json without one reads commands from standard input, one a line.

    Examples: taptill console; taptill console host; taptill console trace all --follow --json
    """
    from host_tools.console import commands, shell
    from host_tools.console.output import Output
    from host_tools.console.wire import ConsoleError, Wire
    from host_tools.device.console_key import KeyFileError, read_key
    from host_tools.ports import PortError

    words = list(command or [])
    try:
        if words:
            commands.parse(" ".join(words))
    except commands.UsageError as error:
        raise typer.BadParameter(str(error)) from None
    with in_a_sentence(ConsoleError, KeyFileError, PortError):
        secret = read_key(key) if key else None
        output = Output(as_json=as_json, stamps=not words or follow, log=log, write=typer.echo)
        with Wire(port or _usual_port(), output.heard) as wire:
            told = wire.prove(secret)
            if words:
                well = shell.one(wire, output, " ".join(words))
                _listen(follow)
                raise typer.Exit(0 if well else 1)
            if as_json or not sys.stdin.isatty():
                _obey_input(wire, output)
                _listen(follow)
                return
            output.lines([f"terminal {told['serial']}; help lists the commands, Ctrl-] leaves"])
            shell.run(wire, output, Path("~/.cache/taptill/console").expanduser())


def _usual_port() -> str:
    from host_tools.device.virtual import console_path

    path = console_path()
    if not path.exists():
        fail("no virtual board is running (taptill board starts one); else say --port")
    return str(path)


def _obey_input(wire, output) -> None:
    from host_tools.console import shell

    well = True
    for line in sys.stdin:
        if line.strip():
            well = shell.one(wire, output, line.strip()) and well
    if not well:
        raise typer.Exit(1)


def _listen(follow: bool) -> None:
    import threading
    from contextlib import suppress

    if follow:
        with suppress(KeyboardInterrupt):
            threading.Event().wait()
