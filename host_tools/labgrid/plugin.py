"""pytest: ``--board labgrid:PLACE`` is a board of labgrid's for as long as the tests run.

The place is acquired when the first test asks for the board and released when all is over, also
when that is by Ctrl-C. See ``farm.py``.
"""

from contextlib import ExitStack

import pytest

_PREFIX = "labgrid:"
_held = ExitStack()


@pytest.hookimpl(optionalhook=True)
def pytest_taptill_board(board: str) -> str | None:
    """The URL of the serial port of a place; None: it is no place of labgrid's."""
    if not board.startswith(_PREFIX):
        return None
    from host_tools.labgrid import farm

    try:
        return _held.enter_context(farm.acquired(board.removeprefix(_PREFIX)))
    except farm.LabgridError as error:
        pytest.exit(f"--board {board}: {error}", returncode=pytest.ExitCode.USAGE_ERROR)


def pytest_unconfigure() -> None:
    """Let others have it."""
    _held.close()
