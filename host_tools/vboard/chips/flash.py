"""A serial NOR flash: erased in blocks to FF, programmed from 1 to 0 only, in memory or in a file.

What survives a power cut is decided here: an operation may be cut off part of the way, and all
that comes after it does not happen.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

BLOCK = 4096


class Operation(NamedTuple):
    """One change of the flash: ``program`` with its bytes, or ``erase`` of a whole block."""

    kind: str
    offset: int
    data: bytes

    @property
    def length(self) -> int:
        """Bytes touched."""
        return BLOCK if self.kind == "erase" else len(self.data)


class FlashRangeError(ValueError):
    """An address outside the chip."""


def apply(image: bytearray, operation: Operation, part: float = 1.0) -> None:
    """Do ``operation`` on ``image``, or the first ``part`` (0..1) of it.

    The byte at the edge of a cut program has only some of its bits programmed (the low half).
    """
    start, done = operation.offset, int(operation.length * min(max(part, 0.0), 1.0))
    if operation.kind == "erase":
        image[start : start + done] = b"\xff" * done
        return
    for i, value in enumerate(operation.data[:done], start):
        image[i] &= value
    if 0.0 < part < 1.0 and done < len(operation.data):
        image[start + done] &= operation.data[done] | 0xF0


class Flash:
    """A flash of ``size`` bytes (a multiple of 4096), in memory or in the file ``path``.

    The file is made, erased, when it is not there; each operation is written through to it.
    ``faults`` tells in words what a driver did that a real chip would not have done as asked;
    ``erases`` counts them for each block; ``log`` has the whole operations since ``record``.
    """

    def __init__(self, size: int, path: Path | None = None) -> None:
        if size <= 0 or size % BLOCK:
            raise ValueError(f"flash size {size} is not a multiple of {BLOCK}")
        self.size = size
        self.faults: list[str] = []
        self.operations = 0
        self.erases = [0] * (size // BLOCK)
        self.log: list[Operation] = []
        self.powered = True
        self.on_change: Callable[[], None] | None = None
        self.on_power_cut: Callable[[], None] | None = None
        self._recording = False
        self._base = b""
        self._cut: tuple[int, float] | None = None
        self._image = bytearray(b"\xff" * size)
        self._file = None
        if path is not None:
            self._open(path)

    def _open(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(self._image)
        image = path.read_bytes()
        if len(image) != self.size:
            raise ValueError(f"{path} has {len(image)} bytes, the flash has {self.size}")
        self._image = bytearray(image)
        self._file = path.open("r+b", buffering=0)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    @property
    def image(self) -> bytes:
        """All that is on the flash now."""
        return bytes(self._image)

    def load(self, image: bytes) -> None:
        """Replace the whole content, as a programmer on the bench does."""
        if len(image) != self.size:
            raise ValueError(f"{len(image)} bytes for a flash of {self.size}")
        self._image[:] = image
        self._write_through(0, self.size)

    def read(self, offset: int, length: int) -> bytes:
        """``length`` bytes from ``offset``; FF without power. Raises FlashRangeError."""
        self._check("read", offset, length)
        if not self.powered:
            return b"\xff" * length
        return bytes(self._image[offset : offset + length])

    def program(self, offset: int, data: bytes) -> None:
        """Clear the bits that are 0 in ``data``; bytes that were not erased are a fault.

        Raises FlashRangeError.
        """
        self._check("program", offset, len(data))
        self._do(Operation("program", offset, bytes(data)))

    def erase(self, block: int) -> None:
        """Set the 4096 bytes of ``block`` to FF. Raises FlashRangeError."""
        self._check("erase", block * BLOCK, BLOCK)
        self._do(Operation("erase", block * BLOCK, b""))

    def record(self, on: bool = True) -> None:
        """Start a new log of operations, or stop logging."""
        self._recording = on
        if on:
            self.log = []
            self._base = bytes(self._image)

    def image_at(self, n: int, torn: float = 0.0) -> bytes:
        """The content after ``n`` operations of the log and ``torn`` (0..1) of the next."""
        if not 0 <= n <= len(self.log):
            raise ValueError(f"the log has {len(self.log)} operations")
        image = bytearray(self._base)
        for operation in self.log[:n]:
            apply(image, operation)
        if torn and n < len(self.log):
            apply(image, self.log[n], torn)
        return bytes(image)

    def cut_at(self, n: int, torn: float = 0.0) -> None:
        """Cut the power when ``n`` more operations are done and the next one has come to ``torn``.

        ``on_power_cut()`` is called then; later operations do nothing until ``power_on``.
        """
        self._cut = (self.operations + n, torn)

    def power_on(self) -> None:
        """Give power again after a cut."""
        self.powered = True

    def _check(self, what: str, offset: int, length: int) -> None:
        if offset < 0 or length < 0 or offset + length > self.size:
            self.faults.append(
                f"{what} of {length} at {offset:#x} is outside {self.size:#x} bytes"
            )
            raise FlashRangeError(self.faults[-1])

    def _do(self, operation: Operation) -> None:
        if not self.powered:
            return
        part = 1.0
        if self._cut is not None and self.operations == self._cut[0]:
            part = self._cut[1]
            self._cut = None
            self.powered = False
        self._note(operation)
        apply(self._image, operation, part)
        self._write_through(operation.offset, operation.length)
        if not self.powered and self.on_power_cut is not None:
            self.on_power_cut()
        elif self.on_change is not None:
            self.on_change()

    def _note(self, operation: Operation) -> None:
        self.operations += 1
        if self._recording and self.powered:
            self.log.append(operation)
        if operation.kind == "erase":
            self.erases[operation.offset // BLOCK] += 1
            return
        for i, value in enumerate(operation.data, operation.offset):
            if self._image[i] != 0xFF and value != 0xFF:
                was = self._image[i]
                self.faults.append(f"program at {i:#x}: {value:02X} over {was:02X}, not erased")
                return

    def _write_through(self, offset: int, length: int) -> None:
        if self._file is not None:
            self._file.seek(offset)
            self._file.write(self._image[offset : offset + length])
