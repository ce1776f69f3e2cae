"""What the chip does when EN rises with IO0 high: look for something in the flash to run.

The ROM looks at the boot loader, the boot loader at the partition table and the application. What
they would not run is not run here either.
"""

from typing import NamedTuple

from esp_idf_defs import ImageMetadata
from esp_idf_defs.partitions import InputError, PartitionTable

from host_tools.vboard.serial.chip_flash import Area, ChipFlash
from host_tools.vboard.serial.stand_in import CHIP_IDS, LOADER_AT, TABLE_AT

_TABLE_SIZE = 0xC00
_ROMFS_MAGIC = b"\xd2\xcd\x31"
NO_ROM = _ROMFS_MAGIC + b"\x00"


class Found(NamedTuple):
    """What is in the flash: ``rom`` to map, or None and in ``said`` what the chip says of it."""

    rom: bytes | None
    said: str


def look(flash: ChipFlash, chip: str) -> Found:
    """Whether the chip would start, and with which ROM image."""
    fault = _image_fault(flash.read(LOADER_AT[chip], TABLE_AT - LOADER_AT[chip]), chip)
    if fault:
        return Found(None, fault)
    try:
        table = PartitionTable.from_binary(flash.read(TABLE_AT, _TABLE_SIZE))
    except (InputError, UnicodeDecodeError):
        table = PartitionTable()
    if not table:
        return Found(None, "E (54) boot: Failed to verify partition table")
    faults = []
    for row in table:
        if row.type == 0:
            faults.append(_image_fault(flash.read(row.offset, row.size), chip))
    if "" not in faults:
        return Found(None, "E (93) boot: No bootable app partitions in the partition table")
    for row in table:
        if row.name == "vfs" and Area(row.offset, row.size) != flash.vfs:
            return Found(None, f"E (99) boot: vfs is not at {flash.vfs.offset:#x} on this board")
    found = table.find_by_name("romfs")
    return Found(_rom(flash.read(found.offset, found.size)) if found else NO_ROM, "")


def _image_fault(data: bytes, chip: str) -> str:
    """What is wrong with an image, or nothing."""
    try:
        image = ImageMetadata.from_bytes(data)
    except (ValueError, IndexError) as error:
        word = int.from_bytes(data[:4], "little")
        return f"invalid header: {word:#010x}" if data[0] != 0xE9 else f"E (77) esp_image: {error}"
    if image.header.chip_id != CHIP_IDS[chip]:
        return f"E (77) boot_comm: mismatch chip ID, expected {CHIP_IDS[chip]}"
    return ""


def _rom(data: bytes) -> bytes:
    """The ROMFS image at the start of ``data``; an empty one where there is none."""
    if not data.startswith(_ROMFS_MAGIC):
        return NO_ROM
    size, at = 0, len(_ROMFS_MAGIC)
    while at < 16:
        size = size << 7 | data[at] & 0x7F
        at += 1
        if not data[at - 1] & 0x80:
            break
    return data[: at + size] if at + size <= len(data) else NO_ROM
