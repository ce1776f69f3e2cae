"""The whole flash chip of the board, by addresses, as its boot loader sees it.

The partition ``vfs`` is the model that the file system already works on; the rest lies here, in
memory or in a file. What a board keeps in NVS is not laid out as bytes: erasing any of the
partition ``nvs`` forgets all of it, and it reads as erased.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from host_tools.vboard.chips.flash import BLOCK, Flash


class Area(NamedTuple):
    """A piece of the address space."""

    offset: int
    size: int

    def overlap(self, offset: int, length: int) -> tuple[int, int]:
        """Start and end of what [offset, offset + length) has in common with it; start >= end: none."""
        return max(self.offset, offset), min(self.offset + self.size, offset + length)


class ChipFlash:
    """A flash of ``size`` bytes whose area ``vfs`` is the model ``data``.

    ``path`` keeps the rest; ``forget_nvs()`` is called when any of the area ``nvs`` is erased.
    """

    def __init__(
        self,
        size: int,
        data: Flash,
        vfs: Area,
        nvs: Area,
        forget_nvs: Callable[[], None],
        path: Path | None = None,
    ) -> None:
        self.size, self.vfs, self.nvs = size, vfs, nvs
        self._data, self._forget_nvs = data, forget_nvs
        self._image = bytearray(b"\xff" * size)
        self._file = None
        if path is not None:
            self._open(path)

    def _open(self, path: Path) -> None:
        if path.exists() and path.stat().st_size == self.size:
            self._image[:] = path.read_bytes()
        else:
            path.write_bytes(self._image)
        self._file = path.open("r+b", buffering=0)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def read(self, offset: int, length: int) -> bytes:
        """Bytes from ``offset``; there are none beyond the end."""
        found = bytearray(self._image[offset : offset + length])
        start, end = self.vfs.overlap(offset, len(found))
        if start < end:
            piece = self._data.read(start - self.vfs.offset, end - start)
            found[start - offset : end - offset] = piece
        return bytes(found)

    def erase(self, offset: int, length: int) -> None:
        """Erase every block that [offset, offset + length) touches. ValueError beyond the end."""
        first, last = offset // BLOCK * BLOCK, -(-(offset + length) // BLOCK) * BLOCK
        self._check(first, last - first)
        if self.nvs.overlap(first, last - first)[0] < self.nvs.overlap(first, last - first)[1]:
            self._forget_nvs()
        for block in range(first, last, BLOCK):
            if self._in_vfs(block):
                self._data.erase((block - self.vfs.offset) // BLOCK)
            else:
                self._put(block, b"\xff" * BLOCK)

    def program(self, offset: int, data: bytes) -> None:
        """Clear the bits that are 0 in ``data``. ValueError beyond the end."""
        self._check(offset, len(data))
        for start, piece in _pieces(offset, data):
            if self._in_vfs(start):
                self._data.program(start - self.vfs.offset, piece)
            else:
                old = int.from_bytes(self._image[start : start + len(piece)], "big")
                new = old & int.from_bytes(piece, "big")
                self._put(start, new.to_bytes(len(piece), "big"))

    def _check(self, offset: int, length: int) -> None:
        if offset < 0 or offset + length > self.size:
            raise ValueError(f"{length} bytes at {offset:#x} are outside {self.size:#x}")

    def _in_vfs(self, offset: int) -> bool:
        return self.vfs.offset <= offset < self.vfs.offset + self.vfs.size

    def _put(self, offset: int, data: bytes) -> None:
        self._image[offset : offset + len(data)] = data
        if self._file is not None:
            self._file.seek(offset)
            self._file.write(data)


def _pieces(offset: int, data: bytes) -> Iterator[tuple[int, bytes]]:
    """``data`` in pieces that do not cross the edge of a block."""
    done = 0
    while done < len(data):
        room = BLOCK - (offset + done) % BLOCK
        yield offset + done, data[done : done + room]
        done += room
