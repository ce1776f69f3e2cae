"""The bench of a batch: small ones, what it finds in them, and what it says without valgrind."""

from contextlib import closing
from dataclasses import replace

import pytest

from host_tools.acquirer.app import open_ledger
from host_tools.bench import batch, mpy, settlement
from host_tools.bench.batch import Batch
from host_tools.vboard.mcu import HEAP


@pytest.fixture(scope="module", autouse=True)
def built():
    mpy.prepare()


@pytest.fixture
def kept(monkeypatch, tmp_path):
    """The flashes of small batches are not those of a measurement under way."""
    monkeypatch.setattr(batch, "FOLDER", tmp_path)
    monkeypatch.setattr(settlement, "FOLDER", tmp_path)
    return tmp_path


def figures(rows):
    return {row.what: row for row in rows}


def number(row) -> float:
    assert row.value is not None, row.note
    return row.value


@pytest.mark.parametrize("here", [False, True])
def test_a_batch_is_read_whole_and_a_lookup_reads_little(kept, here):
    small = Batch("small", here, 40)
    rows = batch.rows(small, counts=False)
    assert rows == batch.rows(small, counts=False)
    told = figures(rows)
    length = number(told["journal"])
    # begin, all of it, answer, two copies; approved here the answer comes later, in its own record
    assert length == 8 + 40 * (512 if here else 584)
    reads = [number(row) for row in rows if "read from the flash" in row.what]
    assert reads[0] > length and len(reads) == 5
    assert all(got < 5000 for got in reads[1:])
    lookups = [row for row in rows if row.what.startswith("lookup")]
    assert [row.what[-6:].strip(": ") for row in lookups] == ["first", "middle", "last", "absent"]
    assert all(row.value is None and "valgrind" in row.note for row in lookups)
    assert all(row.target == 4_250_000 for row in lookups)
    assert told["  kept afterwards, 8-byte words"].verdict == "met"


def test_instructions_of_a_batch(kept, monkeypatch):
    """The replay is a difference of two programs; a lookup is one of many."""
    monkeypatch.setattr(mpy, "has_valgrind", lambda: True)
    given = [1_000, 5_000_000, 2_000, 2_000 + 8 * 85_000, 2_008, 2_016, 2_024]
    monkeypatch.setattr(mpy, "instructions", lambda programs: given[: len(programs)])
    told = figures(batch.rows(Batch("small", False, 8)))
    assert number(told["start-up replay"]) == 4_999_000
    found = [told[f"lookup by trace: {where}"] for where in ("first", "middle", "last", "absent")]
    assert [row.value for row in found] == [85_000, 1, 2, 3]
    assert found[0].note == "1.0 ms at 85 M a second" and found[0].verdict == "met"


def test_a_settlement_alone_and_by_a_cashier(kept):
    full = settlement.prepare(3)
    told = figures(settlement.story(full, counts=False))
    assert number(told["messages"]) == 5 and told["messages"].verdict == "met"
    assert 3 * 200 < number(told["bytes to the host"]) < 3 * 400
    assert told["instructions, all"].value is None
    assert told["most that is kept meanwhile, 8-byte words"].verdict == "met"
    seen = figures(settlement.cashier(full))
    # the sign-in goes over the same line
    assert (
        number(seen["bytes to the host, with the sign-in"])
        == number(told["bytes to the host"]) + 89
    )
    assert (
        0 < number(seen["least heap free when a story or screen begins"]) < int(HEAP[:-1]) * 1024
    )
    assert "differs" in seen["from OK to the result"].note


def test_a_settlement_that_does_not_balance_is_no_measurement(kept):
    full = settlement.prepare(2)
    with closing(open_ledger()) as empty:
        wrong = replace(full, ledger=empty.image())
    with pytest.raises(mpy.MeterError, match="did not balance"):
        settlement.story(wrong, counts=False)
