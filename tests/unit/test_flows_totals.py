"""What the statistics come to: kinds, hours, fees, and what a settlement is likely to bring."""

import pytest

START = """
from pos.flows import totals
from pos import words
DEBIT = "A000000333010101"
class Journal:
    batch = 7
    def __init__(self, *rows):
        self.rows = []
        for trace, (kind, fen, hour, more) in enumerate(rows, 1):
            txn = {"kind": kind, "amount": fen, "trace": trace, "state": "approved",
                   "when": "20261125%02d0000" % hour}
            txn.update(more)
            self.rows.append(txn)
        self.count = len(self.rows)
    def transactions(self):
        return iter(self.rows)
    def owed(self, copies, most):
        return 1, 2
    def pending(self):
        return None
class T:
    params = {"batch_max": 500, "copies": 2, "fee_debit": 50, "fee_credit": 60, "fee_cap": 2000}
t = T()
"""


@pytest.fixture
def run(mpy):
    return lambda source: mpy(START + source, heap="1m").splitlines()


def test_fees_by_card_with_cap_and_given_back_with_what_is_voided(run):
    out = run("""
def fees(*rows):
    t.journal = Journal(*rows)
    rows = {row[0]: row[1] for row in totals._batch(t)}
    return rows[words.say("totals_fee")], rows[words.say("totals_expect")]
debit = {"aid": DEBIT}
print(fees(("sale", 10000, 9, debit)))
print(fees(("sale", 10000, 9, {"aid": "A0000000031010"})))
print(fees(("sale", 100000000, 9, debit)))
print(fees(("sale", 10000, 9, debit), ("void", 10000, 9, {"orig_trace": 1})))
print(fees(("sale", 10000, 9, {"state": "declined"}), ("preauth", 500, 9, {})))
print(fees(("sale", 10000, 9, debit), ("tip", 12000, 9, {"base": 10000, "orig_trace": 1})))
print(fees(("sale", 100, 9, debit)))
""")
    assert out == [
        "('-0.50', '99.50')",
        "('-0.60', '99.40')",
        "('-20.00', '999,980.00')",
        "('0.00', '0.00')",
        "('0.00', '0.00')",
        "('-0.60', '119.40')",
        "('-0.01', '0.99')",
    ]


def test_without_a_rate_no_fee_is_made_up(run):
    out = run("""
T.params = {"batch_max": 500, "copies": 2, "fee_debit": 0, "fee_credit": 0, "fee_cap": 0}
t.journal = Journal(("sale", 10000, 9, {}))
names = [row[0] for row in totals._batch(t)]
print(words.say("totals_fee") in names, words.say("totals_upload") in names)
""")
    assert out == ["False True"]


def test_hours_count_what_was_paid(run):
    out = run("""
counts, rows = totals._hours(Journal(("sale", 500, 9, {}), ("sale", 100, 9, {}),
    ("sale", 700, 23, {}), ("void", 700, 10, {}), ("sale", 5, 0, {"state": "reversed"})))
print([(hour, n) for hour, n in enumerate(counts) if n])
print([value for _, value in rows])
""")
    assert out == ["[(9, 2), (23, 1)]", "['13.00', '7.00']"]


def test_kinds_have_their_sign_and_add_up(run):
    out = run("""
rows = totals._kinds(Journal(("sale", 1000, 9, {}), ("sale", 1000, 9, {}),
    ("refund", 300, 9, {}), ("preauth", 9999, 9, {})))
print([row[1] for row in rows])
""")
    assert out == ["['-3.00', '20.00', '', '20.00', '-3.00', '17.00']"]
