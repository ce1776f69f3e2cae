"""A driver on the real MicroPython, its UART a socket to the test, which plays the chip."""

import select
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 20

PROLOGUE = """
import asyncio, gc, io, sys
sys.path[:0] = [{firmware!r}]

class Uart(io.IOBase):
    # pollable by its descriptor; readinto is None when nothing has come, as with timeout=0
    def __init__(self):
        self._file = open({uart}, "r+b")
        self.baudrate = 115200
    def init(self, baudrate):
        self.baudrate = baudrate
        control.write(b"baud %d\\n" % baudrate)
    def ioctl(self, request, arg):
        return {uart} if request == 10 else -1
    def readinto(self, buf):
        return self._file.readinto(buf)
    def write(self, buf):
        return self._file.write(buf)

control = open({control}, "r+b")
commands = asyncio.StreamReader(control)

async def told():
    # wait until the test says so
    return (await commands.readline()).decode().strip()

def tell(text):
    control.write(text.encode() + b"\\n")

uart = Uart()
"""


class Wire:
    """The far end of the UART, and a second line on which test and firmware agree on moments."""

    def __init__(self, source: str, heap: str) -> None:
        self._uart, uart = socket.socketpair()
        self._control, control = socket.socketpair()
        uart.setblocking(False)
        control.setblocking(False)
        self._uart.settimeout(PATIENCE_S)
        self._control.settimeout(PATIENCE_S)
        self._lines = self._control.makefile("rb")
        names = {"firmware": str(ROOT / "firmware"), "uart": uart.fileno()}
        prologue = PROLOGUE.format(control=control.fileno(), **names)
        micropython = Path(sys.executable).with_name("micropython")
        self._process = subprocess.Popen(
            [micropython, "-X", f"heapsize={heap}", "-c", prologue + source],
            pass_fds=(uart.fileno(), control.fileno()),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        uart.close()
        control.close()

    def hears(self, *frames: bytes) -> None:
        """The firmware sends exactly these bytes next."""
        want = b"".join(frames)
        got = b""
        try:
            while len(got) < len(want):
                more = self._uart.recv(len(want) - len(got))
                if not more:
                    break
                got += more
        except OSError:
            pass
        if got != want:
            self.fail(f"the firmware sent {got.hex(' ')}, not {want.hex(' ')}")

    def says(self, *frames: bytes) -> None:
        """The firmware receives these bytes."""
        self._uart.sendall(b"".join(frames))

    def keeps_quiet_for(self, seconds: float) -> None:
        """The firmware sends nothing for so long, though it could."""
        self._uart.settimeout(seconds)
        try:
            got = self._uart.recv(1)
        except TimeoutError:
            got = b""
        self._uart.settimeout(PATIENCE_S)
        if got:
            self.fail(f"the firmware sent {got.hex()} instead of waiting")

    def tells(self) -> str:
        """The next line that the firmware tells, ``baud N`` among them."""
        try:
            line = self._lines.readline()
        except OSError:
            line = b""
        if not line:
            self.fail("the firmware tells nothing")
        return line.decode().strip()

    def told(self, text: str = "go") -> None:
        """Let ``await told()`` of the firmware go on."""
        self._control.sendall(text.encode() + b"\n")

    def babbles(self, noise: bytes) -> str:
        """Send ``noise`` over and over until the firmware has ended; what it has printed."""
        self._uart.setblocking(False)
        while self._process.poll() is None:
            readable, writable, _ = select.select([self._uart], [self._uart], [], 0.01)
            try:
                if readable:
                    self._uart.recv(65536)
                if writable:
                    self._uart.send(noise)
            except OSError:
                break
        text = self._wait()
        if self._process.returncode:
            pytest.fail(text)
        return text.strip()

    def output(self) -> str:
        """What the firmware has printed, once it has ended well and sent nothing unexpected."""
        text = self._wait()
        if self._process.returncode:
            pytest.fail(text)
        rest = self._uart.recv(4096)
        assert not rest, f"the firmware also sent {rest.hex(' ')}"
        return text.strip()

    def fail(self, why: str) -> None:
        """End the test with ``why`` and what the firmware had to say."""
        self._process.kill()
        pytest.fail(f"{why}\n{self._wait()}")

    def close(self) -> None:
        """Leave nothing behind."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._lines.close()
        self._uart.close()
        self._control.close()

    def _wait(self) -> str:
        try:
            out, _ = self._process.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            out, _ = self._process.communicate()
        return out.decode(errors="replace")


@pytest.fixture
def wire():
    """``wire(source)`` runs firmware code that finds ``uart``, ``told()`` and ``tell(text)``."""
    wires = []

    def run(source: str, heap: str = "256k") -> Wire:
        wires.append(Wire(source, heap))
        return wires[-1]

    yield run
    for one in wires:
        one.close()
