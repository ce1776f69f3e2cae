"""The driver of the modem and ``network.PPP`` on a virtual board, against the module's model."""

import socket
import threading

import pytest

# It dials whenever a line comes in on the console; what it has, it keeps until the next one
PROGRAM = """
import asyncio, machine, network, select, socket, sys
from machine import UART, Pin
from pos.drivers import modem

async def join(apn, key="", user=""):
    uart = UART(0, 115200, tx=Pin(43), rx=Pin(44), rxbuf=2048, timeout=0)
    return await modem.join(network, uart, apn, key, user)

def fetch():
    sock = socket.socket()
    try:
        sock.connect(socket.getaddrinfo("host.test", 80)[0][-1])
        sock.send(b"hello")
        return sock.recv(5)
    finally:
        sock.close()

ppp = None
print("ready")
while True:
    words = sys.stdin.readline().split()
    try:
        if words[0] == "dial":
            ppp = asyncio.run(join(*[w.strip("-") for w in words[1:]]))
            print("up", ppp.isconnected(), ppp.ifconfig()[0])
        elif words[0] == "fetch":
            print("got", fetch())
        elif words[0] == "state":
            print("state", ppp.status(), ppp.isconnected())
        elif words[0] == "leave":
            ppp.active(False)
            print("left", ppp.status())
    except OSError as error:
        print("failed", str(error))
"""


@pytest.fixture
def board(bench):
    made = bench(PROGRAM, power=False, modules=("pos/drivers/modem.py",))
    made.board.call(made.board.modem.operator, "pos.bank", "till", "secret")
    made.board.power_on()
    made.said("ready")
    return made


def ask(board, line, *words, at="", later=0, timeout=20.0):
    """Type a line, and wait for what is printed.

    With ``at`` so many seconds pass when the module has heard that command; empty: anything.
    """
    modem, wire = board.board.modem, board.board.mcu.uart(0)
    heard, modem.last = wire.bytes_to_chip, ""
    board.board.call(board.board.console.type, (line + "\n").encode())
    if later:
        board.board.wait_for(lambda: wire.bytes_to_chip > heard and at in modem.last, 10, at)
        board.board.pass_time(later)
    return board.said(*words, timeout=timeout)


def test_it_dials_and_leaves(board):
    modem = board.board.modem
    ask(board, "dial cmnet", "up True 198.51.100.201")
    assert modem.online and modem.dialled == ["cmnet"]
    ask(board, "leave", "left 0")
    assert not modem.carrier
    # noise, news and a slow answer are passed over
    for way in ("garbage", "chatty", "slow"):
        board.board.call(modem.misbehave, way, times=2, **({"ms": 200} if way == "slow" else {}))
    ask(board, "dial pos.bank secret till", "up True")
    assert modem.dialled[-1] == "pos.bank" and modem.faults == []


def test_what_is_wrong_has_a_name(board):
    modem, call = board.board.modem, board.board.call
    ask(board, "dial elsewhere", "failed net_refused")
    ask(board, "dial pos.bank wrong till", "failed net_refused")
    assert not modem.carrier
    ask(board, "dial pos.bank", "failed net_refused")
    call(modem.sim_out)
    ask(board, "dial cmnet", "failed net_sim")
    call(modem.sim_locked)
    ask(board, "dial cmnet", "failed net_pin")
    call(modem.sim_in)
    call(modem.refuse)
    ask(board, "dial cmnet", "failed net_denied")
    call(modem.accept)
    call(modem.ignore)
    ask(board, "dial cmnet", "failed net_search", at="REG?", later=31)
    call(modem.lost)
    ask(board, "dial cmnet", "failed net_signal", at="REG?", later=11)
    call(modem.misbehave, "silent")
    ask(board, "dial cmnet", "failed net_part", later=16)
    call(modem.misbehave, "well")
    call(modem.accept)
    call(modem.found)
    ask(board, "dial -", "up True")
    assert modem.dialled == [""] and modem.faults == []


def test_a_call_that_a_reset_has_left_open_is_found_and_ended(board):
    ask(board, "dial cmnet", "up True")
    board.board.reset()
    board.said("ready")
    assert board.board.modem.online
    ask(board, "dial cmnet", "up True")
    assert board.board.modem.dialled == ["cmnet", "cmnet"] and board.board.modem.faults == []


def test_sockets_go_by_the_call_and_break_with_it(board, host):
    board.board.radio.routes["host.test"] = host
    modem, call = board.board.modem, board.board.call
    ask(board, "fetch", "failed -202")
    ask(board, "dial cmnet", "up True")
    ask(board, "fetch", "got b'hello'")
    call(modem.lost)
    ask(board, "state", "state -6 False")
    ask(board, "fetch", "failed -202")
    call(modem.found)
    ask(board, "dial cmnet", "up True", at="REG?", later=3)
    # a module that starts anew tells nobody: the link looks well and leads nowhere
    call(modem.misbehave, "reset")
    ask(board, "state", "state 4 True")
    ask(board, "fetch", "failed -202")
    ask(board, "leave", "left 0")
    ask(board, "dial cmnet", "up True", later=7)
    ask(board, "fetch", "got b'hello'")


@pytest.fixture
def host():
    """Sends back what it gets."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                line, _ = server.accept()
            except OSError:
                return
            with line:
                line.sendall(line.recv(64))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield server.getsockname()
    server.close()
