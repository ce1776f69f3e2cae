"""The command ``taptill labgrid``."""

import signal
import threading
from contextlib import suppress
from typing import Annotated

import typer

from host_tools.cli_emv import in_a_sentence


def labgrid(
    boards: Annotated[int, typer.Option(min=0, max=16, help="How many virtual boards.")] = 1,
    bare: Annotated[int, typer.Option(min=0, max=16, help="How many bare boards.")] = 1,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Of the coordinator; 0: any that is free.")
    ] = 20408,
) -> None:
    """Serve a farm of boards by labgrid on this machine, until Ctrl-C.

    A coordinator, an exporter, and boards as places: virtual-1, ... run the terminal, bare-1, ...
    have nothing but MicroPython and run the tests. The tag "board" says which they are. labgrid
    has an environment of its own, which "make labgrid" makes. Nothing needs root, ser2net or
    microcom.
    """
    from host_tools.build.image import BuildError
    from host_tools.device.provision import ProvisionError
    from host_tools.labgrid import local
    from host_tools.labgrid.farm import LabgridError

    if not boards + bare:
        raise typer.BadParameter("a farm has at least one board")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with in_a_sentence(LabgridError, BuildError, ProvisionError):
        with suppress(KeyboardInterrupt), local.farm(boards, bare, port) as (address, places):
            typer.echo(f"The coordinator is at {address}; places: {', '.join(places)}.")
            typer.echo(f"export LG_COORDINATOR={address}")
            typer.echo("Ctrl-C stops it.")
            threading.Event().wait()
    typer.echo("The farm is gone.")
