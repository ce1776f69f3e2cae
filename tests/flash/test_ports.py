"""Finding a port, opening it, and the sentences for why it cannot be opened."""

import contextlib
import errno
import os
import pty
import subprocess
import sys
from types import SimpleNamespace

import pytest
import serial

from host_tools import ports

CP2102 = (0x10C4, 0xEA60)


def plugged(monkeypatch, *found):
    rows = [
        SimpleNamespace(device=device, vid=vid, pid=pid, product="bridge", description="")
        for device, vid, pid in found
    ]
    monkeypatch.setattr(ports.list_ports, "comports", lambda: rows)


def test_only_ports_with_a_usb_device_are_found(monkeypatch):
    plugged(monkeypatch, ("/dev/ttyS0", None, None), ("/dev/ttyUSB0", *CP2102))
    assert [port.device for port in ports.find()] == ["/dev/ttyUSB0"]
    assert ports.choose([CP2102]) == "/dev/ttyUSB0"


def test_another_device_is_not_taken_for_the_board(monkeypatch):
    plugged(monkeypatch, ("/dev/ttyUSB0", 0x1234, 0x5678))
    with pytest.raises(ports.PortError, match="plug the board in"):
        ports.choose([CP2102])


def test_of_two_boards_somebody_says_which(monkeypatch):
    plugged(monkeypatch, ("/dev/ttyUSB1", *CP2102), ("/dev/ttyUSB0", *CP2102))
    assert ports.choose([CP2102], lambda found: found[1]) == "/dev/ttyUSB1"
    with pytest.raises(ports.PortError, match=r"--port: /dev/ttyUSB0 \(10c4:ea60 bridge\), "):
        ports.choose([CP2102])


def test_a_port_that_is_not_there(monkeypatch):
    plugged(monkeypatch, ("/dev/ttyUSB0", *CP2102))
    with pytest.raises(ports.PortError, match=r"no serial port /dev/ttyUSB7 .there is /dev"):
        ports.open_url("/dev/ttyUSB7")


@pytest.mark.parametrize("url", ["rfc2217://", "rfc2217://here", "socket://h:x", "ftp://h:1"])
def test_a_url_that_is_none(url):
    with pytest.raises(ports.PortError, match="is no port"):
        ports.open_url(url)


def test_nobody_serves():
    with pytest.raises(ports.PortError, match=r"nobody serves rfc2217://127.0.0.1:1 "):
        ports.open_url("rfc2217://127.0.0.1:1")


def test_permission_names_group_and_rule(monkeypatch, tmp_path):
    device = tmp_path / "tty"
    device.touch()

    def denied(url, **_):
        raise serial.SerialException(errno.EACCES, "Permission denied")

    monkeypatch.setattr(serial, "serial_for_url", denied)
    with pytest.raises(ports.PortError) as told:
        ports.open_url(str(device))
    assert "usermod -aG" in str(told.value) and "60-taptill.rules" in str(told.value)
    assert ports.RULES.exists()


@contextlib.contextmanager
def holding(port):
    """Another program has ``port`` open."""
    source = f"import serial; port = {port}; print('open', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None and other.stdout.readline() == b"open\n"
        yield other
        other.communicate(b"\n")


def test_a_busy_device_names_the_process():
    ours, theirs = pty.openpty()
    name = os.ttyname(theirs)
    with holding(f"serial.Serial({name!r}, exclusive=True)") as other:
        with pytest.raises(ports.PortError, match=rf"in use by python.* \(process {other.pid}\)"):
            ports.open_url(name)
    ports.open_url(name).close()
    os.close(ours)
    os.close(theirs)


def test_two_programs_on_one_board(desk):
    d = desk(blank=True)
    with holding(f"serial.serial_for_url({d.url!r})") as other:
        with pytest.raises(ports.PortError, match=rf"in use by python.* \(process {other.pid}\)"):
            ports.open_url(d.url)
    d.board.wait_for(lambda: not d.side.lines.rts, 5)
    ports.open_url(d.url).close()
