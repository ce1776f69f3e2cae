"""The ledger's own checks, seeding, and the tables that documentation repeats."""

import re
from datetime import datetime
from pathlib import Path

import pytest
from client import PAN
from sqlalchemy import text

from host_tools.acquirer import cents, scenario, seed
from host_tools.acquirer.app import open_ledger
from host_tools.acquirer.handlers.common import KINDS
from host_tools.acquirer.log import JsonLog

DOC = (Path(__file__).resolve().parents[2] / "docs" / "acquirer.md").read_text(encoding="utf-8")
NOW = datetime(2026, 1, 2, 3, 4, 5)
# A transaction row of the given state that has no booking.
UNBOOKED = """INSERT INTO transactions (terminal_id, batch, trace, merchant_id, kind, state,
 amount, pan_tag, pan_masked, response_code, at, entry_mode, condition, effect, fee, tip, held,
 refunded, organisation)
 VALUES ('12345678', '000001', '000001', '898100012340001', 'sale', '{}', 5, '', '',
 '00', '2026-01-01 00:00:00', '072', '00', 0, 0, 0, 0, 0, 'CUP')"""


REFERENCE_CODES = (
    "00 01 03 04 05 10 11 12 13 14 15 21 22 25 30 34 38 40 41 43 51 54 55 57 58 59 61 62 64 65 68 "
    "75 90 91 92 94 96 97 98 99 A0 A1 A2 A3 A4 A5 A6 A7"
)


@pytest.fixture
def ledger():
    opened = open_ledger()
    yield opened
    opened.close()


def test_documented_cents_are_the_table():
    section = DOC.split("## The cents table")[1].split("\n## ")[0]
    rows = dict(re.findall(r"\| (\d\d) \| ([^|]+?) (?=\|)", section))
    assert rows == cents.TABLE


def test_documented_faults_are_the_table():
    section = DOC.split("## Misbehaviour on request")[1].split("\n## ")[0]
    assert dict(re.findall(r"^\| `(\w+)` \| (.+?) \|$", section, re.M)) == scenario.FAULTS


def test_documented_kinds_are_the_table():
    rows = re.findall(
        r"^\| (\w+) \| (\d{4}) \| (\d{6}) \| ([\d, ]+) \| (\d\d) \| (.*) \|$", DOC, re.M
    )
    told = {(*row[:3], tuple(row[3].split(", ")), row[4], row[5].endswith("yes")) for row in rows}
    assert told == {
        (kind.name, kind.mti, kind.f3, kind.conditions, kind.f60_1, kind.reversible)
        for kind in KINDS
    }


def test_cents_ask_for_all_codes_but_three():
    """The codes of the reference, section 9: 00, 10 and A0 have causes of their own."""
    codes = {cents.code_of(entry) for entry in cents.TABLE}
    assert codes | {"00", "10", "A0"} == set(REFERENCE_CODES.split())
    assert len(codes) == len(cents.TABLE) and set(cents.APPROVALS) <= codes
    asked = {128_051: "51", 5: "05", 128_000: None, 81: "A1", 187: "A7", 80: None, 88: None}
    assert {amount: cents.code_for(amount) for amount in asked} == asked


def test_seeding_again_changes_no_money(ledger):
    before = ledger.balance(PAN)
    seed.seed(ledger, terminals=3)
    assert ledger.balance(PAN) == before
    assert ledger.check() == []


def test_unknown_card(ledger):
    for ask in (ledger.balance, ledger.unlock_pin):
        with pytest.raises(KeyError) as error:
            ask("6212340000009999")
        assert "6212340000009999" not in str(error.value)


def test_unbalanced_booking_is_refused(ledger):
    with pytest.raises(ValueError, match="balance"), ledger.begin() as work:
        work.post("sale", [(work.book("a"), 1), (work.book("b"), -2)], NOW)
    assert ledger.check() == []


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("UPDATE postings SET amount = amount + 1 WHERE id = 1", ["off by 1", "says"]),
        ("UPDATE books SET balance = balance + 5 WHERE id = 1", ["says"]),
        (UNBOOKED.format("approved"), ["approved but booked as []"]),
        (UNBOOKED.format("reversed"), ["reversed but booked as []"]),
        (UNBOOKED.format("declined"), []),
    ],
)
def test_check_finds_damage(ledger, damage, words):
    with ledger.begin() as work:
        work.session.execute(text(damage))
    found = ledger.check()
    assert len(found) == len(words)
    for word, line in zip(words, found, strict=True):
        assert word in line


@pytest.mark.parametrize(
    ("card", "why"),
    [
        ("account: {psn: '01', expiry: '3012'}", "no pan"),
        ("account: {pan: 6212345678901232, expiry: '3012'}", "quotes"),
        ("account: {pan: '6212345678901232', expiry: '3012', pin: 123456}", "quotes"),
    ],
)
def test_bad_card_files(tmp_path, card, why):
    (tmp_path / "bad.yaml").write_text(card)
    with pytest.raises(seed.SeedError, match=why) as error:
        seed.read_cards(tmp_path)
    assert "6212345678901232" not in str(error.value)


def test_bad_issuer_file(tmp_path):
    (tmp_path / seed.ISSUERS_FILE).write_text('"621234": "2315"')
    with pytest.raises(seed.SeedError, match="16 bytes"):
        seed.read_issuers(tmp_path / seed.ISSUERS_FILE)
    assert seed.read_issuers(tmp_path / "none.yaml") == []


def test_waiting_for_a_record():
    log = JsonLog()
    log.event("one", number=1)
    assert log.wait(lambda record: record["event"] == "one")["number"] == 1
    with pytest.raises(TimeoutError):
        log.wait(lambda record: record["event"] == "two", timeout=0)


def test_an_error_is_logged_without_its_text():
    log = JsonLog()
    try:
        raise ValueError(f"card {PAN}")
    except ValueError as error:
        log.error("peer", error)
    (record,) = log.records
    assert record["type"] == "ValueError" and PAN not in str(record)
    assert record["where"][0].startswith("test_ledger.py:")
