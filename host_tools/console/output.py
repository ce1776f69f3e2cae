"""Where everything goes that the console hears: the screen, a log file, or JSON for programs."""

import json
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import IO

from host_tools.console import show
from host_tools.console.decode import Live
from host_tools.console.wire import Record


class Output:
    """Prints lines with the time before each, and appends the same to ``log``.

    ``as_json``: objects instead, one a line. Used by the thread that hears and by the one that
    asks.
    """

    def __init__(
        self,
        *,
        as_json: bool = False,
        stamps: bool = True,
        log: Path | None = None,
        write: Callable[[str], None] = print,
    ) -> None:
        """Raises OSError when ``log`` cannot be written."""
        self._json, self._stamps, self._write = as_json, stamps, write
        self._file: IO[str] | None = log.open("a", encoding="utf-8") if log else None
        self._live = Live()
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the log file."""
        if self._file:
            self._file.close()

    def heard(self, record: Record) -> None:
        """What came without being asked for."""
        if self._json:
            self._put(self._live.tree(record) if "trace" in record else record)
        elif "trace" in record:
            self.lines(self._live.lines(record))
        elif "port" in record:
            lost = record["port"] == "lost"
            self.lines(["the port is gone; waiting for it" if lost else "the port is back"])
        else:
            self.lines([str(record.get("text", record))])

    def part(self, command: str, record: Record) -> None:
        """A part of an answer."""
        if self._json:
            self._put({"command": command, "part": record})
        else:
            self.lines([show.part(command, record)])

    def answer(self, command: str, record: Record) -> None:
        """The answer, or why there is none."""
        if self._json:
            self._put({"command": command, **record})
        elif "error" in record:
            self.lines([show.failed(record)])
        else:
            self.lines(show.answer(command, record))

    def lines(self, lines) -> None:
        """Lines of text, the time before each."""
        stamp = datetime.now().strftime("%H:%M:%S.%f")[:-3]
        with self._lock:
            for line in lines:
                self._write(f"{stamp}  {line}" if self._stamps else line)
                if self._file:
                    self._file.write(f"{datetime.now().date()} {stamp}  {line}\n")
                    self._file.flush()

    def _put(self, record: Record) -> None:
        stamp = datetime.now().astimezone().isoformat(timespec="milliseconds")
        line = json.dumps({"at": stamp, **record}, ensure_ascii=False)
        with self._lock:
            self._write(line)
            if self._file:
                self._file.write(line + "\n")
                self._file.flush()
            if self._write is print:
                sys.stdout.flush()
