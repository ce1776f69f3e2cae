"""The command ``taptill sim``."""

import errno
import webbrowser
from contextlib import suppress
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
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
) -> None:
    """Show the terminal in the browser until Ctrl-C.

    A virtual board and an acquiring host, both fresh and in memory. The page has display, keys,
    paper, a wallet of test cards, switches for what can go wrong, and the live conversation.
    """
    import signal

    from host_tools.build.image import BuildError
    from host_tools.device.provision import ProvisionError
    from host_tools.panel import run
    from host_tools.panel.world import LOGIN, World

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # until the server has its own
    with in_a_sentence(BuildError, ProvisionError), suppress(KeyboardInterrupt):
        try:
            sock = run.bound(host, port)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                fail(f"port {port} of {host} is taken: choose another with --port, 0 for any")
            fail(f"cannot listen at {host}: {error.strerror}")
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

        with World() as world:
            run.run(world, sock, host, ready)
    typer.echo("The terminal is off.")
