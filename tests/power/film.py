"""A story filmed: the flash, the host's books and the paper after each thing that lasts.

A frame is a moment at which the power may go: after each operation of the flash, and after each
booking of the host. ``develop`` makes a new terminal and a new host of a frame, as if the power
had gone just then (with the operation that came next done in part, if wanted), lets the terminal
recover, and audits. So a cut costs a start and no story.

What is in the air at such a moment needs no frame of its own: a request that leaves the terminal
changes nothing that lasts until the host books it, which is the next frame; an answer on its way
is the frame after the booking.

``break_line`` makes a new terminal and host of the first frame and tells the story anew, the
power on, but the connection is reset at some byte of some message.
"""

import functools
from contextlib import closing, contextmanager
from dataclasses import dataclass

from sale_bench import Bench
from sqlalchemy import event

from host_tools.acquirer.app import open_ledger
from host_tools.device.journal_reader import Store

TORN = 0.5


@dataclass(frozen=True)
class Frame:
    """The world after ``operations`` of the flash."""

    operations: int
    books: bytes
    paper: str


class Film:
    """The frames of ``story(bench)``.

    Told by the terminal of ``before``, switched off; or by a new one that is logged in and idle,
    and has done ``first``.
    """

    def __init__(self, story, before=None, first=None, bench=Bench) -> None:
        self.frames: list[Frame] = []
        self._off = before is not None
        self.talk: list[tuple[str, int]] = []  # (direction, bytes) of each message, in order
        with closing(before() if before else bench()) as told:
            if not before:
                told.start()
            if first:
                first(told)
            self._nvs = dict(told.board.mcu.nvs)
            self._flash = told.board.flash
            self._books = told.host.ledger.image()
            told.board.call(self._flash.record)
            self._shoot(told)
            heard = len(told.host.log.records)
            with self._filming(told):
                story(told)
            self._shoot(told)
            self.records = list(told.host.log.records)[heard:]
            assert told.differences() == [], told.differences()

    @contextmanager
    def _filming(self, bench):
        board, ledger = bench.board, bench.host.ledger

        def book(books):
            self._books = books
            self._shoot(bench)

        def booked(_session):
            board.call(book, ledger.image())

        # Both end on the board's thread, so frames come in the order of what happened.
        board.call(setattr, board.flash, "on_change", lambda: self._shoot(bench))
        board.call(_listen, board.radio, self.talk)
        event.listen(ledger._sessions, "after_commit", booked)
        try:
            yield
        finally:
            event.remove(ledger._sessions, "after_commit", booked)
            board.call(setattr, board.flash, "on_change", None)

    def _shoot(self, bench) -> None:
        frame = Frame(len(self._flash.log), self._books, bench.paper())
        if not self.frames or self.frames[-1] != frame:
            self.frames.append(frame)

    def bench(self, number: int, torn: float = 0.0) -> Bench:
        """The world at a frame, ``torn`` (0..1) of the next operation done, without power."""
        frame = self.frames[number]
        bench = Bench(self.image(number, torn), self._nvs, open_ledger(image=frame.books))
        bench.paper_before = frame.paper
        return bench

    def image(self, number: int, torn: float = 0.0) -> bytes:
        """The flash at a frame."""
        return self._flash.image_at(self.frames[number].operations, torn)

    def develop(self, number: int, torn: float = 0.0, look=None) -> list[str]:
        """What the auditor finds after a cut at a frame, when the terminal has recovered.

        ``look(bench)``: what else to look at, more sentences.
        """
        with closing(self.bench(number, torn)) as bench:
            bench.recover()
            return bench.differences() + (look(bench) if look else [])

    def break_line(self, tell, cut: dict[str, int], look=None) -> list[str]:
        """The same when so many bytes have passed some way, and the line breaks.

        ``tell(bench)``: the story, told to the end that it comes to then; ``cut`` as
        ``Radio.cut_after`` takes it.
        """
        with closing(self._rested()) as bench:
            bench.board.call(functools.partial(bench.board.radio.cut_after, **cut))
            tell(bench)
            bench.settle()
            assert bench.board.radio.is_whole(), f"{cut}: the line never broke"
            return bench.differences() + (look(bench) if look else [])

    def rehearse(self, tell) -> list[tuple[str, int]]:
        """What ``talk`` is when the story is told as to ``break_line``, but no line breaks."""
        talk = []
        with closing(self._rested()) as bench:
            bench.board.call(_listen, bench.board.radio, talk)
            tell(bench)
        return talk

    def has_waiting(self) -> bool:
        """Whether something is to be uploaded when the terminal of the first frame starts."""
        batches = Store(self.image(0), "/pos").batches()
        return any(txn.waiting for batch in batches for txn in batch.transactions)

    def _rested(self) -> Bench:
        """The world before the story."""
        bench = self.bench(0)
        if not self._off:
            bench.start()
        return bench

    def files(self, number: int) -> dict[str, bytes]:
        """What is stored at a frame beside journals and trace number."""
        return stored(self.image(number))

    # what is worth a cut

    def sample(self, count: int) -> list[tuple[int, float]]:
        """``count`` cuts (frame, torn): where a transaction's state changes, the rest spread.

        At a change first the moment just after it, then the operation that makes it half done.
        """
        changes = self._changes()
        just_done = [(at, 0.0) for at in changes]
        at_it = [(at - 1, TORN) for at in changes] + [(at - 1, 0.0) for at in changes]
        chosen = dict.fromkeys(_spread(just_done, count * 3 // 4))
        chosen |= dict.fromkeys(_spread(at_it, count * 3 // 4 - len(chosen)))
        others = [(n, torn) for n in range(len(self.frames) - 1) for torn in (0.0, TORN)]
        others = [cut for cut in others if cut not in chosen]
        return sorted([*chosen, *_spread(others, count - len(chosen))])

    def _changes(self) -> list[int]:
        """The frames that differ from the one before in what the journal or the host says."""
        seen = [self._state(number) for number in range(len(self.frames))]
        return [at for at in range(1, len(seen)) if seen[at] != seen[at - 1]]

    def _state(self, number: int):
        batches = Store(self.image(number), "/pos").batches()
        states = [(t.number, t.state, t.waiting) for b in batches for t in b.transactions]
        return states, [b.settlement.get("step") for b in batches], self.frames[number].books


def breaks(talk: list[tuple[str, int]]) -> list[dict[str, int]]:
    """Where the line may break, as ``Radio.cut_after`` takes it.

    Before the first byte, in the midst and after the last of each request and each answer, in
    the order of their way. Before a later message a byte of it passes: without, it would be
    after the one before.
    """
    found = []
    passed = {"to_host": 0, "from_host": 0}
    for way, size in talk:
        before = passed[way]
        passed[way] += size
        found += [{way: at} for at in (before + min(1, before), before + size // 2, passed[way])]
    return found


def _listen(radio, talk: list[tuple[str, int]]) -> None:
    """Note the messages that pass from now on: (which way, how many bytes)."""
    send, deliver = radio._write, radio._deliver

    def note(way, count):
        if talk and talk[-1][0] == way:
            count += talk.pop()[1]
        talk.append((way, count))

    def sent(flow, data):
        note("to_host", len(data))
        send(flow, data)

    def delivered(ident, flow, data):
        note("from_host", len(data))
        deliver(ident, flow, data)

    radio._write, radio._deliver = sent, delivered


def stored(image: bytes) -> dict[str, bytes]:
    """The files of a flash beside journals and trace number."""
    store = Store(image, "/pos")
    names = [name for name in store.names() if name != "stan" and not name.startswith("batch/")]
    return {name: store.read(name) or b"" for name in names}


def _spread(cuts: list, count: int) -> list:
    """At most ``count`` of ``cuts``, the first and the last among them, evenly."""
    if len(cuts) <= count:
        return cuts
    return [cuts[i * (len(cuts) - 1) // max(count - 1, 1)] for i in range(count)]
