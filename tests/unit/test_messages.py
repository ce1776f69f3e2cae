"""Transactions to fields and back: what the requests carry, and which answers are believed."""

import pytest
from pos.acquirer import card_data, financial, messages
from pos.protocol import iso8583, tlv, unionpay
from pos.protocol.errors import BadBytes

PARAMS = {
    "terminal_id": "12345678",
    "merchant_id": "898100012340001",
    "batch": 7,
    "currency": "156",
    "key_mode": 3,
    "partial": 0,
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
    card_data.describe(txn, TAGS, card_data.card(TAGS).f55)
    assert txn["arqc"] == "11" * 8
    assert txn["label"] == "UNIONPAY DEBIT"
    assert txn["f55"] == card_data.card(TAGS).f55
    assert card_data.masked("6212345678901232") == "621234******1232"


def test_a_sale_with_a_pin():
    txn = dict(TXN, kind="sale")
    mti, fields = financial.request(PARAMS, txn, card_data.card(TAGS), b"12345678")
    assert (mti, txn["entry"]) == ("0200", "071")
    fixed = {3: "000000", 4: "000000128000", 11: "000042", 14: "3012", 22: "071", 23: "001"}
    fixed |= {25: "00", 26: "12", 49: "156", 52: b"12345678", 53: "2600000000000000"}
    fixed |= {60: "22000007000600", 41: "12345678", 42: "898100012340001"}
    assert fixed.items() <= fields.items()
    assert set(fields) == set(fixed) | {2, 35, 55}
    packed = iso8583.pack(unionpay.PROFILE, mti, fields)
    assert iso8583.unpack(unionpay.PROFILE, packed) == (mti, fields)


def test_a_sale_without_a_pin_has_no_pin_fields():
    _, fields = financial.request(PARAMS, dict(TXN, kind="sale"), card_data.card(TAGS))
    assert fields[22] == "072"
    assert not {26, 52, 53} & set(fields)


def test_a_pin_by_sm4_and_a_track_that_is_encrypted():
    txn = dict(TXN, kind="sale")
    card = card_data.card(TAGS)
    _, fields = financial.request(PARAMS, txn, card, bytes(range(16)), keys="3", track=True)
    assert fields[59] == b"A1016" + bytes(range(16)) and 52 not in fields
    assert fields[53] == "2310000000000000" and fields[26] == "12"
    _, fields = financial.request(PARAMS, dict(TXN, kind="sale"), card, None, track=True)
    assert fields[53] == "0610000000000000" and 26 not in fields


SALE = {2, 3, 4, 11, 14, 22, 25, 41, 42, 49, 60}  # of a card that was typed
ORIGINAL = {
    "orig_batch": 6,
    "orig_trace": 9,
    "orig_date": "1124",
    "orig_rrn": "632812345678",
    "orig_auth": "654321",
}
# Kind, MTI, F3, F25, F60, F61, other fields: the table of the reference, sections 3 and 4
KINDS = [
    ("sale", "0200", "000000", "00", "22", None, set()),
    ("void", "0200", "200000", "00", "23", "000006000009", {37, 38}),
    ("refund", "0220", "200000", "00", "25", "0000000000001124", {37, 63}),
    ("preauth", "0100", "030000", "06", "10", None, set()),
    ("preauth_void", "0100", "200000", "06", "11", "0000060000091124", {38}),
    ("preauth_add", "0100", "030000", "60", "10", "0" * 16, {38}),
    ("completion", "0200", "000000", "06", "20", "0000060000091124", {38}),
    ("completion_void", "0200", "200000", "06", "21", "0000060000091124", {37, 38}),
    ("notice", "0220", "000000", "06", "24", "0000060000091124", {38}),
    ("offline", "0220", "000000", "00", "30", None, {38}),
    ("ec_sale", "0220", "000000", "00", "36", None, set()),
    ("adjust", "0220", "000000", "00", "32", "000006000009", {37, 38}),
    ("tip", "0220", "000000", "00", "34", "000006000009", {37, 38, 48}),
    ("instalment", "0200", "000000", "64", "22", None, {62}),
    ("instalment_void", "0200", "200000", "64", "23", "000006000009", {37, 38}),
]


@pytest.mark.parametrize(("kind", "mti", "f3", "f25", "f60", "f61", "more"), KINDS)
def test_the_fields_of_each_kind(kind, mti, f3, f25, f60, f61, more):
    txn = dict(TXN, kind=kind, tip=500, months=12)
    if f61 or 38 in more:
        txn |= ORIGINAL
    card = card_data.Card("6212345678901232", "3012")
    found, fields = financial.request(PARAMS, txn, card)
    assert found == mti and txn["entry"] == fields[22] == "012"
    assert set(fields) == SALE | more | ({61} if f61 else set())
    assert (fields[3], fields[25], fields.get(61)) == (f3, f25, f61)
    assert fields[60] == f60 + "000007000000"
    packed = iso8583.pack(unionpay.PROFILE, found, fields)
    assert iso8583.unpack(unionpay.PROFILE, packed)[1].keys() == fields.keys()


def test_what_names_an_original():
    txn = dict(TXN, kind="void") | ORIGINAL
    _, fields = financial.request(PARAMS, txn, card_data.Card("6212345678901232", "3012"))
    assert (fields[37], fields[38]) == ("632812345678", "654321")
    txn = dict(TXN, kind="refund")
    _, fields = financial.request(PARAMS, txn, card_data.Card("6212345678901232", "3012"))
    assert (fields[37], fields[61], fields[63]) == ("0" * 12, "0" * 16, "CUP")
    txn = dict(TXN, kind="tip", tip=1200) | ORIGINAL
    _, fields = financial.request(PARAMS, txn, card_data.Card("6212345678901232", "3012"))
    assert fields[48] == "000000001200"


def test_a_balance_has_no_amount():
    txn = dict(TXN, kind="balance")
    mti, fields = financial.request(PARAMS, txn, card_data.card(TAGS), b"12345678")
    assert (mti, fields[3], fields[60]) == ("0200", "310000", "01000007000600")
    assert 4 not in fields


@pytest.mark.parametrize(("kind", "f25"), [("sale", "08"), ("preauth", "18"), ("void", "08")])
def test_a_card_that_is_not_there(kind, f25):
    txn = dict(TXN, kind=kind, absent=1) | ORIGINAL
    _, fields = financial.request(PARAMS, txn, card_data.Card("6212345678901232", "3012"))
    assert fields[25] == f25


def test_partial_approval_is_asked_for_by_a_parameter():
    txn = dict(TXN, kind="sale")
    _, fields = financial.request(dict(PARAMS, partial=1), txn, card_data.card(TAGS))
    assert fields[60] == "22000007000601"


def test_a_reversal_copies_the_sale_and_drops_what_is_secret():
    f55 = card_data.card(TAGS).f55
    txn = dict(TXN, kind="sale", entry="071", f55=f55)
    card = card_data.Card("6212345678901232", "3012", "01")
    mti, fields = financial.reversal(PARAMS, txn, card, "98")
    assert mti == "0400"
    assert set(fields) == SALE | {23, 39, 55}
    assert (fields[11], fields[4], fields[39]) == ("000042", "000000128000", "98")
    assert fields[60] == "22000007000600"
    tags = "9505" + "00" * 5 + "9F1E08" + b"00000001".hex() + "9F1008" + "07010103A0000001"
    assert fields[55].hex().upper() == tags + "9F36020005"


@pytest.mark.parametrize(
    ("kind", "f61"),
    [("void", "000007000042"), ("completion", "0000070000421124"), ("preauth_add", None)],
)
def test_the_reversal_of_what_had_an_original_names_itself(kind, f61):
    txn = dict(TXN, kind=kind, entry="012", auth="111111") | ORIGINAL
    card = card_data.Card("6212345678901232", "3012")
    _, fields = financial.reversal(PARAMS, txn, card, "A0")
    assert fields.get(61) == f61 and 37 not in fields
    assert fields[38] == "111111"


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


def test_what_an_answer_says():
    txn = dict(TXN, kind="sale")
    messages.result(txn, {39: "00", 37: "632812345678", 38: "123456", 63: "VISsome bank"})
    assert txn["state"] == "approved" and txn["org"] == "VIS"
    assert (txn["rrn"], txn["auth"]) == ("632812345678", "123456")
    txn = dict(TXN, kind="sale")
    messages.result(txn, {39: "10", 4: "000000100000"})
    assert (txn["state"], txn["amount"], txn["asked"]) == ("approved", 100000, 128000)
    for kind, state in (("sale", "declined"), ("refund", "approved"), ("ec_sale", "approved")):
        txn = dict(TXN, kind=kind)
        messages.result(txn, {39: "94"})
        assert txn["state"] == state


@pytest.mark.parametrize(
    ("f54", "fen"),
    [
        ("1002156C000000128000", 128000),
        ("1002156D000000000100", -100),
        ("1002156C00000012800", None),
        ("1002156C00000012800x", None),
        ("", None),
        (None, None),
    ],
)
def test_a_balance(f54, fen):
    assert messages.balance({54: f54}) == fen


def test_the_terms_of_instalments():
    terms = b"000000005000156000000004320"
    txn = {"kind": "instalment", "amount": 60000}
    messages.result(txn, {39: "00", 62: terms})
    assert (txn["first"], txn["fee"]) == (5000, 4320)
    for kind, code, other in (
        ("sale", "00", terms),
        ("instalment", "05", terms),
        ("instalment", "00", terms[:20]),
        ("instalment", "00", b"x" * 27),
    ):
        txn = {"kind": kind, "amount": 60000}
        messages.result(txn, {39: code, 62: other})
        assert "first" not in txn and "fee" not in txn


def test_messages_without_money():
    mti, fields = messages.plain(PARAMS, "echo")
    assert (mti, fields[60]) == ("0820", "00000007301") and set(fields) == {41, 42, 60}
    mti, fields = messages.plain(PARAMS, "capk_query", b"100")
    assert (mti, fields[60], fields[62]) == ("0820", "00000007372", b"100")
    mti, fields = messages.plain(PARAMS, "sign_off", trace=43)
    assert (mti, fields[60], fields[11]) == ("0820", "00000007002", "000043")
    mti, fields = messages.sign_in(PARAMS, 5, "01", "123")
    assert (mti, fields[60], fields[62]) == ("0800", "00000007003", b"Sequence No03123")


def test_what_became_of_a_script():
    f55 = card_data.card(TAGS).f55
    txn = dict(TXN, kind="sale", entry="071", f55=f55, rrn="632914000001", auth="A1B2C3")
    card = card_data.Card("6212345678901232", "3012", "01")
    mti, fields = financial.script(PARAMS, txn, card, 50, b"\x20\x11\x22\x33\x44")
    assert mti == "0620" and unionpay.has_mac(mti)
    assert set(fields) == {2, 3, 4, 11, 14, 22, 23, 37, 38, 41, 42, 49, 55, 60, 61}
    assert (fields[11], fields[61], fields[60]) == ("000050", "000007000042", "22000007951")
    tags = [tag for tag, _, _ in tlv.walk(fields[55])]
    assert tags == [0x95, 0x9F1E, 0x9F10, 0x9F26, 0x9F36, 0xDF31]
    packed = iso8583.pack(unionpay.PROFILE, mti, fields)
    assert iso8583.unpack(unionpay.PROFILE, packed) == (mti, fields)
