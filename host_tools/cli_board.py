"""The command ``taptill board``; what build and board have in common.

Imports are inside the commands, as in ``cli.py``.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from host_tools.cli_emv import in_a_sentence
from host_tools.cli_provision import TERMINALS_HOST

Production = Annotated[
    bool,
    typer.Option(
        "--production", help="Without REPL; its console wants proof. Else one for development."
    ),
]


def board(
    port: Annotated[
        int,
        typer.Option(
            min=1, max=65535, help=f"Port here that the board finds as {TERMINALS_HOST}."
        ),
    ] = 8583,
    flash: Annotated[
        Path | None,
        typer.Option(help="The board's flash.", show_default="build/virtual/flash.bin"),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget what the flash holds.")] = False,
    blank: Annotated[
        bool,
        typer.Option("--blank", help="A new flash is left empty, without identity and keys."),
    ] = False,
    rfc2217: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=65535,
            help="Serve rfc2217://127.0.0.1:PORT too, with DTR, RTS and boot loader, and boot "
            "what is in the flash.",
            show_default="no such port; boot what was built last",
        ),
    ] = None,
    psram: Annotated[
        bool,
        typer.Option("--psram", help="With 8 MiB of heap, as a board with PSRAM; for deploy."),
    ] = False,
    production: Production = False,
) -> None:
    """Start a virtual board and keep it running until Ctrl-C.

    Its flash is kept from one start to the next. Its serial console is linked at
    build/virtual/tty; mpremote attaches to it as to any board. Start "taptill acquirer" in another
    terminal for it to talk to. With --rfc2217 esptool and "taptill flash" reach it as well;
    --fresh --blank is then a module on which nothing was ever written. With --production a new
    flash gets a console key, which is kept beside it.
    """
    from host_tools.build.image import BuildError
    from host_tools.device import bench
    from host_tools.device.provision import Identity, ProvisionError

    identity = None if blank else Identity(host=TERMINALS_HOST, port=port)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    file = flash or bench.FLASH_FILE
    with in_a_sentence(BuildError, ProvisionError, bench.BenchError):
        routes = {TERMINALS_HOST: ("127.0.0.1", port)}
        more = {"heap": "8192k"} if psram else {}
        with bench.kept_board(
            file,
            fresh=fresh,
            identity=identity,
            routes=routes,
            rfc2217=rfc2217,
            production=production,
            **more,
        ):
            for line in _lines(file, port, rfc2217, production):
                typer.echo(line)
            with suppress(KeyboardInterrupt):
                threading.Event().wait()
        typer.echo("The virtual board is off.")


def _lines(file: Path, port: int, rfc2217: int | None, production: bool) -> Iterator[str]:
    """How to reach the board that runs."""
    from host_tools.device import bench

    yield f"The virtual board runs; its flash is {os.path.relpath(file)}."
    key = bench.console_key_file(file)
    if production:
        named = os.path.relpath(key) if key.exists() else "FILE"
        yield f"Console:  .venv/bin/taptill console --key {named}"
    else:
        tty = os.path.relpath(bench.console_path())
        yield f"Console:  .venv/bin/mpremote connect {tty} repl"
    yield f"It finds {TERMINALS_HOST} at 127.0.0.1:{port}. Ctrl-C stops it."
    if rfc2217 is not None:
        image = os.path.relpath(bench.stand_in_file())
        yield f"Port:     rfc2217://127.0.0.1:{rfc2217}; an image for it: {image}"
