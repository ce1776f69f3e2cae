"""Python sources as the architecture tests read them: parsed, never run."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIRMWARE = ROOT / "firmware"
HOST = ROOT / "host_tools"
BOARDS = ROOT / "boards"
# MicroPython code that takes the place of MicroPython's own modules; their names are its names.
SHIM = HOST / "vboard" / "shim"
# Runs beside the firmware, on its MicroPython: what it imports of it no host tool has.
BESIDE_FIRMWARE = HOST / "emv" / "mpy"


@dataclass(frozen=True)
class Source:
    """One file. ``module`` is its dotted name as an import says it, e.g. ``pos.store.keys``."""

    module: str
    text: str
    name: str = "example.py"
    package: bool = False

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax tree."""
        return ast.parse(self.text, self.name)

    def at(self, line: int, why: str) -> str:
        """A violation in the form an editor can jump to."""
        return f"{self.name}:{line}: {why}"

    def imports(self) -> Iterator[tuple[int, str]]:
        """(line, dotted name) of every import in it, at whatever depth.

        ``from a import b`` yields ``a.b``: whether b is a module is not known here, and every rule
        looks at the front part. ``__import__("a")`` counts; its argument must be a constant.
        """
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield node.lineno, alias.name
            elif isinstance(node, ast.ImportFrom):
                base = self._base(node)
                for alias in node.names:
                    yield node.lineno, f"{base}.{alias.name}"
            elif isinstance(node, ast.Call) and _called(node) in ("__import__", "import_module"):
                yield node.lineno, _constant(node)

    def _base(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        up = node.level - 1 if self.package else node.level
        parts = self.module.split(".")
        parts = parts[: len(parts) - up]
        return ".".join([*parts, node.module] if node.module else parts)


def _called(node: ast.Call) -> str:
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _constant(node: ast.Call) -> str:
    first = node.args[0] if node.args else None
    if isinstance(first, ast.Constant) and isinstance(first.value, str):
        return first.value
    return "<computed>"


def read(path: Path, base: Path) -> Source:
    """The file at ``path``, its module name counted from the directory ``base``."""
    parts = list(path.relative_to(base).with_suffix("").parts)
    package = parts[-1] == "__init__"
    if package:
        parts.pop()
    return Source(
        ".".join(parts), path.read_text(encoding="utf-8"), str(path.relative_to(ROOT)), package
    )


def _files(folder: Path) -> list[Path]:
    """Its Python files; a rule that looks at none would hold whatever happens."""
    paths = sorted(folder.rglob("*.py"))
    assert paths, folder
    return paths


def firmware() -> list[Source]:
    """Every Python file of the firmware."""
    return [read(path, FIRMWARE) for path in _files(FIRMWARE)]


def host_tools() -> list[Source]:
    """Every Python file of the host tools that CPython runs."""
    apart = {SHIM, BESIDE_FIRMWARE}
    return [read(path, ROOT) for path in _files(HOST) if not apart & set(path.parents)]


def everything() -> list[Source]:
    """Every Python file of the project."""
    folders = [FIRMWARE, HOST, BOARDS, ROOT / "tests"]
    return [read(path, ROOT) for folder in folders for path in _files(folder)]
