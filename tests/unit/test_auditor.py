"""The auditor finds each kind of difference between journal, paper and ledger, and no other."""

import audit_case as case
import pytest
from sqlalchemy import text

from host_tools.device import auditor
from host_tools.device.auditor import audit, read_slips

SALE = case.sale(0, "approved")
BOOKED = (2, "approved", 128000)
NAME = "Sale 000002 of batch 000001"


def found(records=SALE, paper=case.BOTH, rows=(BOOKED,)):
    ledger = case.ledger(*rows)
    try:
        return audit(case.store(records), paper, ledger)
    finally:
        ledger.close()


def told(records, paper, rows):
    """As ``found``, without what the books themselves say: only sales are booked as they ought."""
    sentences = found(records, paper, rows)
    return [s for s in sentences if not s.startswith(("The ledger is", "Card "))]


def test_nothing_when_all_agree():
    assert found() == []
    assert found(b"", "", ()) == []


@pytest.mark.parametrize("mark", ["*** TRAINING ***", "*** 培训 ***"])
def test_slips_of_a_training_are_not_looked_at(mark):
    def marked(text):
        return f"{mark}\n{text.rstrip()}\n{mark}\n\n\n"

    training = marked(case.slip(trace="000009")) + marked(case.slip("CARDHOLDER", trace="000009"))
    assert found(b"", training, ()) == []
    # what comes before and after it counts as ever
    first, second = case.slip(), case.slip("CARDHOLDER")
    assert found(paper=first + training + second) == []
    assert [slip.trace for slip in read_slips(first + training + second)] == [2, 2]
    assert found(b"", case.slip(trace="000009"), ()) != []


@pytest.mark.parametrize("state", ["declined", "cancelled", "reversed"])
@pytest.mark.parametrize("row", ["declined", "reversed", None])
def test_nothing_for_a_sale_that_was_not_charged(state, row):
    rows = ((2, row, 128000),) if row else ()
    assert found(case.sale(0, state), "", rows) == []


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"rows": ()}, f"{NAME} is approved in the journal but not in the ledger."),
        (
            {"rows": ((2, "reversed", 128000),)},
            f"{NAME} is approved in the journal but reversed in the ledger.",
        ),
        (
            {"rows": (BOOKED, (3, "approved", 100))},
            "Sale 000003 of batch 000001 is charged in the ledger but not in the journal.",
        ),
        (
            {"rows": ((2, "approved", 128001),)},
            f"{NAME}: amount 128000 in the journal, 128001 in the ledger.",
        ),
        (
            {"records": SALE + case.sale(1, "approved")},
            f"{NAME} is in the journal twice.",
        ),
        (
            {"records": SALE + case.sale(1, "begun", trace=3)},
            "Sale 000003 of batch 000001 is left begun in the journal.",
        ),
        (
            {"records": SALE + case.sale(1, "sending", trace=3)},
            "Sale 000003 of batch 000001 is left sending in the journal.",
        ),
        (
            {"records": SALE + case.sale(1, "reversing", trace=3)},
            "Sale 000003 of batch 000001 is left reversing in the journal.",
        ),
        (
            {"records": SALE + b"J" * 24},
            f"Batch 1: bytes at {8 + len(SALE)} of the journal are no record.",
        ),
        ({"paper": case.slip()}, f"{NAME} has no cardholder copy on paper."),
        (
            {"paper": case.slip("CARDHOLDER") + case.slip(lines=11)},
            f"{NAME} has no merchant copy on paper.",
        ),
        (
            {"paper": case.BOTH + case.slip()},
            f"{NAME}: a second merchant copy is not marked *** DUPLICATED ***.",
        ),
        (
            {"paper": case.BOTH + case.slip(trace="000003", lines=7)},
            "Sale 000003 of batch 000001 is not in the journal, yet there is a slip of it.",
        ),
        (
            {
                "records": SALE + case.sale(1, "reversed", trace=3),
                "paper": case.BOTH + case.slip(trace="000003"),
            },
            "Sale 000003 of batch 000001 is reversed, yet there is a slip of it.",
        ),
        (
            {"paper": case.slip(amount="128.00") + case.slip("CARDHOLDER")},
            f"{NAME}: amount 12800 on paper, 128000 in the journal.",
        ),
        (
            {"paper": case.slip(auth="104728") + case.slip("CARDHOLDER")},
            f"{NAME}: authorisation 104728 on paper, 104729 in the journal.",
        ),
        (
            {"paper": case.slip(rrn="632710000009") + case.slip("CARDHOLDER")},
            f"{NAME}: RRN 632710000009 on paper, 632710000001 in the journal.",
        ),
        (
            {"paper": case.BOTH + case.slip("")},
            f"{NAME}: a slip does not say whose copy it is.",
        ),
    ],
)
def test_finds(changed, sentence):
    assert found(**changed) == [sentence]


@pytest.mark.parametrize("state", ["declined", "cancelled", "reversed"])
def test_finds_a_charge_that_the_journal_denies(state):
    sentence = f"{NAME} is {state} in the journal but charged in the ledger."
    assert found(case.sale(0, state), "") == [sentence]


@pytest.mark.parametrize(
    ("field", "value", "what", "there"),
    [
        ("rrn", "632710000002", "RRN", "632710000001"),
        ("auth", "000000", "authorisation", "104729"),
        ("pan", "621234******1240", "card", case.MASKED),
        ("kind", "preauth", "kind", "sale"),
    ],
)
def test_finds_a_number_that_differs(field, value, what, there):
    paper = case.BOTH
    if field in ("rrn", "auth"):
        paper = case.slip(**{field: value}) + case.slip("CARDHOLDER", **{field: value})
    differs = f"{NAME}: {what} {value} in the journal, {there} in the ledger."
    assert found(case.sale(0, "approved", **{field: value}), paper) == [differs]


def test_money_that_goes_back_is_negative_on_paper():
    paper = case.slip(amount="-1280.00") + case.slip("CARDHOLDER", amount="-1280.00")
    records, rows = case.sale(0, "approved", kind="refund"), ((2, "approved", 128000, "refund"),)
    assert told(records, paper, rows) == []
    assert (
        told(records, case.BOTH, rows)
        == [f"{NAME}: amount 128000 on paper, -128000 in the journal."] * 2
    )


def test_a_tip_changes_the_amount_of_its_sale_at_the_host():
    tip = case.sale(1, "approved", 3, 140000, kind="tip", orig_batch=1, orig_trace=2)
    words = {"trace": "000003", "amount": "1400.00"}
    paper = case.BOTH + case.slip(**words) + case.slip("CARDHOLDER", **words)
    rows = ((2, "approved", 140000), (3, "approved", 140000, "tip", 2))
    assert told(SALE + tip, paper, rows) == []
    assert told(SALE + tip, paper, ((2, "approved", 128000), rows[1])) == [
        f"{NAME}: amount 140000 in the journal, 128000 in the ledger."
    ]
    other = ((2, "approved", 140000), (3, "approved", 140000, "tip"))
    assert told(SALE + tip, paper, other) == [
        "Sale 000003 of batch 000001: original (1, 2) in the journal, (0, 0) in the ledger."
    ]


def test_the_last_line_of_a_tip_is_its_total():
    lines = ["TAPTILL SALES SLIP", "AMOUNT: RMB 1280.00", "TIP: RMB 120.00", "TOTAL:"]
    (slip,) = read_slips("\n".join([*lines, "RMB 1400.00", "TEST - NOT VALID"]))
    assert slip.amount == 140000


def test_what_was_approved_here_has_to_be_told():
    records = case.record(0, "begun", trace=2, kind="ec_sale", amount=128000, batch=1)
    records += case.record(0, "offline", pan=case.MASKED, rrn="632710000001", auth="104729")
    assert told(records, case.BOTH, ()) == [
        f"{NAME} was approved here and the host has not been told."
    ]
    records += case.record(0, "uploaded")
    assert told(records, case.BOTH, ((2, "approved", 128000, "ec_sale"),)) == []


def test_a_duplicate_of_an_advice_brings_no_numbers():
    records = case.sale(0, "approved", rc="94", rrn="", auth="")
    paper = case.slip(rrn="", auth="") + case.slip("CARDHOLDER", rrn="", auth="")
    assert found(records, paper) == []


STEP = {"step": 3, "debits": 1, "debit_fen": 128000, "credits": 0, "credit_fen": 0, "balanced": 1}


@pytest.mark.parametrize(
    ("steps", "row", "sentences"),
    [
        ({}, None, []),
        (STEP, (128000, 1), []),
        (STEP | {"balanced": 2}, (99, 1), ["at the host: one is missing."]),
        ({}, (128000, 1), ["is settled at the host and not here."]),
        (STEP, None, [": step 3 of its settlement, none at the host."]),
        (STEP | {"step": 2}, (128000, 1), ["is left in step 2 of its settlement."]),
        (
            STEP | {"debit_fen": 5},
            (128000, 1),
            [": totals (5, 1, 0, 0) in the journal, (128000, 1, 0, 0) at the host."],
        ),
        (STEP | {"balanced": 2}, (128000, 1), ["is not balanced here"]),
        (STEP | {"foreign": "0" * 30 + "1"}, (128000, 1), []),
        (STEP | {"foreign": "0" * 30 + "2"}, (128000, 1), ["is not balanced here"]),
        (
            STEP | {"foreign": "000000000500" + "001" + "0" * 15 + "1"},
            (128000, 1),
            [": foreign 000000000500001"],
        ),
    ],
)
def test_a_settlement_is_the_same_on_both_sides(steps, row, sentences):
    ledger = case.ledger(BOOKED)
    if row:
        case.settle(ledger, *row)
    records = SALE + (case.record(0xFFFF, "step", **steps) if steps else b"")
    wrong = audit(case.store(records), case.BOTH, ledger)
    assert len(wrong) == len(sentences), wrong
    for line, sentence in zip(wrong, sentences, strict=True):
        assert line.startswith("Batch 000001") and sentence in line


def test_batches_that_were_settled_long_ago_are_not_looked_for():
    ledger = case.ledger(BOOKED, (9, "approved", 5))
    with ledger.begin() as work:
        work.session.execute(
            text("UPDATE transactions SET batch = '000000' WHERE trace = '000009'")
        )
    assert audit(case.store(SALE), case.BOTH, ledger) == []


def test_a_copy_marked_as_duplicate_is_well():
    assert found(paper=case.BOTH + case.slip(again=True) + case.slip("CARDHOLDER", True)) == []


def test_a_slip_cut_off_by_a_power_cut_is_no_copy_and_no_difference():
    for lines in range(1, 12):
        assert found(paper=case.slip(lines=lines) + case.BOTH) == [], lines


def test_whose_card_it_was_is_the_same_on_both_sides():
    assert found(case.sale(0, "approved", org="CUP")) == []
    assert found(case.sale(0, "approved", org="VIS")) == [
        f"{NAME}: organisation VIS in the journal, CUP in the ledger."
    ]


def test_the_result_of_a_script_that_the_host_has_not_heard():
    waiting = (2).to_bytes(3, "big") + (3).to_bytes(3, "big") + bytes(5)
    assert audit(case.store(SALE, script=waiting), case.BOTH, case.ledger(BOOKED)) == [
        "The host has yet to hear what became of the script of 000002."
    ]


def test_notices_are_no_vouchers():
    notice = (
        "TEST - NOT VALID\n*** REVERSED ***\nSALE\nTHIS IS NOT A VOUCHER\n"
        "BATCH NO: 000001\nVOUCHER NO: 000003\nAMOUNT:\nRMB 1280.00\nTEST - NOT VALID\n"
    )
    assert found(SALE + case.sale(1, "reversed", trace=3), case.BOTH + notice) == []
    assert [s.voucher for s in read_slips(case.BOTH + notice)] == [True, True, False]


def test_money_that_went_elsewhere_is_found():
    ledger = case.ledger(BOOKED)
    with ledger.begin() as work:
        account = work.account(case.PAN)
        moves = [(account.book, -5), (work.book("somewhere"), 5)]
        work.post("fee", moves, case.AT)
    opened = account.book.balance + 128000 + 5
    assert audit(case.store(SALE), case.BOTH, ledger) == [
        f"Card {case.MASKED} has {opened - 128005} fen; opened with {opened} and after its "
        f"approved transactions it would have {opened - 128000}."
    ]


def test_an_unsound_ledger_is_found():
    ledger = case.ledger(BOOKED)
    with ledger.begin() as work:
        work.session.execute(text("UPDATE books SET balance = 1 WHERE name = 'equity'"))
    (sentence,) = audit(case.store(SALE), case.BOTH, ledger)
    assert sentence.startswith("The ledger is not sound: book ")


def test_another_terminals_sales_are_not_ours():
    ledger = case.ledger(BOOKED)
    with ledger.begin() as work:
        work.add_terminal("87654321", case.MERCHANT, bytes(16))
        work.session.execute(text("UPDATE transactions SET terminal_id = '87654321'"))
    sentence = f"{NAME} is approved in the journal but not in the ledger."
    assert audit(case.store(SALE), case.BOTH, ledger) == [sentence]


def test_as_a_program(tmp_path, capsys):
    flash, paper, database = (tmp_path / n for n in ("flash.bin", "paper.txt", "ledger.db"))
    store = case.store()
    flash.write_bytes(bytes(store._fs.context.buffer))
    paper.write_text("")
    url = f"sqlite:///{database}"
    assert auditor.main([str(flash), url, str(paper)]) == 2
    assert "There is no file" in capsys.readouterr().err
    auditor.open_ledger(url).close()
    assert auditor.main([str(flash), url, str(paper)]) == 0
    assert capsys.readouterr().out == "Journal, paper and ledger agree.\n"
    flash.write_bytes(bytes(case.store(SALE)._fs.context.buffer))
    assert auditor.main([str(flash), url, str(paper)]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0] == f"{NAME} is approved in the journal but not in the ledger."
    flash.write_bytes(bytes(65536))
    assert auditor.main([str(flash), url, str(paper)]) == 1
    assert "cannot be read" in capsys.readouterr().out
    assert auditor.main([]) == 2
