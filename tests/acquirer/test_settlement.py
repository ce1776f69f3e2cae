"""Settlement, batch upload and its end, over TCP; each step also twice."""

from datetime import datetime

import pytest
from client import PAN, chip_data
from pos.protocol import unionpay
from settlement_client import TOTALS_OF_NONE, Manager, item, totals

from host_tools.acquirer import organisations
from host_tools.acquirer.models import Transaction
from host_tools.acquirer.settings import Totals

TERMINAL = "12345678"
CONTACTLESS = {"f22": "072"}


@pytest.fixture
def client(host):
    with Manager(host.port) as terminal:
        terminal.sign_in()
        yield terminal


def sale(client, amount) -> str:
    """Its trace."""
    reply = client.sale(amount, pin=None)
    assert reply[39] == "00"
    return reply[11]


def the_one(host):
    (row,) = host.ledger.settlements(TERMINAL)
    return row


def book(host, kind, trace, amount, batch="000001", state="approved"):
    """A transaction of a kind that has its own tests: only its row is of interest here."""
    with host.ledger.begin() as work:
        work.record(
            Transaction(
                terminal_id=TERMINAL,
                merchant_id="898100012340001",
                batch=batch,
                trace=trace,
                kind=kind,
                state=state,
                amount=amount,
                pan_tag=work.keys.pan_tag(PAN),
                pan_masked="621234******1232",
                at=datetime(2026, 1, 2),
            )
        )


def test_balanced_batch_is_closed(host, client):
    traces = [sale(client, 1000), sale(client, 2500)]
    text = totals(3500, 2)
    reply = client.settle(text)
    assert (reply["t"], reply[39]) == ("0510", "00")
    assert reply[48] == text[:30] + "1" + text[31:61] + "1"
    assert the_one(host).result == "open"
    for trace, amount in zip(traces, (1000, 2500), strict=True):
        assert client.upload_chip(trace, amount)[39] == "00"
    assert client.end(2)[39] == "00"
    row = the_one(host)
    assert (row.batch, row.result, row.differences) == ("000001", "balanced", [])
    assert row.theirs == row.ours == Totals(3500, 2, 0, 0)
    assert client.sign_in()[60] == "00000002003"


def test_every_step_may_come_again(host, client):
    trace = sale(client, 1000)
    steps = [
        lambda: client.settle(totals(1000, 1)),
        lambda: client.upload_chip(trace, 1000),
        lambda: client.end(1),
    ]
    for step in steps:
        first, second = step(), step()
        assert (first[39], first.get(48)) == (second[39], second.get(48))
    for step in steps:
        assert step()[39] == "00"
    row = the_one(host)
    assert (row.result, row.theirs) == ("balanced", Totals(1000, 1, 0, 0))
    client.batch = "000002"
    assert client.settle(TOTALS_OF_NONE)[48][30] == "1"
    assert client.end(0)[39] == "00"
    assert [r.batch for r in host.ledger.settlements()] == ["000001", "000002"]
    assert client.sign_in()[60] == "00000003003"


@pytest.mark.parametrize(
    "text", [totals(1001, 1), totals(1000, 2), totals(1000, 1, 5, 0), totals(1000, 1, 0, 1)]
)
def test_totals_that_differ(host, client, text):
    trace = sale(client, 1000)
    reply = client.settle(text)
    assert (reply[39], reply[48][30], reply[48][61]) == ("00", "2", "1")
    assert client.upload_chip(trace, 1000, code="205")[39] == "00"
    assert client.end(1, code="202")[39] == "00"
    row = the_one(host)
    assert row.result == "different" and len(row.differences) == 1
    assert "at the terminal" in row.differences[0]


def test_foreign_cards_that_the_host_does_not_have(client):
    text = "0" * 31 + "000000000005001" + "0" * 16
    reply = client.settle(text)
    assert (reply[48][30], reply[48][61]) == ("1", "2")


VISA = "4123450000000027"  # its account is that of host_tools/cards/visa_offline.yaml


def test_foreign_cards_have_totals_of_their_own(host, client):
    own = client.do("sale", 1000)
    assert own.reply[63] == "CUP"
    foreign = client.do("sale", 2000, f2=VISA, moto=True)
    tip = client.do("tip", 2200, foreign, f48=f"{200:012d}", f2="", f14="")
    void = client.do("void", 2200, foreign, f2=VISA, moto=True)
    assert [done.reply[39] for done in (foreign, tip, void)] == ["00"] * 3
    assert [done.reply[63] for done in (foreign, tip, void)] == ["VIS"] * 3
    text = totals(1000, 1)[:31] + totals(2200, 1, 2200, 1)[:31]
    reply = client.settle(text)
    assert (reply[48][30], reply[48][61]) == ("1", "1")
    assert client.upload_chip(own.fields[11], 1000)[39] == "00"
    items = [
        "01" + item(foreign.fields[11], 2200, VISA)[2:],
        "00" + item(void.fields[11], 2200, VISA)[2:],
    ]
    assert client.upload(*items)[39] == "00"
    assert client.upload_advice("34", tip.fields[11], 2200, f2=VISA)[39] == "00"
    assert client.end(4)[39] == "00"
    row = the_one(host)
    assert row.our_foreign == row.their_foreign == Totals(2200, 1, 2200, 1)
    assert row.ours == Totals(1000, 1, 0, 0)
    trace = void.fields[11]
    assert row.differences == [f"{trace}: an own card at the terminal, VIS at the host"]


def test_foreign_totals_that_differ(host, client):
    client.do("sale", 2000, f2=VISA, moto=True)
    reply = client.settle(totals(2000, 1))
    assert (reply[48][30], reply[48][61]) == ("2", "2")
    assert client.end(0, code="202")[39] == "00"
    assert "total foreign debits: 0 at the terminal, 1 at the host" in the_one(host).differences


@pytest.mark.parametrize(
    ("pan", "aid", "organisation"),
    [
        ("6212345678901232", None, "CUP"),
        (VISA, "A000000333010102", "CUP"),
        (PAN, "A0000000031010", "VIS"),
        ("5123450000000000", None, "MCC"),
        ("2221000000000009", None, "MCC"),
        ("3712340000000000", None, "AMX"),
        ("3528000000000007", None, "JCB"),
        ("3012340000000000", None, "DCC"),
        ("9558801234567890", None, "CUP"),
        (PAN, "A000000999", "CUP"),
    ],
)
def test_whose_card_it_is(pan, aid, organisation):
    icc = {"84": bytes.fromhex(aid)} if aid else None
    assert organisations.of(pan, icc) == organisation
    assert organisations.foreign(organisation) == (organisation != "CUP")


def test_both_sides_decide_alike():
    """The tables of the two sides are written twice, and say the same."""
    digits = [f"{first:02d}" for first in range(100)]
    for pan in digits:
        assert unionpay.organisation(pan + "0" * 14) == organisations.of(pan + "0" * 14, None)
    for rid in [*organisations.APPLICATIONS, "A000000999"]:
        icc = {"84": bytes.fromhex(rid + "1010")}
        assert unionpay.organisation(PAN, rid + "1010") == organisations.of(PAN, icc)


def test_batch_upload_of_all_kinds(host, client):
    chip = sale(client, 1000)
    booked = {"offline": 700, "ec_sale": 800, "notice": 900, "refund": 100, "tip": 1100}
    booked |= {"instalment": 40, "completion": 50, "adjust": 777}
    booked |= {"void": 60, "completion_void": 3, "instalment_void": 4}
    traces = {kind: f"{100 + at:06d}" for at, kind in enumerate(booked)}
    for kind, amount in booked.items():
        book(host, kind, traces[kind], amount)
    book(host, "completion", "000200", 5, state="declined")
    book(host, "refund", "000201", 5, state="reversed")
    for at, kind in enumerate(("preauth", "preauth_void", "preauth_add", "balance")):
        book(host, kind, f"00030{at}", 12345)
    text = totals(1000 + 700 + 800 + 900 + 40 + 50, 6, 100 + 60 + 3 + 4, 4)
    assert client.settle(text)[48][30] == "1"
    assert client.upload_chip(chip, 1000)[39] == "00"
    types = {"offline": "30", "ec_sale": "36", "notice": "24", "refund": "25"}
    types |= {"tip": "34", "adjust": "32"}
    for kind, code in types.items():
        assert client.upload_advice(code, traces[kind], booked[kind])[39] == "00"
    stripe = ("instalment", "completion", "void", "completion_void", "instalment_void")
    assert client.upload(*(item(traces[kind], booked[kind]) for kind in stripe))[39] == "00"
    assert client.end(12)[39] == "00"
    assert the_one(host).differences == []
    with host.ledger.begin() as work:  # they have no bookings, which the ledger's check would tell
        rows = work.session.query(Transaction)
        rows.filter(Transaction.trace >= "000100").delete()


def test_item_by_item(host, client):
    kept, missing, other = sale(client, 1000), sale(client, 2000), sale(client, 3000)
    declined = client.sale(1051, pin=None)[11]
    failed = sale(client, 4000)
    assert client.settle(totals(10000, 4))[48][30] == "1"
    uploaded = [item(kept, 1000), item(other, 3001), item(declined, 1051), item("000900", 70)]
    assert client.upload(*uploaded)[39] == "00"
    assert client.upload_chip(failed, 4000, code="204")[39] == "00"
    assert client.end(6)[39] == "00"
    row = the_one(host)
    assert row.result == "different"
    assert row.differences == [
        "items: 6 at the terminal, 5 came",
        f"{missing}: missing at the terminal, sale of 2000 at the host",
        f"{other}: amount is 3001 at the terminal, 3000 at the host",
        f"{declined}: missing at the host, stripe of 1051 at the terminal",
        f"{failed}: failed at the terminal, sale of 4000 at the host",
        "000900: missing at the host, stripe of 70 at the terminal",
    ]
    owed = host.ledger.merchant_balance("898100012340001") + host.ledger.fees("898100012340001")
    assert owed == 10_000, "nothing is booked silently"


def test_another_card_or_kind(host, client):
    traces = [sale(client, 1000), sale(client, 1000)]
    assert client.settle(totals(2000, 2))[39] == "00"
    assert client.upload(item(traces[0], 1000, pan="6212340000000035"))[39] == "00"
    assert client.upload_advice("30", traces[1], 1000)[39] == "00"
    assert client.end(2, code="202")[39] == "00"
    row = the_one(host)
    assert row.differences == [
        "the terminal says not balanced",
        f"{traces[0]}: another card at the terminal than at the host",
        f"{traces[1]}: offline at the terminal, sale at the host",
    ]


def test_an_item_that_comes_again_otherwise_counts_as_it_came_last(host, client):
    trace = sale(client, 1000)
    client.settle(totals(1000, 1))
    assert client.upload(item(trace, 999))[39] == "00"
    assert client.upload(item(trace, 1000))[39] == "00"
    assert client.end(1)[39] == "00"
    assert the_one(host).differences == []
    assert client.upload(item(trace, 1000))[39] == "00"
    assert client.upload(item(trace, 999))[39] == "12"
    assert client.upload(item("000500", 1000))[39] == "12"
    assert client.settle(totals(5, 1))[48][30] == "2"
    assert the_one(host).result == "balanced"


def test_a_reversed_sale_is_in_no_total(host, client):
    fields = client.sale_fields(1000, pin=None)
    assert client.exchange("0200", fields, mac=True)[39] == "00"
    assert client.reverse(fields)[39] == "00"
    assert client.settle(TOTALS_OF_NONE)[48][30] == "1"


def test_a_sale_between_totals_and_end(host, client):
    client.settle(TOTALS_OF_NONE)
    trace = sale(client, 1000)
    assert client.end(0)[39] == "00"
    row = the_one(host)
    assert row.ours == Totals(1000, 1, 0, 0)
    assert row.differences[-1] == f"{trace}: missing at the terminal, sale of 1000 at the host"


def test_end_without_totals(host, client):
    assert client.end(0)[39] == "25"
    assert host.ledger.settlements() == []
    assert client.sign_in()[60] == "00000001003"


def test_a_terminal_in_another_batch_than_the_host(host, client):
    client.batch = "000007"
    trace = sale(client, 1000)
    assert client.settle(totals(1000, 1))[48][30] == "1"
    assert client.upload_chip(trace, 1000)[39] == "00"
    assert client.end(1)[39] == "00"
    assert the_one(host).differences == []
    assert client.sign_in()[60] == "00000001003", "the host's own batch is not closed"


def test_sign_in_passes_closed_batches_and_the_last_number(host, client):
    with host.ledger.begin() as work:
        work.terminal(TERMINAL).batch = 999_998
    client.batch = "000001"
    client.settle(TOTALS_OF_NONE)
    client.end(0)
    client.batch = "999998"
    client.settle(TOTALS_OF_NONE)
    client.end(0)
    assert client.sign_in()[60] == "00000002003"


BAD = [
    (lambda c: c.settle("0" * 61), "F48"),
    (lambda c: c.settle(""), "F48"),
    (lambda c: c.upload(), "F48"),
    (lambda c: c.upload(f48=""), "F48"),
    (lambda c: c.upload(f48="0"), "F48"),
    (lambda c: c.upload(f48="02" + item("000002", 5)), "F48"),
    (lambda c: c.upload(f48="01" + item("000002", 5)[:-1]), "F48"),
    (lambda c: c.upload(f48="01" + item("000002", 5) + "0"), "F48"),
    (lambda c: c.upload(f48="01" + "02" + item("000002", 5)[2:]), "F48"),
    (lambda c: c.upload(item("000002", 5, pan="0")), "F48"),
    (lambda c: c.upload_chip("000002", 5, f62=""), "F62"),
    (lambda c: c.upload_chip("000002", 5, f62=b"610000000000000006156".hex()), "F62"),
    (lambda c: c.upload_chip("000002", 5, f62=b"610200000000000005156".hex()), "F62"),
    (lambda c: c.upload_chip("000002", 5, f62=b"71000500000000000515622".hex()), "F62"),
    (lambda c: c.upload_chip("000002", 5, "204", f62=b"610000000000000005156".hex()), "F62"),
    (lambda c: c.upload_chip("000002", 5, "206", f62=b"71000500000000000515610".hex()), "F62"),
    (lambda c: c.upload_chip("000002", 5, f62="FF" * 21), "F62"),
    (lambda c: c.upload_chip("000002", 5, f55=""), "F55"),
    (lambda c: c.upload_chip("000002", 5, f55="9F26"), "F55"),
    (lambda c: c.upload_chip("000002", 5, f2=""), "F2"),
    (lambda c: c.upload_chip("000002", 5, f4=""), "F4"),
    (lambda c: c.upload_advice("30", "000002", 5, f4=""), "F4"),
    (lambda c: c.upload_advice("30", "000002", 5, f2=""), "F2"),
    (lambda c: c.end(1, f48="001"), "F48"),
    (lambda c: c.end(1, f48=""), "F48"),
]


@pytest.mark.parametrize(("send", "field"), BAD)
def test_broken_messages_are_named_and_change_nothing(host, client, send, field):
    client.settle(TOTALS_OF_NONE)
    assert send(client)[39] == "30"
    record = host.log.wait(lambda record: record["event"] == "reply" and "why" in record)
    assert record["why"].startswith(f"{field} at ")
    assert client.end(0)[39] == "00"
    assert the_one(host).differences == []


def test_a_failed_one_that_the_chip_declined(host, client):
    text = b"71001100000000000515610".hex()
    client.settle(TOTALS_OF_NONE)
    assert client.upload_chip("000009", 5, code="206", f62=text)[39] == "00"
    assert client.end(1)[39] == "00"
    assert the_one(host).differences == []


def test_no_card_number_in_the_differences_or_the_log(host, client, tmp_path):
    client.settle(TOTALS_OF_NONE)
    client.upload(item("000009", 5))
    client.upload_chip("000010", 5, f55=chip_data(5))
    client.end(2)
    assert len(the_one(host).differences) == 2
    assert PAN not in str(the_one(host).differences)
    assert PAN not in (tmp_path / "host.jsonl").read_text()
