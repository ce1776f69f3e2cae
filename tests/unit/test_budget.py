"""The size budgets: what is measured, and when it is too much."""

import pytest

from host_tools.build import budget

LIMITS = {"rom_image": 1000, "mpy_total": 200, "names": 30, "rooms": {"store": 100, "aio": 50}}


def _why(sizes, rom=1000, names=30, limits=LIMITS):
    lines = budget.compare(sizes, rom, names, limits)
    return {line.name: line.why for line in lines if line.why}


def test_every_mpy_file_counts_for_its_room(tmp_path):
    for name, size in {
        "main.mpy": 1,
        "pos/__init__.mpy": 2,
        "pos/aio.mpy": 4,
        "pos/store/__init__.mpy": 8,
        "pos/store/journal.mpy": 16,
        "pos/store/notes.txt": 32,
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(size))
    assert budget.rooms(tmp_path) == {"main": 1, "pos": 2, "aio": 4, "store": 24}


def test_sizes_up_to_the_limits_are_well():
    assert _why({"store": 100, "aio": 50}) == {}


@pytest.mark.parametrize(
    "sizes, rom, why",
    [
        ({"store": 101, "aio": 50}, 1000, {"store": "1 over"}),
        ({"store": 100, "aio": 50}, 1001, {"ROM image": "1 over"}),
        ({"store": 100, "aio": 120}, 9, {"aio": "70 over", "all .mpy": "20 over"}),
        ({"store": 9, "aio": 9, "ui": 9}, 9, {"ui": "has no limit in budgets.yaml"}),
        ({"store": 9}, 9, {"aio": "has a limit, but nothing is there"}),
    ],
)
def test_what_is_over_is_told(sizes, rom, why):
    assert _why(sizes, rom) == why


def test_too_many_names_are_told():
    assert _why({"store": 100, "aio": 50}, names=31) == {"names": "1 over"}


def test_the_table_shows_largest_rooms_first():
    text = budget.table(budget.compare({"store": 60, "aio": 120, "ui": 1}, 500, 20, LIMITS))
    rows = [line.split() for line in text.splitlines()]
    assert [row[0] for row in rows] == ["room", "aio", "store", "ui", "all", "ROM", "names"]
    assert rows[2] == ["store", "60", "100", "60", "%"]
    assert rows[1][-2:] == ["70", "over"]
