"""A virtual board that remembers: its flash and NVS are files, kept from one start to the next."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from host_tools.build.image import BUILD, build_firmware
from host_tools.device.console_key import read_or_make
from host_tools.device.provision import Identity
from host_tools.device.virtual import console_path, provisioned_flash
from host_tools.vboard.board import FLASH_SIZE, VirtualBoard
from host_tools.vboard.chips.flash import Flash
from host_tools.vboard.mcu import HEAP

FLASH_FILE = BUILD / "virtual" / "flash.bin"


class BenchError(Exception):
    """The board cannot be set up with these files; the text says why."""


class NvsFile(dict[tuple[str, str], bytes]):
    """What a board keeps in NVS, written to ``path`` as JSON at every change.

    Raises BenchError for a file that is not one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        super().__init__(self._read() if path.exists() else {})

    def _read(self) -> dict[tuple[str, str], bytes]:
        try:
            rows = json.loads(self._path.read_text(encoding="utf-8"))
            return {(space, key): bytes.fromhex(value) for space, key, value in rows}
        except (ValueError, TypeError):
            raise BenchError(f"{self._path} is no NVS file; --fresh starts anew") from None

    def save(self) -> None:
        """Write it; readers see the old content or the new."""
        rows = [[*key, value.hex()] for key, value in self.items()]
        partial = self._path.with_suffix(f".{os.getpid()}.tmp")
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(rows, file)
        partial.replace(self._path)

    def __setitem__(self, key: tuple[str, str], value: bytes) -> None:
        super().__setitem__(key, value)
        self.save()

    def pop(self, *arguments: Any) -> Any:
        """Remove a key and return its value, as a dict does."""
        value = super().pop(*arguments)
        self.save()
        return value


@contextmanager
def kept_board(
    flash_file: Path = FLASH_FILE,
    *,
    fresh: bool = False,
    identity: Identity | None = None,
    routes: dict[str, tuple[str, int]] | None = None,
    rfc2217: int | None = None,
    heap: str = HEAP,
    production: bool = False,
) -> Iterator[VirtualBoard]:
    """A running board on ``flash_file``, with its NVS beside it (``.nvs``); power off at the end.

    Files that are not there (or with ``fresh``) are made anew: provisioned with ``identity``, or
    erased without one. Host names in ``routes`` lead to real addresses. The console is linked at
    ``console_path()``. With ``rfc2217`` the board serves that TCP port and boots what is in the
    rest of its flash (``.chip``), of which a board without identity has nothing. ``production``:
    it runs an image of that kind, and an identity that is new has a console key, kept in
    `console_key_file`. Raises BenchError when another board has the files.
    """
    flash_file.parent.mkdir(parents=True, exist_ok=True)
    nvs_file = flash_file.with_suffix(".nvs")
    with _locked(flash_file):
        chip_file, key_file = flash_file.with_suffix(".chip"), console_key_file(flash_file)
        if fresh or not (flash_file.exists() and nvs_file.exists()):
            key_file.unlink(missing_ok=True)
            if identity and production:
                identity = replace(identity, console_key=read_or_make(key_file))
            _make(flash_file, nvs_file, identity)
            chip_file.unlink(missing_ok=True)
        if production and rfc2217 is not None and chip_file.exists():
            raise BenchError(
                "with --rfc2217 the board boots what is in its flash: write a production image "
                "there with taptill flash --production, or start anew with --fresh"
            )
        try:
            flash = Flash(FLASH_SIZE, flash_file)
        except ValueError as error:
            raise BenchError(f"{error}; --fresh starts anew") from None
        try:
            with VirtualBoard(
                rom=build_firmware(production=production),
                flash=flash,
                nvs=NvsFile(nvs_file),
                heap=heap,
            ) as board:
                board.call(board.radio.routes.update, routes or {})
                board.call(board.console.symlink, console_path())
                blank = identity is None
                with _serial_side(board, rfc2217, chip_file, blank, production):
                    board.power_on()
                    yield board
                    board.power_off()
        finally:
            flash.close()


@contextmanager
def _serial_side(
    board: VirtualBoard, port: int | None, chip_file: Path, blank: bool, production: bool
) -> Iterator[None]:
    if port is None:
        yield
        return
    from host_tools.vboard.serial.side import SerialSide

    try:
        side = SerialSide(board, port, blank=blank, path=chip_file, production=production)
    except OSError as error:
        raise BenchError(f"port {port} cannot be served: {error.strerror}") from None
    try:
        yield
    finally:
        side.close()


@contextmanager
def _locked(flash_file: Path) -> Iterator[None]:
    with flash_file.with_suffix(".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BenchError(f"another virtual board runs on {flash_file}") from None
        yield


def _make(flash_file: Path, nvs_file: Path, identity: Identity | None) -> None:
    content, nvs = (b"\xff" * FLASH_SIZE, {}) if identity is None else provisioned_flash(identity)
    flash_file.write_bytes(content)
    kept = NvsFile(nvs_file.with_name(nvs_file.name + ".new"))
    kept.clear()
    kept.update(nvs)
    kept.save()
    nvs_file.with_name(nvs_file.name + ".new").replace(nvs_file)


def console_key_file(flash_file: Path) -> Path:
    """Where the console key of a board that was made for production is kept."""
    return flash_file.with_suffix(".key")


def stand_in_file() -> Path:
    """An image for ``taptill flash --board virtual``, in build/virtual; made anew."""
    from host_tools import boards
    from host_tools.vboard.serial.side import IMAGE, stand_in_image

    IMAGE.write_bytes(stand_in_image(boards.load("virtual")))
    return IMAGE
