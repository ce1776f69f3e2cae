"""What MicroPython's own build freezes into the production image of a board.

The board's ``manifest.py`` freezes two directories that `stage` makes. ``build/BOARD/frozen`` has
the firmware's sources as they are compiled for every board (constants put in, names shortened),
``boot.py``, which mounts the files at /rom, where the firmware looks for them, and ``dotted.py``,
which keeps the names of modules out of the heap (`dotted`). MicroPython prefers what is frozen:
the boot.py and main.py of the writable flash are never run.

``frozen-production`` has what is different in an image for production, ``frozen-development`` (of
``manifest_dev.py``) in one for people who develop:

- ``image.py``: which of the two it is.
- ``_rom.mpy``: fonts, EMV data and version as a ROMFS image, in one constant of bytes. A frozen
  constant stays in flash, so nothing of it is copied to the heap. It is compiled here, as a
  megabyte takes mpy-cross more memory than MicroPython's build gives it. (mpy-tool names a frozen
  module after the source that the .mpy names.) The version is that of this kind of image.

Files whose content has not changed are not written anew, so that only the others are compiled.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from host_tools import boards
from host_tools.build.image import (
    BUILD,
    Image,
    alone,
    build_firmware,
    cross_compile,
    pack,
    remove_others,
    write_if_changed,
)

_HEAP = "64m"
_BOOT = '''"""Mounts the files that are frozen beside the code."""

import vfs

from _rom import IMAGE

vfs.mount(vfs.VfsRom(IMAGE), "/rom")
del IMAGE, vfs
'''


@dataclass(frozen=True)
class Frozen:
    """What is to be frozen: where, how many modules, and how many bytes of fonts and data."""

    path: Path
    kind: Path  # what only this kind of image has
    modules: int
    data_size: int


def stage(board: str, *, production: bool = False) -> Frozen:
    """Build the firmware of a board and lay out what is to be frozen, of one kind of image.

    Raises BuildError as ``build_firmware`` does.
    """
    build_firmware(board, production=production)
    base = BUILD / board
    out, kind = base / "frozen", base / f"frozen-{'production' if production else 'development'}"
    mark = "mark-production" if production else "mark"
    with alone():
        image = pack([base / name for name in ("fonts", "emv", mark)], base / "data.romfs")
        texts = sources(board, base)
        texts[Path("boot.py")] = _BOOT
        for name, text in texts.items():
            write_if_changed(out / name, text)
        remove_others(out, set(texts))
        write_if_changed(kind / "image.py", f"DEVELOPMENT = {not production}\n")
        _freeze_data(image, kind / "_rom.mpy")
    return Frozen(out, kind, len(texts) + 2, image.size)


def sources(board: str, base: Path) -> dict[Path, str]:
    """The modules that run on a board whose firmware was built in ``base``, by their paths."""
    texts = {
        path.relative_to(base / "texts"): path.read_text(encoding="utf-8")
        for path in sorted((base / "texts").rglob("*.py"))
    }
    wires = boards.load(board).directory / "board.py"
    texts[Path("board.py")] = wires.read_text(encoding="utf-8")
    texts[Path("dotted.py")] = dotted(texts)
    return texts


def dotted(paths: Iterable[Path]) -> str:
    """A module that nobody imports, and that has the dotted names of all others: in flash.

    A story is loaded by a name that is put together. MicroPython looks for it among the names that
    code brings along; where it is not, it makes one in the heap, for ever: 3 KB of them, in time.
    """
    names = [".".join(path.with_suffix("").parts) for path in paths if path.stem != "__init__"]
    return "def names():\n" + "".join(f"    import {name}\n" for name in sorted(names))


def _freeze_data(image: Image, out: Path) -> None:
    mark = out.parent.with_suffix(".sha256")
    if out.exists() and mark.exists() and mark.read_text(encoding="ascii") == image.sha256:
        return
    text = f"IMAGE = {image.path.read_bytes()!r}\n"
    cross_compile(text, "_rom.py", out, ["-X", f"heapsize={_HEAP}"])
    mark.write_text(image.sha256, encoding="ascii")
