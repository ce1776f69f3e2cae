"""Serial ports for people: find the board's, open it, and say why it cannot be opened.

A port is a device (``/dev/ttyUSB0``) or any URL that pyserial knows (``rfc2217://host:port``,
``socket://host:port``). Nothing here writes to a port in order to find out what is behind it.
"""

import errno
import os
import re
import socket
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import serial
from serial.tools import list_ports

RULES = Path(__file__).parent / "flash" / "60-taptill.rules"
BAUDRATE = 115200
_BUSY = (errno.EBUSY, errno.EAGAIN)


class PortError(Exception):
    """The port cannot be used; the text says why and what to do, in a sentence."""


@dataclass(frozen=True)
class Port:
    """A serial port with a USB device behind it."""

    device: str
    vid: int
    pid: int
    what: str

    def __str__(self) -> str:
        return f"{self.device} ({self.vid:04x}:{self.pid:04x} {self.what})"


def find(usb: Iterable[tuple[int, int]] = ()) -> list[Port]:
    """The ports with a USB device behind them, by name; with ``usb`` only those (vid, pid)."""
    wanted = set(usb)
    found = [
        Port(port.device, port.vid, port.pid, port.product or port.description or "")
        for port in list_ports.comports()
        if port.vid is not None and port.pid is not None
    ]
    return sorted(
        (port for port in found if not wanted or (port.vid, port.pid) in wanted),
        key=lambda port: port.device,
    )


def choose(
    usb: Iterable[tuple[int, int]] = (), ask: Callable[[list[Port]], Port] | None = None
) -> str:
    """The one port that a board is at. Of several, ``ask`` says which. Raises PortError."""
    found = find(usb)
    if len(found) == 1:
        return found[0].device
    if not found:
        raise PortError(
            "there is no serial port with a USB device of this board: plug the board in with a "
            "cable that carries data, or name its port with --port"
        )
    if ask is None:
        raise PortError(
            f"there are {len(found)} boards: say which with --port: "
            + ", ".join(str(port) for port in found)
        )
    return ask(found).device


def open_url(url: str, baudrate: int = BAUDRATE, timeout: float | None = 1.0) -> serial.SerialBase:
    """Open a device or URL for this program alone. Raises PortError.

    DTR and RTS go the same way together, so that the board is not reset by it.
    """
    try:
        port = serial.serial_for_url(
            url, do_not_open=True, baudrate=baudrate, timeout=timeout, exclusive=True
        )
        port.open()
        return port
    except (OSError, ValueError) as error:
        raise PortError(explain(url, error)) from None


def explain(url: str, error: BaseException | None = None) -> str:
    """Why ``url`` cannot be opened and what to do, in a sentence; looks at what is there now."""
    if "://" in url:
        return _explain_url(url, error)
    path = Path(url)
    if not path.exists():
        ports = ", ".join(port.device for port in find())
        there = f"there is {ports}" if ports else "no port with a USB device is there"
        return f"there is no serial port {url} ({there}); for a virtual board: taptill board"
    number = getattr(error, "errno", None)
    held = holders(url)
    if number in (errno.EACCES, errno.EPERM) or not os.access(url, os.R_OK | os.W_OK):
        return _explain_permission(path)
    if number in _BUSY or held:
        by = " and ".join(held) or "another program, of another user"
        return f"{url} is in use by {by}: end it and try again"
    if number == errno.ENXIO or number == errno.EIO:
        return f"{url} has gone: the board was unplugged"
    return f"{url} cannot be opened: {error}"


def _explain_permission(path: Path) -> str:
    try:
        import grp

        group = grp.getgrgid(path.stat().st_gid).gr_name
    except (ImportError, KeyError):
        group = "dialout"
    return (
        f"you may not open {path}: it is for the group {group}. Join it (sudo usermod -aG {group} "
        f"{os.environ.get('USER', '$USER')}, then log in again), or install the udev rule "
        f"(sudo cp {RULES} /etc/udev/rules.d/, then plug the board in again)"
    )


def _explain_url(url: str, error: BaseException | None) -> str:
    parts = urlsplit(url)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if parts.scheme not in ("rfc2217", "socket") or not host or not port:
        return f"{url} is no port: use /dev/..., rfc2217://HOST:PORT or socket://HOST:PORT"
    try:
        with socket.create_connection((host, port), 3) as line:
            line.settimeout(1)
            said = line.recv(200)
    except (TimeoutError, ConnectionResetError):
        said = b""
    except OSError as reason:
        return (
            f"nobody serves {url} ({reason.strerror or reason}); for a virtual board: "
            f"taptill board --rfc2217 {port}"
        )
    found = re.match(rb"in use by ([\d.]+):(\d+)", said)
    if found:
        by = _process_at(int(found[2])) or f"a program at {found[1].decode()}"
        return f"{url} is in use by {by}: end it and try again"
    return f"{url} cannot be opened: {error}"


def holders(device: str) -> list[str]:
    """The other processes that have ``device`` open, as "name (process 4711)".

    Those of other users cannot be seen; on a system without /proc none can. The virtual board,
    which is at the other end of its pseudo-terminal, does not count.
    """
    real = os.path.realpath(device)
    other_end = {"/dev/ptmx", "/dev/pts/ptmx"} if real.startswith("/dev/pts/") else set()
    return _who(lambda files: real in files and not files & other_end)


def _process_at(port: int) -> str | None:
    """The process on this computer whose end of a TCP connection has ``port``."""
    try:
        lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return None
    rows = (line.split() for line in lines)
    inodes = {f"socket:[{row[9]}]" for row in rows if int(row[1].split(":")[1], 16) == port}
    found = _who(lambda files: bool(inodes & files))
    return found[0] if found else None


def _who(has: Callable[[set[str]], bool]) -> list[str]:
    """The other processes whose open files satisfy ``has``."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        if int(entry.name) == os.getpid():
            continue
        try:
            # of a socket the name does not exist: only the last link is resolved
            files = {os.readlink(link) for link in (entry / "fd").iterdir()}
            if has(files):
                name = (entry / "comm").read_text(encoding="utf-8").strip()
                found.append(f"{name} (process {entry.name})")
        except OSError:
            continue
    return found


def ask_which(found: list[Port]) -> Port:
    """Ask at the terminal which of the ports is meant. Raises PortError where nobody can say."""
    import typer

    if not sys.stdin.isatty():
        raise PortError(
            f"there are {len(found)} boards: say which with --port: "
            + ", ".join(str(port) for port in found)
        )
    for number, port in enumerate(found, 1):
        typer.echo(f"  {number}  {port}", err=True)
    number = typer.prompt("Which one", type=int, err=True)
    if not 1 <= number <= len(found):
        raise PortError(f"there is no number {number}")
    return found[number - 1]
