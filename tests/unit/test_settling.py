"""Settlement and batch upload: totals, what goes up how, and the bytes of each message."""

import json

import pytest
from golden import MESSAGES
from pos.acquirer import settling
from pos.acquirer.card_data import Card
from pos.protocol import iso8583, unionpay
from pos.protocol.errors import BadBytes

PARAMS = {
    "terminal_id": "12345678",
    "merchant_id": "898100012340001",
    "batch": 1,
    "currency": "156",
    "partial": 0,
}
PAN = "6212345678901232"
F55 = bytes.fromhex("9F2608" + "11" * 8)


def txn(kind, trace, amount, state="approved", **more):
    row = {"kind": kind, "trace": trace, "amount": amount, "state": state, "batch": 1}
    return {**row, "entry": "071", "f55": F55, **more}


BATCH = [
    txn("sale", 1, 10000),
    txn("sale", 2, 500, state="declined", rc="51"),
    txn("sale", 3, 2000, entry="012", f55=None),
    txn("void", 4, 2000, orig_trace=3, orig_batch=1),
    txn("sale", 5, 700, state="reversed"),
    txn("offline", 6, 900, entry="012", orig_auth="123456"),
    txn("tip", 7, 11000, base=10000, tip=1000, orig_trace=1, orig_batch=1),
    txn("refund", 8, 300, orig_date="1122"),
    txn("preauth", 9, 99900),
    txn("notice", 10, 5000, orig_auth="123456"),
    txn("ec_sale", 11, 20),
    txn("adjust", 12, 800, base=900, orig_trace=6, orig_batch=1),
    txn("completion", 13, 100),
    txn("completion_void", 14, 100, orig_trace=13, orig_batch=1),
    txn("instalment", 15, 30000, entry="022"),
    txn("balance", 16, 0),
]


def test_totals():
    assert settling.totals(BATCH) == {
        "debits": 7,
        "debit_fen": 11000 + 2000 + 800 + 5000 + 20 + 100 + 30000,
        "credits": 3,
        "credit_fen": 2000 + 300 + 100,
        "foreign": "0" * 31,
    }
    assert set(settling.totals([]).values()) == {0, "0" * 31}


def test_totals_by_kind():
    both = rows, foreign = {}, {}
    settling.totals(BATCH, both)
    assert not foreign
    assert rows["sale"] == [2, 12000] and rows["tip"] == [1, 1000] and rows["adjust"] == [1, -100]
    assert rows["void"] == [1, 2000] and "preauth" not in rows and "balance" not in rows


def test_foreign_cards_have_totals_of_their_own():
    batch = [*BATCH, txn("sale", 17, 4000, org="VIS"), txn("sale", 18, 1, org="CUP")]
    batch += [txn("tip", 19, 4400, base=4000, tip=400, orig_trace=17, org="VIS")]
    batch += [txn("void", 20, 4400, orig_trace=17, org="VIS"), txn("refund", 21, 50, org="MCC")]
    sums, own = settling.totals(batch), settling.totals(BATCH)
    assert sums["foreign"] == "000000004400" + "001" + "000000004450" + "002" + "0"
    assert settling.half(sums["foreign"]) == (4400, 1, 4450, 2, 0)
    assert sums["debit_fen"] == own["debit_fen"] + 1 and sums["credits"] == own["credits"]
    _, fields = settling.settlement(PARAMS, 1, "01", sums)
    assert fields[48][31:] == sums["foreign"] and len(fields[48]) == 62
    assert settling.item(txn("void", 20, 4400, org="VIS"), PAN)[:2] == "01"
    _, fields = settling.chip(PARAMS, txn("sale", 17, 4000, org="VIS"), Card(PAN, "3012"), True)
    assert fields[62] == b"610100000000004000156"


@pytest.mark.parametrize(
    ("pan", "aid", "org"),
    [
        ("621234", "A000000333010101", "CUP"),
        ("412345", "A000000333010101", "CUP"),  # two brands: what counts is which was used
        ("621234", "A0000000031010", "VIS"),
        ("621234", "A0000000041010", "MCC"),
        ("621234", "A000000025", "AMX"),
        ("621234", "A0000000651010", "JCB"),
        ("621234", "A0000001523010", "DCC"),
        ("621234", "A000000999", "CUP"),
        *[
            ("412345", "", "VIS"),
            ("512345", "", "MCC"),
            ("222100", "", "MCC"),
            ("340000", "", "AMX"),
        ],
        *[
            ("352800", "", "JCB"),
            ("300000", "", "DCC"),
            ("621234", "", "CUP"),
            ("955880", "", "CUP"),
        ],
    ],
)
def test_whose_card_it_is(pan, aid, org):
    assert unionpay.organisation(pan, aid) == org
    assert unionpay.foreign(org) is (org != "CUP")


def test_a_record_without_an_organisation_is_an_own_card():
    assert unionpay.foreign(None) is False and unionpay.foreign("") is False


def test_the_plan_of_the_upload():
    order, own, typed, changed = settling.plan(BATCH)
    assert list(order) == [6, 7, 8, 10, 11, 12, 3, 4, 14, 15, 1, 13]
    assert (own, typed) == (6, 4)
    assert changed == {1: 11000, 6: 800}


def test_the_settlement_is_that_of_the_reference():
    sums = {"debits": 1, "debit_fen": 12345, "credits": 0, "credit_fen": 0}
    mti, fields = settling.settlement(PARAMS, 124, "01", sums)
    golden = MESSAGES["settlement"]
    assert (mti, fields) == (golden.mti, golden.fields)
    assert iso8583.pack(unionpay.PROFILE, mti, fields) == golden.message


def test_totals_that_do_not_fit_are_refused():
    sums = {"debits": 1000, "debit_fen": 1, "credits": 0, "credit_fen": 0}
    with pytest.raises(BadBytes):
        settling.settlement(PARAMS, 1, "01", sums)


@pytest.mark.parametrize(
    ("own", "foreign", "own_result", "result", "even"),
    [
        *[(1, 1, 1, 1, True), (1, 0, 1, 1, True), (2, 1, 2, 1, False), (1, 2, 1, 2, False)],
        *[(3, 1, 3, 1, False), (0, 0, 3, 1, False), (2, 3, 2, 3, False), (9, 4, 3, 3, False)],
    ],
)
def test_what_the_host_says_of_the_totals(own, foreign, own_result, result, even):
    said = settling.verdict("0" * 30 + f"{own}" + "0" * 30 + f"{foreign}", {})
    assert said == {"balanced": own_result, "foreign": "0" * 30 + f"{result}"}
    assert settling.even(said) is even


def test_foreign_totals_without_a_result_are_an_error():
    some = {"foreign": "000000004400" + "001" + "0" * 16}
    said = settling.verdict("0" * 30 + "1" + "0" * 31, some)
    assert said == {"balanced": 1, "foreign": some["foreign"][:30] + "3"}
    assert not settling.even(said)


def test_a_batch_from_before_there_were_foreign_totals():
    assert settling.even({"balanced": 1}) and not settling.even({"balanced": 2})


@pytest.mark.parametrize("f48", [None, "", "0" * 61])
def test_no_result_is_an_error(f48):
    assert settling.verdict(f48, {}) == {"balanced": 3, "foreign": "0" * 30 + "3"}


def test_items_of_typed_cards():
    items = settling.item(BATCH[2], PAN) + settling.item(BATCH[3], PAN)
    mti, fields = settling.upload(PARAMS, 200, items)
    assert mti == "0320"
    assert fields[48] == "02" + "00000003" + "0000" + PAN + "000000002000" + items[40:]
    assert len(fields[48]) == 2 + 2 * 40
    assert fields[60] == "00000001201" and fields[11] == "000200"
    assert set(fields) == {11, 41, 42, 48, 60}
    packed = iso8583.pack(unionpay.PROFILE, mti, fields)
    assert iso8583.unpack(unionpay.PROFILE, packed) == (mti, fields)


def test_eight_items_fit_the_field():
    _, fields = settling.upload(PARAMS, 200, settling.item(BATCH[2], PAN) * settling.ITEMS)
    assert len(fields[48]) == 322
    iso8583.pack(unionpay.PROFILE, "0320", fields)


def test_what_the_chip_has_refused_comes_last_and_says_so():
    refused = txn("sale", 30, 4000, state="declined", org="VIS")
    by_host = txn("sale", 31, 5, state="declined", rc="51")
    order, own, typed, _ = settling.plan([refused, by_host, *BATCH])
    assert list(order) == [*settling.plan(BATCH)[0], 30]
    assert (own, typed) == settling.plan(BATCH)[1:3]
    assert settling.totals([refused, by_host]) == settling.totals([])
    for balanced, code in ((True, "204"), (False, "206")):
        _, fields = settling.chip(PARAMS, refused, Card(PAN, "3012", f55=F55), balanced)
        assert fields[60][-3:] == code
        assert fields[62] == b"710011" + b"000000004000" + b"15610"


@pytest.mark.parametrize(("balanced", "code"), [(True, "203"), (False, "205")])
def test_a_chip_that_was_asked(balanced, code):
    mti, fields = settling.chip(PARAMS, BATCH[0], Card(PAN, "3012", "01", f55=F55), balanced)
    assert mti == "0320"
    assert fields == {
        2: PAN,
        4: "000000010000",
        11: "000001",
        22: "071",
        23: "001",
        55: F55,
        41: "12345678",
        42: "898100012340001",
        60: "00000001" + code,
        62: b"610000000000010000156",
    }
    packed = iso8583.pack(unionpay.PROFILE, mti, fields)
    assert iso8583.unpack(unionpay.PROFILE, packed) == (mti, fields)


def test_advices_go_up_as_themselves():
    mti, fields = settling.advice(PARAMS, dict(BATCH[7], asked=1), Card(PAN, "3012"))
    assert (mti, fields[3], fields[4], fields[11]) == ("0320", "200000", "000000000300", "000008")
    assert fields[60][:11] == "25000001000" and fields[2] == PAN and 64 not in fields


@pytest.mark.parametrize(("balanced", "code"), [(True, "207"), (False, "202")])
def test_the_end(balanced, code):
    mti, fields = settling.end(PARAMS, 300, 12, balanced)
    assert (mti, fields[48], fields[60]) == ("0320", "0012", "00000001" + code)


@pytest.mark.parametrize(
    ("batch", "following"), [(1, 2), (999997, 999998), (999998, 1), (999999, 1)]
)
def test_the_next_batch(batch, following):
    assert settling.after(batch) == following


def test_micropython_makes_the_same(mpy):
    """The same batch there: totals, plan and the packed messages."""
    source = f"""
import json
from pos.acquirer import settling
from pos.acquirer.card_data import Card
from pos.protocol import iso8583, unionpay
batch, params = {BATCH!r}, {PARAMS!r}
card = Card({PAN!r}, "3012", "01", f55={F55!r})
sums = settling.totals(batch)
order, own, typed, changed = settling.plan(batch)
made = [settling.settlement(params, 124, "01", sums), settling.chip(params, batch[0], card, True),
        settling.advice(params, batch[10], card), settling.end(params, 300, 12, False),
        settling.upload(params, 200, settling.item(batch[2], card.pan))]
packed = [bytes(iso8583.pack(unionpay.PROFILE, *m)).hex() for m in made]
print(json.dumps([sums, list(order), own, typed, sorted(changed.items()), packed]))
"""
    sums, order, own, typed, changed, packed = json.loads(mpy(source))
    card = Card(PAN, "3012", "01", f55=F55)
    assert sums == settling.totals(BATCH)
    assert [order, own, typed] == [list(settling.plan(BATCH)[0]), *settling.plan(BATCH)[1:3]]
    assert dict(changed) == settling.plan(BATCH)[3]
    made = [
        settling.settlement(PARAMS, 124, "01", sums),
        settling.chip(PARAMS, BATCH[0], card, True),
        settling.advice(PARAMS, dict(BATCH[10]), card),
        settling.end(PARAMS, 300, 12, False),
        settling.upload(PARAMS, 200, settling.item(BATCH[2], PAN)),
    ]
    assert packed == [iso8583.pack(unionpay.PROFILE, *message).hex() for message in made]
