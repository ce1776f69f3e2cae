"""``taptill host client`` against the host: exit codes, what is shown, what goes wrong."""

import json
import socket
import threading

import pytest
from client import PAN
from typer.testing import CliRunner

from host_tools import cli
from host_tools.decode8583.kinds import KINDS, by_name
from host_tools.host_client.requests import NAMES, Original, Unusable, Wanted, build
from host_tools.host_client.session import Session, Where


@pytest.fixture
def send(host):
    """Send a transaction to the host of the test."""

    def run(*words, port=None):
        arguments = ["host", "client", *map(str, words), "--port", str(port or host.port)]
        return CliRunner().invoke(cli.app, arguments)

    return run


def test_a_sale_is_approved_and_shown(send, host):
    before = host.ledger.balance(PAN)
    result = send("sale", "--amount", "12.80", "--pin")
    assert result.exit_code == 0, result.output
    assert host.ledger.balance(PAN) == before - 1280
    for piece in ("MTI: 0200, sale", "MTI: 0210, answer to: sale", "verdict: equal", "Cryptogram"):
        assert piece in result.output
    assert "sale: 00: Approved." in result.output and PAN not in result.output


@pytest.mark.parametrize("mode", ["001", "003", "004"])
@pytest.mark.parametrize("how", [(), ("--manual",), ("--pan", PAN, "--expiry", "3012")])
def test_every_key_mode_and_every_way_in(send, mode, how):
    assert send("sale", "--amount", "12.80", "--key-mode", mode, *how).exit_code == 0


def test_declined_is_1(send):
    result = send("sale", "--amount", "10.51", "--json")
    told = json.loads(result.output)
    assert result.exit_code == told["verdict"]["exit_code"] == 1
    assert told["verdict"]["response_code"] == "51"
    assert told["answer"]["mac"]["equal"] is True


def test_a_sale_and_its_reversal(send, host):
    before = host.ledger.balance(PAN)
    done = send("sale", "--amount", "12.80")
    original = done.output.rsplit("--original ", 1)[1].strip()
    assert send("reversal", "--amount", "12.80", "--original", original).exit_code == 0
    assert host.ledger.balance(PAN) == before


@pytest.mark.parametrize("kind", ["echo", "sign_in", "sign_off"])
def test_messages_without_money(send, kind):
    assert send(kind).exit_code == 0


@pytest.mark.parametrize(
    "words",
    [
        ("nosuch",),
        ("sale",),
        ("sale", "--amount", "12.8"),
        ("void", "--amount", "12.80"),
        ("sale", "--amount", "1.00", "--card", "nosuch"),
        ("sale", "--amount", "1.00", "--pan", "123"),
        ("sale", "--amount", "1.00", "--tmk", "xx"),
        ("echo", "--key-mode", "9"),
        ("settlement", "--totals", "1"),
        ("sale", "--amount", "1.00", "--original", "a/b"),
        ("echo", "--tls-ca", "/nonexistent"),
    ],
)
def test_wrong_usage_is_2(send, words):
    assert send(*words).exit_code == 2


def test_no_host_is_3(send):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        result = send("echo", port=taken.getsockname()[1])
    assert result.exit_code == 3 and "Connection refused" in result.stderr


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("wrong_mac", "its MAC is absent or wrong"),
        ("wrong_trace", "F11 is not that of the request"),
        ("wrong_terminal", "F41 is not that of the request"),
        ("drop_after_booking", "closed the connection without an answer"),
        ("half_reply", "closed the connection without an answer"),
        ("garbage", "no frame"),
    ],
)
def test_an_answer_that_is_none_is_3(send, host, fault, why):
    host.misbehave(fault, mti="0200")
    result = send("sale", "--amount", "12.80")
    assert result.exit_code == 3 and why in result.output


def test_silence_is_3(send, host):
    host.misbehave("silent", mti="0200")
    result = send("sale", "--amount", "12.80", "--timeout", "0.2")
    assert result.exit_code == 3 and "no answer within 0.2 s" in result.stderr


def test_another_tmk_is_3(send):
    result = send("sale", "--amount", "12.80", "--tmk", "00" * 16)
    assert result.exit_code == 3 and "check value of PIK: another TMK?" in result.stderr


def test_a_host_that_says_nothing_of_itself_is_not_believed(send):
    """An answer without MAC to a message with one."""
    with socket.create_server(("127.0.0.1", 0)) as fake:

        def serve():
            peer, _ = fake.accept()
            with peer:
                peer.recv(1000)
                peer.sendall(bytes.fromhex("00036000aa"))

        thread = threading.Thread(target=serve)
        thread.start()
        assert send("sign_in", port=fake.getsockname()[1]).exit_code == 3
        thread.join()


# the messages


class Still(Session):
    """A session without a line."""

    def __init__(self):
        super().__init__(Where(), "12345678", "898100012340001", bytes(16))
        self.batch, self.trace = 7, 41


ORIGINAL = Original.parse("6/12/632912000001/104729/1124")
CARD_KINDS = [
    kind for kind in KINDS if kind.mac and "*" not in kind.f3 + kind.f25 and kind.mti != "0620"
]


@pytest.mark.parametrize("kind", CARD_KINDS, ids=lambda kind: kind.name)
def test_every_kind_is_built_as_its_row_says(kind):
    from datetime import datetime

    from host_tools.host_client.chip import Tapped

    wanted = Wanted(kind.name, 1280, ORIGINAL, tip=280)
    row, fields = build(Still(), wanted, Tapped(PAN, "3012"), None, datetime(2026, 11, 25))
    assert (row, fields[3], fields[25]) == (kind, kind.f3, kind.f25)
    assert (fields[60][:2], fields[60][2:8], fields[60][8:11]) == (
        kind.f60_1,
        "000007",
        kind.f60_3,
    )
    assert fields[11] == "000042" and (4 in fields) == (kind.name != "balance")


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("void", {37: "632912000001", 38: "104729", 61: "000006000012"}),
        ("completion_void", {37: "632912000001", 38: "104729", 61: "0000060000121124"}),
        ("preauth_void", {38: "104729", 61: "0000060000121124"}),
        ("notice", {38: "104729", 61: "0000060000121124"}),
        ("preauth_add", {38: "104729", 61: "0" * 16}),
        ("refund", {37: "632912000001", 61: "0" * 12 + "1124", 63: "CUP"}),
        ("tip", {48: "000000000280", 61: "000006000012"}),
    ],
)
def test_the_original_is_named_as_the_dialect_has_it(kind, fields):
    from datetime import datetime

    from host_tools.host_client.chip import Tapped

    wanted = Wanted(kind, 1280, ORIGINAL, tip=280)
    _, built = build(Still(), wanted, Tapped(PAN, "3012"), None, datetime(2026, 11, 25))
    assert {number: built.get(number) for number in fields} == fields
    assert (37 in built) == (37 in fields or kind == "tip")


def test_settlement_and_the_end_of_a_batch():
    from datetime import datetime

    now = datetime(2026, 11, 25)
    totals = Wanted("settlement", totals=(12345, 1, 500, 2))
    _, fields = build(Still(), totals, None, None, now)
    assert fields[48] == "000000012345001" + "000000000500002" + "0" + "0" * 31
    row, fields = build(Still(), Wanted("batch_end", code="207", count=3), None, None, now)
    assert (row.f60_3, fields[48]) == ("207", "0003")


def test_sm4_pin_block_is_that_of_the_reference():
    """Section 7: TMK, wrapped key, PIN and PAN with its block."""
    session = Still()
    pik = bytes.fromhex("F351D490994603795C6EBEE8FAEBB481")
    session.mode, session._keys = "005", (pik, b"", b"")
    fields = session.pin_fields("6230606601007726888", "123654")
    assert fields[59] == b"A1016" + bytes.fromhex("CD01D6AD8F0A484C52A9364A0595AD60")
    assert (fields[26], fields[53][:2]) == ("12", "23") and 52 not in fields


def test_names_are_complete_and_originals_are_checked():
    assert {"sale", "void", "refund", "tip", "reversal", "settlement"} <= set(NAMES)
    assert by_name("nosuch") is None
    for text in ("1/2/3/4/5/6", "1234567", "1/2/3/4/11"):
        with pytest.raises(Unusable):
            Original.parse(text)
