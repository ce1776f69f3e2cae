"""A MicroPython image as its build makes it: what is in it, and whether it suits a board.

Such a file has boot loader, partition table and application at their places, from the boot loader
on. Nothing here touches a port.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from esp_idf_defs import ChipId, ImageMetadata
from esp_idf_defs.partitions import InputError, PartitionTable

from host_tools.boards import Board

LOADER_AT = {"esp32": 0x1000, "esp32s3": 0}
TABLE_AT = 0x8000
TABLE_SIZE = 0xC00
OLDEST = (1, 28)  # what the virtual board runs and the tests have seen
CHIPS = {"esp32": "ESP32", "esp32s3": "ESP32-S3"}
PRODUCTION, DEVELOPMENT = "production", "development"
# Names of frozen modules, as MicroPython lists them: of the terminal, of what manifest_dev.py adds
_TERMINAL, _REPL = b"pos/terminal.py\0", b"aiorepl.py\0"
_BANNER = re.compile(rb"MicroPython (v?(\d+)\.(\d+)[^ \0]*) on \d{4}-\d\d-\d\d")


class ImageError(Exception):
    """The file is not what is wanted; the text says why, in a sentence."""


@dataclass(frozen=True)
class MicroPythonImage:
    """An image: for which ``chip``, of which ``version``, and its two pieces of code."""

    path: Path
    sha256: str
    size: int
    chip: str
    version: str
    number: tuple[int, int]
    flash_size: int
    loader: bytes
    app: bytes

    @property
    def terminal(self) -> str:
        """Which kind of terminal is frozen into it: PRODUCTION, DEVELOPMENT, "" for none."""
        if _TERMINAL not in self.app:
            return ""
        return DEVELOPMENT if _REPL in self.app else PRODUCTION


def read_image(path: Path) -> MicroPythonImage:
    """Read and check a file. Raises ImageError, and OSError when it cannot be read."""
    data = path.read_bytes()
    if data[:1] != b"\xe9":
        raise ImageError(f"{path} is no image for an ESP32: it begins with {data[:4].hex()!r}")
    head, chip = _metadata(path, "boot loader", data)
    if chip not in LOADER_AT:
        raise ImageError(f"{path} is for an {chip.upper()}, which no board has")
    base = LOADER_AT[chip]
    table = data[TABLE_AT - base : TABLE_AT - base + TABLE_SIZE]
    try:
        rows = [row for row in PartitionTable.from_binary(table) if row.type == 0]
    except (InputError, UnicodeDecodeError):
        rows = []
    if not rows:
        raise ImageError(
            f"{path} has no partition table: it is an application alone, or was cut off. Take "
            "the whole image (firmware.bin of the build, the .bin of a download)"
        )
    start = min(row.offset for row in rows) - base
    app = data[start : start + max(row.size for row in rows)]
    if _metadata(path, "application", app)[1] != chip:
        raise ImageError(f"{path} has boot loader and application for different chips")
    found = _BANNER.search(app)
    if not found:
        raise ImageError(f"{path} is an image for an {CHIPS[chip]}, but not of MicroPython")
    return MicroPythonImage(
        path=path,
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        chip=chip,
        version=found[1].decode("ascii", "replace"),
        number=(int(found[2]), int(found[3])),
        flash_size=1 << 20 + (head.header.spi_size or 0),
        loader=data[: TABLE_AT - base].rstrip(b"\xff"),
        app=app,
    )


def _metadata(path: Path, what: str, data: bytes) -> tuple[ImageMetadata, str]:
    """What its headers say, its checksums being right, and the chip it is for."""
    try:
        found = ImageMetadata.from_bytes(data)
        return found, ChipId(found.header.chip_id).chip_name
    except Exception as error:  # the library says it with many kinds
        raise ImageError(f"{path} is damaged or cut off: {what}: {error}") from None


def check_for(
    image: MicroPythonImage, board: Board, any_version: bool = False, production: bool = False
) -> None:
    """Whether the image can go onto ``board``, for ``production`` if so. Raises ImageError."""
    if image.chip != board.chip:
        raise ImageError(
            f"{image.path} is for an {CHIPS[image.chip]}, and {board.name} has an "
            f"{CHIPS[board.chip]}"
        )
    if image.number < OLDEST and not any_version:
        raise ImageError(
            f"{image.path} is MicroPython {image.version}; the terminal needs "
            f"{OLDEST[0]}.{OLDEST[1]} or newer (--any-version writes it all the same)"
        )
    if image.flash_size > board.flash_size:
        raise ImageError(
            f"{image.path} wants {image.flash_size >> 20} MiB of flash, and {board.name} has "
            f"{board.flash_size >> 20} MiB"
        )
    apart = any(part.name == "romfs" for part in board.partitions)  # the terminal is written there
    if image.terminal != PRODUCTION and production and not apart:
        what = "is a development image" if image.terminal else "has no terminal frozen into it"
        raise ImageError(
            f"{image.path} {what}: taptill build --production --board {board.name} says how to "
            "make one for production"
        )
    slot = first_slot(board).size
    if len(image.app) > slot:
        raise ImageError(
            f"{image.path} does not fit: its application has {len(image.app):,} bytes and a slot "
            f"of {board.name} has {slot:,}"
        )


def in_words(image: MicroPythonImage) -> str:
    """What of the terminal is in it, for people."""
    return (
        f"terminal for {image.terminal} frozen in" if image.terminal else "no terminal frozen in"
    )


def first_slot(board: Board):
    """The partition that the application goes to. Raises ImageError."""
    slots = [part for part in board.partitions if part.type == "app"]
    if not slots:
        raise ImageError(f"{board.name} has no partition for an application")
    return min(slots, key=lambda part: part.offset)
