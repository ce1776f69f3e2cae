"""``taptill hil``: what it says and how it ends."""

import re

import pytest
from typer.testing import CliRunner

from host_tools import cli
from host_tools.hil import run


@pytest.fixture
def hil():
    return lambda *arguments, **more: CliRunner().invoke(cli.app, ["hil", *arguments], **more)


def test_no_such_scenario(hil):
    result = hil("sale_on_the_moon")
    assert result.exit_code == 2
    assert "there is no scenario sale_on_the_moon" in result.output


def test_no_such_port(hil):
    result = hil("--port", "/dev/ttyNONE", "sale_with_pin")
    assert result.exit_code == 1
    assert "taptill: there is no serial port /dev/ttyNONE" in result.output


def test_results_are_counted(capsys):
    results = [run.Result("a", 1.0), run.Result("b", 2.0, "broke"), run.Result("c", 0.0, "", "no")]
    tally = run.tell(iter(results), 3, print)
    assert str(tally) == "3 scenarios, 1 failed, 1 skipped"
    assert tally.failed == ["b"]
    assert re.search(r"b +FAILED +2\.0 s\n +broke\n", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--port", "/dev/ttyNONE", "there is no serial port /dev/ttyNONE"),
        ("--database", "sqlite:////nowhere/ledger.db", "there is no such database"),
    ],
)
def test_a_full_board_cannot_be_watched(hil, option, value, said):
    result = hil("--operator", option, value, "sale_without_pin")
    assert result.exit_code == 1
    assert said in result.output


def test_an_operator_who_denies_fails_the_run(hil):
    result = hil("--operator", "sale_without_pin", input="\nn\n")
    assert result.exit_code == 1
    assert "1 scenarios, 1 failed" in result.output
    assert "step 1, logged_in 2, log_in 1" in result.output
