"""Pre-authorisations: held, added to, completed, told, voided, and each way it is refused."""

from datetime import timedelta

import pytest
from client import PAN, Client
from sqlalchemy import text
from test_void import SAID, SHOP, START, free, last, money  # noqa: F401


@pytest.fixture
def held(client, free):  # noqa: F811
    return client.do("preauth", 10_000)


def test_held_then_completed(host, client, held):
    assert (held.code, held.reply["t"], money(host)) == ("00", "0110", (10_000, 10_000, 0))
    done = client.do("completion", 9000, held)
    assert (done.code, money(host)) == ("00", (9000, 0, 9000))
    first, second = host.ledger.transactions()
    assert (first.ended, first.held, first.effect) == (True, 0, -10_000)
    assert (second.effect, second.original) == (1000, (first.batch, first.stan))


def test_additions_are_held_too(host, client, held):
    assert client.do("preauth_add", 5000, held).code == "00"
    assert money(host) == (15_000, 15_000, 0)
    assert client.do("completion", 17_300, held).code == "61"
    assert client.do("completion", 17_250, held).code == "00"
    assert money(host) == (17_250, 0, 17_250)


@pytest.mark.parametrize("kind", ["completion", "notice"])
@pytest.mark.parametrize(("amount", "code"), [(11_500, "00"), (11_600, "61"), (0, "13")])
def test_at_most_115_percent(host, client, held, kind, amount, code):
    assert client.do(kind, amount, held).code == code
    paid = amount if code == "00" else 0
    assert money(host) == ((paid, 0, paid) if paid else (10_000, 10_000, 0))


@pytest.mark.parametrize("amount", [15_000, 10_000])
def test_a_void_lets_go_of_all_of_it(host, client, held, amount):
    client.do("preauth_add", 5000, held)
    assert client.do("preauth_void", 9000, held).code == "64"
    assert client.do("preauth_void", amount, held).code == "00"
    assert money(host) == (0, 0, 0)
    for kind in ("preauth_void", "completion", "notice", "preauth_add"):
        assert client.do(kind, 10_000, held).code == "12", kind


def test_a_voided_completion_holds_again(host, client, held):
    done = client.do("completion", 8000, held)
    for changes, code in (
        ({"f61": done.fields[60][2:8] + done.fields[11] + "0101"}, "25"),
        ({"f37": "999999999999"}, "25"),
        (SAID, "14"),
    ):
        assert client.do("completion_void", 8000, done, **changes).code == code
    assert client.do("completion_void", 9000, done).code == "64"
    undone = client.do("completion_void", 8000, done)
    assert (undone.code, money(host)) == ("00", (10_000, 10_000, 0))
    assert client.do("completion_void", 8000, done).code == "12"
    assert client.undo(undone) == "00"
    assert money(host) == (8000, 0, 8000)
    assert client.do("completion_void", 8000, done).code == "00"
    assert client.do("completion", 10_000, held).code == "00"
    assert money(host) == (10_000, 0, 10_000)


def test_a_reversal_comes_too_late_for_what_went_on(host, client, held):
    added = client.do("preauth_add", 1000, held)
    assert client.undo(held) == "12"
    done = client.do("completion", 8000, held)
    assert client.undo(added) == "12"
    undone = client.do("completion_void", 8000, done)
    assert client.do("preauth_add", 2000, held).code == "00"
    assert client.undo(undone) == "12"
    assert money(host) == (13_000, 13_000, 0)
    assert client.undo(added) == "00"
    assert money(host) == (12_000, 12_000, 0)


def test_a_completed_payment_is_refunded(host, client, held):
    done = client.do("completion", 8000, held)
    assert client.do("refund", 3000, done).code == "00"
    assert client.do("completion_void", 8000, done).code == "12"
    assert money(host) == (5000, 0, 5000)


def test_a_notice_is_told_once_and_not_voided(host, client, held):
    told = client.do("notice", 9000, held)
    assert (told.code, told.reply["t"]) == ("00", "0230")
    assert client.again(told).reply[37] == told.reply[37]
    assert money(host) == (9000, 0, 9000)
    assert client.do("notice", 9000, held).code == "12"
    assert client.again(told, f4="000000009100").code == "94"
    assert client.do("completion_void", 9000, told).code == "25"


@pytest.mark.parametrize("kind", ["preauth_void", "completion", "notice"])
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"f38": "999999"}, "25"),
        ({"f61": "0000019999990000"}, "25"),
        ({"f61": "0000000000000101"}, "25"),
        (SAID, "14"),
        ({"f38": ""}, "30"),
        ({"f61": "000001000002"}, "30"),
        ({"f49": "840"}, "A1"),
    ],
)
def test_not_the_pre_authorisation(host, client, held, kind, changes, code):
    assert client.do(kind, 10_000, held, **changes).code == code
    assert money(host) == (10_000, 10_000, 0)


def test_code_and_date_are_enough_also_from_another_terminal(host, client, held):
    with Client(host.port, terminal="12345679") as other:
        other.sign_in()
        f61 = "0" * 12 + held.reply[13]
        assert other.do("completion", 10_000, held, f61=f61).code == "00"
    assert money(host) == (10_000, 0, 10_000)


def test_too_old(host, client, held):
    before = last(host).at - timedelta(days=31)
    with host.ledger.begin() as work:
        work.session.execute(text("UPDATE transactions SET at = :at"), {"at": before})
    f61 = held.fields[60][2:8] + held.fields[11] + before.strftime("%m%d")
    for kind in ("preauth_void", "completion", "notice"):
        assert client.do(kind, 10_000, held, f61=f61).code == "22"
    assert client.do("preauth_add", 10_000, held).code == "22"


def test_no_completion_void_after_the_batch_was_settled(host, client, held):
    done = client.do("completion", 8000, held)
    with host.ledger.begin() as work:
        work.close_batch("12345678", "000001", last(host).at)
    assert client.do("completion_void", 8000, done).code == "22"


def test_money_for_it(host, client, free):  # noqa: F811
    assert client.do("preauth", START + 100).code == "51"
    held = client.do("preauth", START)
    assert client.do("preauth_add", 100, held).code == "51"
    assert client.do("completion", START + 100, held).code == "51"
    # what is done already is booked; the card is overdrawn
    assert client.do("notice", START + 100, held).code == "00"
    assert (host.ledger.balance(PAN), host.ledger.held(PAN)) == (-100, 0)
    assert host.ledger.merchant_balance(SHOP) == START + 100


@pytest.mark.parametrize("kind", ["preauth", "preauth_add", "completion", "notice"])
def test_the_cents_decide(client, held, kind):
    assert client.do(kind, 1057, held).code == "57"
