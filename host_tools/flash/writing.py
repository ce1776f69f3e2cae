"""The command ``flash``, step by step: image, port, chip, what to write, write, verified."""

from collections.abc import Callable
from dataclasses import dataclass

from esp_idf_defs.partitions import PartitionTable

from host_tools import boards, ports
from host_tools.build.image import build_firmware
from host_tools.flash import esptool
from host_tools.flash.esptool import Chip, FlashError, Piece
from host_tools.flash.image import (
    CHIPS,
    DEVELOPMENT,
    LOADER_AT,
    PRODUCTION,
    TABLE_AT,
    MicroPythonImage,
    first_slot,
)

_MIB = 1024 * 1024


@dataclass(frozen=True)
class Plan:
    """What goes where, and what of the flash stays as it is."""

    pieces: tuple[Piece, ...]
    kept: tuple[str, ...]


def plan(
    board: boards.Board, image: MicroPythonImage, erase: bool = False, production: bool = False
) -> Plan:
    """Everything that is written to ``board``, in order of addresses. BuildError, ImageError.

    A terminal that is not in ``image`` is of the kind that ``production`` says.
    """
    table = boards.partition_table(board.directory / "partitions.csv")
    pieces = [
        Piece("boot loader", LOADER_AT[board.chip], image.loader),
        Piece("partition table", TABLE_AT, _table(table)),
        Piece(f"MicroPython {image.version}", first_slot(board).offset, image.app),
    ]
    by_name = {part.name: part for part in board.partitions}
    if "otadata" in by_name:  # erased: the first slot is the one to start
        part = by_name["otadata"]
        pieces.append(Piece("choice of the slot", part.offset, b"\xff" * part.size))
    if "romfs" in by_name:
        rom, part = build_firmware(board.name, production=production), by_name["romfs"]
        title = f"terminal, {PRODUCTION if production else DEVELOPMENT}"
        if rom.size > part.size:
            raise FlashError(f"the terminal has {rom.size:,} bytes, romfs {part.size:,}")
        pieces.append(Piece(title, part.offset, rom.path.read_bytes()))
    kept = () if erase else tuple(name for name in ("nvs", "vfs") if name in by_name)
    return Plan(tuple(sorted(pieces, key=lambda piece: piece.offset)), kept)


def _table(table: PartitionTable) -> bytes:
    return table.to_binary()


def examine(url: str, board: boards.Board) -> Chip:
    """Look at the chip, which goes on in its boot loader. FlashError when it is not the board's.

    A chip that is refused is restarted.
    """
    ports.open_url(url).close()  # says best why it cannot be opened
    chip = esptool.probe(url)
    fault = _unlike(chip, board)
    if fault:
        esptool.restart(url)
        raise FlashError(f"{fault}; nothing was written")
    return chip


def _unlike(chip: Chip, board: boards.Board) -> str:
    wanted = CHIPS[board.chip]
    if chip.name != wanted:
        return f"the chip is an {chip.what}, and {board.name} has an {wanted}"
    if chip.flash_size < board.flash_size:
        return (
            f"the chip has {chip.flash_size // _MIB} MiB of flash, and {board.name} needs "
            f"{board.flash_size // _MIB} MiB"
        )
    if chip.psram_size is not None and chip.psram_size < board.psram_size:
        return (
            f"the chip has {_psram(chip.psram_size)}, and {board.name} needs "
            f"{board.psram_size // _MIB} MiB"
        )
    return ""


def _psram(size: int | None) -> str:
    if size is None:
        return "PSRAM unknown (this chip's boot loader cannot tell)"
    return f"{size // _MIB} MiB of PSRAM" if size else "no PSRAM"


def in_words(chip: Chip) -> str:
    """The chip for people."""
    flash = f"{chip.flash_size // _MIB} MiB of flash"
    return f"{chip.what}, {flash}, {_psram(chip.psram_size)}, MAC {chip.mac}"


def write(
    url: str,
    board: boards.Board,
    what: Plan,
    erase: bool,
    progress: Callable[[Piece, float], None],
) -> None:
    """Write a plan, verify, restart. Raises FlashError."""
    esptool.write(url, board.chip, what.pieces, erase=erase, progress=progress)
