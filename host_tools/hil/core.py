"""A bare board as microcontroller of the virtual board: the program runs there, chips are here.

A thread brings the board up (REPL, images, start) and then reads the line; the rest runs on the
loop's thread.
"""

import asyncio
import re
import threading
from collections.abc import Callable

import serial

from host_tools.hil.repl import HilError, Repl, Upload
from host_tools.hil.tunnel import Counts, Tunnel
from host_tools.vboard.console import Console
from host_tools.vboard.mcu import HARD, Ended

_READ_S = 0.05
_LONGEST_SEGMENT = 1100  # bytes that the board sends at once
_BITS = 10  # of a byte on the line
# What a board says that has been reset, or whose program has ended: to be seen outside of segments
_RESET_MARKS = (b"MPY: soft reboot", b"rst:0x", b"raw REPL; CTRL-B to exit")
_ENDED_MARK = b"\x04"
# As the raw REPL ends: output, 04, error, 04, prompt; a damaged segment may have any of these
_ENDED = re.compile(rb"\x04([\t\n\r\x20-\x7e\x80-\xff]*)\x04>\Z")
_REMEMBERED = 2048  # bytes of text


class SerialCore:
    """The program on a board that ``repl`` leads to. ``counts`` says what the line has carried."""

    patience = 4.0  # a screen of 150 KB takes its time on a serial line

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        console: Console,
        repl: Repl,
        firmware: Upload,
        modules: Upload,
        counts: Counts,
    ) -> None:
        self._loop, self._console, self._repl = loop, console, repl
        self._firmware, self._modules = firmware, modules
        self.counts = counts
        self._tunnel: Tunnel | None = None
        self._lost = ""
        self._text = b""
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()
        line_s = _LONGEST_SEGMENT * _BITS / max(300, repl.port.baudrate)
        self._retry_s = 0.3 + 2 * line_s

    def start(
        self, settings: dict[str, str], heard: Callable[[bytes], None], ended: Ended
    ) -> None:
        """Bring the board up, in a thread."""
        if self._lost:
            return
        session = next(self._repl.sessions)
        tunnel = Tunnel(
            self._loop,
            session,
            self.counts,
            put=self._put,
            heard=heard,
            said=lambda text: self._said(text, ended),
            lost=lambda: self._lose(
                f"the board at {self._repl.url} has not answered for half a minute"
            ),
            retry_s=self._retry_s,
        )
        before, self._stopped = self._thread, threading.Event()
        self._tunnel, self._text = tunnel, b""
        self._thread = threading.Thread(
            target=self._run, args=(tunnel, before, self._stopped, session, settings), daemon=True
        )
        self._thread.start()

    def write(self, data: bytes) -> None:
        """Send bytes to the program."""
        if self._tunnel is not None:
            self._tunnel.write(data)

    def stop(self) -> None:
        """Hear nothing more; the board is interrupted when it is started next, or at the end."""
        self._stopped.set()
        if self._tunnel is not None:
            self._tunnel.close()
            self._tunnel = None

    def check(self) -> None:
        """Raise HilError when the board is lost."""
        if self._lost:
            raise HilError(self._lost)

    def close(self) -> None:
        """Stop; the line stays open for the next board that is made of it."""
        self.stop()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    # the thread

    def _run(
        self,
        tunnel: Tunnel,
        before: threading.Thread | None,
        stopped: threading.Event,
        session: int,
        settings: dict[str, str],
    ) -> None:
        if before is not None:
            before.join()
        if stopped.is_set():
            return
        try:
            self._bring_up(session, settings)
            port = self._repl.port
            port.timeout = _READ_S
            while not stopped.is_set():
                data = port.read(port.in_waiting or 1)
                if data:
                    self._loop.call_soon_threadsafe(self._feed, tunnel, data)
        except HilError as error:
            self._tell_lost(str(error))
        except (OSError, serial.SerialException):
            self._tell_lost(f"the line to {self._repl.url} is gone: was the board unplugged?")

    def _bring_up(self, session: int, settings: dict[str, str]) -> None:
        self._repl.enter()
        self._repl.install((self._firmware, self._modules))  # another board's may be there
        retry_ms = int(self._retry_s * 1000)
        self._repl.run(self._firmware, self._modules, session, settings, retry_ms)

    def _tell_lost(self, why: str) -> None:
        try:
            self._loop.call_soon_threadsafe(self._lose, why)
        except RuntimeError:  # the board has been closed meanwhile
            pass

    # the loop's thread

    @staticmethod
    def _feed(tunnel: Tunnel, data: bytes) -> None:
        if not tunnel.closed:
            tunnel.feed(data)

    def _put(self, data: bytes) -> None:
        try:
            self._repl.port.write(data)
        except (OSError, serial.SerialException):
            self._lose(f"the line to {self._repl.url} is gone: was the board unplugged?")

    def _lose(self, why: str) -> None:
        if not self._lost:
            self._lost = why
            self.stop()
            self._console.say(f"\r\n{why}\r\n".encode())
            self._console.changed()

    def _said(self, text: bytes, ended: Ended) -> None:
        """Text around the segments: the console's. It also tells that the board was reset."""
        self._console.say(text.replace(_ENDED_MARK, b""))
        self._console.changed()
        self._text = (self._text + text)[-_REMEMBERED:]
        if any(mark in self._text for mark in _RESET_MARKS):
            ended(HARD, "the board has been reset from outside, or by itself")
            return
        end = _ENDED.search(self._text)
        if end:
            lines = end[1].rstrip(b"\r\n").decode("utf-8", "replace").splitlines()
            why = lines[-1] if lines else "nothing was wrong"
            self._lose(f"the program on the board at {self._repl.url} has ended: {why}")
