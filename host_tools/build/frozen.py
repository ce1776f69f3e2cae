"""What MicroPython's own build freezes into the production image of a board.

The board's ``manifest.py`` freezes the directory that `stage` makes, ``build/BOARD/frozen``: the
firmware's sources as they are compiled for every board (constants put in, names shortened), and

- ``_rom.mpy``: fonts, EMV data and version as a ROMFS image, in one constant of bytes. A frozen
  constant stays in flash, so nothing of it is copied to the heap. It is compiled here, as a
  megabyte takes mpy-cross more memory than MicroPython's build gives it. (mpy-tool names a frozen
  module after the source that the .mpy names.)
- ``boot.py``: mounts that image at /rom, where the firmware looks for its files. MicroPython
  prefers what is frozen: the boot.py and main.py of the writable flash are never run.

Beside it, in ``frozen-production`` and ``frozen-development``, ``image.py`` says which kind of
image it is: of the two a manifest takes one.

Files whose content has not changed are not written anew, so that only the others are compiled.
"""

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
_KINDS = {"production": False, "development": True}
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
    modules: int
    data_size: int


def stage(board: str) -> Frozen:
    """Build the firmware of a board and lay out what is to be frozen.

    Raises BuildError as ``build_firmware`` does.
    """
    build_firmware(board)
    base = BUILD / board
    out = base / "frozen"
    with alone():
        image = pack([base / name for name in ("fonts", "emv", "mark")], base / "data.romfs")
        texts = {
            path.relative_to(base / "texts"): path.read_text(encoding="utf-8")
            for path in sorted((base / "texts").rglob("*.py"))
        }
        wires = boards.load(board).directory / "board.py"
        texts[Path("board.py")] = wires.read_text(encoding="utf-8")
        texts[Path("boot.py")] = _BOOT
        for name, text in texts.items():
            write_if_changed(out / name, text)
        remove_others(out, set(texts))
        _freeze_data(image, out / "_rom.mpy")
        for kind, development in _KINDS.items():
            path = base / f"frozen-{kind}" / "image.py"
            write_if_changed(path, f"DEVELOPMENT = {development}\n")
    return Frozen(out, len(texts) + 2, image.size)


def _freeze_data(image: Image, out: Path) -> None:
    mark = out.parent.with_suffix(".sha256")
    if out.exists() and mark.exists() and mark.read_text(encoding="ascii") == image.sha256:
        return
    text = f"IMAGE = {image.path.read_bytes()!r}\n"
    cross_compile(text, "_rom.py", out, ["-X", f"heapsize={_HEAP}"])
    mark.write_text(image.sha256, encoding="ascii")
