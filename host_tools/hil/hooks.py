"""Hooks that other pytest plugins may implement for TapTill's."""

import pytest


@pytest.hookspec(firstresult=True)
def pytest_taptill_board(board: str) -> str | None:
    """The serial port (a device or a URL of pyserial) of a ``--board`` that is none, as labgrid's.

    None: this plugin does not know it.
    """
