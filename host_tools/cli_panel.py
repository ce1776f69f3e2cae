"""The command ``taptill sim``."""

import errno
import signal
import socket
import webbrowser
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from host_tools.cli_emv import fail, in_a_sentence

DEFAULT_PORT = 8585


def sim(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the page; 0: any that is free.")
    ] = DEFAULT_PORT,
    host: Annotated[
        str, typer.Option(help="Address to listen at. Any but this machine's lets others in.")
    ] = "127.0.0.1",
    language: Annotated[str, typer.Option(help="What the terminal speaks: en or zh.")] = "en",
    log_level: Annotated[
        int, typer.Option(min=0, max=3, help="What the console tells: 0 errors to 3 everything.")
    ] = 2,
    board: Annotated[
        str, typer.Option(help="virtual, or virtual_small with a display of 128x64.")
    ] = "virtual",
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    record: Annotated[
        Path | None,
        typer.Option(help="Record all that is done, for taptill replay.", show_default="no"),
    ] = None,
) -> None:
    """Show the terminal in the browser until Ctrl-C.

    A virtual board and an acquiring host, both fresh and in memory. The page has display, keys,
    paper, a wallet of test cards, switches for what can go wrong, and the live conversation.
    """
    if language not in ("en", "zh"):
        raise typer.BadParameter("the terminal speaks en and zh")
    from host_tools.acquirer.server import bound
    from host_tools.vboard.board import VIRTUAL

    if board not in VIRTUAL:
        raise typer.BadParameter(f"the board is one of {', '.join(VIRTUAL)}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # until the server has its own
    try:
        sock = bound(host, port)
        sock.listen()  # now: what is asked of it before the page is served waits
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            fail(f"port {port} of {host} is taken: choose another with --port, 0 for any")
        fail(f"cannot listen at {host}: {error.strerror}")
    with suppress(KeyboardInterrupt):
        parameters = {"language": language, "log_level": log_level}
        _serve(sock, host, board, parameters, open_page, record)
    typer.echo("The terminal is off.")


def _serve(
    sock: socket.socket,
    host: str,
    board: str,
    parameters: dict[str, str | int],
    open_page: bool,
    record: Path | None,
) -> None:
    """Start board and host, and serve their page until it is stopped."""
    from host_tools.build.image import BuildError
    from host_tools.device.provision import ProvisionError
    from host_tools.panel import run
    from host_tools.panel.world import LOGIN, World

    with in_a_sentence(BuildError, ProvisionError):
        shown = f"[{host}]" if ":" in host else host
        address = f"http://{shown}:{sock.getsockname()[1]}/"

        def ready() -> None:
            typer.echo(
                f"The terminal is at {address}\n"
                f"Operator {LOGIN['operator']}, password {LOGIN['password']} (test data). "
                "Ctrl-C stops it."
            )
            if open_page:
                webbrowser.open(address)

        world = World(board, **parameters)
        recorder = world.record() if record else None
        with world:
            run.run(world, sock, host, ready)
            if recorder and record:
                recorder.trace().write(record)
                typer.echo(f"Recorded: {record}")
