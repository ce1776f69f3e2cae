"""Slips, read back from the printer's bytes by a small reader of its own."""

import pytest
from pos.protocol import unionpay
from pos.slips import sale
from pos.words import say

pytestmark = pytest.mark.usefixtures("chinese")

SHOP = "TAPTILL TEST SHOP"
TXN = {
    "kind": "sale",
    "state": "approved",
    "trace": 42,
    "batch": 7,
    "amount": 128000,
    "when": "20261123091502",
    "operator": "01",
    "entry": "071",
    "pan": "621234******1232",
    "rrn": "260911000123",
    "auth": "A1B2C3",
    "rc": "00",
    "issuer": "01020000",
    "acquirer": "48981000",
    "merchant_id": "898100012340001",
    "terminal_id": "12345678",
    "aid": "A000000333010101",
    "label": "UNIONPAY DEBIT",
    "arqc": "1122334455667788",
    "tvr": "0000000000",
    "tsi": "",
    "atc": "0012",
    "cvm": "pin",
    "copies": 0,
}
LENGTHS = {b"\x1b@": 0, b"\x1ba": 1, b"\x1bE": 1, b"\x1d!": 1, b"\x1bd": 1}


def read(data: bytes) -> list[tuple[int, int, int, str]]:
    """(alignment, width, height, text) of each line; what is no known command fails the test."""
    lines, text, side, size, i, chinese = [], "", 0, 0, 0, False
    while i < len(data):
        command = data[i : i + 2]
        if command in (b"\x1c&", b"\x1c."):
            chinese = command == b"\x1c&"
            i += 2
            continue
        if command in LENGTHS:
            assert not text, "a command in the middle of a line"
            if command == b"\x1ba":
                side = data[i + 2]
            elif command == b"\x1d!":
                size = data[i + 2]
            i += 2 + LENGTHS[command]
            continue
        if data[i] == 0x0A:
            lines.append((side, (size >> 4) + 1, (size & 15) + 1, text))
            text = ""
        else:
            more = data[i] >= 0x80 and chinese
            assert more or 0x20 <= data[i] < 0x7F
            text += data[i : i + 1 + more].decode("gb18030")
            i += more
        i += 1
    assert not text, "the last line is never printed"
    assert side == 0 and size == 0, "the next slip would inherit this"
    return lines


def slip(pieces) -> list[tuple[int, int, int, str]]:
    parts = list(pieces)
    assert parts[0] == b"\x1b@"
    assert all(len(part) <= 64 for part in parts), "more than a line at once"
    lines = read(b"".join(parts))
    for _, width, _, text in lines:
        assert sum(1 + (ord(c) >= 0x80) for c in text) * width <= 32, text
    return lines


def texts(pieces) -> list[str]:
    return [line[3] for line in slip(pieces)]


def made(copy="merchant", shop=SHOP, test=False, **changes):
    return sale.sale_slip({**TXN, **changes}, copy, shop, test)


def test_the_merchants_copy():
    assert texts(made())[:-4] == [
        "TAPTILL SALES SLIP",
        "MERCHANT COPY",
        "MERCHANT NAME: TAPTILL TEST SHOP",
        "MERCHANT NO: 898100012340001",
        "TERMINAL NO: 12345678",
        "OPERATOR NO: 01",
        "ISSUER: 01020000",
        "ACQUIRER: 48981000",
        "CARD NO:",
        "6212 34** **** 1232 C",
        "TRANS TYPE: SALE",
        "BATCH NO: 000007",
        "VOUCHER NO: 000042",
        "AUTH CODE: A1B2C3",
        "DATE/TIME: 2026/11/23 09:15:02",
        "REF NO: 260911000123",
        "AMOUNT:",
        "RMB 1280.00",
        "ARQC: 1122334455667788",
        "TVR: 0000000000",
        "AID: A000000333010101",
        "ATC: 0012",
        "APP LABEL: UNIONPAY DEBIT",
        "PIN VERIFIED ONLINE",
        "NO SIGNATURE REQUIRED",
    ]


def test_amount_and_card_number_are_large():
    big = {text: (w, h) for _, w, h, text in slip(made())}
    assert big["RMB 1280.00"] == (2, 2)
    assert big["6212 34** **** 1232 C"] == (1, 2)


@pytest.mark.parametrize(
    ("fen", "text", "width"),
    [
        (1, "RMB 0.01", 2),
        (99, "RMB 0.99", 2),
        (100, "RMB 1.00", 2),
        (99999999999, "RMB 999999999.99", 2),
        (999999999999, "RMB 9999999999.99", 1),
    ],
)
def test_an_amount_is_never_cut(fen, text, width):
    assert (0, width, 2, text) in slip(made(amount=fen))


KINDS = [
    line.split()[0] for line in unionpay.TRANSACTIONS.split("\n") if " MR" in line or " MA" in line
]


def test_every_kind_has_a_word():
    assert len(KINDS) == 15  # all but the balance, which has no slip
    for kind in KINDS:
        (line,) = [line for line in texts(made(kind=kind)) if line.startswith("TRANS TYPE: ")]
        assert line.isupper() and "_" not in line


@pytest.mark.parametrize("kind", KINDS)
def test_money_that_goes_back_is_negative(kind):
    lines = texts(made(kind=kind))
    back = kind in ("void", "refund", "completion_void", "instalment_void")
    assert ("RMB -1280.00" in lines) == back
    assert ("RMB 1280.00" in lines) != back


def test_what_it_is_about():
    original = {"orig_trace": 41, "orig_rrn": "632909000041", "orig_auth": "ABC123"}
    lines = texts(made(kind="completion_void", orig_date="1123", **original))
    at = lines.index("ORIG VOUCHER NO: 000041")
    assert lines[at + 1 : at + 4] == [
        "ORIG REF NO: 632909000041",
        "ORIG AUTH CODE: ABC123",
        "ORIG DATE: 1123",
    ]
    assert not any(line.startswith("ORIG") for line in texts(made()))


def test_a_voice_authorisation_is_the_slips_own():
    lines = texts(made(kind="offline", auth="123456", orig_auth="123456"))
    assert "AUTH CODE: 123456" in lines
    assert not any(line.startswith("ORIG") for line in lines)


def test_a_tip_and_the_total():
    lines = texts(made(kind="tip", base=100000, tip=28000, amount=128000))
    at = lines.index("AMOUNT: RMB 1000.00")
    assert lines[at + 1 : at + 4] == ["TIP: RMB 280.00", "TOTAL:", "RMB 1280.00"]
    # one that takes the place of another: what was sold is what was sold
    lines = texts(made(kind="tip", base=135000, tip=28000, amount=128000))
    assert "AMOUNT: RMB 1000.00" in lines and not any("1350" in line for line in lines)


def test_an_adjustment_shows_the_amount_before():
    lines = texts(made(kind="adjust", base=100000))
    assert lines[lines.index("AMOUNT:") - 1] == "AMOUNT BEFORE: RMB 1000.00"


def test_a_part_of_what_was_asked_for():
    lines = texts(made(asked=150000))
    at = lines.index("RMB 1280.00")
    assert lines[at + 1 : at + 3] == ["REQUESTED: RMB 1500.00", "STILL TO BE PAID: RMB 220.00"]


def test_months():
    lines = texts(made(kind="instalment", months=12, first=10666, fee=9216))
    at = lines.index("INSTALMENTS: 12")
    assert lines[at + 1 : at + 3] == ["FIRST PAYMENT: RMB 106.66", "FEE: RMB 92.16"]
    assert not any(line.startswith("FEE") for line in texts(made(kind="instalment", months=12)))


def test_a_chip_that_approved_gave_a_tc():
    lines = texts(made(kind="ec_sale", cvm="ec"))
    assert "TC: 1122334455667788" in lines and "PAID OFFLINE BY THE CARD" in lines
    assert not any(line.startswith("ARQC") for line in lines)


@pytest.mark.parametrize(
    ("cvm", "phrases"),
    [
        ("none 30000", ["AMOUNT NOT OVER RMB 300.00", "NO PIN, NO SIGNATURE REQUIRED"]),
        ("pin 30000", ["AMOUNT NOT OVER RMB 300.00", "PIN VERIFIED ONLINE"]),
        ("pin_sign", ["PIN VERIFIED ONLINE", "CARDHOLDER SIGNATURE:"]),
        ("none_sign", ["NO PIN REQUIRED", "CARDHOLDER SIGNATURE:"]),
        ("absent", ["CARD NOT PRESENT", "NO SIGNATURE REQUIRED"]),
    ],
)
def test_the_reason_and_whether_it_is_signed(cvm, phrases):
    merchant, cardholder = texts(made(cvm=cvm)), texts(made("cardholder", cvm=cvm))
    assert [line for line in merchant if line in phrases] == phrases
    assert ("CARDHOLDER SIGNATURE:" in merchant) == ("CARDHOLDER SIGNATURE:" in phrases)
    assert "CARDHOLDER SIGNATURE:" not in cardholder
    assert phrases[0] in cardholder


def test_the_signature_is_asked_for_on_the_merchants_copy_only():
    merchant, cardholder = texts(made(cvm="signature")), texts(made("cardholder", cvm="signature"))
    assert "CARDHOLDER SIGNATURE:" in merchant and "-" * 32 in merchant
    assert any("I CONFIRM" in line for line in merchant)
    assert "MERCHANT COPY" in merchant and "CARDHOLDER COPY" in cardholder
    assert not any("SIGN" in line or "CONFIRM" in line for line in cardholder)


@pytest.mark.parametrize("copy", ["merchant", "cardholder"])
@pytest.mark.parametrize(
    ("cvm", "phrase"),
    [
        ("pin", "PIN VERIFIED ONLINE"),
        ("none", "NO PIN, NO SIGNATURE REQUIRED"),
        ("cdcvm", "VERIFIED ON THE DEVICE"),
        (None, "NO PIN, NO SIGNATURE REQUIRED"),
    ],
)
def test_without_signature_the_slip_says_why(copy, cvm, phrase):
    assert phrase in texts(made(copy, cvm=cvm))


@pytest.mark.parametrize(
    ("copy", "copies", "marks"),
    [
        ("merchant", 0, 0),
        ("cardholder", 1, 0),
        ("merchant", 1, 2),
        ("merchant", 2, 2),
        ("cardholder", 2, 2),
        ("cardholder", 0, 0),
    ],
)
def test_a_copy_that_was_printed_before_is_marked(copy, copies, marks):
    assert texts(made(copy, copies=copies)).count("*** DUPLICATED ***") == marks


def test_a_test_slip_says_so_first_and_last():
    lines = [text for text in texts(made(test=True)) if text]
    assert lines[0] == lines[-1] == "TEST - NOT VALID"
    assert not any("NOT VALID" in text for text in texts(made()))


@pytest.mark.parametrize(
    ("pan", "shown"),
    [
        ("6212345678901232", "6212 34** **** 1232 C"),
        ("6212345678901234567", "6212 34** **** ***4 567 C"),
        ("621234*********4567", "6212 34** **** ***4 567 C"),
        ("1234567890", "**** **** ** C"),
    ],
)
def test_a_card_number_is_masked_even_if_the_record_is_not(pan, shown):
    lines = texts(made(pan=pan, terminal_id="T", merchant_id="M"))
    assert shown in lines
    assert not any("5678" in line or "34567890" in line for line in lines)


@pytest.mark.parametrize(
    ("entry", "letter"),
    [
        ("071", "C"),
        ("051", "I"),
        ("021", "S"),
        ("012", "M"),
        ("961", "C"),
        ("921", "N"),
        ("032", ""),
        ("", ""),
        ("7", ""),
        (None, ""),
    ],
)
def test_the_entry_letter(entry, letter):
    assert f"6212 34** **** 1232 {letter}".rstrip() in texts(made(entry=entry))


def test_long_text_is_wrapped_at_spaces_and_else_cut_into_lines():
    shop = "THE VERY LONG NAME OF A SHOP IN A STREET WITHOUTANYSPACEINITSNAMEWHICHGOESON"
    lines = texts(made(shop=shop))
    at = lines.index("MERCHANT NAME:")
    assert lines[at + 1 : at + 5] == [
        "THE VERY LONG NAME OF A SHOP IN",
        "A STREET",
        "WITHOUTANYSPACEINITSNAMEWHICHGOE",
        "SON",
    ]


def test_text_from_outside_cannot_carry_commands():
    lines = texts(made(issuer="\x1b@\x10\x04\x01\x1dV\x00", label="\u94f6\u8054"))
    assert "ISSUER: ?@????V?" in lines
    assert "APP LABEL: 银联" in lines
    assert "APP LABEL: □□" in texts(made(label="\u6e2c\ue000"))  # not in GB 2312


def _report(kind, state, **changes):
    return texts(sale.report({**TXN, "kind": kind, "state": state, **changes}, SHOP, True))


@pytest.mark.parametrize("state", ["sending", "reversing"])
@pytest.mark.parametrize("kind", ["sale", "void", "preauth", "completion"])
def test_a_fault_slip_tells_somebody_to_act(kind, state):
    lines = _report(kind, state, rc="96")
    name = say("slip_" + kind)
    assert lines[0] == "TEST - NOT VALID"
    assert lines[1:4] == ["*** FAULT REPORT ***", name, "THIS IS NOT A VOUCHER"]
    amount = "RMB -1280.00" if kind == "void" else "RMB 1280.00"
    for line in ("VOUCHER NO: 000042", amount, "6212 34** **** 1232 C", "RESPONSE: 96"):
        assert line in lines
    whole = " ".join(lines)
    assert f"THE REVERSAL OF THIS {name} WAS NOT CONFIRMED" in whole and "BY HAND" in whole


def test_an_advice_is_not_reversed():
    whole = " ".join(_report("refund", "sending"))
    assert "FAULT REPORT" in whole and "HAS NOT ACKNOWLEDGED THIS REFUND" in whole
    assert "REVERSAL" not in whole


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "state, why",
    [("reversed", "TAKEN BACK"), ("declined", "NOT APPROVED"), ("cancelled", "NEVER")],
)
def test_what_became_of_it(kind, state, why):
    lines = _report(kind, state, rrn=None, auth=None)
    assert lines[1:4] == [
        f"*** {state.upper()} ***",
        say("slip_" + kind),
        "THIS IS NOT A VOUCHER",
    ]
    assert "VOUCHER NO: 000042" in lines
    assert not any(line.startswith(("REF NO", "AUTH CODE")) for line in lines)
    assert why in " ".join(lines)


def test_a_report_that_may_be_on_paper_is_marked():
    slip_again = texts(sale.report({**TXN, "state": "reversing"}, SHOP, True, True))
    assert slip_again[4] == "*** DUPLICATED ***"


def test_micropython_makes_the_same_bytes(mpy):
    source = f"from pos.slips.sale import *\ntxn = {TXN!r}\nshop = {SHOP!r}\n"
    source += "print(b''.join(sale_slip(txn, 'cardholder', shop, True)).hex())\n"
    source += "txn['state'] = 'reversing'\nprint(b''.join(report(txn, shop)).hex())"
    here = b"".join(made("cardholder", test=True)).hex()
    there = b"".join(sale.report({**TXN, "state": "reversing"}, SHOP)).hex()
    assert mpy(source, heap="192k").split() == [here, there]
