"""Sign-in, sale, reversal and the small messages, over TCP."""

import pytest
from client import PAN, Client, chip_data, des

from host_tools.acquirer import cents

START = 100_000_000
SHOP = "898100012340001"


def only(host, terminal="12345678"):
    (row,) = host.ledger.transactions(terminal)
    return row


@pytest.mark.parametrize(("code", "size"), [("001", 24), ("003", 40), ("004", 60)])
def test_sign_in_hands_out_keys(host, code, size):
    with Client(host.port) as terminal:
        reply = terminal.sign_in(code)
        assert (reply["t"], reply[39], len(reply[62]) // 2) == ("0810", "00", size)
        assert reply[60] == "00000001" + code
        assert len(reply[12]) == 6 and len(reply[13]) == 4
        assert 64 not in reply
        first = terminal.pik, terminal.mak
        terminal.sign_in(code)
        assert (terminal.pik, terminal.mak) != first


def test_sale_with_pin_and_cryptogram(host, client):
    reply = client.sale(128_000)
    assert (reply["t"], reply[39], reply["mac_ok"]) == ("0210", "00", True)
    assert (reply[4], reply[11], reply[41]) == ("000000128000", "000002", "12345678")
    row = only(host)
    assert (row.state, row.amount, row.stan, row.batch) == (
        "approved",
        128_000,
        "000002",
        "000001",
    )
    assert (row.rrn, row.auth_code) == (reply[37], reply[38])
    assert row.pan_masked == "621234******1232"
    assert host.ledger.balance(PAN) == START - 128_000
    # 0.50 % of a debit card
    assert host.ledger.merchant_balance(SHOP) == 128_000 - 640
    assert host.ledger.fees(SHOP) == 640


@pytest.mark.parametrize("code", ["001", "004"])
def test_sale_under_other_key_sets(host, code):
    with Client(host.port) as terminal:
        terminal.sign_in(code)
        assert terminal.sale(1000)[39] == "00"


def test_swipe_with_encrypted_track(host):
    track = "6212345678901232D30122011234567890"
    with Client(host.port) as terminal:
        terminal.sign_in("004")
        hidden = des(terminal.tdk, bytes.fromhex(track[-18:-2])).hex().upper()
        fields = {"f2": "", "f14": "", "f23": "", "f55": "", "f22": "021"}
        fields |= {"f35": track[:-18] + hidden + track[-2:], "f53": "2610000000000000"}
        assert terminal.sale(1000, **fields)[39] == "00"


def test_sale_without_pin_needs_none(host, client):
    assert client.sale(5000, pin=None)[39] == "00"


def test_wrong_pin_then_blocked_then_unlocked(host, client):
    assert [client.sale(1000, pin="000000")[39] for _ in range(3)] == ["55", "55", "75"]
    assert client.sale(1000)[39] == "75"
    host.ledger.unlock_pin(PAN)
    assert client.sale(1000)[39] == "00"
    assert [row.state for row in host.ledger.transactions()] == ["declined"] * 4 + ["approved"]
    assert host.ledger.balance(PAN) == START - 1000


def test_right_pin_gives_tries_back(client):
    codes = [client.sale(1000, pin=pin)[39] for pin in ("000000", "123456", "000000", "000000")]
    assert codes == ["55", "00", "55", "55"]


@pytest.mark.parametrize(
    "icc",
    [
        chip_data(1000, imk=bytes(range(16))),
        chip_data(2000),
        chip_data(1000, t9F37="00000000"),
        chip_data(1000, t9F27="40"),
        chip_data(1000, psn="02"),
    ],
    ids=["other issuer key", "other amount", "other number", "offline cryptogram", "other psn"],
)
def test_wrong_cryptogram(host, client, icc):
    assert client.sale(1000, f55=icc)[39] == "05"
    assert only(host).state == "declined"
    assert host.ledger.balance(PAN) == START


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"f2": "6212349999999999"}, "14"),
        ({"f14": "2912"}, "54"),
        ({"f49": "840"}, "A1"),
        ({"f52": "0123456789ABCDEF"}, "99"),
        ({"f52": ""}, "30"),
        ({"f55": ""}, "30"),
        ({"f55": "9F26"}, "30"),
        ({"f55": chip_data(1000, t9F36="")}, "30"),
        ({"f2": ""}, "30"),
        ({"f35": "6212340000000035D3012220"}, "30"),
        ({"f4": ""}, "30"),
        ({"f60": "22"}, "30"),
        ({"f3": "310000"}, "40"),
        ({"f25": "08"}, "30"),
        ({"f25": "07"}, "40"),
        ({"f42": "898100012340002"}, "03"),
        ({"f41": "00000000"}, "97"),
    ],
)
def test_refused_sales_book_nothing(host, client, changes, code):
    reply = client.sale(1000, **changes)
    assert reply[39] == code
    assert reply[11] == "000002"
    assert host.ledger.balance(PAN) == START
    assert not [row for row in host.ledger.transactions() if row.state == "approved"]


def test_insufficient_funds(host, client):
    assert client.sale(START + 100)[39] == "51"
    assert host.ledger.balance(PAN) == START


def test_zero_amount(client):
    assert client.sale(0)[39] == "13"


@pytest.mark.parametrize("asked", sorted(cents.TABLE))
def test_cents_table(host, client, asked):
    amount, code = 100_000 + int(asked), cents.code_of(asked)
    reply = client.sale(amount)
    assert (reply[39], reply["mac_ok"]) == (code, True)
    good = code in cents.APPROVALS
    state = "approved" if good else "declined"
    assert (only(host).state, only(host).response_code) == (state, code)
    assert (38 in reply) == good
    assert host.ledger.balance(PAN) == START - amount * good
    assert host.ledger.check() == []


def test_cents_do_not_approve_what_the_issuer_declines(host, client):
    assert client.sale(START + 11)[39] == "51"
    assert only(host).state == "declined"


def test_cents_of_a_partial_approval_are_those_of_the_part(host, client):
    """10 says more than 11: there is less money than was asked for."""
    reply = client.sale(START + 11, f60="22000001000601")
    assert (reply[39], only(host).amount) == ("10", START)


@pytest.mark.parametrize("number", [0, 2, 10, 50, 80, 88])
def test_cents_that_are_no_code_approve(client, number):
    assert client.sale(100_000 + number)[39] == "00"


def test_bad_mac_books_nothing_and_burns_no_trace(host, client):
    fields = client.sale_fields(1000)
    good = client.pack("0200", fields, mac=True)
    client.send(good[:-1] + bytes([good[-1] ^ 1]))
    assert client.receive()[39] == "A0"
    assert client.exchange("0200", fields)[39] == "A0"
    assert host.ledger.transactions() == []
    client.send(good)
    assert client.receive()[39] == "00"


def test_without_sign_in(host):
    with Client(host.port, mak=bytes(range(8)), pik=bytes(range(16))) as terminal:
        assert terminal.sale(1000)[39] == "A0"
        terminal.sign_in()
        assert terminal.sale(1000)[39] == "00"


def test_duplicate_trace(host, client):
    fields = client.sale_fields(1000)
    codes = [client.exchange("0200", fields, mac=True)[39] for _ in range(2)]
    assert codes == ["00", "94"]
    assert host.ledger.balance(PAN) == START - 1000


def test_reversal_takes_back_and_repeats(host, client):
    fields = client.sale_fields(1000)
    client.exchange("0200", fields, mac=True)
    replies = [client.reverse(fields) for _ in range(3)]
    assert [reply[39] for reply in replies] == ["00"] * 3
    assert all(reply["mac_ok"] and reply["t"] == "0410" for reply in replies)
    row = only(host)
    assert (row.state, row.reversal_code) == ("reversed", "00")
    assert host.ledger.balance(PAN) == START
    assert host.ledger.merchant_balance(SHOP) == host.ledger.fees(SHOP) == 0
    assert client.exchange("0200", fields, mac=True)[39] == "94"


def test_reversal_before_its_original(host, client):
    fields = client.sale_fields(1000)
    assert [client.reverse(fields)[39] for _ in range(2)] == ["25", "25"]
    assert client.exchange("0200", fields, mac=True)[39] == "12"
    assert client.reverse(fields)[39] == "25"
    row = only(host)
    assert (row.state, row.response_code) == ("reversed", None)
    assert host.ledger.balance(PAN) == START


def test_reversal_of_a_declined_sale(host, client):
    fields = client.sale_fields(1051)
    client.exchange("0200", fields, mac=True)
    assert [client.reverse(fields)[39] for _ in range(2)] == ["12", "12"]
    assert only(host).state == "declined"


@pytest.mark.parametrize(
    ("changes", "code"), [({"f4": "000000002000"}, "64"), ({"f2": "6212340000000035"}, "14")]
)
def test_reversal_of_something_else(host, client, changes, code):
    fields = client.sale_fields(1000)
    client.exchange("0200", fields, mac=True)
    assert client.reverse(fields, **changes)[39] == code
    assert only(host).state == "approved"
    assert client.reverse(fields)[39] == "00"


def test_reversal_without_the_card_number(host, client):
    fields = client.sale_fields(1000)
    client.exchange("0200", fields, mac=True)
    assert (
        client.reverse({number: value for number, value in fields.items() if number != 2})[39]
        == "00"
    )
    assert only(host).state == "reversed"


def test_reversal_with_bad_mac(host, client):
    fields = client.sale_fields(1000)
    client.exchange("0200", fields, mac=True)
    assert client.exchange("0400", client.reversal_fields(fields))[39] == "A0"
    assert only(host).state == "approved"


def test_reversal_after_a_new_sign_in(host, client):
    fields = client.sale_fields(1000)
    client.exchange("0200", fields, mac=True)
    client.sign_in()
    assert client.reverse(fields)[39] == "00"


def test_echo_and_sign_off(client):
    base = {41: client.terminal, 42: client.merchant}
    echo = client.exchange("0820", base | {60: "00000001301"})
    assert (echo["t"], echo[39], 11 in echo) == ("0830", "00", False)
    off = client.exchange("0820", base | {11: client.next_trace(), 60: "00000001002"})
    assert off[39] == "00"
    assert client.sale(1000)[39] == "A0"


@pytest.mark.parametrize("mti", ["0100", "0200", "0220", "0320", "0500", "0620", "0800", "0820"])
def test_everything_else_is_not_supported(client, mti):
    fields = {3: "990000", 4: "000000001000", 11: client.next_trace(), 41: client.terminal}
    reply = client.exchange(mti, fields | {42: client.merchant, 60: "99000001999"})
    assert (reply["t"], reply[39]) == (f"{int(mti) + 10:04d}", "40")


def test_terminal_that_lost_its_memory_gets_a_new_batch(host, client):
    client.sale(1000)
    client.trace = 0
    assert client.sign_in()[60] == "00000002003"
    assert client.sale(1000)[39] == "00"
    assert [row.batch for row in host.ledger.transactions()] == ["000001", "000002"]
    assert client.sign_in()[60] == "00000002003"
