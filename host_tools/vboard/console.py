"""The serial console: what a USB cable to the board shows, as a pseudo-terminal that stays.

The MicroPython process behind it comes and goes (soft reset, reset, power); the outer terminal,
which ``mpremote`` or any serial program opens, remains. The inner one belongs to one process.
"""

import asyncio
import contextlib
import os
import pty
import re
import termios
import tty
from collections.abc import Callable
from pathlib import Path

_RAW_BANNER = b"raw REPL; CTRL-B to exit\r\n"
_FRIENDLY_BANNER = b'Type "help()" for more information.'
_DIED = b"FATAL: uncaught NLR"
_PROMPT_S = 5.0  # how long what is typed waits for the prompt after a Ctrl-C
_LINE_S = 0.5  # and after a line, should that have begun a program that reads what is typed
_WAIT_S, _WAITS = 0.002, 150  # a program that computes is not interrupted for so many times that
_SCROLLBACK = 65536
_LINE = re.compile(rb"[^\r\n\x04]*[\r\n\x04]")  # what the REPL takes at once


class Console:
    """The outer pseudo-terminal and the way to the process of the moment; loop thread only."""

    def __init__(self, loop: asyncio.AbstractEventLoop, changed: Callable[[], None]) -> None:
        self._loop = loop
        self.changed = changed
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.port = os.ttyname(self._slave)
        self._inner: int | None = None
        self._link: Path | None = None
        self.on_output: Callable[[bytes], None] | None = None
        self.interruptible: Callable[[], bool] = lambda: True  # whether the program hears Ctrl-C
        self.waits: Callable[[], bool] = lambda: True  # whether it waits for something
        self.listeners: list[Callable[[bytes], None]] = []  # other ends of the same line
        self.taken: Callable[[bytes], None] | None = None  # who has the line instead of a process
        self._tail = b""
        self.raw_repl = False
        self.scrollback = bytearray()
        self._booted = False
        self._at_prompt = False
        self._back_to_raw = False
        self._held: bytes | None = None
        self._again: bytes | None = None  # what a process died of instead of being interrupted
        self._patience: asyncio.TimerHandle | None = None
        loop.add_reader(self._master, self._typed)

    def symlink(self, path: Path) -> None:
        """Give the port a name that stays the same from run to run."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(self.port)
        self._link = path

    def new_process_terminal(self, raw: bool) -> int:
        """A fresh inner terminal; returns the descriptor that becomes the process's stdin and out.

        With ``raw`` the process is sent back to the raw REPL as soon as it prompts.
        """
        self.hang_up()
        self._calm()
        self._booted, self._at_prompt, self._back_to_raw = False, False, raw
        self._held, self._again = self._again, None
        self._tail = b""
        master, slave = pty.openpty()
        mode = termios.tcgetattr(slave)
        mode[1] &= ~termios.OPOST  # bytes of the raw REPL go through as they are
        mode[3] &= ~(termios.ECHO | termios.ICANON)
        mode[3] |= termios.ISIG  # Ctrl-C interrupts what runs; no other byte does anything
        mode[0] &= ~(termios.IXON | termios.IXOFF)
        mode[6][termios.VQUIT] = mode[6][termios.VSUSP] = b"\0"
        termios.tcsetattr(slave, termios.TCSANOW, mode)
        os.set_blocking(master, False)
        self._inner = master
        self._loop.add_reader(master, self._printed)
        return slave

    def hang_up(self) -> None:
        """The process has gone."""
        if self._inner is not None:
            self._printed()
        if self._inner is not None:
            self._loop.remove_reader(self._inner)
            os.close(self._inner)
            self._inner = None

    def close(self) -> None:
        """Unplug the cable."""
        self.hang_up()
        self._loop.remove_reader(self._master)
        os.close(self._master)
        os.close(self._slave)
        if self._link is not None:
            self._link.unlink(missing_ok=True)

    def type(self, data: bytes) -> None:
        """Send ``data`` to the process, as a serial program would.

        The unix port forgets what was typed before it prompts; a board does not. So what is typed
        while it boots is held until it has booted, what follows a line at the prompt until the
        next prompt is there, and what follows a Ctrl-C into a running program likewise; not for
        ever, should none come.
        """
        if self.taken is not None:
            self.taken(data)
            return
        if self._held is not None or not self._booted:
            self._held = (self._held or b"") + data
            return
        interrupt = data.rfind(b"\x03")
        if interrupt >= 0 and not self.interruptible():
            self._take_as_byte()
        elif interrupt >= 0 and not self._at_prompt:
            self._hold(data[interrupt + 1 :], _PROMPT_S)
            self._interrupt(data[: interrupt + 1], self._inner, _WAITS)
            return
        elif self._at_prompt and not self.raw_repl and (line := _LINE.match(data)):
            self._hold(data[line.end() :], _LINE_S)
            data = line[0]
        self._write(data)

    def _calm(self) -> None:
        """Wait for no prompt any longer."""
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _hold(self, data: bytes, seconds: float) -> None:
        """Keep what is typed until the next prompt, or for so long."""
        self._held = data
        self._patience = self._loop.call_later(seconds, self._release)

    def _interrupt(self, data: bytes, inner: int | None, times: int) -> None:
        """Write a Ctrl-C once the program waits for something.

        The unix port leaves what it does for the interrupt wherever it is, and not every place
        bears that: it ends with "uncaught NLR". Should it have begun to compute meanwhile and
        end so, the one that comes after it is interrupted instead.
        """
        if times and not self.waits():
            self._loop.call_later(_WAIT_S, self._interrupt, data, inner, times - 1)
        elif inner == self._inner:
            self._write(data)

    def _take_as_byte(self) -> None:
        """``micropython.kbd_intr(-1)``: from now on Ctrl-C is a byte to the program."""
        if self._inner is not None:
            mode = termios.tcgetattr(self._inner)
            mode[3] &= ~termios.ISIG
            termios.tcsetattr(self._inner, termios.TCSANOW, mode)

    def booted(self) -> None:
        """The process is about to run the program, or to prompt: it can be interrupted now."""
        self._booted = True
        held, self._held = self._held, None
        if held:
            self.type(held)

    def _release(self) -> None:
        self._calm()
        held, self._held = self._held, None
        if self._at_prompt:
            self.type(held or b"")
        else:
            self._write(held or b"")

    def _write(self, data: bytes) -> None:
        if data and self._inner is not None:
            if data[-1] in b"\r\n\x04":
                self._at_prompt = False
            with contextlib.suppress(OSError):
                os.write(self._inner, data)

    def say(self, data: bytes) -> None:
        """Bytes that the board itself (not the process) puts on the line."""
        self.scrollback += data
        del self.scrollback[:-_SCROLLBACK]
        if self.on_output is not None:
            self.on_output(data)
        self.line(data)

    def line(self, data: bytes) -> None:
        """Put bytes on the line that are not for people."""
        for listener in self.listeners:
            listener(data)
        with contextlib.suppress(OSError):  # nobody listens: a serial line forgets
            os.write(self._master, data)

    def _typed(self) -> None:
        with contextlib.suppress(OSError):
            self.type(os.read(self._master, 4096))

    def _printed(self) -> None:
        assert self._inner is not None
        while True:
            try:
                data = os.read(self._inner, 65536)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._loop.remove_reader(self._inner)
                os.close(self._inner)
                self._inner = None
                return
            self._follow(data)
            if not self._back_to_raw:
                self.say(data if self.raw_repl else _with_cr(data))
            self.changed()

    def _follow(self, data: bytes) -> None:
        """Keep track of the mode of the REPL, and of whether it waits for input."""
        seen = self._tail + data
        self._tail = seen[-64:]
        if self._held is not None and _DIED in seen:
            self._again = b"\x03" + self._held
        raw, friendly = seen.rfind(_RAW_BANNER), seen.rfind(_FRIENDLY_BANNER)
        if raw != friendly:
            self.raw_repl = raw > friendly
            if self._back_to_raw and self.raw_repl:
                self._back_to_raw = False
        if seen.endswith((b">>> ", b"... ", b"=== ", b"\n>", b"\x04>")):
            self._at_prompt = True
            if self._back_to_raw:
                self._write(b"\x01")
            elif self._held is not None:
                self._release()


def _with_cr(data: bytes) -> bytes:
    """A friendly console ends its lines with CR LF; the unix port leaves that to its terminal."""
    return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
