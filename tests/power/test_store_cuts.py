"""The power is cut at every operation of the flash: the acknowledged stays, nothing is half there.

One life of the store is played on MicroPython (``store_cuts.py``) and cut everywhere there; the
same life is then rebuilt in the board's flash model and read by the host's own reader.
"""

import json

import pytest

from host_tools.device.journal_reader import Store
from host_tools.vboard.chips.flash import BLOCK, Flash

SALES = 15  # more than one block of the journal


@pytest.fixture(scope="module")
def life(mpy, tmp_path_factory):
    path = tmp_path_factory.mktemp("life") / "life.json"
    out = mpy(
        f"""
sys.path.append("tests/power")
import store_cuts
ram, before, views, acks = store_cuts.play({SALES})
store_cuts.export({str(path)!r}, ram, before, acks)
print(len(ram.log), store_cuts.cut_everywhere(ram, before, views, acks))
""",
        heap="64m",
    )
    operations, cuts = map(int, out.split())
    return operations, cuts, path


def test_every_cut_leaves_the_old_or_the_new(life):
    operations, cuts, _ = life
    assert operations > 800
    assert cuts >= 2 * operations


@pytest.fixture(scope="module")
def flash(life):
    """The life played again on the flash model, with the log lengths at the calls."""
    lines = life[2].read_text().splitlines()
    before = bytes.fromhex(json.loads(lines[1]))
    flash = Flash(len(before))
    flash.load(before)
    flash.record()
    for line in lines[2:]:
        offset, data = json.loads(line)
        if data is None:
            flash.erase(offset // BLOCK)
        else:
            flash.program(offset, bytes.fromhex(data))
    return flash, json.loads(lines[0])


def test_nothing_is_programmed_that_was_not_erased(flash):
    assert flash[0].faults == []


def test_host_reader_agrees_at_cuts(flash):
    """Each acknowledged step is in the host's reading after it, torn operations included."""
    model, acks = flash
    steps = -1
    for ack in acks:
        for torn in (0.0, 0.3):
            store = Store(model.image_at(ack, torn))
            batches = store.batches()
            now = sum(len(batch.records) for batch in batches)
            assert now >= steps
            assert store.stan() >= max(
                (t.trace for b in batches for t in b.transactions), default=0
            )
        steps = now
    first, second = Store(model.image).batches()
    assert [t.trace for t in first.transactions] == list(range(1, SALES + 1))
    by_end = {0: "approved", 1: "approved", 2: "declined", 3: "reversed", 4: "cancelled"}
    for txn in first.transactions + second.transactions:
        assert txn.state == by_end[txn.trace % 5]
        assert txn.amount == 128000 + txn.trace
        assert txn.copies == (2 if txn.state == "approved" else 0)
        assert txn.reversals == (2 if txn.state == "reversed" else 0)
    assert not first.damaged and not second.damaged
    assert Store(model.image).params()["batch"] == "2"
