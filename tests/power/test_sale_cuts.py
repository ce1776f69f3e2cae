"""A sale whose power, line or host is cut off while cashier, card and host are in the midst of it.

Afterwards the terminal is switched on, the cashier logs in, and once it is at rest the auditor
must find no difference: the sale is approved and printed, or nobody has been charged. The
terminal goes on from one such sale to the next, as one on a counter with bad wiring does. Cuts at
each operation of the flash are in ``test_story_cuts``.
"""

import threading

import pytest
from sale_bench import Bench, PowerCut

pytestmark = pytest.mark.timeout(180)


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


def broken_off(work):
    """Do ``work`` until the power goes; whether it went."""
    try:
        work()
    except PowerCut:
        return True
    return False


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
