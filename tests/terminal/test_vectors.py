"""Vectors on a board over its serial console: RFC 2217, as a board across the room has it."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from host_tools.build.image import ROOT
from host_tools.cli import app
from host_tools.replay import run
from host_tools.vboard.board import VirtualBoard
from host_tools.vboard.serial.side import SerialSide

VECTORS = ROOT / "tests" / "vectors"


@pytest.fixture(scope="module")
def side():
    """The serial side of a virtual board that runs the terminal."""
    with VirtualBoard() as board:
        side = SerialSide(board)
        board.power_on()
        yield side
        board.power_off()
        side.close()


@pytest.mark.parametrize(
    ("file", "least"),
    [("golden", 38), ("frames", 28), ("dialect", 128), ("emv/visa", 8), ("emv/mchip_flow", 30)],
)
def test_the_board_gives_the_known_answers(side, file, least):
    outcomes = list(run.run_vectors(VECTORS / f"{file}.yaml", side.url))
    assert [(one.name, one.wrong) for one in outcomes if one.wrong] == []
    assert len(outcomes) >= least


def taptill(*arguments):
    result = CliRunner().invoke(app, ["replay", *map(str, arguments)])
    assert "Traceback" not in result.output
    return result.exit_code, result.output


@pytest.mark.parametrize(
    ("was", "now", "sentence"),
    [
        ('"08D7B4FB"', '"08D7B4FA"', "key pik: check value: digit 7 is 'B' instead of 'A'"),
        ('mti: "0820"', 'mti: "0821"', "echo: read: digit 3 is '0' instead of '1'"),
        ('pin: "1234"', 'pin: "123"', "PIN block, 3 digits: clear: it raises ValueError"),
    ],
)
def test_a_wrong_answer_is_a_sentence_and_exit_code_1(side, tmp_path, was, now, sentence):
    path = tmp_path / "wrong.yaml"
    text = (VECTORS / "golden.yaml").read_text()
    assert was in text
    path.write_text(text.replace(was, now))
    code, said = taptill(path, "--port", side.url)
    assert code == 1
    assert sentence in said


def test_a_wrong_conversation_is_a_sentence_and_exit_code_1(side, tmp_path):
    shutil.copytree(VECTORS / "emv", tmp_path / "emv")
    path = tmp_path / "emv" / "visa.yaml"
    path.write_text(path.read_text().replace("cvm: NO_CVM", "cvm: SIGNATURE", 1))
    code, said = taptill(path, "--port", side.url, "--json")
    assert code == 1
    assert "cvm is NO_CVM instead of SIGNATURE" in said
    rows = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert [bool(row["wrong"]) for row in rows] == [True] + [False] * 7


@pytest.mark.parametrize("file", ["dialect", "emv/mchip_flow"])
def test_a_cable_that_is_pulled_is_a_sentence_and_the_board_goes_on(side, file):
    board = side._board
    board.call(side.server.unplug_after, 9000)
    try:
        code, said = taptill(VECTORS / f"{file}.yaml", "--port", side.url)
    finally:
        board.call(side.server.plug_in)
    assert code == 1
    assert f"the board at {side.url} answers no more" in said
    assert taptill(VECTORS / "golden.yaml", "--port", side.url)[0] == 0


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("a: 1", "no vectors; there are calls"),
        ("calls: [{from: 'os; import x', gives: {}}]", "is no module"),
        ("calls: [{from: pos.none}]", "calls: not as it is known here"),
        ("keys: 3", "keys: not as it is known here"),
        ("[", "no YAML"),
    ],
)
def test_a_wrong_file_is_a_sentence(tmp_path, content, sentence):
    path = tmp_path / "x.yaml"
    path.write_text(content)
    code, said = taptill(path, "--port", "rfc2217://127.0.0.1:9")
    assert code == 1
    assert sentence in said


def test_a_port_that_is_none_is_a_sentence():
    code, said = taptill(VECTORS / "golden.yaml", "--port", "/dev/ttyNONE")
    assert code == 1
    assert "there is no serial port /dev/ttyNONE" in said
