"""Programs on a bare board, whose line is disturbed, cut and reset; nothing is wired to it."""

import os
import pty
import random
import re
import select
import socket
import threading
import tty

import pytest

from host_tools.hil.bare import UART_BYTES, BareBoard
from host_tools.hil.measure import measure, packed
from host_tools.hil.repl import _BOOT, HilError, Repl, Upload
from host_tools.hil.session import BareSession
from host_tools.vboard.board import VirtualBoard
from host_tools.vboard.mcu import HARD, POWER_ON, WATCHDOG

FLASH = """
import esp32, machine, time
flash = esp32.Partition("vfs")
for block in range(4):
    flash.writeblocks(block, bytes((block + i * 7) & 255 for i in range(4096)))
got = bytearray(4096)
for block in range(4):
    flash.readblocks(block, got)
    assert got == bytes((block + i * 7) & 255 for i in range(4096)), block
print("all is there")
while True:
    time.sleep(1)
"""
IDLE = """
import machine, time
print("started by", machine.reset_cause(), machine.unique_id().hex())
while True:
    machine.Pin(4, machine.Pin.OUT, value=1)
    time.sleep_ms(20)
"""


def test_own_modules_take_the_place_of_what_is_built_in(running, said):
    board = running("""
import machine, select, socket, sys, time
print([hasattr(m, "__file__") for m in (machine, select, socket, time)], sys.path)
print(time.localtime()[0], "done")
while True:
    time.sleep(1)
""")
    told = said(board, "done")
    assert "[True, True, True, True] ['', '/.mcu', '/rom', '.frozen', '/lib']" in told
    assert "2000 done" in told  # the chip's clock, not that of the laptop


def test_an_image_is_read_without_the_rom_file_system_too(running, said, monkeypatch):
    monkeypatch.setattr("host_tools.hil.repl._BOOT", _BOOT.replace('"VfsRom"', '"NoVfsRom"'))
    board = running("""
import os, time
print(os.stat("/rom")[0], len(open("/rom/main.mpy", "rb").read()), os.stat("/rom/main.mpy")[6])
try:
    open("/rom/none")
except OSError as error:
    print("errno", error.errno)
while True:
    time.sleep(1)
""")
    found = re.search(r"16384 (\d+) (\d+)\r?\n", said(board, "errno 2"))
    assert found and found[1] == found[2] != "0"


def test_a_line_that_loses_and_garbles_costs_time_only(running, said, undisturbed):
    chance = random.Random(6)
    harmed = 0

    def harm(data):
        nonlocal harmed
        if board is None or chance.random() > 0.05:
            return data
        harmed += 1
        at = chance.randrange(len(data))
        return data[:at] + bytes(chance.choices((0x20, 0xFD, 0xFE, 0xFC), k=harmed % 3))

    board = None
    board = running(FLASH.replace("flash =", 'print("begun")\nflash =', 1))
    said(board, "begun")
    undisturbed.to_board = undisturbed.from_board = harm
    said(board, "all is there", timeout=100)
    assert harmed > 3
    assert board.counts.again > 0
    assert not board.faults


def test_a_program_that_looks_away_loses_nothing(running, said, bare_board):
    """The buffer of the board's UART overflows while it computes; it is sent again."""
    board = running("""
import machine, time, utime
uart = machine.UART(1, 115200, tx=17, rx=18, rxbuf=4096)
print("ready")
utime.sleep(1)  # that of MicroPython: nobody looks at the line
got = b""
while len(got) < 2000:
    got += uart.read() or b""
    time.sleep_ms(1)
print("got", got == bytes(i & 255 for i in range(2000)))
while True:
    time.sleep(1)
""")
    said(board, "ready")
    sent = bytes(i & 255 for i in range(2000))
    board.call(lambda: board.mcu.uart(1).from_chip(sent, 115200))
    said(board, "got True")


def test_the_board_comes_up_again_after_each_reset(running, said):
    board = running(IDLE)
    said(board, f"started by {POWER_ON} 240ac4000001")
    board.reset()
    said(board, f"started by {HARD} ")
    board.call(board.mcu.reset, WATCHDOG)
    said(board, f"started by {WATCHDOG} ")
    board.power_off()
    board.call(board.console.scrollback.clear)
    board.power_on()
    said(board, f"started by {POWER_ON} ")
    assert board.mcu.starts == [POWER_ON, HARD, WATCHDOG, POWER_ON]
    assert not board.faults


def test_a_reset_in_the_middle_of_a_segment_is_told_and_survived(running, said, undisturbed):
    board = running(IDLE)
    said(board, f"started by {POWER_ON} ")

    def torn(data):
        at = data.find(b"\xfd")
        if at < 0:
            return data
        undisturbed.from_board = lambda data: data
        undisturbed.reset()
        return data[: at + 4]

    undisturbed.from_board = torn
    said(board, f"started by {HARD} ")
    assert board.faults == ["the board has been reset from outside, or by itself"]


def test_a_program_that_ends_is_told_with_its_reason(running, said):
    board = running("import machine\nmachine.Pin(4, machine.Pin.OUT)\nraise ValueError('no more')")
    with pytest.raises(HilError, match=r"has ended: ValueError: no more$"):
        said(board, "never")


def test_an_unplugged_board_is_told(running, said, tmp_path, bare_flash):
    with BareBoard(bare_flash) as other:
        board = running(IDLE, other)
        said(board, "started by")
        other.close()
        with pytest.raises(HilError, match="is gone: was the board unplugged"):
            said(board, "never")


def test_what_is_on_the_board_already_is_not_sent_again(bare_board, tmp_path):
    image = tmp_path / "image"
    image.write_bytes(bytes(range(256)) * 40)
    upload = Upload.of("taptill.test", image)
    sent = []

    def install():
        repl = Repl(bare_board.port, progress=lambda name, done, whole: sent.append(done))
        repl.enter()
        repl.install([upload])
        repl.close()

    install()
    assert sent[-1] == len(upload.packed)
    sent.clear()
    install()
    assert sent == []
    (bare_board.folder / "taptill.test").write_bytes(b"damaged")
    install()
    assert (bare_board.folder / "taptill.test").read_bytes() == upload.packed


@pytest.fixture
def babbler():
    """A port at which something talks that is no REPL."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    over = threading.Event()

    def talk():
        while not over.wait(0.005):
            try:
                os.write(master, random.randbytes(40))
            except BlockingIOError:
                pass

    thread = threading.Thread(target=talk)
    thread.start()
    yield os.ttyname(slave)
    over.set()
    thread.join()
    os.close(master)
    os.close(slave)


@pytest.fixture
def over_tcp(bare_board):
    """The bare board's port, served to one TCP client as a terminal server does."""
    server = socket.create_server(("127.0.0.1", 0))
    line = os.open(bare_board.port, os.O_RDWR | os.O_NOCTTY)

    def serve():
        client, _ = server.accept()
        with client:
            while True:
                for ready in select.select([client, line], [], [])[0]:
                    data = os.read(ready if ready == line else client.fileno(), 4096)
                    if not data:
                        return
                    client.sendall(data) if ready == line else os.write(line, data)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"socket://127.0.0.1:{server.getsockname()[1]}"
    thread.join(10)
    server.close()
    os.close(line)


def test_a_url_of_pyserial_is_a_port_too(over_tcp, bare_board, said):
    with BareSession(over_tcp, firmware=packed(IDLE)) as session:
        with VirtualBoard(core=session.core) as board:
            board.power_on()
            said(board, f"started by {POWER_ON} ")


def test_garbage_is_no_board(babbler, monkeypatch):
    monkeypatch.setattr("host_tools.hil.repl._BREAK_S", 1.0)
    repl = Repl(babbler)
    with pytest.raises(HilError, match="no REPL answers to Ctrl-C"):
        repl.enter()
    repl.close()


def test_a_port_that_is_not_there_is_told():
    with pytest.raises(HilError, match="there is no serial port /dev/ttyNONE"):
        Repl("/dev/ttyNONE")


def test_the_line_is_measured_and_its_buffer_suffices(bare_board):
    before = bare_board.overruns
    lines = list(measure(bare_board.port, 115200))
    assert [line.split("  ")[0] for line in lines[:3]] == [
        "round trip of one call",
        "to the board (flash read)",
        "from the board (SPI)",
    ]
    assert bare_board.overruns == before
    assert UART_BYTES == 260  # as in MicroPython's ports/esp32/mphalport.c


def test_programs_are_packed_as_they_are():
    assert packed("print(1)\n").packed == packed("print(1)\n").packed
