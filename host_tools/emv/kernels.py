"""The firmware's entry point and kernels as a process: MicroPython with the compiled firmware.

One process serves many transactions. Nothing in it waits for a clock; each transaction has a
deadline all the same, after which the process is ended.
"""

import json
import os
import re
import selectors
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from host_tools.build.image import BUILD, build_firmware
from host_tools.emv.setting import Setting

SCRIPT = Path(__file__).parent / "mpy" / "kernels.py"
_HEAP = "1024k"
_DEADLINE_S = 20.0


class KernelError(Exception):
    """The firmware failed where an outcome is due; the text says how."""


class Answers(Protocol):
    """What a card does with a command: an answer, or the name of a loss."""

    def answer(self, capdu: bytes) -> bytes | str:
        """The R-APDU, or "CardLost", "CardUnreadable", "Collision"."""
        ...


class Kernels:
    """The process; use it with ``with``.

    ``firmware`` is a directory of compiled firmware; without it this project's is compiled, as far
    as it has changed (raises BuildError). ``deadline_s``: seconds for one transaction.
    """

    def __init__(
        self,
        micropython: Path | None = None,
        firmware: Path | None = None,
        deadline_s: float = _DEADLINE_S,
    ) -> None:
        if firmware is None:
            build_firmware()
            firmware = BUILD / "virtual" / "stage"
        program = micropython or Path(sys.executable).with_name("micropython")
        self._deadline_s = deadline_s
        self._process = subprocess.Popen(
            [program, "-X", f"heapsize={_HEAP}", SCRIPT, firmware],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert self._process.stdout is not None
        self._output = self._process.stdout.fileno()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._output, selectors.EVENT_READ)
        self._pending = b""

    def __enter__(self) -> "Kernels":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        self._selector.close()
        self._process.kill()
        self._process.communicate()

    def run(
        self, setting: Setting, card: Answers, tell: Callable[[dict[str, Any]], None]
    ) -> dict[str, Any]:
        """One transaction of ``card``; returns the outcome. ``tell`` hears of every step.

        Steps are {"capdu": bytes, "answer": bytes or a loss}, {"ui": [message, status, hold_ms]}
        and {"ca": [rid, index], "known": bool}. Raises KernelError.
        """
        until = time.monotonic() + self._deadline_s
        self._write(setting.request())
        while True:
            step = self._read(until)
            if "capdu" in step:
                capdu = bytes.fromhex(step["capdu"])
                answer = card.answer(capdu)
                tell({"capdu": capdu, "answer": answer})
                lost = isinstance(answer, str)
                self._write({"lost": answer} if lost else {"rapdu": bytes(answer).hex()})
            elif "ui" in step:
                tell(step)
            elif "ca" in step:
                rid, index = step["ca"]
                record = setting.ca_keys.get((bytes.fromhex(rid), index))
                tell({**step, "known": record is not None})
                self._write({"key": record.hex() if record else None})
            elif "end" in step:
                return step["end"]
            else:
                raise KernelError(f"the firmware failed: {_place(step['error'])}")

    def _write(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # what it says last is read next

    def _read(self, until: float) -> dict[str, Any]:
        while b"\n" not in self._pending:
            if not self._selector.select(max(0.0, until - time.monotonic())):
                self._process.kill()
                raise KernelError(f"the kernel came to no end in {self._deadline_s:g} seconds")
            more = os.read(self._output, 65536)
            if not more:
                raise self._broken(self._pending)
            self._pending += more
        line, self._pending = self._pending.split(b"\n", 1)
        try:
            message = json.loads(line)
        except ValueError:
            raise self._broken(line) from None
        if not isinstance(message, dict):
            raise self._broken(line)
        return message

    def _broken(self, said: bytes) -> KernelError:
        """What MicroPython says when it cannot run the script at all."""
        self._process.kill()
        rest, _ = self._process.communicate()
        last = (said + b"\n" + rest).decode(errors="replace").strip().splitlines()
        return KernelError(f"MicroPython has ended: {last[-1] if last else 'without a word'}")


def _place(traceback: str) -> str:
    """Type and place of an exception; its text might hold what a card has said."""
    lines = traceback.strip().splitlines()
    places = re.findall(r'File "(.*)", line (\d+)', traceback)
    where = " at {} line {}".format(*places[-1]) if places else ""
    return lines[-1].partition(":")[0] + where if lines else "it does not say how"
