"""A sale whose power, line or host is cut off, at every place where that can make a difference.

Afterwards the terminal is switched on, the cashier logs in, and once it is at rest the auditor
must find no difference: the sale is approved and printed, or nobody has been charged.

``TAPTILL_CUTS=all`` adds finer tears and, for each cut, a second one at every operation of the
flash while the terminal recovers.
"""

import functools
import itertools
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sale_bench import AMOUNT, PAN, Bench, PowerCut

ALL = os.environ.get("TAPTILL_CUTS") == "all"
TEARS = (0.0, 0.1, 0.5, 0.9) if ALL else (0.0, 0.5)
_AT_ONCE = 3  # a terminal waits more than it works

pytestmark = pytest.mark.timeout(3600 if ALL else 180)


@functools.cache
def whole_sale():
    """(flash operations, bytes of the request, bytes of the answer) of a sale."""
    with Bench() as bench:
        bench.start()
        radio = bench.board.radio
        there, back = radio.bytes_to_host, radio.bytes_from_host
        bench.board.call(bench.board.flash.record)
        bench.sell()
        assert bench.differences() == []
        assert outcome(bench) == "approved"
        operations = len(bench.board.flash.log)
        return operations, radio.bytes_to_host - there, radio.bytes_from_host - back


def outcome(bench):
    """How the sale ended: "approved" (and printed), or "free" (nobody is charged)."""
    states = [row.state for row in bench.host.ledger.transactions()]
    spent = 100_000_000 - bench.host.ledger.balance(PAN)
    if states == ["approved"]:
        assert spent == AMOUNT
        return "approved"
    assert states in ([], ["reversed"]) and spent == 0
    return "free"


def broken_off(bench, work):
    """Do ``work`` until the power goes; whether it went."""
    try:
        work()
    except PowerCut:
        return True
    return False


def cut_sale(n, torn, second=None):
    """Sell with the power cut at flash operation ``n``, and recover, cut again at ``second``.

    Returns how it ended and the differences; None when there was nothing to cut at ``second``.
    """
    with Bench() as bench:
        bench.start()
        bench.board.call(bench.board.flash.cut_at, n, torn)
        if not broken_off(bench, bench.sell):
            return "not cut", []
        if second is not None:
            bench.board.call(bench.board.flash.cut_at, second)
            if not broken_off(bench, bench.recover):
                return None
        bench.recover()
        return outcome(bench), bench.differences()


@pytest.mark.parametrize("torn", TEARS)
@pytest.mark.parametrize("half", [0, 1])
def test_power_cut_at_every_operation_of_the_flash(half, torn, record_property):
    operations = range(half, whole_sale()[0], 2)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = dict(zip(operations, pool.map(lambda n: cut_sale(n, torn), operations)))
    record_property("cuts", len(found))
    print(f"{len(found)} cuts of {whole_sale()[0]} operations, torn at {torn}")
    assert {n: differences for n, (_, differences) in found.items() if differences} == {}
    ends = [end for _, (end, _) in sorted(found.items())]
    assert ends == sorted(ends, key=["free", "approved"].index), "free up to a step, then approved"
    assert set(ends) == {"free", "approved"}


@pytest.mark.skipif(not ALL, reason="TAPTILL_CUTS=all: takes minutes")
@pytest.mark.parametrize("third", [0, 1, 2])
def test_power_cut_again_while_it_recovers(third):
    def all_seconds(n):
        found = {}
        for second in itertools.count():
            result = cut_sale(n, 0.0, second)
            if result is None:
                return found
            found[n, second] = result

    operations = range(third, whole_sale()[0], 3)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = {k: v for part in pool.map(all_seconds, operations) for k, v in part.items()}
    print(f"{len(found)} pairs of cuts")
    assert {at: differences for at, (_, differences) in found.items() if differences} == {}


# --- cuts between the steps: at a screen, at a message ---


@pytest.mark.parametrize(
    ("screen", "end"),
    [
        ("Up to", "free"),
        ("Tap the card", "free"),
        ("Enter PIN", "free"),
        ("Authorising", "free"),
        ("Approved", "approved"),
        ("Tear off", "approved"),
    ],
)
def test_power_cut_at_a_screen(screen, end):
    with Bench() as bench:
        bench.start()
        watch = threading.Thread(target=broken_off, args=(bench, lambda: bench.pull_at(screen)))
        watch.start()
        assert broken_off(bench, bench.sell)
        watch.join()
        bench.recover()
        assert bench.differences() == []
        if screen != "Authorising":  # there it is a race
            assert outcome(bench) == end


def test_power_cut_before_the_connection():
    with Bench() as bench:
        bench.start()
        bench.pull_on(bench.board.radio, "connect", first=True)
        assert broken_off(bench, bench.sell)
        bench.recover()
        assert bench.differences() == []
        assert bench.host.ledger.transactions() == []


@pytest.mark.parametrize("first", [True, False])
def test_power_cut_at_the_first_byte_of_the_request(first):
    with Bench() as bench:
        bench.start()
        bench.pull_on(bench.board.radio, "send", first)
        assert broken_off(bench, bench.sell)
        bench.recover()
        assert bench.differences() == []
        assert outcome(bench) == "free"


@pytest.mark.parametrize(
    ("fault", "event", "state"),
    [
        (("silent", "no"), "not_processed", "reversed"),  # never booked
        (("late_booking",), "not_processed", "reversed"),  # booked while the terminal recovers
        (("delay", 30), "request", "reversed"),  # booked, the answer on its way
        (("drop_after_booking",), "request", "reversed"),
    ],
)
def test_power_cut_while_the_host_has_the_request(fault, event, state):
    with Bench() as bench:
        bench.start()
        bench.host.misbehave(*fault, mti="0200")

        def watch():
            bench.host.log.wait(lambda r: r["event"] == event and r["mti"] == "0200")
            bench.board.call(bench.pull)

        watcher = threading.Thread(target=watch)
        watcher.start()
        assert broken_off(bench, bench.sell)
        watcher.join()
        bench.recover()
        assert bench.differences() == []
        assert [row.state for row in bench.host.ledger.transactions()] == [state]


def test_power_cut_when_the_answer_is_there():
    with Bench() as bench:
        bench.start()
        bench.pull_on(bench.board.radio, "_received")
        assert broken_off(bench, bench.sell)
        bench.recover()
        assert bench.differences() == []
        assert outcome(bench) == "free"


# --- the line breaks, the power stays ---


@pytest.mark.parametrize("part", [0.0, 0.01, 0.5, 0.99, 1.0])
@pytest.mark.parametrize("way", ["to_host", "from_host"])
def test_connection_cut(way, part):
    _, request, answer = whole_sale()
    size = request if way == "to_host" else answer
    with Bench() as bench:
        bench.start()
        bench.board.call(bench.board.radio.cut_after, **{way: int(size * part)})
        bench.sell()
        bench.settle()
        assert bench.differences() == []
        whole_answer = way == "from_host" and part == 1.0
        assert outcome(bench) == ("approved" if whole_answer else "free")
