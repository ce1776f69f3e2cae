"""A sale whose power, line or host is cut off, at every place where that can make a difference.

Afterwards the terminal is switched on, the cashier logs in, and once it is at rest the auditor
must find no difference: the sale is approved and printed, or nobody has been charged. Where the
flash is cut each sale has a new terminal; elsewhere one goes on from one such sale to the next, as
a terminal on a counter with bad wiring does.

``TAPTILL_CUTS=all`` adds finer tears and, for each cut, a second one at every operation of the
flash while the terminal recovers.
"""

import functools
import itertools
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from sale_bench import Bench, PowerCut

ALL = os.environ.get("TAPTILL_CUTS") == "all"
TEARS = (0.0, 0.1, 0.5, 0.9) if ALL else (0.0, 0.5)
_AT_ONCE = 2  # a terminal waits more than it works

pytestmark = pytest.mark.timeout(3600 if ALL else 180)


@pytest.fixture(scope="module")
def benches():
    kept = []
    yield kept
    for bench in kept:
        bench.close()


@pytest.fixture
def bench(benches):
    """A terminal at rest: that of the test before, when it is sound."""
    if not benches:
        benches.append(Bench())
        benches[0].start()
    yield benches[0]
    benches[0].host.behave()
    if benches[0].differences() or not benches[0].is_idle():
        benches.pop().close()


@functools.cache
def operations():
    """How many operations of the flash a sale is made of, from idle to idle."""
    with closing(Bench()) as bench:
        bench.start()
        bench.board.call(bench.board.flash.record)
        bench.sell()
        assert bench.differences() == []
        assert bench.charged()
        return len(bench.board.flash.log)


def broken_off(work):
    """Do ``work`` until the power goes; whether it went."""
    try:
        work()
    except PowerCut:
        return True
    return False


def cut_sales(numbers, torn):
    """A new terminal for each number sells once; the power goes at that operation of the flash.

    Returns {number: (charged, differences)}; a sale may take one operation less than another.
    """
    found = {}
    for n in numbers:
        with closing(Bench()) as bench:
            bench.start()
            bench.board.call(bench.board.flash.cut_at, n, torn)
            if broken_off(bench.sell):
                bench.recover()
            found[n] = bench.charged(), bench.differences()
    return found


def shared_out(numbers, work):
    """Call ``work`` with a part of the numbers on each of some threads; all it returned."""
    parts = [numbers[i::_AT_ONCE] for i in range(_AT_ONCE)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return {key: value for part in pool.map(work, parts) for key, value in part.items()}


@pytest.mark.parametrize("torn", TEARS)
def test_power_cut_at_every_operation_of_the_flash(torn):
    """Every operation, half of them torn; with ``TAPTILL_CUTS=all`` each in every way."""
    numbers = range(operations()) if ALL else range(TEARS.index(torn), operations(), len(TEARS))
    found = shared_out(numbers, functools.partial(cut_sales, torn=torn))
    print(f"{len(found)} cuts of {operations()} operations, torn at {torn}")
    assert {n: differences for n, (_, differences) in found.items() if differences} == {}
    charged = [charged for _, (charged, _) in sorted(found.items())]
    assert not charged[0] and charged[-1], "free up to some operation, then charged"


@pytest.mark.skipif(not ALL, reason="TAPTILL_CUTS=all: takes minutes")
@pytest.mark.parametrize("part", range(2))
def test_power_cut_again_while_it_recovers(part):
    found = shared_out(range(part, operations(), 2), cut_twice)
    print(f"{len(found)} pairs of cuts")
    assert {at: differences for at, differences in found.items() if differences} == {}
    assert len(found) >= operations()


def cut_twice(numbers):
    """As ``cut_sales``, cut again at each operation of the flash until it is at rest."""
    found = {}
    for n, second in itertools.product(numbers, range(operations())):
        with closing(Bench()) as bench:
            bench.start()
            bench.board.call(bench.board.flash.cut_at, n)
            if not broken_off(bench.sell):
                continue
            bench.board.call(bench.board.flash.cut_at, second)
            if broken_off(bench.recover):
                bench.recover()
            found[n, second] = bench.differences()
    return found


# --- cuts between the steps: at a screen, at a message ---


@pytest.mark.parametrize(
    ("screen", "charged"),
    [
        ("Up to", False),
        ("Tap the card", False),
        ("Enter PIN", False),
        ("Approved", True),
        ("Tear off", True),
    ],
)
def test_power_cut_at_a_screen(bench, screen, charged):
    watcher = threading.Thread(target=broken_off, args=(lambda: bench.pull_at(screen),))
    watcher.start()
    assert broken_off(bench.sell)
    watcher.join()
    bench.recover()
    assert bench.differences() == []
    assert charged is None or bench.charged() == charged


def test_power_cut_before_the_connection(bench):
    requests = len(bench.host.ledger.transactions())
    bench.pull_on(bench.board.radio, "connect", first=True)
    assert broken_off(bench.sell)
    bench.recover()
    assert bench.differences() == []
    assert len(bench.host.ledger.transactions()) == requests


@pytest.mark.parametrize("first", [True, False])
def test_power_cut_at_the_first_byte_of_the_request(bench, first):
    bench.pull_on(bench.board.radio, "send", first)
    assert broken_off(bench.sell)
    bench.recover()
    assert bench.differences() == []
    assert not bench.charged()


@pytest.mark.parametrize(
    ("fault", "event"),
    [
        (("silent", "no"), "not_processed"),  # never booked
        (("late_booking",), "not_processed"),  # booked while the terminal recovers
        (("delay", 30), "request"),  # booked, the answer on its way
        (("drop_after_booking",), "request"),
    ],
)
def test_power_cut_while_the_host_has_the_request(bench, fault, event):
    bench.host.log.records.clear()
    bench.host.misbehave(*fault, mti="0200")

    def watch():
        bench.host.log.wait(lambda r: r["event"] == event and r["mti"] == "0200")
        bench.board.call(bench.pull)

    watcher = threading.Thread(target=watch)
    watcher.start()
    assert broken_off(bench.sell)
    watcher.join()
    bench.recover()
    assert bench.differences() == []
    assert not bench.charged()
    assert bench.host.ledger.transactions()[-1].state == "reversed"


def test_power_cut_when_the_answer_is_there(bench):
    bench.pull_on(bench.board.radio, "_received")
    assert broken_off(bench.sell)
    bench.recover()
    assert bench.differences() == []
    assert not bench.charged()


# --- the line breaks, the power stays ---


@pytest.fixture(scope="module")
def sizes(benches):
    """Bytes of a request and of its answer."""
    if not benches:
        benches.append(Bench())
        benches[0].start()
    radio = benches[0].board.radio
    there, back = radio.bytes_to_host, radio.bytes_from_host
    benches[0].sell()
    return {
        "to_host": radio.bytes_to_host - there,
        "from_host": radio.bytes_from_host - back,
    }


@pytest.mark.parametrize("part", [0.0, 0.01, 0.5, 0.99, 1.0])
@pytest.mark.parametrize("way", ["to_host", "from_host"])
def test_connection_cut(sizes, bench, way, part):
    bench.board.call(bench.board.radio.cut_after, **{way: int(sizes[way] * part)})
    bench.sell()
    bench.settle()
    assert bench.differences() == []
    assert bench.charged() == (way == "from_host" and part == 1.0)
