"""Writes down what is done to a terminal and what comes out, for a trace.

``Recorder`` hears of steps from whoever plays them. What the chips and the host say it hears by
itself; it keeps that as it comes and makes entries of it at the end, so that a recording takes no
time from what is recorded.
"""

import threading
import time
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from PIL import Image

from host_tools.build.image import build_firmware
from host_tools.device import audit
from host_tools.device.actions import Stage
from host_tools.panel.talk import Talk
from host_tools.replay import hiding
from host_tools.replay.trace import FORMAT, Trace

KEYS = ("keys", "hold", "let_go")
_SHOWN = ("request", "reply", "not_processed", "fault", "error", "refused", "bad_frame")


class Recorder:
    """One recording of what happens on ``stage``."""

    def __init__(self, stage: Stage, head: dict[str, Any]) -> None:
        """``head``: title, why, and the setting, as the head of a trace has them."""
        self._head, self._stage = head, stage
        self._begin, self._begin_utc = time.monotonic(), datetime.now(UTC)
        self._lock = threading.Lock()
        self._rows: list[dict[str, Any]] = []
        self._pictures: list[tuple[float, tuple[int, int], bytes]] = []
        self._pixels = b""
        self._console: list[tuple[float, bytes]] = []
        self._talk = Talk()
        board = stage.device.board
        board.call(self._listen)

    def _listen(self) -> None:
        board = self._stage.device.board
        self._talk.listen(board.nfc)
        others = board.console.on_output  # the page of `taptill sim`

        def printed(data: bytes) -> None:
            self._console.append((self._now(), data))
            if others is not None:
                others(data)

        board.console.on_output = printed

    def _now(self) -> float:
        return round(time.monotonic() - self._begin, 3)

    def note(self, **entry: Any) -> dict[str, Any]:
        """An entry, now; returns it."""
        row = {"at": self._now(), **entry}
        with self._lock:
            self._rows.append(row)
        return row

    def take_back(self, row: dict[str, Any]) -> None:
        """An entry that has not come to pass."""
        with self._lock:
            self._rows = [one for one in self._rows if one is not row]

    def step(self, name: str, value: Any, where: str | None = None) -> None:
        """A step is about to be done; ``where`` is its number in a scenario."""
        hidden = hiding.hide_keys(value) if name in KEYS else hiding.hide(value)
        entry = {"do": name, "value": hidden}
        self.note(**entry, **({"step": where} if where else {}))

    def look(self) -> None:
        """Take a picture of the display, if it is another one."""
        image = self._stage.device.screenshot().convert("RGB")
        pixels = image.tobytes()
        if pixels != self._pixels:
            self._pixels = pixels
            self._pictures.append((self._now(), image.size, zlib.compress(pixels, 1)))

    def pictures(self) -> Iterator[tuple[float, Image.Image]]:
        """(seconds, picture) of each that was taken."""
        for at, size, packed in self._pictures:
            yield at, Image.frombytes("RGB", size, zlib.decompress(packed))

    def trace(self, failed: dict[str, str] | None = None) -> Trace:
        """All that has been recorded, in order, with nothing secret."""
        self.look()
        stage = self._stage
        rows = list(self._rows)
        rows += [{"at": at, "screen": stage.device.read(image)} for at, image in self.pictures()]
        rows += self._said() + self._printed() + self._host()
        rows.sort(key=lambda row: row["at"])
        end: dict[str, Any] = {**audit.found(stage), "paper": stage.paper().splitlines()}
        if failed:
            end["failed"] = failed
        scrub = self.scrubber()
        made = self._begin_utc.isoformat(timespec="seconds")
        head = {"trace": FORMAT, "made": made, "firmware": firmware(), **self._head}
        return Trace(head, _scrubbed(rows, scrub), _scrubbed(end, scrub))

    def scrubber(self) -> Any:
        """What takes every secret of this stage out of a text."""
        return hiding.scrubber(audit.secrets(self._stage))

    def _said(self) -> list[dict[str, Any]]:
        """What card and reader said, with nothing secret."""
        return [
            {"at": round(self._since(at.astimezone(UTC)), 3), chan: _brief(entry)}
            for at, chan, entry in self._talk.made()
        ]

    def _printed(self) -> list[dict[str, Any]]:
        """Lines of the console, each at the time of its first byte."""
        rows: list[dict[str, Any]] = []
        line, begun = b"", 0.0
        for at, data in self._console:
            for piece in data.splitlines(keepends=True):
                begun = begun if line else at
                line += piece
                if line.endswith(b"\n"):
                    rows.append({"at": begun, "console": line.decode("utf-8", "replace").rstrip()})
                    line = b""
        if line:
            rows.append({"at": begun, "console": line.decode("utf-8", "replace")})
        return rows

    def _host(self) -> list[dict[str, Any]]:
        rows = []
        for record in list(self._stage.host.log.records):
            if record["event"] in _SHOWN:
                at = self._since(datetime.fromisoformat(record["at"]))
                shown = {n: v for n, v in record.items() if n not in ("at", "peer")}
                rows.append({"at": max(0.0, round(at, 3)), "host": shown})
        return rows

    def _since(self, when: datetime) -> float:
        return (when - self._begin_utc).total_seconds()


def _brief(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry of the page of ``taptill sim`` without what can be told from the rest."""
    kept = {name: value for name, value in entry.items() if name != "clause" and value != ""}
    return {n: v["hex"] if n in ("capdu", "rapdu") else v for n, v in kept.items()}


def _scrubbed(value: Any, scrub: Any) -> Any:
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, dict):
        return {name: _scrubbed(one, scrub) for name, one in value.items()}
    return [_scrubbed(one, scrub) for one in value] if isinstance(value, list) else value


def firmware() -> str:
    """Version of the firmware and the beginning of its image's SHA-256."""
    from importlib.metadata import version

    return f"{version('taptill')} {build_firmware().sha256[:12]}"
