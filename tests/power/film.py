"""A story filmed: the flash, the host's books and the paper after each thing that lasts.

A frame is a moment at which the power may go: after each operation of the flash, and after each
booking of the host. ``develop`` makes a new terminal and a new host of a frame, as if the power
had gone just then (with the operation that came next done in part, if wanted), lets the terminal
recover, and audits. So a cut costs a start and no story.

What is in the air at such a moment needs no frame of its own: a request that leaves the terminal
changes nothing that lasts until the host books it, which is the next frame; an answer on its way
is the frame after the booking.
"""

from contextlib import closing, contextmanager
from dataclasses import dataclass

from sale_bench import Bench
from sqlalchemy import event

from host_tools.acquirer.app import open_ledger


@dataclass(frozen=True)
class Frame:
    """The world after ``operations`` of the flash."""

    operations: int
    books: bytes
    paper: str


class Film:
    """The frames of ``story(bench)``.

    Told by a new terminal that is logged in and idle, and has done ``first``; or by one that has
    just lost its power: ``before`` makes its bench.
    """

    def __init__(self, story, before=None, first=None) -> None:
        self.frames: list[Frame] = []
        with closing(before() if before else Bench()) as bench:
            if not before:
                bench.start()
            if first:
                first(bench)
            self._nvs = dict(bench.board.mcu.nvs)
            self._flash = bench.board.flash
            self._books = bench.host.ledger.image()
            bench.board.call(self._flash.record)
            self._shoot(bench)
            with self._filming(bench):
                story(bench)
            self._shoot(bench)
            assert bench.differences() == [], bench.differences()

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
        image = self._flash.image_at(frame.operations, torn)
        bench = Bench(image, self._nvs, open_ledger(image=frame.books))
        bench.paper_before = frame.paper
        return bench

    def develop(self, number: int, torn: float = 0.0) -> list[str]:
        """What the auditor finds after a cut at a frame, when the terminal has recovered."""
        with closing(self.bench(number, torn)) as bench:
            bench.recover()
            return bench.differences()
