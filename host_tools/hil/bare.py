"""A bare board on this machine: MicroPython's unix port, and nothing but a pty to reach it by.

No module of the virtual board, no inherited descriptor, nothing mapped: what a board with a fresh
MicroPython and a USB cable is to the laptop. Its UART has a small receive buffer, as an ESP32's
has: what comes faster than the program reads is lost, and counted.
"""

import asyncio
import fcntl
import os
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Callable
from pathlib import Path

from host_tools.vboard.console import Console
from host_tools.vboard.process import catches_interrupts

HEAP = "8m"  # as much PSRAM as the boards have that it stands for
UART_BYTES = 260  # of the receive buffer of MicroPython's ESP32 port

_PROGRAM = """
import ctypes, signal, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: it does not outlive us
signal.signal(signal.SIGINT, signal.SIG_DFL)  # MicroPython catches it while a program runs
from micropython_run import run_main
sys.exit(run_main(sys.argv[1:]))
"""

_BITS = 10  # of a byte on the line

Wire = Callable[[bytes], bytes]  # what becomes of bytes on their way


def _as_sent(data: bytes) -> bytes:
    return data


class BareBoard:
    """The board; ``port`` is its serial port, ``folder`` what its own flash holds.

    ``to_board`` and ``from_board`` may damage what passes. ``baudrate``: how fast the line is, 0:
    as fast as the machine.
    """

    def __init__(self, folder: Path, heap: str = HEAP, baudrate: int = 0) -> None:
        self.folder, self._heap, self.baudrate = folder, heap, baudrate
        self.to_board: Wire = _as_sent
        self.from_board: Wire = _as_sent
        self.overruns = 0  # bytes that the receive buffer had no room for
        self.starts = 0
        self._process: subprocess.Popen | None = None
        self._slave = -1
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        ready.wait()

    def close(self) -> None:
        """Unplug it."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._end)
            self._thread.join()

    def __enter__(self) -> "BareBoard":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def reset(self) -> None:
        """Press its reset button."""
        self._loop.call_soon_threadsafe(self._kill)

    def _run(self, ready: threading.Event) -> None:
        self._loop = asyncio.new_event_loop()
        self._console = _Line(self._loop, self)
        self.port = self._console.port
        self._start()
        ready.set()
        self._loop.run_forever()
        self._loop.close()

    def _start(self) -> None:
        raw = self._console.raw_repl and self.starts > 0
        terminal = self._console.new_process_terminal(raw)
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, "micropython", "-X", f"heapsize={self._heap}"],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            cwd=self.folder,
            env={"PATH": os.environ.get("PATH", ""), "PYTHONHASHSEED": "0"},
            start_new_session=True,
        )
        if self._slave >= 0:
            os.close(self._slave)
        self._slave = terminal
        self.starts += 1
        self._console.booted()
        threading.Thread(target=self._wait_for, args=(self._process,), daemon=True).start()

    def _wait_for(self, process: subprocess.Popen) -> None:
        process.wait()
        try:
            self._loop.call_soon_threadsafe(self._gone, process)
        except RuntimeError:  # unplugged meanwhile
            pass

    def _gone(self, process: subprocess.Popen) -> None:
        if process is self._process:
            self._console.say(b"MPY: soft reboot\r\n")
            self._start()

    def _kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGKILL)
        self._console.close()
        os.close(self._slave)
        self._loop.stop()

    def room(self) -> int:
        """Bytes that the receive buffer has room for."""
        unread = fcntl.ioctl(self._slave, termios.FIONREAD, bytes(4))
        return max(0, UART_BYTES - int.from_bytes(unread, sys.byteorder))

    def interrupts(self) -> bool:
        """Whether a program runs that Ctrl-C interrupts; if so, it has been.

        A board looks for Ctrl-C when it receives. The unix port leaves that to the terminal, but
        not while a raw REPL runs a program.
        """
        assert self._process is not None
        if not catches_interrupts(self._process.pid, unknown=False):
            return False
        self._process.send_signal(signal.SIGINT)
        return True


class _Line(Console):
    """The line to a bare board."""

    def __init__(self, loop: asyncio.AbstractEventLoop, board: BareBoard) -> None:
        super().__init__(loop, lambda: None)
        self._board = board
        self._free = {"to": 0.0, "from": 0.0}  # until when the last byte of each way takes

    def _carry(self, way: str, data: bytes, arrive: Callable[[bytes], None]) -> None:
        """Let bytes arrive when they would on a line of this speed."""
        if not self._board.baudrate:
            arrive(data)
            return
        start = max(self._loop.time(), self._free[way])
        self._free[way] = start + len(data) * _BITS / self._board.baudrate
        self._loop.call_at(self._free[way], arrive, data)

    def say(self, data: bytes) -> None:
        """From the board."""
        self._carry("from", self._board.from_board(data), super().say)

    def _write(self, data: bytes) -> None:
        self._carry("to", self._board.to_board(data), self._arrive)

    def _arrive(self, data: bytes) -> None:
        if b"\x03" in data and self._board.interrupts():
            data = data.replace(b"\x03", b"")
        fits = data[: self._board.room()]
        self._board.overruns += len(data) - len(fits)
        super()._write(fits)
