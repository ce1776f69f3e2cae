"""A bare board: MicroPython behind a pty, and programs for it."""

import pytest

from host_tools.hil.bare import BareBoard
from host_tools.hil.measure import packed
from host_tools.hil.session import BareSession
from host_tools.vboard.board import VirtualBoard


@pytest.fixture(scope="session")
def bare_flash(tmp_path_factory):
    """The bare board's own file system: what has been sent once stays."""
    return tmp_path_factory.mktemp("bare")


@pytest.fixture(scope="module")
def bare_board(bare_flash):
    """A MicroPython process whose only link is a pty."""
    with BareBoard(bare_flash) as board:
        yield board


@pytest.fixture
def undisturbed(bare_board):
    """A line that carries everything again, after a test that disturbed it."""
    yield bare_board
    bare_board.to_board = bare_board.from_board = lambda data: data


@pytest.fixture
def running(bare_board):
    """Runs a program on the bare board: ``running(text)`` is a VirtualBoard with its chips."""
    opened = []

    def run(program: str, board: BareBoard = bare_board) -> VirtualBoard:
        session = BareSession(board.port, firmware=packed(program))
        opened.append(session)
        chips = VirtualBoard(core=session.core).start()
        opened.append(chips)
        chips.counts = session.counts
        chips.power_on()
        return chips

    yield run
    for one in reversed(opened):
        one.close()


@pytest.fixture
def said():
    """Waits until the console of a board has said something; returns all that it has."""

    def wait(board: VirtualBoard, text: str, timeout: float = 60.0) -> str:
        def heard() -> str:
            told = bytes(board.console.scrollback).decode("utf-8", "replace")
            return told if text in told else ""

        return board.wait_for(heard, timeout, f"{text!r} on the console")

    return wait
