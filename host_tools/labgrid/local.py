"""A farm of boards on this machine: coordinator, exporter, and a place for each board.

The boards serve RFC 2217 themselves, so that the exporter needs neither ser2net nor microcom.
"""

import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import yaml

from host_tools.device.provision import Identity
from host_tools.device.virtual import provisioned_flash
from host_tools.hil.bare import BareBoard
from host_tools.labgrid.bridge import bridge
from host_tools.labgrid.farm import ENVIRONMENT, LabgridError, environment, run
from host_tools.vboard.board import FLASH_SIZE, VirtualBoard
from host_tools.vboard.chips.flash import Flash
from host_tools.vboard.serial.side import SerialSide

_READY_S = 60.0
_EXPORTER = "taptill"


@contextmanager
def farm(virtual: int, bare: int, port: int = 0) -> Iterator[tuple[str, list[str]]]:
    """(address of the coordinator, names of the places) of a farm on this machine.

    ``virtual`` boards have run the terminal's firmware from their flash; ``bare`` ones have
    nothing but MicroPython, and the terminal tests run on them. ``port`` of the coordinator, 0:
    any. All is gone in the end. Raises LabgridError.
    """
    with ExitStack() as stack:
        urls = {
            **{
                f"virtual-{n}": stack.enter_context(virtual_board()) for n in range(1, virtual + 1)
            },
            **{f"bare-{n}": stack.enter_context(bare_board()) for n in range(1, bare + 1)},
        }
        yield stack.enter_context(serving(urls, port)), list(urls)


@contextmanager
def bare_board() -> Iterator[str]:
    """A board with a fresh MicroPython; the URL of its serial port."""
    with tempfile.TemporaryDirectory(prefix="taptill-bare-") as folder:
        with BareBoard(Path(folder)) as board, bridge(board.port) as url:
            yield url


@contextmanager
def virtual_board() -> Iterator[str]:
    """A running virtual board that has been set up; the URL of its serial port."""
    content, nvs = provisioned_flash(Identity())
    flash = Flash(FLASH_SIZE)
    flash.load(content)
    with VirtualBoard(flash=flash, nvs=nvs) as board:
        side = SerialSide(board)
        board.power_on()
        try:
            yield side.url
        finally:
            board.power_off()
            side.close()


@contextmanager
def serving(urls: dict[str, str], port: int = 0) -> Iterator[str]:
    """Coordinator, exporter and a place for each of the serial ports; the coordinator's address.

    A place has the tag ``board``, which is its name up to the hyphen.
    """
    address = f"127.0.0.1:{port or _free_port()}"
    with tempfile.TemporaryDirectory(prefix="taptill-labgrid-") as folder, ExitStack() as stack:
        stack.enter_context(_running(folder, address, "labgrid-coordinator", "--listen", address))
        _wait(lambda: _listens(address), f"the coordinator does not listen at {address}")
        resources = Path(folder) / "resources.yaml"
        ports = {place: _resource(url) for place, url in urls.items()}
        resources.write_text(yaml.safe_dump(ports), encoding="utf-8")
        names = ("--name", _EXPORTER, "--hostname", "127.0.0.1")
        stack.enter_context(_running(folder, address, "labgrid-exporter", *names, str(resources)))
        _wait(lambda: _exported(address, urls), "the exporter does not export the boards")
        for place in urls:
            make = ("labgrid-client", "-p", place)
            run(*make, "create", coordinator=address)
            run(*make, "add-match", f"{_EXPORTER}/{place}/*", coordinator=address)
            run(*make, "set-tags", f"board={place.partition('-')[0]}", coordinator=address)
        yield address


def _resource(url: str) -> dict[str, dict[str, str | int]]:
    """A serial port as the exporter's configuration has it."""
    host, _, port = url.rpartition("//")[2].partition(":")
    return {"NetworkSerialPort": {"host": host, "port": int(port), "protocol": "rfc2217"}}


@contextmanager
def _running(folder: str, address: str, program: str, *arguments: str) -> Iterator[None]:
    path = ENVIRONMENT / "bin" / program
    if not path.exists():
        raise LabgridError("labgrid is not installed: run 'make labgrid' once")
    with (Path(folder) / f"{program}.log").open("w") as log:
        process = subprocess.Popen(
            [str(path), *arguments],
            cwd=folder,
            env=environment(address),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _listens(address: str) -> bool:
    host, _, port = address.partition(":")
    try:
        socket.create_connection((host, int(port)), 1).close()
        return True
    except OSError:
        return False


def _exported(address: str, places: Iterable[str]) -> bool:
    try:
        found = run("labgrid-client", "resources", coordinator=address)
    except LabgridError:
        return False
    return all(f"{_EXPORTER}/{place}/" in found for place in places)


def _wait(ready: Callable[[], bool], otherwise: str) -> None:
    until = time.monotonic() + _READY_S
    while not ready():
        if time.monotonic() > until:
            raise LabgridError(otherwise)
        time.sleep(0.1)  # two programs of others: nothing tells when they are ready


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]
