"""The command ``taptill labgrid``."""

import signal
import threading
from contextlib import suppress
from typing import Annotated

import typer

from host_tools.cli_emv import in_a_sentence


def labgrid(
    boards: Annotated[int, typer.Option(min=1, max=16, help="How many virtual boards.")] = 2,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Of the coordinator; 0: any that is free.")
    ] = 20408,
) -> None:
    """Serve a farm of virtual boards by labgrid on this machine, until Ctrl-C.

    A coordinator, an exporter, and virtual boards as places virtual-1, virtual-2, ... with the tag
    board=virtual. labgrid has an environment of its own: "make labgrid" makes it. Nothing of it
    needs root, ser2net or microcom.
    """
    from host_tools.build.image import BuildError
    from host_tools.device.provision import ProvisionError
    from host_tools.labgrid import local
    from host_tools.labgrid.farm import LabgridError

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with in_a_sentence(LabgridError, BuildError, ProvisionError):
        with suppress(KeyboardInterrupt), local.farm(boards, port) as (address, places):
            typer.echo(
                f"The coordinator is at {address}; places: {', '.join(places)}.\n"
                f"export LG_COORDINATOR={address}\n"
                f"taptill replay tests/vectors/golden.yaml --port labgrid:{places[0]}\n"
                f"Ctrl-C stops it."
            )
            threading.Event().wait()
    typer.echo("The farm is gone.")
