"""The pytest plugin as another project uses it: a directory with tests, and an option."""

import subprocess
import sys

import pytest

CONFTEST = """
def pytest_taptill_board(board):
    return {port!r} if board == "labgrid:desk" else None
"""
TESTS = """
import pytest

def test_it_runs_on(terminal, board, acquirer):
    terminal.wait_for_screen("Operator", timeout=60)
    print("heap", "MB" if board.mcu.radio.online is None else type(board.core).__name__)

@pytest.mark.virtual_only("no battery to drain")
def test_virtual():
    pass

@pytest.mark.silicon_only(reason="needs a chip")
def test_silicon():
    pass
"""


@pytest.fixture
def project(tmp_path):
    """Runs pytest in a directory of somebody else; returns exit code and output."""

    def run(*arguments, port=""):
        (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers\n")
        (tmp_path / "conftest.py").write_text(CONFTEST.format(port=port))
        (tmp_path / "test_it.py").write_text(TESTS)
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-rsP", "-p", "no:cacheprovider", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=200,
        )
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.mark.timeout(250)
def test_tests_run_on_the_board_that_a_farm_has(project, bare_board):
    code, told = project("--board", "labgrid:desk", port=bare_board.port)
    assert (code, "2 passed, 1 skipped" in told) == (0, True), told
    assert "heap SerialCore" in told
    assert "no battery to drain" in told


def test_the_virtual_board_is_the_usual_one(project):
    code, told = project("-k", "not runs_on")
    assert (code, "1 passed, 1 skipped" in told) == (0, True), told
    assert "needs a chip" in told


@pytest.mark.parametrize(
    ("board", "sentence"),
    [
        ("labgrid:garage", "--board labgrid:garage: labgrid"),
        ("/dev/ttyNONE", "there is no serial port /dev/ttyNONE"),
        ("rfc2217://127.0.0.1:9", "nobody serves rfc2217://127.0.0.1:9"),
    ],
)
def test_a_board_that_is_none_is_told_in_a_sentence(project, board, sentence):
    code, told = project("--board", board)
    assert (code, sentence in told) == (4, True), told
    assert "Traceback" not in told
