"""Runs vectors on a board, over the REPL of its serial console.

Works on any board that mpremote can talk to and that has the firmware on it: the firmware's own
code computes, this side only compares. The terminal is interrupted, and starts anew afterwards.
"""

import contextlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mpremote.transport_serial import SerialTransport, TransportError, TransportExecError

from host_tools import ports
from host_tools.emv import play
from host_tools.emv.kernels import SCRIPT, KernelError, Kernels
from host_tools.replay.vectors import Check
from host_tools.vboard.cards.script import ScriptCard

_HELPERS = Path(__file__).parent / "mpy" / "checks.py"
_READ_S = 1
_TRIES = 3
_ANSWER_S = 60.0
_SILENCE_S = 20.0
# The REPL looks for modules in the root of the flash first, and there the directory of the
# terminal's data is called as its package is.
_PATH = 'import sys\nsys.path[:] = [p for p in sys.path if p not in ("", "/")]\n'


class BoardError(Exception):
    """The board cannot be used, or not any more; the text says why."""


class Outcome:
    """What became of one vector. ``wrong``: a sentence, None: as it should be."""

    def __init__(self, name: str, wrong: str | None) -> None:
        self.name, self.wrong = name, wrong


@contextmanager
def repl(port: str) -> Iterator[SerialTransport]:
    """The raw REPL of the board at a serial port or URL; the board is reset in the end.

    Raises BoardError, also for what goes wrong inside.
    """
    try:
        transport = SerialTransport(port, timeout=_READ_S)
    except (OSError, TransportError, ValueError) as error:
        raise BoardError(ports.explain(port, error.__context__ or error)) from None
    try:
        _enter(transport)
        yield transport
        transport.exec_raw_no_follow("import machine; machine.reset()")
    except TransportExecError as error:
        last = error.error_output.strip().splitlines()[-1]
        raise BoardError(f"the board at {port}: {last}") from None
    except (OSError, TransportError) as error:
        raise BoardError(f"the board at {port} answers no more: {error}") from None
    finally:
        with contextlib.suppress(OSError):
            transport.close()


def _enter(transport: SerialTransport) -> None:
    """To the REPL. A Ctrl-C that comes while the terminal starts may be lost: then once more.

    Kernels that a broken-off run has left there wait for the rest of a line, for the next one in
    the midst of a transaction, for a transaction: an empty line ends each.
    """
    transport.serial.write(b"\n\n\n")
    for last in [False] * (_TRIES - 1) + [True]:
        try:
            with contextlib.redirect_stdout(None):  # it prints what it got instead
                transport.enter_raw_repl()
            return
        except TransportError:
            if last:
                raise


def check(port: str, checks: list[Check]) -> Iterator[Outcome]:
    """Each check in turn, on the board at ``port``. Raises BoardError."""
    with repl(port) as board:
        board.exec(_PATH + _HELPERS.read_text(encoding="utf-8"))
        imports = ""
        for one in checks:
            if one.imports != imports:
                imports = one.imports
                board.exec(imports)
            yield Outcome(one.name, _compared(one.value, _asked(board, one.expression)))


def _asked(board: SerialTransport, expression: str) -> Any:
    answer = board.exec(f"check(lambda: {expression})")
    try:
        said = json.loads(answer)
    except ValueError:
        raise BoardError(f"the board answered {answer[:40]!r}, which is no answer") from None
    return f"raises {said['raised']}" if "raised" in said else said["is"]


def _compared(wanted: Any, got: Any) -> str | None:
    """Where two values part; of bytes and digits only the first that differ: they may be keys."""
    if wanted == got:
        return None
    if isinstance(wanted, str) and isinstance(got, str) and not got.startswith("raises"):
        if len(wanted) != len(got):
            return f"{len(got)} digits instead of {len(wanted)}"
        at = next(i for i, (a, b) in enumerate(zip(wanted, got, strict=True)) if a != b)
        return f"digit {at} is {got[at]!r} instead of {wanted[at]!r}"
    if isinstance(wanted, list) and isinstance(got, list) and len(wanted) == len(got):
        return next(_compared(a, b) for a, b in zip(wanted, got, strict=True) if a != b)
    if isinstance(wanted, dict) and isinstance(got, dict):
        name = next(n for n in [*wanted, *got] if wanted.get(n) != got.get(n))
        return f"{name}: {_compared(wanted.get(name), got.get(name))}"
    return f"it {got}" if str(got).startswith("raises") else "it is of another kind"


class BoardKernels(Kernels):
    """The kernels of a board; each line goes over its serial console."""

    def __init__(self, board: SerialTransport) -> None:
        self._board = board
        self._deadline_s = _ANSWER_S
        board.exec_raw_no_follow(SCRIPT.read_text(encoding="utf-8"))

    def close(self) -> None:
        """End the program; the board is at its REPL again."""
        with contextlib.suppress(OSError, TransportError):
            self._board.serial.write(b"\n")
            self._board.follow(_READ_S)

    def _write(self, message: dict[str, Any]) -> None:
        self._board.serial.write(json.dumps(message).encode() + b"\n")

    def _read(self, until: float) -> dict[str, Any]:
        line = b""
        silent = time.monotonic() + _SILENCE_S
        while not line.endswith(b"\n"):
            more = self._board.serial.read(1)
            silent = time.monotonic() + _SILENCE_S if more else silent
            if time.monotonic() > min(silent, until):
                raise KernelError("the board says nothing more")
            line += more
            if line.endswith(b"\x04>"):
                raise KernelError(f"the program has ended: {_last(line)}")
        try:
            message = json.loads(line)
        except ValueError:
            raise KernelError(f"the board says {_last(line)!r}") from None
        if not isinstance(message, dict):
            raise KernelError(f"the board says {_last(line)!r}")
        return message


def _last(said: bytes) -> str:
    lines = said.replace(b"\x04", b"").decode("utf-8", "replace").strip(" >\r\n").splitlines()
    return lines[-1][:60] if lines else ""


def play_scripts(port: str, path: Path) -> Iterator[Outcome]:
    """Each conversation of a file, with the kernels of the board. Raises BoardError."""
    plays = [one for one in play.load(str(path)) if isinstance(one.card, ScriptCard)]
    with repl(port) as board:
        with BoardKernels(board) as kernels:
            for one in plays:
                yield Outcome(one.card.name, one.run(kernels).difference)
