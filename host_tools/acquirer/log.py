"""The host's log: one JSON object a line, with everything secret masked before it gets here.

A PAN shows its first 6 and last 4 digits. Tracks, PIN blocks, expiry, keys and unknown binary data
show as their length only. The list below says what may be shown; a field not in it is not.
"""

import json
import threading
import traceback
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from host_tools.acquirer.dialect import FormatError, Message

# Fields whose value may stand in a log as it is.
OPEN_FIELDS = frozenset(
    (
        *(3, 4, 11, 12, 13, 15, 22, 23, 25, 26, 32, 37, 38, 39, 41, 42, 44, 49, 53, 54, 60, 61),
        *(63, 64),
    )
)
# Tags of field 55 that say nothing about the cardholder.
OPEN_TAGS = frozenset(
    (
        *("9F26", "9F27", "9F10", "9F37", "9F36", "95", "9A", "9C", "9F02", "5F2A"),
        *("82", "9F1A", "9F03", "9F33", "9F34", "9F35", "9F1E", "84", "9F09", "9F41"),
    )
)
# Messages whose F48 is a tip or totals; in a batch upload (03) it has card numbers.
_OPEN_TOTALS = ("02", "05")
_KEPT = 5000


def mask_pan(pan: str) -> str:
    """First 6 and last 4 digits; a PAN too short for that shows its last 4 at most."""
    if len(pan) < 13:
        return "*" * max(0, len(pan) - 4) + (pan[-4:] if len(pan) > 8 else "*" * min(4, len(pan)))
    return pan[:6] + "*" * (len(pan) - 10) + pan[-4:]


def show_fields(message: Message) -> dict[str, Any]:
    """The fields of a message as the log and the packet view may show them."""
    shown: dict[str, Any] = {}
    for number, value in message.fields.items():
        if number == 2:
            shown["2"] = mask_pan(value)
        elif number == 55:
            shown["55"] = _show_tags(message)
        elif number in OPEN_FIELDS or (number == 48 and message.mti[:2] in _OPEN_TOTALS):
            shown[str(number)] = value.decode("latin-1") if isinstance(value, bytes) else value
        else:
            shown[str(number)] = f"<{len(value)}>"
    return shown


def _show_tags(message: Message) -> dict[str, str] | str:
    try:
        tags = message.icc()
    except FormatError:
        return f"<{len(message.fields[55])}>"
    return {tag: v.hex().upper() if tag in OPEN_TAGS else f"<{len(v)}>" for tag, v in tags.items()}


class JsonLog:
    """Writes records to a file (or nowhere) and keeps the latest, so that one can be awaited."""

    def __init__(self, path: Path | None = None, stream: IO[str] | None = None) -> None:
        self._stream = path.open("a", encoding="utf-8") if path else stream
        self._owned = path is not None
        self._changed = threading.Condition()
        self.records: deque[dict[str, Any]] = deque(maxlen=_KEPT)

    def event(self, event: str, **values: Any) -> None:
        """One record. ``values`` must hold nothing secret: they are written as they come."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        record = {"at": at, "event": event, **values}
        with self._changed:
            self.records.append(record)
            if self._stream is not None:
                self._stream.write(json.dumps(record, ensure_ascii=False) + "\n")
                self._stream.flush()
            self._changed.notify_all()

    def message(self, event: str, peer: str, message: Message, **values: Any) -> None:
        """A record of a message, its fields masked."""
        self.event(event, peer=peer, mti=message.mti, fields=show_fields(message), **values)

    def error(self, peer: str, error: BaseException) -> None:
        """An unforeseen exception: its type and where from, never its text (may hold data)."""
        frames = traceback.extract_tb(error.__traceback__)
        where = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
        self.event("error", peer=peer, type=type(error).__name__, where=where)

    def wait(
        self, wanted: Callable[[dict[str, Any]], bool], timeout: float = 10
    ) -> dict[str, Any]:
        """The first kept or coming record for which ``wanted(record)`` is true.

        ``timeout`` in seconds; TimeoutError when it passes.
        """
        found: list[dict[str, Any]] = []

        def look() -> bool:
            found[:] = [record for record in self.records if wanted(record)][:1]
            return bool(found)

        with self._changed:
            if not self._changed.wait_for(look, timeout):
                raise TimeoutError("no such record in the host's log")
        return found[0]

    def close(self) -> None:
        """Close the file if this log opened it."""
        if self._owned and self._stream is not None:
            self._stream.close()
            self._stream = None
