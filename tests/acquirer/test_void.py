"""Voids, refunds, instalments, balance, mail and telephone orders: money to the fen, each code."""

import pytest
from client import KINDS, PAN, PIN, chip_data, pin_block

START = 100_000_000
SHOP = "898100012340001"
OTHER = "6212340000000019"
SAID = {"f2": OTHER}


@pytest.fixture
def free(host):
    """A merchant without fees: what the card pays is what the shop gets."""
    host.ledger.set_fees(SHOP, 0, 0)


def money(host) -> tuple[int, int, int]:
    """What the card has spent, what is held of it, what the shop has."""
    ledger = host.ledger
    return START - ledger.balance(PAN), ledger.held(PAN), ledger.merchant_balance(SHOP)


def last(host):
    return host.ledger.transactions()[-1]


@pytest.mark.parametrize(("kind", "void"), [("sale", "void"), ("instalment", "instalment_void")])
def test_a_void_gives_all_of_it_back_with_the_fee(host, client, kind, void):
    paid = client.do(kind, 12_300)
    assert (paid.code, money(host)) == ("00", (12_300, 0, 12_300 - 62))
    undone = client.do(void, 12_300, paid)
    assert (undone.code, undone.reply["mac_ok"], undone.reply["t"]) == ("00", True, "0210")
    assert money(host) == (0, 0, 0) and host.ledger.fees(SHOP) == 0
    first, second = host.ledger.transactions()
    assert (first.state, first.ended, first.amount, first.effect) == (
        *("approved", True, 12_300),
        -12_300,
    )
    assert (second.kind, second.effect, second.fee) == (void, 12_300, -62)
    assert second.original == (first.batch, first.stan)
    assert (second.rrn, second.auth_code) == (undone.reply[37], undone.reply[38])
    assert second.rrn != first.rrn and second.auth_code != first.auth_code


def test_a_void_with_the_card_and_its_pin(host, client):
    paid = client.do("sale", 1000)
    with_pin = {"f22": "071", "f26": "12", "f53": "2600000000000000"}
    wrong = pin_block(client.pik, "000000", PAN)
    assert client.do("void", 1000, paid, **with_pin, f52=wrong).code == "55"
    right = pin_block(client.pik, PIN, PAN)
    assert client.do("void", 1000, paid, **with_pin, f52=right, f55=chip_data(1000)).code == "00"
    assert money(host) == (0, 0, 0)


@pytest.mark.parametrize(
    ("amount", "changes", "code"),
    [
        (1000, {"f61": "000001999999"}, "25"),
        (1000, {"f61": "000009000002"}, "25"),
        (1000, {"f37": "999999999999"}, "25"),
        (1000, {"f38": "999999"}, "25"),
        (1000, SAID, "14"),
        (1000, {"f2": "6212349999999999"}, "14"),
        (2000, {}, "64"),
        (0, {}, "13"),
        (1000, {"f49": "840"}, "A1"),
        (1000, {"f37": ""}, "30"),
        (1000, {"f38": ""}, "30"),
        (1000, {"f61": ""}, "30"),
        (1000, {"f61": "000001"}, "30"),
    ],
)
def test_refused_voids(host, client, amount, changes, code):
    paid = client.do("sale", 1000)
    before = money(host)
    assert client.do("void", amount, paid, **changes).code == code
    assert money(host) == before
    assert client.do("void", 1000, paid).code == "00"


def test_a_void_of_what_is_not_there_any_more(client):
    voided, reversed_, declined = (client.do("sale", amount) for amount in (1000, 1000, 1051))
    assert client.do("void", 1000, voided).code == "00"
    assert client.undo(reversed_) == "00"
    assert client.do("void", 1000, voided).code == "12"
    assert client.do("void", 1000, reversed_).code == "12"
    declined.reply[38] = "000000"
    assert client.do("void", 1051, declined).code == "25"


def test_a_void_of_another_kind_is_no_original(client):
    assert client.do("void", 1000, client.do("instalment", 1000)).code == "25"
    assert client.do("instalment_void", 1000, client.do("sale", 1000)).code == "25"


def test_no_void_after_the_batch_was_settled(host, client):
    paid = client.do("sale", 1000)
    with host.ledger.begin() as work:
        work.close_batch("12345678", "000001", host.ledger.transactions()[0].at)
    assert client.do("void", 1000, paid).code == "22"
    client.batch = "000002"
    assert client.do("void", 1000, paid).code == "22"
    assert client.do("refund", 1000, paid).code == "00"


def test_the_reversal_of_a_void_makes_the_sale_whole(host, client, free):
    paid = client.do("sale", 1000)
    undone = client.do("void", 1000, paid)
    assert client.undo(paid) == "12"  # its void is on top of it
    assert [client.undo(undone) for _ in range(2)] == ["00", "00"]
    assert money(host) == (1000, 0, 1000)
    row = host.ledger.transactions()[0]
    assert (row.ended, row.effect) == (False, -1000)
    assert client.do("void", 1000, paid).code == "00"
    assert money(host) == (0, 0, 0)
    assert client.again(undone).code == "94"


def test_the_reversal_of_a_void_may_overdraw_the_card(host, client, free):
    paid = client.do("sale", START)
    undone = client.do("void", START, paid)
    assert client.do("sale", START - 200).code == "00"
    assert client.undo(undone) == "00"
    assert host.ledger.balance(PAN) == 200 - START
    assert client.do("balance", 0).reply[54] == "1002156D000099999800"
    assert client.do("sale", 1000).code == "51"


REVERSIBLE = ("sale", "instalment", "preauth")
DEPENDENT = {
    "void": "sale",
    "instalment_void": "instalment",
    "preauth_void": "preauth",
    "preauth_add": "preauth",
    "completion": "preauth",
    "completion_void": "completion",
}


def prepared(client, kind, amount=1000):
    """The original that ``kind`` needs, or None."""
    needed = DEPENDENT.get(kind)
    return client.do(needed, amount, prepared(client, needed)) if needed else None


@pytest.mark.parametrize("kind", [*REVERSIBLE, *DEPENDENT])
def test_each_kind_is_reversed_after_it_and_before_it(host, client, kind):
    original = prepared(client, kind)
    before = money(host), host.ledger.fees(SHOP)
    done = client.do(kind, 1000, original)
    assert done.code == "00"
    assert client.again(done).code == "94"
    assert [client.undo(done) for _ in range(2)] == ["00", "00"]
    assert (money(host), host.ledger.fees(SHOP)) == before
    assert client.again(done).code == "94"
    late = client.fields_of(kind, 1000, original)
    assert [client.reverse(late)[39] for _ in range(2)] == ["25", "25"]
    assert client.exchange(KINDS[kind][0], late, mac=True)[39] == "12"
    assert (money(host), host.ledger.fees(SHOP)) == before
    # what it was built on is as it was
    assert client.do(kind, 1000, original).code == "00"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"f4": "000000002000"}, "64"),
        (SAID, "14"),
        ({"f3": "200000", "f60": "23000001000000"}, "22"),
        ({"f60": "01000001000000", "f3": "310000"}, "40"),
    ],
)
def test_a_reversal_that_does_not_fit(host, client, changes, code):
    paid = client.do("sale", 1000)
    assert client.reverse(paid.fields, **changes)[39] == code
    assert last(host).state == "approved"
    assert client.undo(paid) == "00"


@pytest.mark.parametrize(
    "kind", ["refund", "notice", "offline", "ec_sale", "adjust", "tip", "balance"]
)
def test_what_has_no_reversal(client, kind):
    fields = {**client.fields_of(kind, 1000), 4: "000000001000"}
    assert client.reverse(fields)[39] == "40"


# --- refunds ---


def test_a_refund_in_parts_gives_back_all_of_the_fee(host, client):
    paid = client.do("sale", 10_100)
    assert host.ledger.fees(SHOP) == 51
    codes = [client.do("refund", part, paid).code for part in (3300, 3300, 3600, 3500, 100)]
    assert codes == ["00", "00", "61", "00", "61"]
    assert money(host) == (0, 0, 0) and host.ledger.fees(SHOP) == 0
    first, *refunds = host.ledger.transactions()
    assert first.refunded == 10_100
    assert [(r.effect, r.fee) for r in refunds if r.state == "approved"] == [
        (3300, -17),
        (3300, -16),
        (3500, -18),
    ]


def test_a_repeated_refund_is_booked_once(host, client):
    paid = client.do("sale", 5000)
    back = client.do("refund", 2000, paid)
    again = client.again(back)
    for number in (37, 38, 39):
        assert again.reply[number] == back.reply[number]
    assert again.reply["t"] == "0230" and again.reply["mac_ok"]
    assert money(host)[0] == 3000
    assert client.again(back, f4="000000001000").code == "94"
    assert client.again(back, **SAID).code == "94"
    assert client.again(client.do("refund", 1000, paid, f11=back.fields[11])).code == "94"
    assert money(host)[0] == 3000


def test_a_refund_whose_date_is_not_known(host, client):
    paid = client.do("sale", 5000)
    assert client.do("refund", 5000, paid, f61="0" * 16).code == "00"
    assert money(host) == (0, 0, 0)


def test_a_declined_refund_is_declined_again(client):
    paid = client.do("sale", 5000)
    refused = client.do("refund", 6000, paid)
    assert (refused.code, 38 in refused.reply) == ("61", False)
    assert client.again(refused).reply[37] == refused.reply[37]
    assert client.again(refused).code == "61"


@pytest.mark.parametrize(
    ("amount", "changes", "code"),
    [
        (1000, {"f37": "999999999999"}, "25"),
        (1000, {"f37": "000000000000"}, "25"),
        (1000, {"f61": "0000000000000101"}, "25"),
        (1000, {"f61": "000000000000"}, "30"),
        (1000, SAID, "14"),
        (1100, {}, "61"),
        (0, {}, "13"),
        (1057, {}, "57"),
        (1000, {"f49": "840"}, "A1"),
    ],
)
def test_refused_refunds(host, client, amount, changes, code):
    paid = client.do("sale", 1000)
    before = money(host)
    assert client.do("refund", amount, paid, **changes).code == code
    assert money(host) == before


def test_what_is_refunded_cannot_be_voided_and_the_other_way(client):
    paid = client.do("sale", 1000)
    client.do("refund", 400, paid)
    assert client.do("void", 1000, paid).code == "12"
    assert client.undo(paid) == "12"
    voided = client.do("sale", 1000)
    client.do("void", 1000, voided)
    assert client.do("refund", 400, voided).code == "12"
    assert client.do("refund", 400, client.do("instalment", 1000)).code == "25"


# --- balance, instalments, mail and telephone orders, partial approval ---


def test_balance(host, client):
    client.do("sale", 1200)
    asked = client.do("balance", 0)
    assert (asked.code, asked.reply[54]) == ("00", "1002156C000099998800")
    assert 4 not in asked.reply
    assert (last(host).kind, last(host).amount, last(host).effect) == ("balance", 0, 0)
    assert client.again(asked).code == "94"
    block = pin_block(client.pik, "000000", PAN)
    assert client.do("balance", 0, f22="071", f52=block).code == "55"
    assert client.do("balance", 0, f49="840").code == "A1"
    assert 54 not in client.do("balance", 0, f55=chip_data(100)).reply


@pytest.mark.parametrize(
    ("order", "code", "told"),
    [
        (f"03{'':30}0", "00", "000000003334156000000000180"),
        (f"06{'GOODS':30}1", "00", "000000001670156000000000060"),
        (f"05{'':30}0", "12", None),
        (f"06{'':30}2", "30", None),
        ("06", "30", None),
    ],
)
def test_instalments(host, client, order, code, told):
    done = client.do("instalment", 10_000, f62=order.encode().hex())
    assert done.code == code
    if told:
        assert bytes.fromhex(done.reply[62]).decode() == told
        assert money(host)[0] == 10_000
    else:
        assert 62 not in done.reply and money(host) == (0, 0, 0)


def test_orders_by_mail_and_telephone(host, client, free):
    paid = client.do("sale", 1000, moto=True)
    assert (paid.code, 55 in paid.reply) == ("00", False)
    assert (last(host).kind, last(host).condition, last(host).entry_mode) == ("sale", "08", "012")
    assert client.do("void", 1000, paid, moto=True).code == "00"
    first = client.do("preauth", 1000, moto=True)
    assert client.do("preauth_add", 500, first, moto=True).code == "00"
    assert (last(host).kind, money(host)) == ("preauth_add", (1500, 1500, 0))
    assert client.do("completion", 1500, first, moto=True).code == "00"
    assert money(host) == (1500, 0, 1500)
    again = client.do("preauth", 1000, moto=True)
    added = client.do("preauth_add", 500, again, moto=True)
    assert (client.undo(added), client.undo(again)) == ("00", "00")
    assert money(host) == (1500, 0, 1500)


@pytest.mark.parametrize(
    "changes",
    [
        {"f22": "072"},
        {"f14": ""},
        {"f55": chip_data(1000)},
        {"f52": "0123456789ABCDEF"},
        {"f35": "6212345678901232D3012220"},
    ],
)
def test_nobody_is_there_to_give_that(host, client, changes):
    assert client.do("sale", 1000, moto=True, **changes).code == "30"
    assert host.ledger.transactions() == []


def test_partial_approval(host, client, free):
    client.do("sale", START - 700)
    part = client.do("sale", 2000, f60="22000001000601")
    assert (part.code, part.reply[4]) == ("10", "000000000700")
    assert (last(host).amount, last(host).effect) == (700, -700)
    assert money(host) == (START, 0, START)
    assert client.do("sale", 2000, f60="22000001000601").code == "51"
    assert client.do("void", 2000, part).code == "64"
    assert client.do("void", 700, part).code == "00"
    again = client.do("sale", 2000, f60="22000001000601")
    assert client.undo(again) == "00"
    assert money(host)[0] == START - 700
    assert client.do("sale", 2000).code == "51"
