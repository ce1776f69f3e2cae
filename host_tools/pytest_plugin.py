"""pytest's plugin of TapTill: the same tests on the virtual board and on boards of silicon.

``--board virtual`` (the usual one) or a serial port at which MicroPython answers: a device or any
URL of pyserial; ``labgrid:PLACE`` and the like where a plugin implements ``pytest_taptill_board``.
Imports are inside the fixtures: projects that do not use them do not wait.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from host_tools.acquirer.server import HostThread
    from host_tools.device.virtual import VirtualDevice
    from host_tools.hil.session import BareSession
    from host_tools.vboard.board import MakeCore, VirtualBoard

VIRTUAL = "virtual"
HOST_NAME = "acquirer.test"
_MARKERS = (
    "virtual_only(reason): needs the virtual board; skipped with any other --board",
    "silicon_only(reason): needs a board of silicon; skipped with --board virtual",
    "terminal(**parameters): parameters of the terminal that the fixture provisions",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--board`` and ``--board-baudrate``."""
    group = parser.getgroup("taptill", "TapTill, the payment terminal")
    group.addoption(
        "--board",
        default=VIRTUAL,
        metavar="BOARD",
        help="virtual, or where a bare board is: /dev/..., rfc2217://host:port, socket://host:port",
    )
    group.addoption("--board-baudrate", type=int, default=115200, help="of the board's REPL")


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Let others say where a board is."""
    from host_tools.hil import hooks

    pluginmanager.add_hookspecs(hooks)


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known."""
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what the chosen board cannot do, with the reason that the test gives."""
    virtual = item.config.getoption("--board") == VIRTUAL
    marker = item.get_closest_marker("silicon_only" if virtual else "virtual_only")
    if marker is not None:
        reason = marker.args[0] if marker.args else marker.kwargs.get("reason", "")
        pytest.skip(reason or marker.name.replace("_", " "))


@pytest.fixture(scope="session")
def taptill_session(request: pytest.FixtureRequest) -> "Iterator[BareSession | None]":
    """The line to the board of ``--board``, open for all tests; None for the virtual one."""
    url = str(request.config.getoption("--board"))
    if url == VIRTUAL:
        yield None
        return
    from host_tools.build.image import BuildError
    from host_tools.hil.repl import HilError
    from host_tools.hil.session import BareSession

    baudrate = int(str(request.config.getoption("--board-baudrate")))
    found = request.config.hook.pytest_taptill_board(board=url)
    try:
        session = BareSession(found or url, baudrate)
    except (HilError, BuildError) as error:
        pytest.exit(f"--board: {error}", returncode=pytest.ExitCode.USAGE_ERROR)
    yield session
    session.close()


@pytest.fixture(scope="session")
def taptill_core(taptill_session: "BareSession | None") -> "MakeCore | None":
    """What runs a program on that board, for ``VirtualBoard``, ``VirtualDevice``, ``play``."""
    return None if taptill_session is None else taptill_session.core


@pytest.fixture
def acquirer() -> "Iterator[HostThread]":
    """An acquiring host of the test's own, with nothing in its books."""
    from host_tools.acquirer.app import open_ledger
    from host_tools.acquirer.server import HostThread

    ledger = open_ledger()
    try:
        with HostThread(ledger) as host:
            yield host
    finally:
        ledger.close()


@pytest.fixture
def terminal(
    request: pytest.FixtureRequest, taptill_core: "MakeCore | None", acquirer: "HostThread"
) -> "Iterator[VirtualDevice]":
    """A terminal that has been provisioned and has power; its host is ``acquirer``."""
    from host_tools.device.scenario import Tuned
    from host_tools.device.virtual import VirtualDevice, provisioned_flash

    marker = request.node.get_closest_marker("terminal")
    changes = tuple(sorted(marker.kwargs.items())) if marker else ()
    flash, nvs = provisioned_flash(Tuned(changes=changes))
    with VirtualDevice(flash=flash, nvs=nvs, core=taptill_core) as device:
        route = ("127.0.0.1", acquirer.port)
        device.board.call(device.board.radio.routes.__setitem__, HOST_NAME, route)
        device.power_on()
        yield device


@pytest.fixture
def board(terminal: "VirtualDevice") -> "VirtualBoard":
    """The chips of ``terminal``: what happens to them is up to the test."""
    return terminal.board
