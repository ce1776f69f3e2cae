"""The boards that TapTill knows: what the directories under ``boards/`` say of them.

``board.py`` has the pins, which the firmware reads too; ``partitions.csv`` is the table that
ESP-IDF takes; ``facts.yaml`` has what only the host has to know:

- ``title``: module and board as their maker names them
- ``chip``: esp32 or esp32s3
- ``flash``, ``psram``: size, "8 MiB" or bytes; psram is 0 where there is none
- ``march``: whose machine code the board runs (`mpy-cross -march`); "host" is this computer's
- ``usb``: VID:PID of the serial ports that such a board has, the likeliest first
- ``strapping``: why a pin that the chip reads at reset may be used for something else
"""

import platform
import re
import runpy
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml
from esp_idf_defs.partitions import SUBTYPES, TYPES, InputError, PartitionTable

from host_tools import yaml_text

BOARDS = Path(__file__).resolve().parents[1] / "boards"
_CHIPS = ("esp32", "esp32s3")
_UNITS = {"": 1, "KiB": 1024, "MiB": 1024 * 1024}
_HOST_MARCH = {"x86_64": "x64"}  # for other computers native code is left out


class BoardError(Exception):
    """There is no such board, or its data are wrong; the text says what and where."""


@dataclass(frozen=True)
class Partition:
    """A row of ``partitions.csv``; offset and size in bytes."""

    name: str
    type: str
    subtype: str
    offset: int
    size: int


@dataclass(frozen=True)
class Board:
    """A board. ``wires`` has the constants of its ``board.py``; sizes are in bytes."""

    name: str
    directory: Path
    title: str
    chip: str
    flash_size: int
    psram_size: int
    march: str
    wires: SimpleNamespace
    partitions: tuple[Partition, ...]
    usb: tuple[tuple[int, int], ...]
    strapping: dict[int, str]

    def partition(self, name: str) -> Partition:
        """The partition called ``name``. Raises BoardError."""
        for partition in self.partitions:
            if partition.name == name:
                return partition
        raise BoardError(f"{self.directory / 'partitions.csv'}: no partition {name!r}")


def names() -> list[str]:
    """The names of all boards, in alphabetical order."""
    return sorted(path.parent.name for path in BOARDS.glob("*/board.py"))


def load(name: str) -> Board:
    """Read a board's data. Raises BoardError."""
    directory = BOARDS / name
    if name not in names():
        raise BoardError(f"there is no board {name!r}; there is {', '.join(names())}")
    facts = _facts(directory / "facts.yaml")
    try:
        march = facts["march"]
        board = Board(
            name=name,
            directory=directory,
            title=facts["title"],
            chip=facts["chip"],
            flash_size=_size(facts["flash"]),
            psram_size=_size(facts["psram"]),
            march=_HOST_MARCH.get(platform.machine(), "") if march == "host" else march,
            wires=_wires(directory / "board.py"),
            partitions=_partitions(directory / "partitions.csv", _size(facts["flash"])),
            usb=tuple(_usb(text) for text in facts["usb"]),
            strapping=facts.get("strapping", {}),
        )
    except KeyError as error:
        raise BoardError(f"{directory / 'facts.yaml'}: no {error}") from None
    except ValueError as error:
        raise BoardError(f"{directory / 'facts.yaml'}: {error}") from None
    if board.chip not in _CHIPS:
        raise BoardError(f"{directory / 'facts.yaml'}: chip is {' or '.join(_CHIPS)}")
    return board


def _facts(path: Path) -> dict[str, Any]:
    try:
        facts = yaml_text.load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BoardError(f"{path}: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise BoardError(f"{path} is no YAML: {' '.join(str(error).split())}") from None
    if not isinstance(facts, dict):
        raise BoardError(f"{path}: a key and a value in each line are expected")
    return facts


def _wires(path: Path) -> SimpleNamespace:
    try:
        constants = runpy.run_path(str(path))
    except (SyntaxError, NameError) as error:
        raise BoardError(f"{path}: {error}") from None
    return SimpleNamespace(**{k: v for k, v in constants.items() if not k.startswith("_")})


def _size(value: int | str) -> int:
    found = re.fullmatch(r"(\d+) ?(KiB|MiB|)", str(value))
    if not found:
        raise ValueError(f"{value!r} is no size; 8 MiB is one")
    return int(found[1]) * _UNITS[found[2]]


def _usb(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([0-9A-F]{4}):([0-9A-F]{4})", text)
    if not found:
        raise ValueError(f"{text!r} is no VID:PID of four hexadecimal digits each")
    return int(found[1], 16), int(found[2], 16)


def _partitions(path: Path, flash_size: int) -> tuple[Partition, ...]:
    try:
        table = partition_table(path)
        table.verify()
        table.verify_size_fits(flash_size)
    except InputError as error:
        raise BoardError(f"{path}: {error}") from None
    types = {number: name for name, number in TYPES.items()}
    return tuple(
        Partition(
            row.name,
            types[row.type],
            next(name for name, number in SUBTYPES[row.type].items() if number == row.subtype),
            row.offset,
            row.size,
        )
        for row in table
    )


def partition_table(path: Path) -> PartitionTable:
    """The table in a ``partitions.csv``; its ``to_binary`` is what lies in flash at 0x8000.

    Raises InputError of esp_idf_defs when it is none.
    """
    return PartitionTable.from_csv(path.read_text(encoding="utf-8"))
