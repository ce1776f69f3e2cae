"""Every misbehaviour that can be asked for, seen from a terminal and from the ledger."""

import socket
import time

import pytest
from client import PAN, Client

from host_tools.acquirer import scenario

START = 100_000_000


def states(host):
    return [row.state for row in host.ledger.transactions()]


def wait_for(host, event, mti):
    return host.log.wait(lambda record: record["event"] == event and record.get("mti") == mti)


def send_sale(client, amount=1000):
    fields = client.sale_fields(amount)
    client.send(client.pack("0200", fields, mac=True))
    return fields


def closed_after(client):
    """How many bytes came before the host closed, counted in the part that was being read."""
    with pytest.raises(EOFError) as ended:
        client.receive()
    return ended.value.args[0]


def test_delay(host, client):
    host.misbehave("delay", 0.3, mti="0200")
    started = time.monotonic()
    assert client.sale(1000)[39] == "00"
    assert time.monotonic() - started >= 0.3


def test_drop_before_booking(host, client):
    host.misbehave("drop_before_booking")
    fields = send_sale(client)
    assert closed_after(client) == 0
    assert states(host) == []
    assert client.connect().reverse(fields)[39] == "25"


def test_drop_after_booking(host, client):
    host.misbehave("drop_after_booking", mti="0200")
    fields = send_sale(client)
    assert closed_after(client) == 0
    assert states(host) == ["approved"]
    assert client.connect().reverse(fields)[39] == "00"
    assert host.ledger.balance(PAN) == START


@pytest.mark.parametrize(("args", "expected"), [((), ["approved"]), (("no",), [])])
def test_silent(host, client, args, expected):
    host.misbehave("silent", *args, mti="0200")
    send_sale(client)
    wait_for(host, "request" if expected else "not_processed", "0200")
    assert states(host) == expected
    # The next thing on the same connection is the answer to the next message.
    assert client.exchange("0820", {41: client.terminal, 42: client.merchant, 60: "00000001301"})


@pytest.mark.parametrize("octets", [0, 1, 2, 40])
def test_half_reply(host, client, octets):
    host.misbehave("half_reply", octets, mti="0200")
    send_sale(client)
    assert closed_after(client) == (octets if octets < 2 else octets - 2)
    assert states(host) == ["approved"]


def test_half_reply_is_half_by_default(host, client):
    host.misbehave("half_reply")
    send_sale(client)
    assert closed_after(client) > 10


def test_wrong_mac(host, client):
    host.misbehave("wrong_mac")
    reply = client.sale(1000)
    assert (reply[39], reply["mac_ok"]) == ("00", False)
    assert client.sale(1000)["mac_ok"]


def test_wrong_trace_and_terminal_with_right_mac(host, client):
    host.misbehave("wrong_trace")
    host.misbehave("wrong_terminal")
    first, second = client.sale(1000), client.sale(1000)
    assert (first[11], first[41], first["mac_ok"]) == ("000003", "12345678", True)
    assert (second[11], second[41], second["mac_ok"]) == ("000003", "00000000", True)


def test_duplicate_reply(host, client):
    host.misbehave("duplicate_reply")
    assert client.sale(1000) == client.receive()
    assert states(host) == ["approved"]


def test_late_reply(host, client):
    host.misbehave("late_reply", mti="0200")
    fields = send_sale(client)
    wait_for(host, "reply", "0210")
    client.connect()
    late = client.reverse(fields)
    assert (late["t"], late[39]) == ("0210", "00")
    assert (answer := client.receive())["t"] == "0410" and answer[39] == "00"
    assert states(host) == ["reversed"]


def test_late_booking_is_not_booked_after_its_reversal(host, client):
    host.misbehave("late_booking", mti="0200")
    fields = send_sale(client)
    wait_for(host, "not_processed", "0200")
    client.connect()
    assert client.reverse(fields)[39] == "25"
    late = wait_for(host, "reply", "0210")
    assert late["fields"]["39"] == "12"
    assert states(host) == ["reversed"]
    assert host.ledger.balance(PAN) == START


def test_answer(host, client):
    host.misbehave("answer", "99", mti="0200")
    assert client.sale(1000)[39] == "99"
    assert states(host) == []


@pytest.mark.parametrize("args", [(), ("000D6000000003603100310000FFFF",)])
def test_garbage(host, client, args):
    host.misbehave("garbage", *args)
    send_sale(client)
    data = client.sock.recv(100)
    assert data == (bytes.fromhex(args[0]) if args else data) and len(data) in (15, 64)


def test_close_on_connect(host):
    host.misbehave("close_on_connect", count=2)
    for _ in range(2):
        with Client(host.port) as terminal:
            assert terminal.sock.recv(1) == b""
    with Client(host.port) as terminal:
        assert terminal.sign_in()[39] == "00"


def test_refuse_until_called_off(host, client):
    host.misbehave("refuse")
    host.misbehave("refuse")
    assert client.sock.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", host.port))
    host.behave()
    assert client.connect().sale(1000)[39] == "00"


def test_count_and_order(host, client):
    host.misbehave_line("answer 91 mti=0200 count=2")
    host.misbehave_line("answer 96 mti=0200 count=always")
    assert [client.sale(1000)[39] for _ in range(4)] == ["91", "91", "96", "96"]
    host.behave()
    assert client.sale(1000)[39] == "00"


def test_line_form():
    assert scenario.parse("delay 2.5 mti=0200 count=3") == scenario.Fault(
        "delay", ("2.5",), "0200", 3
    )
    assert scenario.parse("silent no count=always").count is None


@pytest.mark.parametrize(
    "line",
    ["", "explode", "delay soon", "half_reply x", "garbage zz", "delay 1 for=2", "silent count=x"],
)
def test_unknown_faults(line):
    with pytest.raises(scenario.UnknownFault):
        scenario.parse(line)


def test_every_fault_has_a_test():
    """The names above are those of the table: a new fault without a test fails here."""
    text = open(__file__, encoding="utf-8").read()
    assert [name for name in scenario.FAULTS if f'"{name}' not in text] == []
