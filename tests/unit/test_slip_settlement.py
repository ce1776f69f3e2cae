"""The settlement slip and the report of a refused offline sale, as lines of text."""

import re

from pos.slips import settlement

STEPS = {
    "number": "000007",
    "merchant_id": "898100012340001",
    "terminal_id": "12345678",
    "operator": "01",
    "when": "20261125143000",
    "debits": 2,
    "debit_fen": 130980,
    "credits": 1,
    "credit_fen": 980,
    "balanced": 1,
}
ROWS = {"sale": [2, 130980], "void": [1, 980], "preauth_void": [1, 1]}, {}
NONE = (0, 0, 0, 0, 1)  # foreign cards


def lines(parts):
    text = re.sub(rb"\x1b@|\x1b[aE].|\x1d!.", b"", b"".join(parts)).decode()
    return [line.rstrip() for line in text.split("\n") if line.strip()]


def test_a_balanced_batch():
    found = lines(settlement.settlement_slip(STEPS, ROWS, NONE, "SHOP"))
    assert found[1] == "TAPTILL SETTLEMENT" and found[0] == found[-1] == "TEST - NOT VALID"
    assert "BATCH NO: 000007" in found and "DATE/TIME: 2026/11/25 14:30:00" in found
    assert "OWN CARDS: BALANCED" in found
    assert "SALE              2      1309.80" in found
    assert "VOID              1        -9.80" in found
    assert "TOTAL CREDIT      1        -9.80" in found
    assert max(map(len, found)) == 32


def test_other_totals_at_the_host_are_told():
    found = "\n".join(
        lines(settlement.settlement_slip(dict(STEPS, balanced=2), ROWS, NONE, "SHOP"))
    )
    assert "OWN CARDS: NOT BALANCED" in found and "COMPARE THIS BATCH" in found
    found = "\n".join(
        lines(settlement.settlement_slip(dict(STEPS, balanced=3), ({}, {}), NONE, "SHOP", True))
    )
    assert "ERROR AT THE HOST" in found and "DUPLICATED" in found and "NO TRANSACTIONS" in found


def test_foreign_cards_have_their_own_totals_and_result():
    rows = ROWS[0], {"sale": [1, 5000], "refund": [1, 200]}
    found = lines(settlement.settlement_slip(STEPS, rows, (5000, 1, 200, 1, 2), "SHOP"))
    own, foreign = found.index("OWN CARDS: BALANCED"), found.index("FOREIGN CARDS: NOT BALANCED")
    assert own < found.index("TOTAL CREDIT      1        -9.80") < foreign
    assert found[foreign + 2 : foreign + 6] == [
        "REFUND            1        -2.00",
        "SALE              1        50.00",
        "TOTAL DEBIT       1        50.00",
        "TOTAL CREDIT      1        -2.00",
    ]
    assert "COMPARE THIS BATCH" in " ".join(found)
    found = lines(settlement.settlement_slip(STEPS, ROWS, NONE, "SHOP"))
    at = found.index("FOREIGN CARDS: BALANCED")
    assert found[at + 2] == "NO TRANSACTIONS" and "COMPARE" not in " ".join(found)


def test_a_sale_that_the_bank_did_not_take():
    row = {"kind": "ec_sale", "batch": 7, "trace": 42, "amount": 980, "rc": "51"}
    found = lines(settlement.refused_slip({**row, "pan": "621234******1232"}, "SHOP"))
    whole = "\n".join(found)
    assert "THIS IS NOT A VOUCHER" in found and "AMOUNT: RMB 9.80" in found
    assert "VOUCHER NO: 000042" in found and "RESPONSE: 51" in found
    assert "MERCHANT'S" in whole and "621234******1232" in whole
    assert max(map(len, found)) <= 32
