"""Transactions to fields and back: what the requests carry, and which answers are believed."""

import pytest
from pos.acquirer import card_data, messages
from pos.protocol import iso8583, unionpay
from pos.protocol.errors import BadBytes

PARAMS = {
    "terminal_id": "12345678",
    "merchant_id": "898100012340001",
    "batch": 7,
    "currency": "156",
}
TXN = {"trace": 42, "amount": 128000, "batch": 7}
TAGS = {
    0x57: bytes.fromhex("6212345678901232D30122200000000000F0"),
    0x5F34: b"\x01",
    0x9F26: b"\x11" * 8,
    0x9F10: b"\x07\x01\x01\x03\xa0\x00\x00\x01",
    0x95: bytes(5),
    0x9F36: b"\x00\x05",
    0x84: bytes.fromhex("A000000333010101"),
    0x50: b"UNIONPAY DEBIT",
    0x9F1E: b"00000001",
}


def test_a_card_out_of_its_tags():
    card = card_data.card(TAGS)
    assert (card.pan, card.expiry, card.psn) == ("6212345678901232", "3012", "01")
    assert card.track2.startswith("6212345678901232=3012220")
    assert "6212" not in repr(card)
    assert card.f55.startswith(bytes.fromhex("9F2608") + b"\x11" * 8)
    assert TAGS[0x57] not in card.f55


@pytest.mark.parametrize("track", [b"", b"\x12\xd3", bytes.fromhex("62123456D3012220")[:2]])
def test_tags_that_are_no_card(track):
    with pytest.raises(BadBytes):
        card_data.card({0x57: track})


def test_what_the_journal_keeps_of_a_card_is_not_secret():
    txn = {}
    card_data.describe(txn, TAGS)
    assert txn["arqc"] == "11" * 8
    assert txn["label"] == "UNIONPAY DEBIT"
    assert txn["f55"].hex().upper() == "9505" + "00" * 5 + "9F1E08" + b"00000001".hex() + (
        "9F1008" + "07010103A0000001" + "9F36020005"
    )
    assert card_data.masked("6212345678901232") == "621234******1232"


def test_a_sale_with_a_pin():
    txn = dict(TXN)
    mti, fields = messages.sale(PARAMS, txn, card_data.card(TAGS), b"12345678")
    assert (mti, txn["entry"]) == ("0200", "071")
    fixed = {3: "000000", 4: "000000128000", 11: "000042", 14: "3012", 22: "071", 23: "001"}
    fixed |= {25: "00", 26: "12", 49: "156", 52: b"12345678", 53: "2600000000000000"}
    fixed |= {60: "22000007000600", 41: "12345678", 42: "898100012340001"}
    assert fixed.items() <= fields.items()
    assert set(fields) == set(fixed) | {2, 35, 55}
    packed = iso8583.pack(unionpay.PROFILE, mti, fields)
    assert iso8583.unpack(unionpay.PROFILE, packed) == (mti, fields)


def test_a_sale_without_a_pin_has_no_pin_fields():
    _, fields = messages.sale(PARAMS, dict(TXN), card_data.card(TAGS))
    assert fields[22] == "072"
    assert not {26, 52, 53} & set(fields)


def test_a_reversal_copies_the_sale_and_drops_what_is_secret():
    txn = dict(TXN, entry="071", f55=b"\x95\x05" + bytes(5))
    mti, fields = messages.reversal(PARAMS, txn, "6212345678901232", "3012", "01", "98")
    assert mti == "0400"
    assert not {26, 35, 36, 37, 52, 53} & set(fields)
    assert (fields[11], fields[4], fields[39]) == ("000042", "000000128000", "98")
    assert fields[60] == "22000007000600"


REQUEST = {3: "000000", 4: "000000128000", 11: "000042", 41: "12345678", 42: "8981"}
ANSWER = dict(REQUEST) | {39: "00"}


def test_the_answer_to_a_request():
    messages.check("0200", REQUEST, "0210", ANSWER)
    messages.check("0200", REQUEST, "0210", {11: "000042", 39: "96"})
    messages.check("0200", REQUEST, "0210", ANSWER | {39: "10", 4: "000000000100"})


@pytest.mark.parametrize(
    ("mti", "change", "field"),
    [
        ("0230", {}, "MTI"),
        ("0210", {39: None}, "F39"),
        ("0210", {11: "000041"}, "F11"),
        ("0210", {11: None}, "F11"),
        ("0210", {41: "87654321"}, "F41"),
        ("0210", {42: "0000"}, "F42"),
        ("0210", {4: "000000128001"}, "F4"),
        ("0210", {4: None}, "F4"),
        ("0210", {3: "200000"}, "F3"),
    ],
)
def test_what_is_not_the_answer(mti, change, field):
    answer = {f: v for f, v in (ANSWER | change).items() if v is not None}
    with pytest.raises(messages.NotOurs, match=f"^{field}$"):
        messages.check("0200", REQUEST, mti, answer)


@pytest.mark.parametrize(
    ("f13", "f12", "moment"),
    [
        ("1123", "102030", (11, 23, 10, 20, 30)),
        ("1231", "235959", (12, 31, 23, 59, 59)),
        ("1323", "102030", None),
        ("0023", "102030", None),
        ("1100", "102030", None),
        ("1132", "102030", None),
        ("1123", "240000", None),
        ("1123", "006000", None),
        ("1123", "000060", None),
    ],
)
def test_the_clock_of_the_host(f13, f12, moment):
    assert messages.clock({13: f13, 12: f12}) == moment


@pytest.mark.parametrize(
    ("f60", "batch"),
    [("00000009003", 9), ("00000000003", None), ("00999999003", None), ("00", None)],
)
def test_the_batch_of_the_host(f60, batch):
    assert messages.batch({60: f60}) == batch
    assert messages.batch({}) is None
