"""Runs Espressif's esptool, as a program of its own (it is GPL), and says what it found.

What goes wrong is told in a sentence that says what to do.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from host_tools import ports

BUTTONS = "hold BOOT, press and let go EN (RST on some boards), let go BOOT, and try again"
_PROGRESS = re.compile(r"([\d.]+)% (\d+)/(\d+) bytes")
_WRITING = re.compile(r"at 0x([0-9a-fA-F]{8})")
_MB = 1024 * 1024
_LOST = (
    *("lost connection", "socket disconnected", "connection failed", "device disconnected"),
    *("serial exception", "input/output error", "no such device", "port is closed", "broken pipe"),
    *("connection reset", "serial data stream stopped", "stopped responding"),
)


class FlashError(Exception):
    """It did not work; the text says why and what to do, in a sentence."""


@dataclass(frozen=True)
class Chip:
    """What is at the port. ``psram_size`` is None where the boot loader cannot tell."""

    name: str
    what: str
    mac: str
    flash_size: int
    psram_size: int | None


@dataclass(frozen=True)
class Piece:
    """Bytes for an address, and what they are for people."""

    title: str
    offset: int
    data: bytes


def probe(url: str) -> Chip:
    """Ask the chip at ``url`` what it is; it stays in its boot loader. Raises FlashError."""
    said = _run(url, "--after", "no-reset-stub", "flash-id")
    try:
        what = _field(said, r"Chip type:\s*(.+)")
        size = _field(said, r"Detected flash size:\s*(\w+)")
    except LookupError:
        raise FlashError(f"esptool does not say what chip is at {url}: {_last(said)}") from None
    amount = re.fullmatch(r"(\d+)(KB|MB)", size)
    return Chip(
        name=what.split()[0].split("-D0")[0],
        what=what,
        mac=_field(said, r"MAC:\s*([0-9a-f:]+)"),
        flash_size=int(amount[1]) * (_MB if amount[2] == "MB" else 1024) if amount else 0,
        psram_size=_psram(what, _field(said, r"Features:\s*(.+)")),
    )


def _psram(what: str, features: str) -> int | None:
    """PSRAM in the chip's package, in bytes. Around an ESP32 it may be in the module, unseen."""
    found = re.search(r"Embedded PSRAM (\d+)MB", features)
    if found:
        return int(found[1]) * _MB
    return 0 if what.startswith("ESP32-S3") and "PSRAM" not in features else None


def write(
    url: str,
    chip: str,
    pieces: Sequence[Piece],
    *,
    erase: bool = False,
    progress: Callable[[Piece, int, int], None] = lambda piece, done, size: None,
) -> None:
    """Write ``pieces``, have the chip hash each, and restart. Raises FlashError, PortError.

    The chip is in its boot loader, as ``probe`` leaves it. ``progress(piece, done, size)`` counts compressed bytes; with ``erase`` all else is erased.
    """
    with tempfile.TemporaryDirectory(prefix="taptill-") as folder:
        files = []
        for piece in pieces:
            path = Path(folder, f"{piece.offset:08x}.bin")
            path.write_bytes(piece.data)
            files += [hex(piece.offset), str(path)]
        follow = _follower(pieces, progress)
        options = ["--erase-all"] if erase else []
        stay = ["--chip", chip, "--before", "no-reset", "--after", "no-reset"]
        said = _run(url, *stay, "write-flash", *options, *files, heard=follow)
    verified = said.count("Hash of data verified")
    if verified != len(pieces):
        raise FlashError(f"{verified} of {len(pieces)} pieces are verified; flash the board again")
    restart(url)


def _follower(
    pieces: Sequence[Piece], progress: Callable[[Piece, int, int], None]
) -> Callable[[str], None]:
    def follow(line: str) -> None:
        found, where = _PROGRESS.search(line), _WRITING.search(line)
        if found and where:
            at = int(where[1], 16)
            piece = max((p for p in pieces if p.offset <= at), key=lambda p: p.offset)
            progress(piece, int(found[2]), int(found[3]))

    return follow


def restart(url: str) -> None:
    """Press EN, by RTS. Raises PortError.

    esptool can do so too, but not after ``--before no-reset``: DTR is asserted then, and with
    both lines asserted nothing is pulled.
    """
    with ports.open_url(url) as port:
        port.dtr, port.rts = False, True
        time.sleep(0.1)
        port.rts = False


def _run(url: str, *arguments: str, heard: Callable[[str], None] = lambda line: None) -> str:
    """Run esptool; returns what it said. ``heard`` gets each line as it comes."""
    command = [sys.executable, "-m", "esptool", "--port", url, *arguments]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        # a line is a line, however wide the terminal is
        env=os.environ | {"PYTHONUNBUFFERED": "1", "COLUMNS": "200", "NO_COLOR": "1"},
    )
    said = []
    try:
        assert process.stdout is not None
        for line in process.stdout:  # text mode: a carriage return ends a line too
            said.append(line)
            heard(line)
        process.wait()
    finally:
        process.kill()
        process.wait()
    text = "".join(said)
    if process.returncode:
        raise FlashError(_explain(url, text))
    return text


def _explain(url: str, said: str) -> str:
    """A sentence for what esptool said before it gave up."""
    low = said.lower()
    if "could not open" in low or "the port doesn't exist" in low:
        return ports.explain(url)
    if "failed to connect" in low or "wrong boot mode" in low or "no serial data received" in low:
        return f"no boot loader answers at {url}: {BUTTONS}"
    if "wrong --chip argument" in low or "wrong chip argument" in low:
        return f"another chip than asked for is at {url}: {_last(said)}"
    if "md5 of file does not match" in low or "verify failed" in low:
        return "the flash does not hold what was written: flash again; twice: the chip is worn"
    if any(word in low for word in _LOST):
        return (
            f"the board at {url} went away in the middle: plug it in and run the same command "
            "again; the boot loader in its ROM cannot be overwritten"
        )
    return f"esptool: {_last(said)}"


def _field(said: str, pattern: str) -> str:
    found = re.search(pattern, said)
    if not found:
        raise LookupError(pattern)
    return found[1].strip()


def _last(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
