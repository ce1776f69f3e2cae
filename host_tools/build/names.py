"""All names of the firmware in one small module, to be loaded before everything else.

A name of a ``.mpy`` file that is loaded from a ROM image takes heap for ever, in pieces that would
lie strewn among code that comes and goes. The module this makes brings every name along at once,
while the heap is empty. (Frozen code has its names in flash and needs no such module.)
"""

from collections.abc import Iterable
from pathlib import Path

_MAGIC = ord("M")
# Where a string literal is used as a name: those up to this length (the compiler's own limit)
_SHORT = 10


class NotMpy(ValueError):
    """No ``.mpy`` file of the version that this knows."""


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A variable-length unsigned number at ``at``, 7 bits a byte, and the offset behind it."""
    value = 0
    while True:
        byte = data[at]
        at += 1
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            return value, at


def names_of(data: bytes) -> list[str]:
    """The table of names of a ``.mpy`` file; those that the interpreter has by number left out.

    Format: MicroPython's documentation, "MicroPython .mpy files". Raises NotMpy.
    """
    if len(data) < 4 or data[0] != _MAGIC or data[1] != 6:
        raise NotMpy("no .mpy file of version 6")
    count, at = _number(data, 4)
    _, at = _number(data, at)
    found = []
    for _ in range(count):
        size, at = _number(data, at)
        if size & 1:
            continue
        size >>= 1
        found.append(data[at : at + size].decode())
        at += size + 1
    return found


def collect(trees: Iterable[Path]) -> list[str]:
    """The names of all ``.mpy`` files below ``trees``, each once, in order."""
    files = sorted(path for tree in trees for path in tree.rglob("*.mpy"))
    return sorted({name for path in files for name in names_of(path.read_bytes())})


def module(names: Iterable[str]) -> str:
    """The source of a module that has all ``names``, and does nothing when it is loaded."""
    lines = ["def _names(x):"]
    for name in names:
        if name.isidentifier():
            lines.append(f"    x.{name}")
        elif "." in name and all(part.isidentifier() for part in name.split(".")):
            lines.append(f"    import {name}")
        elif len(name) <= _SHORT:
            lines.append(f"    x({name!r})")
    return "\n".join([*lines, "", "", "del _names", ""])
