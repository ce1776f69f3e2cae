"""Virtual boards behind labgrid's coordinator: reserved, acquired, and held to the vectors."""

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from host_tools.build.image import ROOT
from host_tools.cli import app
from host_tools.labgrid import farm, local

pytestmark = [
    pytest.mark.skipif(
        not farm.installed(), reason="labgrid is not installed: run 'make labgrid' once"
    ),
    # one farm for the file, which starts two programs of labgrid and a board
    pytest.mark.xdist_group("labgrid"),
]
GOLDEN = ROOT / "tests" / "vectors" / "golden.yaml"
# The console by labgrid's own driver: to the prompt, one expression, and its answer
DRIVER = """
import json, sys
from labgrid import Target
from labgrid.driver import SerialDriver
from labgrid.resource import RemotePlace
target = Target("taptill")
RemotePlace(target, name=sys.argv[1])
serial = SerialDriver(target, "console", timeout=10.0)
target.activate(serial)
serial.write(b"\\r\\x03\\x03")
serial.expect(">>> ", timeout=30)
serial.write(b"import machine; print(len(machine.unique_id()))\\r")
serial.expect(r"\\)\\)\\r\\n(\\d+)\\r\\n", timeout=10)
print(json.dumps(serial.serial.port))
serial.write(b"machine.reset()\\r")
"""


@pytest.fixture(scope="module")
def bench():
    with local.farm(1, 1) as (address, places):
        assert places == ["virtual-1", "bare-1"]
        yield address, places[0]


@pytest.mark.timeout(300)
def test_the_suite_runs_on_a_board_of_the_farm(bench):
    """A story of the terminal tests, on a board that has nothing but its serial line."""
    address, _ = bench
    story = ["tests/terminal/test_scenarios.py", "-k", "cancel_at_amount"]
    patience = ["-o", "timeout=270"]  # the firmware goes over a line that acknowledges each piece
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *story, *patience, "--board", "labgrid:bare-1"],
        capture_output=True,
        text=True,
        timeout=280,
        cwd=ROOT,
        env=farm.environment(address),
    )
    told = done.stdout + done.stderr
    assert (done.returncode, "1 passed" in told) == (0, True), told
    assert places(address, "bare-1") == "free"


def test_vectors_run_on_an_acquired_board(bench, monkeypatch):
    address, place = bench
    monkeypatch.setenv("LG_COORDINATOR", address)
    result = CliRunner().invoke(app, ["replay", str(GOLDEN), "--port", f"labgrid:{place}"])
    assert result.exit_code == 0, result.output
    assert f"38 vectors, all right on the board at labgrid:{place}" in result.output
    assert "acquired" not in places(address, place)


def places(address, place):
    """What labgrid says of a place while nobody or somebody has it."""
    said = farm.run("labgrid-client", "-p", place, "show", coordinator=address)
    return "acquired" if "acquired: None" not in said else "free"


def test_a_place_that_is_taken_is_told_in_a_sentence(bench, monkeypatch):
    address, place = bench
    with farm.acquired(place, address) as url:
        assert url.startswith("rfc2217://127.0.0.1:")
        assert places(address, place) == "acquired"
        with farm.acquired(place, address) as again:  # by the same user: it is theirs already
            assert again == url
        assert places(address, place) == "acquired"
        monkeypatch.setenv("LG_USERNAME", "somebody")
        with pytest.raises(farm.LabgridError, match=f"Place {place} is already acquired by"):
            with farm.acquired(place, address):
                pass
        monkeypatch.undo()
    assert places(address, place) == "free"


def test_any_board_with_a_tag_is_reserved(bench):
    address, place = bench
    with farm.acquired("board=virtual", address) as url:
        assert url.startswith("rfc2217://")
        assert places(address, place) == "acquired"
    assert farm.run("labgrid-client", "reservations", coordinator=address).strip() == ""
    with pytest.raises(farm.LabgridError, match="nothing matches nothing"):
        with farm.acquired("nothing", address):
            pass


def test_labgrids_own_driver_reaches_the_console(bench):
    address, place = bench
    with farm.acquired(place, address) as url:
        done = subprocess.run(
            [str(farm.ENVIRONMENT / "bin" / "python"), "-c", DRIVER, place],
            capture_output=True,
            text=True,
            timeout=90,
            env=farm.environment(address),
        )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1]).startswith(url)


def test_without_a_coordinator_there_is_a_sentence():
    result = CliRunner().invoke(
        app,
        ["replay", str(GOLDEN), "--port", "labgrid:virtual-1"],
        env={"LG_COORDINATOR": "127.0.0.1:9"},
    )
    assert result.exit_code == 1
    assert "labgrid: " in result.output and "Traceback" not in result.output
