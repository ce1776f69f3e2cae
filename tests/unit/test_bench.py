"""The bench: figures that stay from run to run, and what it says without an instrument."""

import json

import pytest

from host_tools.bench import line, mpy, node, report
from host_tools.bench.report import Report, Row
from host_tools.bench.sales import Sale, sales


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    mpy.prepare()


@pytest.fixture(scope="module")
def online() -> Sale:
    return sales()[0]


@pytest.mark.parametrize(
    ("size", "bytes_"), [(0, 3), (1, 4), (61, 64), (62, 62 + 9), (122, 122 + 9), (123, 123 + 15)]
)
def test_bytes_on_the_air(size, bytes_):
    # PCB and CRC around 61 bytes at most; a chained block is acknowledged with three
    assert line.air_bytes(bytes(size)) == bytes_


def test_a_sale_on_the_line_costs_the_same_each_time(online):
    one = line.run(online)
    said = list(online.conversation)
    assert line.run(online) == one
    assert online.conversation == said
    assert [command[:2].hex() for command, _ in said] == ["00a4", "00a4", "80a8", "00b2", "00b2"]
    assert one.kind == 3 and one.leave == len(said)
    assert (one.baudrate, one.fields, one.idle_ms) == (921600, 1, 0.0)
    # frame, direction, code and target number around each command; as much and an ACK before each
    # answer, with a status byte instead of the number
    assert one.to_chip == sum(len(command) for command, _ in said) + 10 * len(said)
    assert one.to_board == sum(len(answer) for _, answer in said) + 16 * len(said)


def test_the_slow_line_takes_longer_and_carries_the_same(online):
    fast, slow = line.run(online), line.run(online, fast=False)
    assert slow.baudrate == 115200
    assert (slow.to_chip, slow.to_board) == (fast.to_chip, fast.to_board)
    # 480 bytes, and no more than a millisecond of naps each
    assert 30 < slow.in_field_ms - fast.in_field_ms < 47


def test_what_the_kernel_allocates_is_the_same_each_time(online):
    fast = line.run(online)
    one, other = (report._allocations(online, fast) for _ in range(2))
    assert one == other
    assert all(row.value is None or row.value > 0 for row in one if "of " not in row.unit)
    assert any(row.note == "between SELECT PPSE and SELECT AID" for row in one)


def test_every_sale_ends_as_it_says():
    kinds = {"unionpay_debit": 3, "unionpay_offline": 1, "mastercard_cda": 1}
    assert {sale.card: line.run(sale).kind for sale in sales()} == kinds


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (Row("a", 1), ""),
        (Row("a", 2, target=2), "met"),
        (Row("a", 2.1, target=2), "missed"),
        (Row("a", None, target=2), ""),
    ],
)
def test_verdicts(row, verdict):
    assert row.verdict == verdict


def test_the_table_and_json_tell_the_same():
    rows = [
        Row("a figure", 1234.5, "bytes", 2000, "why"),
        Row("another", None, note="not measured: x"),
    ]
    told = Report(Sale("Sale", "card", 7, 1), "online", rows)
    text = report.table(told)
    assert "Sale (kernel 7, card): online" in text
    assert "1,234.50 bytes" in text and "target 2000: met" in text and "(why)" in text
    assert "not measured: x" in text
    figures = json.loads(report.as_json([told]))[0]["figures"]
    assert [f["value"] for f in figures] == [1234.5, None]
    assert [f["verdict"] for f in figures] == ["met", ""]


def test_without_instruments_it_says_what_to_install(online, monkeypatch):
    fast = line.run(online)
    monkeypatch.setattr("shutil.which", lambda name: None)
    (counts,) = report._instructions(online, fast)
    assert counts.value is None and "install" in counts.note and "valgrind" in counts.note
    assert "npm install" in node.missing()
    missing = [row for row in report._allocations(online, fast) if row.value is None]
    assert [row.note for row in missing] == [f"not measured: {node.missing()}"]
