"""Tools that know nothing of TapTill drive the virtual board as they drive any ESP32-S3."""

import os
import pty
import select
import shutil
import subprocess
import sys
import termios
import time
import venv
from pathlib import Path

import pytest
import serial
from flash_desk import rom_of

from host_tools.build.image import BUILD

EMBEDDED = Path(__file__).with_name("embedded")


@pytest.mark.timeout(240)
def test_esptool_writes_a_program_and_the_board_boots_it(desk, tool, tmp_path):
    d = desk()
    d.side.psram_size = 8 << 20
    d.board.wait_for(lambda: d.board.mcu.starts, 5)
    rom = tmp_path / "rom.bin"
    rom.write_bytes(rom_of(tmp_path, "print('written by esptool')\n"))
    at = hex(d.side.data.partition("romfs").offset)
    told = tool("esptool", "--port", d.url, "write-flash", at, rom)
    assert "Hash of data verified" in told and "Embedded PSRAM 8MB" in told
    d.said("written by esptool")
    assert d.board.mcu.starts == [1, 2]  # power on, then esptool's pulse on EN


def test_mpremote_by_rfc2217(desk, tool, tmp_path):
    d = desk(power=False)
    d.program(tmp_path)
    d.board.power_on()
    d.said("program runs")
    assert tool("mpremote", "connect", d.url, "exec", "print(6 * 7)") == "42\n"
    source = tmp_path / "note.bin"
    source.write_bytes(bytes(range(256)) * 4)  # FF is what Telnet escapes
    back = tmp_path / "back.bin"
    tool("mpremote", "connect", d.url, "cp", source, ":note.bin", "+", "cp", ":note.bin", back)
    assert back.read_bytes() == source.read_bytes()


def test_miniterm(desk, tmp_path):
    d = desk(power=False)
    d.program(tmp_path)
    d.board.power_on()
    d.said("program runs")
    ours, theirs = pty.openpty()
    program = Path(sys.executable).with_name("pyserial-miniterm")
    process = subprocess.Popen([program, d.url], stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    try:
        read_until(ours, b"Quit: Ctrl+]")
        wait_until_raw(ours)
        os.write(ours, b"\x03")
        read_until(ours, b">>> ")
        os.write(ours, b"print(6 * 7)\r")
        read_until(ours, b"\n42")
        os.write(ours, b"\x1d")
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def wait_until_raw(terminal, timeout=20.0):
    """Until the program takes each key by itself."""
    until = time.monotonic() + timeout
    while termios.tcgetattr(terminal)[3] & termios.ECHO:
        assert time.monotonic() < until
        select.select([terminal], [], [], 0.01)


def read_until(terminal, wanted, timeout=20.0):
    """What a person sees, until ``wanted`` is there."""
    seen, until = b"", time.monotonic() + timeout
    while wanted not in seen:
        left = until - time.monotonic()
        assert left > 0 and select.select([terminal], [], [], left)[0], seen
        seen += os.read(terminal, 1024)


@pytest.mark.timeout(300)
def test_pytest_embedded(desk, tmp_path):
    """In an environment of its own: its plugin does not go with others."""
    python = BUILD / "embedded" / "bin" / "python"
    needed = EMBEDDED / "requirements.txt"
    if not (BUILD / "embedded" / needed.name).exists():
        venv.create(BUILD / "embedded", with_pip=True)
        pip = [python, "-m", "pip", "install", "--quiet", "-r", needed]
        if subprocess.run(pip, capture_output=True).returncode:
            pytest.skip("pytest-embedded cannot be installed")
        (BUILD / "embedded" / needed.name).write_bytes(needed.read_bytes())
    d = desk(power=False)
    d.program(tmp_path)
    d.board.power_on()
    d.said("program runs")
    case = shutil.copy(EMBEDDED / "case_board.py", tmp_path)  # away from this conftest.py
    arguments = ["--embedded-services", "serial", "--port", d.url, "--root-logdir", tmp_path]
    done = subprocess.run(
        [python, "-m", "pytest", "-c", "/dev/null", *arguments, case],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
    )
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout + done.stderr


# the control lines, as serial programs move them


def opened(d):
    port = serial.serial_for_url(d.url, timeout=5)
    d.board.wait_for(lambda: d.side.lines.dtr and d.side.lines.rts, 5)
    return port


def test_opening_and_closing_resets_nothing(desk, tmp_path):
    d = desk(power=False)
    d.program(tmp_path)
    d.board.power_on()
    d.said("program runs")
    opened(d).close()
    d.board.wait_for(lambda: not d.side.lines.rts, 5)
    assert d.board.mcu.starts == [1]


def test_rts_is_en_and_dtr_is_io0(desk, tmp_path):
    d = desk(power=False)
    d.program(tmp_path)
    d.board.power_on()
    d.said("program runs")
    with opened(d) as port:
        port.dtr = False
        d.board.wait_for(lambda: not d.board.mcu.running, 5)  # held down, nothing runs
        port.dtr = True
        port.rts = False
        d.said("waiting for download")
        assert d.side.loading
        port.write(b"\x00garbage\xc0\xc0\x00\x08\x24\x00\x00\x00\x00\x00")
        port.dtr, port.rts = False, True
        port.rts = False
        d.said("program runs")
    assert d.board.mcu.starts == [1, 2]


def test_a_blank_chip_says_so(desk):
    d = desk(blank=True)
    d.said("invalid header: 0xffffffff")
    assert d.board.mcu.starts == []


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("boot loader", "invalid header"),
        ("table", "partition table"),
        ("application", "No bootable app partitions"),
    ],
)
def test_what_is_damaged_does_not_start(desk, what, said):
    at = {"boot loader": 0, "table": 0x8000, "application": 0x10000}[what]
    d = desk(power=False)
    d.call(d.side.flash.erase, at, 4096)
    d.board.power_on()
    d.said(said)
    assert d.board.mcu.starts == []
