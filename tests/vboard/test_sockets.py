"""TCP through the virtual board's radio, with asyncio as the terminal uses it."""

import contextlib
import socket
import threading

import pytest

HEAD = """
import asyncio, network
wlan = network.WLAN(network.WLAN.IF_STA)
wlan.active(True)
wlan.connect("TapTill", "open-terminal")
async def main():
    try:
        reader, writer = await asyncio.open_connection("host.test", 80)
        writer.write(b"question")
        await writer.drain()
        print("connected")
        print("answer", await reader.readexactly(6))
        print("end", await reader.read(10))
        writer.close()
        await writer.wait_closed()
    except OSError as error:
        print("error", error.errno)
    except EOFError:
        print("cut off")
asyncio.run(main())
print("over")
"""


@pytest.fixture
def host():
    """Answers one connection: reads 8 bytes, sends ``answer`` in two pieces, hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))
    heard = []

    def serve():
        connection, _ = listener.accept()
        with connection, contextlib.suppress(BrokenPipeError):  # the board may hang up early
            heard.append(connection.recv(8, socket.MSG_WAITALL))
            connection.sendall(b"ans")
            connection.sendall(b"wer")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname(), heard
    listener.close()


def test_a_conversation(bench, host):
    b = bench(HEAD, power=False)
    b.board.radio.routes["host.test"] = host[0]
    b.board.power_on()
    b.said("connected", "answer b'answer'", "end b''", "over")
    assert host[1] == [b"question"]


def test_nobody_listens(bench):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
    b = bench(HEAD, power=False)
    b.board.radio.routes["host.test"] = address
    b.board.power_on()
    b.said("error", "over")


@pytest.mark.parametrize("count", [0, 1, 5])
def test_the_answer_is_cut_off(bench, host, count):
    b = bench(HEAD, power=False)
    b.board.radio.routes["host.test"] = host[0]
    b.board.radio.cut_after(from_host=count)
    b.board.power_on()
    text = b.said("over")
    assert "answer b" not in text
    assert "error" in text or "cut off" in text


def test_the_wifi_drops(bench, host):
    b = bench(HEAD, power=False)
    b.board.radio.routes["host.test"] = host[0]
    b.board.radio.black_hole()
    b.board.power_on()
    b.said("connected")
    b.board.call(b.board.radio.drop)
    assert "answer" not in b.said("over")
