"""What is done with a bare board before the tunnel: by its REPL, over mpremote's transport.

The images of firmware and own modules lie compressed in the board's own file system, and stay
there; only what has changed is sent. At each start the board unpacks them into its heap.
"""

import contextlib
import hashlib
import itertools
import struct
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import serial
from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

from host_tools import ports

_ENTRIES = 3  # tries to come to the raw REPL
_BREAK_S = 10.0
_ANSWER_S = 0.3
_CHUNK = 1024
_BANNER = b"raw REPL; CTRL-B to exit\r\n>"
_MPY = 6  # version of the files that mpy-cross makes
_MARCH = {2: "x64", 10: "xtensawin"}  # of sys.implementation._mpy; bytecode alone for the others

# What boot.py does on a virtual board. A module that is built in and cannot be replaced by one on
# sys.path is replaced in sys.modules; those of MicroPython that come from a file have __file__.
_BOOT = """
import sys, vfs, deflate
_Rom = getattr(vfs, "VfsRom", None) or __import__("taptill_rom").Rom
def _rom(name, size, *places):
    data = bytearray(size)
    rest = memoryview(data)
    with open(name, "rb") as file:
        stream = deflate.DeflateIO(file, deflate.ZLIB, 15)
        while rest:
            rest = rest[stream.readinto(rest):]
    rom = _Rom(data)
    for place in places:
        vfs.mount(rom, place)
_rom({shim!r}, {shim_size}, "/.mcu", "/.own/own")
_rom({firmware!r}, {firmware_size}, "/rom")
sys.path[:] = ["/.mcu", "/.own"]
import _carrier
_carrier.begin({session}, {retry_ms}, {settings!r})
for _name in {own!r}:
    if not hasattr(__import__(_name), "__file__"):
        __import__("own." + _name)
        sys.modules[_name] = sys.modules.pop("own." + _name)
vfs.umount("/.own/own")
sys.modules.pop("own", None)
sys.path[:] = ["/.mcu"]
import _boot
del _rom, _Rom, _name
_boot.go(globals())
import main
"""
# What the program imports by the names of built-in modules
OWN = ("sys", "time", "select", "machine", "esp32", "network", "socket")


class HilError(Exception):
    """The board cannot be used, or not any more; the text says why, in a sentence."""


@dataclass(frozen=True)
class Upload:
    """An image as it lies in the board's file system, and its size when it is unpacked."""

    name: str
    size: int
    packed: bytes

    @classmethod
    def of(cls, name: str, image: Path) -> "Upload":
        """Pack an image."""
        data = image.read_bytes()
        return cls(name, len(data), zlib.compress(data, 9))

    @classmethod
    def plain(cls, source: Path) -> "Upload":
        """A file that lies on the board as it does here."""
        data = source.read_bytes()
        return cls(source.name, len(data), data)


class Repl:
    """The REPL at a serial port (a device or any URL of pyserial). Raises HilError."""

    def __init__(
        self,
        url: str,
        baudrate: int = ports.BAUDRATE,
        progress: Callable[[str, int, int], None] = lambda *_: None,
    ) -> None:
        """``progress``: told a file that is sent, how much of it has been, its size."""
        self.url = url
        self._progress = progress
        self._there: dict[str, Upload] = {}
        self.sessions = itertools.count(1)
        try:
            self._transport = SerialTransport(url, baudrate, timeout=1)
        except (OSError, ValueError, TransportError) as error:
            raise HilError(ports.explain(url, error.__context__ or error)) from None
        self.port: Any = self._transport.serial  # of pyserial

    def close(self) -> None:
        """Leave the board at its REPL and the port to others."""
        with contextlib.suppress(OSError, serial.SerialException):
            self.port.write(b"\r\x03\x02")
        with contextlib.suppress(OSError, serial.SerialException):
            self._transport.close()

    def enter(self) -> None:
        """To the raw REPL, everything as after a reset, whatever runs there now."""
        self.port.timeout = 1
        why: Exception | None = None
        try:
            for _ in range(_ENTRIES):
                self._interrupt()
                try:
                    with contextlib.redirect_stdout(None):  # it prints what it got instead
                        self._transport.enter_raw_repl()
                    return
                except TransportError as error:  # the program was ending just then
                    why = error
        except (OSError, serial.SerialException):
            raise HilError(ports.explain(self.url)) from None
        raise HilError(f"{self.url} has no MicroPython that answers: {why}")

    def _interrupt(self) -> None:
        """Ctrl-C until there is a prompt: what ends may have to be interrupted again."""
        until = time.monotonic() + _BREAK_S
        reset_by_line = False
        while time.monotonic() < until:
            self.port.write(b"\r\x03\x01")
            said, end = b"", time.monotonic() + _ANSWER_S
            while time.monotonic() < end:
                said += self.port.read(self.port.in_waiting or 1)
                if said.endswith(_BANNER):
                    return
            if not reset_by_line and time.monotonic() > until - _BREAK_S / 2:
                reset_by_line = True
                self._pulse_en()
        raise HilError(
            f"{self.url}: no REPL answers to Ctrl-C. Is MicroPython on the board, and is this its "
            f"console? Press its reset button and try again"
        )

    def _pulse_en(self) -> None:
        """Reset by RTS, which boards with a USB converter have at EN; others ignore it."""
        with contextlib.suppress(OSError, serial.SerialException):
            self.port.dtr, self.port.rts = False, True
            time.sleep(0.1)
            self.port.rts = False

    def march(self) -> str:
        """Whose machine code the board runs; "": none that is made here."""
        with self._told():
            told = self._transport.eval("getattr(__import__('sys').implementation, '_mpy', 0)")
        reads = told if isinstance(told, int) else 0
        if reads & 0xFF != _MPY:
            raise HilError(
                f"the MicroPython at {self.url} reads .mpy files of version {reads & 0xFF}, "
                f"not {_MPY}: install version 1.25 or newer"
            )
        return _MARCH.get(reads >> 10 & 0xF, "")

    def install(self, uploads: Sequence[Upload]) -> None:
        """Send what the board does not have, and have it say what arrived."""
        with self._told():
            for upload in uploads:
                if self._there.get(upload.name) != upload:
                    self._put(upload)
                    self._there[upload.name] = upload

    def _put(self, upload: Upload) -> None:
        wanted = hashlib.sha256(upload.packed).digest()
        if self._hash(upload.name) != wanted:
            self._send(upload)
            if self._hash(upload.name) != wanted:
                raise HilError(f"{upload.name} did not arrive whole: try again")

    def _send(self, upload: Upload) -> None:
        def tell(done: int, whole: int) -> None:
            self._progress(upload.name, done, whole)

        self._transport.fs_writefile(
            upload.name, upload.packed, chunk_size=_CHUNK, progress_callback=tell
        )

    def _hash(self, name: str) -> bytes:
        if not self._transport.fs_exists(name):
            return b""
        return self._transport.fs_hashfile(name, "sha256", chunk_size=4096)

    def run(
        self,
        firmware: Upload,
        shim: Upload,
        session: int,
        settings: dict[str, str],
        retry_ms: int,
    ) -> None:
        """Start the program; from now on the line is the tunnel's."""
        script = _BOOT.format(
            shim=shim.name,
            shim_size=shim.size,
            firmware=firmware.name,
            firmware_size=firmware.size,
            session=session,
            retry_ms=retry_ms,
            settings=settings,
            own=OWN,
        )
        with self._told():
            self._transport.exec_raw_no_follow(script)

    @contextlib.contextmanager
    def _told(self):
        """What goes wrong, in a sentence."""
        try:
            yield
        except TransportError as error:
            why = str(error).strip().splitlines()[-1]
            raise HilError(f"the board at {self.url} did not do it: {why}") from None
        except (OSError, struct.error) as error:  # the port is gone, or it answers too little
            raise HilError(ports.explain(self.url, error)) from None
