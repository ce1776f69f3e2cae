"""A trace: what was done to a terminal, and all that came out, as a file of JSON lines.

The first line is the head: ``trace`` (1, the format), ``title``, ``why``, ``made`` (when, UTC),
``firmware``, ``board``, and what the terminal was when it began: ``terminal``, ``emv``, ``tls``
as in a scenario, with ``folder``, the directory of the scenario's cards and configurations, and
``apn_of``, the scenario there that has the access point of its modem.
Each further line has ``at``, seconds since the begin, and one of

    do, value     a step of a scenario: what a person or the world did, or waited for
    screen        the lines of the display, when a step was over or they had settled
    host, card, reader   what was said: messages, APDUs, frames, with nothing secret
    console       a line of the serial console
    note          what cannot be kept
    end           the last: what had come of it (``messages``, ``journal``, ``paper``, ...)

A run that failed has ``failed`` in its end: the step, and why.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from host_tools.build.image import ROOT

FORMAT = 1
_MOST_BYTES = 64 * 1024 * 1024
_HEAD = {"title": str, "why": str, "folder": str, "firmware": str}


class TraceError(ValueError):
    """A file is no trace; the sentence says why."""


@dataclass
class Trace:
    """``head``, ``entries`` in order, ``end``: see above."""

    head: dict[str, Any]
    entries: list[dict[str, Any]] = field(default_factory=list)
    end: dict[str, Any] = field(default_factory=dict)

    def steps(self) -> list[dict[str, Any]]:
        """The entries that are steps."""
        return [entry for entry in self.entries if "do" in entry]

    def all(self, kind: str) -> list[Any]:
        """What the entries of one kind have."""
        return [entry[kind] for entry in self.entries if kind in entry]

    @property
    def folder(self) -> Path:
        """The directory of the scenario's cards and configurations."""
        return ROOT / self.head["folder"]

    def text(self) -> str:
        """As it is written."""
        rows = [self.head, *self.entries, {"end": self.end}]
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)

    def write(self, path: Path) -> None:
        """Write it; a file that is there is replaced by the whole of it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(path.name + ".tmp")
        partial.write_text(self.text(), encoding="utf-8")
        partial.replace(path)


def read(path: Path) -> Trace:
    """Read a trace. Raises TraceError, OSError."""
    if path.stat().st_size > _MOST_BYTES:
        raise TraceError(f"{path.name}: larger than any trace")
    return parse(path.read_bytes(), path.name)


def parse(data: bytes, name: str) -> Trace:
    """The trace in ``data``; ``name`` is for what is wrong with it. Raises TraceError."""
    rows = [_row(line, f"{name}: line {at}") for at, line in enumerate(data.splitlines(), 1)]
    if not rows or rows[0].get("trace") != FORMAT:
        raise TraceError(f"{name}: no trace, or one of another version of TapTill")
    head, entries = rows[0], rows[1:]
    for key, kind in _HEAD.items():
        if not isinstance(head.get(key), kind):
            raise TraceError(f"{name}: line 1: {key} is missing")
    if not (ROOT / head["folder"]).resolve().is_relative_to(ROOT):
        raise TraceError(f"{name}: line 1: folder: a directory of this project is expected")
    if not entries or not isinstance(entries[-1].get("end"), dict):
        raise TraceError(f"{name}: its end is missing; was the recording broken off?")
    for at, entry in enumerate(entries[:-1], 2):
        if type(entry.get("at")) not in (int, float):
            raise TraceError(f"{name}: line {at}: at is missing")
        if "do" in entry and not isinstance(entry["do"], str):
            raise TraceError(f"{name}: line {at}: do: the name of a step is expected")
    return Trace(head, entries[:-1], entries[-1]["end"])


def _row(line: bytes, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        raise TraceError(f"{where}: no JSON") from None
    if not isinstance(row, dict):
        raise TraceError(f"{where}: an object is expected")
    return row
