"""Scenarios on a full board: an operator does and looks, the console's log is read meanwhile."""

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import serial

from host_tools import ports
from host_tools.device import scenario
from host_tools.device.audit import crashes
from host_tools.hil.operator import OperatorDevice, cannot, play
from host_tools.hil.run import Result

_READ_S = 0.2


class ConsoleLog:
    """What the terminal says on its serial console. Nothing is written: the board runs on."""

    def __init__(self, url: str, baudrate: int = ports.BAUDRATE) -> None:
        self._url = url
        self._port: Any = ports.open_url(url, baudrate, timeout=_READ_S)
        self._said = bytearray()
        self._over = threading.Event()
        self.lost = ""
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def __enter__(self) -> "ConsoleLog":
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._port.close()

    def _listen(self) -> None:
        try:
            while not self._over.is_set():
                self._said += self._port.read(self._port.in_waiting or 1)
        except (OSError, serial.SerialException):
            self.lost = f"the line to {self._url} is gone: was the board unplugged?"

    def since(self, at: int) -> str:
        """What it has said after the first ``at`` bytes."""
        return bytes(self._said[at:]).decode("utf-8", "replace")

    def __len__(self) -> int:
        return len(self._said)


def play_all(
    files: Sequence[Path], device: OperatorDevice, log: ConsoleLog | None
) -> Iterator[Result]:
    """Play what an operator can; the others are skipped with the reason."""
    for path in files:
        story = scenario.load(path)
        reason = cannot(story)
        if reason:
            yield Result(path.stem, 0.0, skipped=reason)
            continue
        start, at = time.monotonic(), len(log) if log else 0
        why = ""
        try:
            play(story, device)
        except AssertionError as error:
            why = str(error)
        if log:
            lines = [f"the console says {line!r}" for line in crashes(log.since(at))]
            why = "\n".join([why, *lines, log.lost]).strip()
        yield Result(path.stem, time.monotonic() - start, why)
