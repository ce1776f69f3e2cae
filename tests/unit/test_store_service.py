"""Counters for cleaning and service."""

import pytest
from pos.store.service import Service

PARAMS = {"clean_paper": 2, "clean_cards": 3, "service_months": 12}
NOW = 2026 * 12 + 11


@pytest.fixture
def root(tmp_path):
    return str(tmp_path)


def test_counts_add_up_and_are_taken(root):
    used = [2, 700, 1]
    Service(root).add(used)
    assert used == [0, 0, 0]
    Service(root).add([1, 50, 0])
    assert list(Service(root).counts)[:3] == [3, 750, 1]


def test_what_is_due_is_due_until_it_is_done(root):
    book = Service(root)
    assert book.due(PARAMS, NOW) == ""
    book.add([9, 1999, 2])
    assert book.due(PARAMS, NOW) == ""
    book.add([1, 1, 1])
    assert book.due(PARAMS, NOW + 11) == "hr"
    assert Service(root).due(PARAMS, NOW + 12) == "hrs"
    book.done("r", NOW)
    assert Service(root).due(PARAMS, NOW) == "h"
    book.done("h", NOW)
    book.done("s", NOW + 12)
    assert Service(root).due(PARAMS, NOW + 23) == ""
    never = dict.fromkeys(PARAMS, 0)
    book.add([1, 9999999, 99])
    assert book.due(never, NOW + 99) == ""


def test_a_damaged_file_begins_anew(root, tmp_path):
    Service(root).add([5, 0, 0])
    path = tmp_path / "service"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert list(Service(root).counts) == [0] * 6


def test_nothing_new_writes_nothing(root, tmp_path):
    Service(root).add([0, 0, 0])
    assert not (tmp_path / "service").exists()
