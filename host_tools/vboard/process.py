"""The microcontroller as a process of MicroPython on this machine, at the end of a socket pair."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable
from pathlib import Path

from host_tools.vboard.console import Console
from host_tools.vboard.mcu import SOFT, Ended

_HERE = Path(__file__).parent


class ProcessCore:
    """A process that has the images of firmware and own modules mapped; one for each start.

    ``rom`` is the image of the next start.
    """

    patience = 1.0

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        console: Console,
        *,
        rom: Path,
        shim: Path,
        heap: str,
        micropython: str | None = None,
    ) -> None:
        self._loop, self._console = loop, console
        self.rom, self._shim, self._heap = rom, shim, heap
        self._micropython = micropython
        self._process: subprocess.Popen | None = None
        self._socket: socket.socket | None = None
        self._out = bytearray()
        self._writing = False
        self._heard: Callable[[bytes], None]
        self._ended: Ended

    def start(
        self,
        settings: dict[str, str],
        heard: Callable[[bytes], None],
        ended: Ended,
    ) -> None:
        """Start the process on a terminal and a socket pair of its own."""
        ours, theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        ours.setblocking(False)
        self._socket, self._heard, self._ended = ours, heard, ended
        self._loop.add_reader(ours, self._readable)
        run_main = settings["RUN_MAIN"] == "1"
        environment = {
            "VBOARD_LINK": str(theirs.fileno()),
            "VBOARD_SITE": sysconfig.get_path("platlib"),
            "PYTHONHASHSEED": "0",
            "PATH": os.environ.get("PATH", ""),
        }
        environment |= {f"VBOARD_{name}": value for name, value in settings.items()}
        command = [sys.executable, "-I", "-S", str(_HERE / "launch.py")]
        command += [str(self.rom), str(self._shim), self._heap, str(_HERE / "shim" / "boot.py")]
        if self._micropython:
            command.append(self._micropython)
        terminal = self._console.new_process_terminal(raw=not run_main)
        self._process = subprocess.Popen(
            command,
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            env=environment,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
        pid = self._process.pid
        self._console.interruptible = lambda: catches_interrupts(pid, unknown=True)
        self._console.waits = lambda: _sleeps(pid)
        os.close(terminal)
        theirs.close()
        threading.Thread(target=self._wait_for, args=(self._process,), daemon=True).start()

    def stop(self) -> None:
        """Kill it."""
        process, self._process = self._process, None
        if process is not None:  # before its line goes: it shall not live to complain of that
            process.send_signal(signal.SIGKILL)
        self._hang_up()
        self._console.hang_up()

    def close(self) -> None:
        """Kill it; there is nothing else to give up."""
        self.stop()

    def check(self) -> None:
        """A process that ends is started again: there is nothing to complain of."""

    def write(self, data: bytes) -> None:
        """Send bytes; what the line does not take now waits here."""
        if self._socket is not None:
            self._out += data
            self._flush()

    def _flush(self) -> None:
        assert self._socket is not None
        try:
            sent = self._socket.send(self._out)
            del self._out[:sent]
        except BlockingIOError:
            pass
        except OSError:  # the process has ended; its watcher says so
            self._out.clear()
        if bool(self._out) != self._writing:
            self._writing = bool(self._out)
            if self._writing:
                self._loop.add_writer(self._socket, self._flush)
            else:
                self._loop.remove_writer(self._socket)

    def _readable(self) -> None:
        assert self._socket is not None
        try:
            data = self._socket.recv(262144)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._heard(data)
        else:
            self._hang_up()

    def _hang_up(self) -> None:
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            if self._writing:
                self._loop.remove_writer(self._socket)
            self._socket.close()
            self._socket, self._writing = None, False
            self._out.clear()

    def _wait_for(self, process: subprocess.Popen) -> None:
        process.wait()
        try:
            self._loop.call_soon_threadsafe(self._gone, process)
        except RuntimeError:  # the board has been closed meanwhile
            pass

    def _gone(self, process: subprocess.Popen) -> None:
        if process is self._process:
            self._ended(SOFT, "")


def catches_interrupts(pid: int, *, unknown: bool) -> bool:
    """Whether a process has a handler for SIGINT: MicroPython has, until ``kbd_intr(-1)``.

    ``unknown``: the answer where there is no /proc, so that it cannot be told.
    """
    caught = _status(pid).get("SigCgt")
    return unknown if caught is None else bool(int(caught, 16) & 1 << signal.SIGINT - 1)


def _sleeps(pid: int) -> bool:
    """Whether a process waits for something; where that cannot be told, it does."""
    return _status(pid).get("State", "S")[0] != "R"


def _status(pid: int) -> dict[str, str]:
    """What the system says of a process; nothing where there is no /proc."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    pairs = (line.split(":", 1) for line in text.splitlines())
    return {name: value.strip() for name, value in pairs}
