"""Power cuts and broken lines of the whole terminal, at every moment that can make a difference.

Each story is told once and filmed (``film``): after each operation of the flash, whole or torn,
and after each booking of the host, a new terminal and a host as they were at that moment start,
recover and are audited. Then the story is told anew on a line that breaks before, inside or after
a request or an answer. A fixed sample of both here; ``make torture`` takes all of them, and on
request tears finer and cuts the recovery at each of its own frames too.
"""

import functools
import itertools
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
import sale_bench
from film import Film, breaks, stored
from pos.protocol import unionpay
from sale_bench import Bench
from stories import STORIES, kinds
from test_script_result import RESULT, with_result

from host_tools.device import scenario

ALL = os.environ.get("TAPTILL_CUTS", "") != ""
AGAIN = os.environ.get("TAPTILL_CUTS") == "again"
TEARS = (0.0, 0.1, 0.5, 0.9) if AGAIN else (0.0, 0.5)
_AT_ONCE = 2  # a terminal waits more than it works
_SAMPLE = 200
_PLACES = 6  # of a message and its answer where the line may break
_WORST = 2  # of them: the request has gone, its answer will not come
_DOWNLOADED = ("params", "aids", "blocked")

pytestmark = pytest.mark.timeout(24 * 3600 if ALL else 400)


@functools.cache
def film(name):
    """The film of a story."""
    story = STORIES[name]
    if name == "script":
        return Film(lambda bench: tell(bench, story), before=with_script_result)
    return Film(
        lambda bench: bench.play(story.steps()),
        first=lambda bench: bench.play(story.first()),
        bench=lambda: Bench(*scenario.provisioned(story.scenario)),
    )


def with_script_result():
    """A terminal without power that has to tell the result of an issuer's script."""
    bench = Bench()
    bench.start()
    bench.sell()
    (batch,) = bench.store().batches()
    bench.board.call(bench.pull)
    image = with_result(bench.device.flash_image(), batch.transactions[0].trace)
    bench.board.call(bench.board.flash.load, image)
    return bench


def tell(bench, story, badly=False):
    """The story of the script's result, which begins with the power."""
    bench.start()
    (bench.play_on_a_bad_line if badly else bench.play)(story.steps())


def look(name):
    """What there is to see of a story's end besides what the auditor sees."""
    if name == "script":
        return told_once
    if name == "download":
        return functools.partial(old_or_new, film(name))
    return None


def told_once(bench):
    """The result of the script comes with the next sale, if it has not come already."""
    bench.sell()
    results = bench.host.ledger.script_results("12345678")
    return bench.differences() + ([] if results == [RESULT] else [f"results {results}"])


def old_or_new(whole, bench):
    """Each file is one that was whole at some time; the keys are all old or all new."""
    now = stored(bench.device.flash_image())
    frames = [whole.files(number) for number in range(len(whole.frames))]
    wrong = [f for f in _DOWNLOADED if now.get(f) not in [frame.get(f) for frame in frames]]
    keys = [{n: d for n, d in f.items() if n[:3] == "ca/"} for f in (now, frames[0], frames[-1])]
    return wrong + ([] if keys[0] in keys[1:] else [f"keys: {sorted(keys[0])}"])


def reversal_breaks(talk):
    """The line breaks at a void, and again at each place of the reversal that follows."""
    (_, both), (_, answer), (_, void), _ = talk  # void and reversal, which is answered; void
    places = breaks([("to_host", both - void), ("from_host", answer)])
    # Once a way: the void's answer is lost, or it has gone out when the line breaks.
    first = {"to_host": {"from_host": 0}, "from_host": {"to_host": void}}
    return [
        first[way] | {way: void + max(at, 1) if way == "to_host" else at}
        for place in places
        for way, at in place.items()
    ]


def developed(cuts, work):
    """What ``work`` finds at each cut, where it is not as it should be."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = zip(cuts, pool.map(work, cuts), strict=True)
        return {cut: differences for cut, differences in found if differences}


def _developed(whole, cut, look=None):
    return whole.develop(*cut, look)


@pytest.mark.parametrize("name", STORIES, scope="module")
def test_power_cut_at_every_frame(name, record_property):
    whole, story = film(name), STORIES[name]
    assert set(story.kinds) <= kinds(whole.records), "the story is about something else"
    cuts = [(n, torn) for torn in TEARS for n in range(len(whole.frames))]
    if not ALL:
        cuts = whole.sample(story.cuts)
        assert len(cuts) == story.cuts
    assert developed(cuts, functools.partial(_developed, whole, look=look(name))) == {}
    record_property("power cuts", (name, len(cuts)))


@pytest.mark.parametrize("name", STORIES, scope="module")
def test_line_breaks_at_every_place(name, record_property):
    whole, story = film(name), STORIES[name]

    def told(bench):
        if name == "script":
            tell(bench, story, True)
        else:
            bench.play_on_a_bad_line(story.steps())

    if name == "reversal":
        places = reversal_breaks(whole.talk)
    else:  # the host does not misbehave here, and what was waiting has been uploaded
        other = whole.has_waiting() or any(map(sale_bench.misbehaves, story.steps()))
        places = breaks(whole.rehearse(told) if other else whole.talk)
    assert len(places) % _PLACES == 0
    if not ALL:
        others = places[-_PLACES : -_PLACES + _WORST] + places[_WORST - _PLACES + 1 :]
        turn = list(STORIES).index(name)  # the worst place of every other story
        places = [others[turn % len(others)] if turn % 2 else places[_WORST]]
    cuts = [(told, place, look(name)) for place in places]
    wrong = developed(range(len(cuts)), lambda at: whole.break_line(*cuts[at]))
    assert {str(places[at]): found for at, found in wrong.items()} == {}
    record_property("broken lines", (name, len(places)))


@pytest.mark.skipif(not AGAIN, reason="make torture ARGS=--again: takes a night")
@pytest.mark.parametrize("name", STORIES, scope="module")
def test_power_cut_again_while_it_recovers(name, record_property):
    whole = film(name)
    cuts = 0
    for number in range(len(whole.frames)):
        again = Film(Bench.recover, functools.partial(whole.bench, number))
        frames = [(n, 0.0) for n in range(len(again.frames))]
        cuts += len(frames)
        assert developed(frames, functools.partial(_developed, again)) == {}, f"frame {number}"
    record_property("power cuts", (name, cuts))


def test_every_kind_has_a_story_and_the_sample_is_large():
    told = {kind for story in STORIES.values() for kind in story.kinds}
    there = {line.split()[0] for line in unionpay.TRANSACTIONS.strip().splitlines()}
    assert told == there
    assert sum(story.cuts for story in STORIES.values()) >= _SAMPLE


def test_a_film_shows_what_lasts():
    """The frames of a sale begin and end at rest, and money moves once on the way."""
    frames = film("sale").frames
    assert len(frames) > 25
    books = [key for key, _ in itertools.groupby(frame.books for frame in frames)]
    assert len(books) == 2, "one booking"
    assert [f.operations for f in frames] == sorted(f.operations for f in frames)
    assert "CARDHOLDER COPY" in frames[-1].paper and "COPY" not in frames[0].paper


def test_a_sample_has_what_is_worth_a_cut():
    """Both sides of the request, of the booking and of the answer are in it."""
    whole = film("sale")
    changes = whole._changes()
    assert len(changes) >= 4  # begun, sending, booked, approved
    sample = whole.sample(STORIES["sale"].cuts)
    assert {(at, 0.0) for at in changes} | {(at - 1, 0.5) for at in changes} <= set(sample)
