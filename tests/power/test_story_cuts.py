"""Power cuts of the whole terminal, at every moment of a story that can make a difference.

Each story is told once and filmed (``film``): after each operation of the flash, whole or torn,
and after each booking of the host, a new terminal and a host as they were at that moment start,
recover and are audited. A fixed sample of the frames here; ``make torture`` takes all of them, in
finer tears, and cuts the recovery at each of its own frames too.
"""

import functools
import itertools
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from film import Film
from sale_bench import Bench

ALL = os.environ.get("TAPTILL_CUTS") == "all"
TEARS = (0.0, 0.1, 0.5, 0.9) if ALL else (0.0, 0.5)
_AT_ONCE = 2  # a terminal waits more than it works

# How the story is told, and the part of its frames that is taken here
STORIES = {"sale": (Bench.sell, 1), "settlement": (Bench.close_batch, 6)}
# What a terminal has done before the story begins
BEFORE = {"settlement": Bench.sell}

pytestmark = pytest.mark.timeout(24 * 3600 if ALL else 240)


@functools.cache
def film(name):
    return Film(STORIES[name][0], first=BEFORE.get(name))


def developed(frames, work):
    """What ``work`` finds at each frame, where it is not as it should be."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = zip(frames, pool.map(work, frames), strict=True)
        return {frame: differences for frame, differences in found if differences}


@pytest.mark.parametrize("torn", TEARS)
@pytest.mark.parametrize("name", STORIES)
def test_power_cut_at_every_frame(name, torn, record_property):
    frames = range(0, len(film(name).frames), 1 if ALL else STORIES[name][1])
    wrong = developed(frames, functools.partial(film(name).develop, torn=torn))
    record_property("cuts", len(frames))
    assert wrong == {}


@pytest.mark.skipif(not ALL, reason="make torture: takes hours")
@pytest.mark.parametrize("name", STORIES)
def test_power_cut_again_while_it_recovers(name, record_property):
    whole = film(name)
    cuts = 0
    for number in range(len(whole.frames)):
        again = Film(Bench.recover, functools.partial(whole.bench, number))
        cuts += len(again.frames)
        assert developed(range(len(again.frames)), again.develop) == {}, f"frame {number}"
    record_property("cuts", cuts)


def test_a_film_shows_what_lasts():
    """The frames of a sale begin and end at rest, and money moves once on the way."""
    frames = film("sale").frames
    assert len(frames) > 25
    books = [key for key, _ in itertools.groupby(frame.books for frame in frames)]
    assert len(books) == 2, "one booking"
    assert [f.operations for f in frames] == sorted(f.operations for f in frames)
    assert "CARDHOLDER COPY" in frames[-1].paper and "COPY" not in frames[0].paper
