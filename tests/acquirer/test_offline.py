"""Uploads of what was done offline, and changes of amount."""

import pytest
import test_virtual_card as virtual
from client import PAN, Client, chip_data
from test_void import SAID, SHOP, START, free, last, money  # noqa: F401

from host_tools.vboard.cards.loader import load_card


@pytest.mark.parametrize("kind", ["offline", "ec_sale"])
def test_an_upload_is_booked_once(host, client, kind):
    done = client.do(kind, 3000)
    assert (done.code, done.reply["t"], done.reply["mac_ok"]) == ("00", "0230", True)
    again = client.again(done)
    for number in (37, 38, 39):
        assert again.reply[number] == done.reply[number]
    assert money(host) == (3000, 0, 3000 - 15)
    assert client.again(done, f4="000000003100").code == "94"
    assert client.again(done, **SAID).code == "94"
    assert len(host.ledger.transactions()) == 1
    assert client.do("refund", 3000, done).code == "00"
    assert money(host) == (0, 0, 0)


def test_a_voice_authorisation_keeps_its_code(host, client):
    assert client.do("offline", 3000).reply[38] == last(host).auth_code == "VOICE1"


def test_the_trace_of_another_kind_is_not_answered_as_this_one(host, client):
    done = client.do("offline", 3000)
    assert client.do("ec_sale", 3000, f11=done.fields[11]).code == "94"
    assert client.do("sale", 3000, f11=done.fields[11]).code == "94"
    assert money(host)[0] == 3000


@pytest.mark.parametrize("kind", ["offline", "ec_sale"])
def test_what_is_owed_is_booked_without_money(host, client, free, kind):  # noqa: F811
    client.do("sale", START)
    assert client.do(kind, 3000).code == "00"
    assert host.ledger.balance(PAN) == -3000


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"f55": chip_data(3000, t9F27="40", t8A="5931", imk=bytes(16))}, "05"),
        ({"f55": chip_data(3000, t9F27="80", t8A="5931")}, "05"),
        ({"f55": chip_data(3000, t9F27="40")}, "05"),
        ({"f55": chip_data(3000, t9F27="40", t8A="5A31")}, "05"),
        ({"f55": chip_data(3100, t9F27="40", t8A="5931")}, "05"),
        ({"f55": ""}, "30"),
        ({"f2": "6212349999999999"}, "14"),
        ({"f49": "840"}, "A1"),
        ({"f4": "000000000000"}, "13"),
        ({"f4": "000000003057"}, "57"),
    ],
)
def test_refused_chip_sales(host, client, changes, code):
    done = client.do("ec_sale", 3000, **changes)
    assert done.code == code
    assert client.again(done).code == code
    assert money(host) == (0, 0, 0)


def test_an_offline_sale_gets_another_amount(host, client):
    done = client.do("offline", 3000)
    for amount in (5000, 2000, 4000):
        assert client.do("adjust", amount, done).code == "00"
        assert money(host) == (amount, 0, amount - amount // 200)
    row = host.ledger.transactions()[0]
    assert (row.amount, row.effect) == (4000, -3000)
    # the first upload is still known
    assert client.again(done).code == "00"
    assert client.do("refund", 4000, done).code == "00"
    assert money(host) == (0, 0, 0) and host.ledger.fees(SHOP) == 0
    assert client.do("adjust", 5000, done).code == "12"


def test_tips(host, client, free):  # noqa: F811
    paid = client.do("sale", 3000)
    tipped = client.do("tip", 3500, paid, f48="000000000500")
    assert (tipped.code, money(host)) == ("00", (3500, 0, 3500))
    assert client.again(tipped).reply[37] == tipped.reply[37]
    assert client.again(tipped, f48="000000000600").code == "94"
    assert money(host)[0] == 3500
    # the second tip replaces the first
    assert client.do("tip", 3700, paid, f48="000000000200").code == "64"
    assert client.do("tip", 3200, paid, f48="000000000200", f2="", f14="").code == "00"
    row = host.ledger.transactions()[0]
    assert (row.amount, row.tip, money(host)[0]) == (3200, 200, 3200)
    assert last(host).pan_masked == row.pan_masked
    assert client.undo(paid) == "12"
    assert client.do("void", 3000, paid).code == "64"
    undone = client.do("void", 3200, paid)
    assert (undone.code, money(host)) == ("00", (0, 0, 0))
    assert client.do("tip", 3400, paid, f48="000000000400").code == "12"
    assert client.undo(undone) == "00"
    assert money(host) == (3200, 0, 3200)


@pytest.mark.parametrize("kind", ["adjust", "tip"])
def test_refused_changes(host, client, kind):
    paid = client.do("offline", 3000)
    more = {"f48": "000000000500"} if kind == "tip" else {}
    before = money(host)
    for changes, code in (
        ({"f61": "000001999999"}, "25"),
        ({"f38": "999999"}, "25"),
        ({"f37": "999999999999"}, "25"),
        (SAID, "14"),
        ({"f61": ""}, "30"),
    ):
        assert client.do(kind, 3500, paid, **more, **changes).code == code
    assert client.do(kind, 0, paid, **more).code == "13"
    assert client.do(kind, 3557, paid, **more).code == "57"
    assert client.do(kind, 3500, client.do("ec_sale", 3000), **more).code == "25"
    with host.ledger.begin() as work:
        work.close_batch("12345678", "000001", last(host).at)
    assert client.do(kind, 3500, paid, **more).code == "22"
    assert money(host)[0] == before[0] + 3000


def test_a_change_is_the_own_terminals(host, client):
    paid = client.do("offline", 3000)
    with Client(host.port, terminal="12345679") as other:
        other.sign_in()
        assert other.do("adjust", 3500, paid).code == "25"


@pytest.mark.parametrize("name", ["unionpay_offline", "visa_offline"])
def test_the_certificate_of_a_virtual_card(host, client, monkeypatch, name):
    monkeypatch.setitem(virtual.TERMINAL, "9F66", "26000080")  # it need not go online
    monkeypatch.setitem(virtual.TERMINAL, "9F02", "000000003000")
    tags = virtual.tap(load_card(name)) | {"8A": "5931"}
    assert tags["9F27"] == "40"
    sent = virtual.fields(client, name, tags)
    del sent["f52"]
    before = host.ledger.balance(sent["f2"])
    assert client.do("ec_sale", 3000, **sent).code == "00"
    assert host.ledger.balance(sent["f2"]) == before - 3000
    spoiled = virtual.fields(client, name, tags | {"9F36": "7FFF"})
    assert client.do("ec_sale", 3000, f2=sent["f2"], f55=spoiled["f55"]).code == "05"
