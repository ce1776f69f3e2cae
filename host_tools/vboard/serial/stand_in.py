"""An image in the form of MicroPython's for the virtual board to be flashed with.

The virtual board is no ESP32 and runs no code of one: it checks what is in its flash as the chip's
boot loaders do, and then runs the unix port. So the code in this image is a name and no more; its
headers, checksums, description and partition table are what ESP-IDF makes.
"""

import hashlib
import struct
from collections.abc import Sequence

from esp_idf_defs.partitions import PartitionTable

CHIP_IDS = {"esp32": 0, "esp32s3": 9}
LOADER_AT = {"esp32": 0x1000, "esp32s3": 0}
TABLE_AT = 0x8000
_SIZES = {1 << 20 + n: n for n in range(8)}  # bytes of the flash -> code in the header
_LOAD_AT = 0x3C000020


def esp_image(chip: str, flash_size: int, segments: Sequence[bytes]) -> bytes:
    """An image of ``segments`` with checksum and SHA-256, as ESP-IDF's boot loaders take it."""
    head = struct.pack("<BBBB", 0xE9, len(segments), 2, _SIZES[flash_size] << 4 | 15)
    head += struct.pack("<I", _LOAD_AT) + b"\xee\0\0\0" + struct.pack("<H", CHIP_IDS[chip])
    image = head + bytes(9) + b"\x01"
    checksum = 0xEF
    for segment in segments:
        segment += bytes(-len(segment) % 4)
        image += struct.pack("<II", _LOAD_AT, len(segment)) + segment
        for value in segment:
            checksum ^= value
    image += bytes(15 - len(image) % 16) + bytes([checksum])
    return image + hashlib.sha256(image).digest()


def _description(version: str) -> bytes:
    """``esp_app_desc_t``."""
    words = [
        text.encode().ljust(size, b"\0") for text, size in ((version, 32), ("micropython", 32))
    ]
    stamp = b"00:00:00".ljust(16, b"\0") + b"Jan  1 2026".ljust(16, b"\0")
    head = struct.pack("<IIII", 0xABCD5432, 0, 0, 0)
    return head + b"".join(words) + stamp + b"v5.5.1".ljust(32, b"\0") + bytes(32 + 80)


def micropython_image(
    chip: str, flash_size: int, table: PartitionTable, version: str = "v1.28.0", size: int = 65536
) -> bytes:
    """Boot loader, ``table`` and an application of about ``size`` bytes, from the boot loader on."""
    loader = esp_image(chip, flash_size, [b"boot loader of the virtual board"])
    banner = f"MicroPython {version} on 2026-01-01; TapTill virtual board with {chip.upper()}"
    # Code does not compress to nothing: neither does this
    rest = hashlib.shake_128(banner.encode()).digest(size)
    app = esp_image(chip, flash_size, [_description(version) + banner.encode() + b"\0", rest])
    base = LOADER_AT[chip]
    image = loader.ljust(TABLE_AT - base, b"\xff") + table.to_binary()
    app_at = min(row.offset for row in table if row.type == 0)
    return image.ljust(app_at - base, b"\xff") + app
