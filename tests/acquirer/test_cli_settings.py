"""``taptill host terminal``, ``parameters`` and ``blacklist``, beside a host that is running."""

import json
import re
import shlex
from pathlib import Path

import pytest
from client import MERCHANT, PAN
from settlement_client import Manager
from sqlalchemy import delete, update
from typer.testing import CliRunner

from host_tools import cli
from host_tools.acquirer.app import open_ledger
from host_tools.acquirer.models import Terminal
from host_tools.acquirer.models_settings import BlackListed, Parameter
from host_tools.acquirer.server import HostThread

TERMINAL = "12345678"
DOC = (Path(cli.__file__).resolve().parents[1] / "docs" / "acquirer.md").read_text("utf-8")


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """The running host of a ledger in a file; ``url`` is the file's."""
    url = f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'ledger.db'}"
    ledger = open_ledger(url, terminals=2)
    with HostThread(ledger) as host:
        host.url = url
        yield host
    assert ledger.check() == []
    ledger.close()


@pytest.fixture
def run(database):
    """Run a command on the database; what it has set is gone afterwards."""

    def command(*words, url=database.url):
        return CliRunner().invoke(cli.app, ["host", *map(str, words), "--db", url])

    yield command
    with database.ledger.begin() as work:
        work.session.execute(delete(Parameter))
        work.session.execute(delete(BlackListed))
        work.session.execute(update(Terminal).values(asked=""))


@pytest.fixture
def terminal(database):
    with Manager(database.port) as client:
        client.sign_in()
        yield client


def values(run, *scope):
    """name -> (value, who has set it)."""
    rows = json.loads(run("parameters", "show", "--json", *scope).stdout)
    return {row["name"]: (row["value"], row["of"]) for row in rows}


def test_a_running_host_asks_for_what_it_was_told_to(run, terminal):
    done = run("terminal", "ask", TERMINAL, "parameters", "status")
    assert (done.exit_code, done.stdout) == (0, "12345678 is asked for parameters, status\n")
    for end, digit in (("301", "1"), ("361", "2"), ("301", "2")):
        terminal.manage("0800" if end == "361" else "0820", end)
        assert terminal.action == digit
    assert run("terminal", "withdraw", TERMINAL, "status").stdout.endswith("asked for nothing\n")
    terminal.manage("0820", "301")
    assert terminal.action == "0"


def test_what_a_terminal_is(run, terminal):
    terminal.ask_for("0820", "362", b"011021031041051")
    run("terminal", "ask", TERMINAL, "black-list")
    shown = run("terminal", "show", TERMINAL).stdout
    lines = (
        r"terminal    12345678\nmerchant    898100012340001 TAPTILL TEST SHOP\n"
        r"batch       000\d\d\d\nsigned in   yes, key mode 003\nasked for   black-list\n"
        r"status      \d{4}-\d\d-\d\d [\d:]{8} 011021031041051\n"
    )
    assert re.fullmatch(lines, shown), shown
    as_json = json.loads(run("terminal", "show", TERMINAL, "--json").stdout)
    assert (as_json["asked"], as_json["status"]) == ("7", "011021031041051")
    listed = run("terminal", "list").stdout.splitlines()
    assert listed[0].endswith("signed in, asked for black-list")
    assert listed[1] == "12345679  898100012340001  batch 000001  signed off"
    assert len(json.loads(run("terminal", "list", "--json").stdout)) == 2


def test_a_terminal_loads_what_was_set(run, terminal):
    pairs = ("no-pin-limit=300.00", "no-sign=off", "tip-percent=5", "merchant-name=咖啡")
    done = run("parameters", "set", *pairs, "--terminal", TERMINAL, "--ask")
    assert done.stdout == "1 terminal concerned, asked for parameters, contactless\n"
    loaded = terminal.ask_for("0800", "360")
    assert b"1905" in loaded and "22咖啡".encode("gbk") in loaded
    limits = terminal.ask_for("0800", "394").hex().upper()
    assert "FF80580C" + b"000000030000".hex() in limits and "FF805A0130" in limits


def test_the_narrower_value_goes_before_the_wider(run):
    run("parameters", "set", "offline-most=3", "27=4", "--merchant", MERCHANT)
    done = run("parameters", "set", "offline-most=9", "--ask")
    assert done.stdout == "2 terminals concerned, asked for parameters\n"
    assert values(run)["offline-most"] == ("09", "all")
    assert values(run, "--terminal", TERMINAL)["offline-most"] == ("04", MERCHANT)
    assert run("parameters", "unset", "offline-most", "--merchant", MERCHANT).exit_code == 0
    assert values(run, "--terminal", TERMINAL)["offline-most"] == ("09", "all")
    assert values(run)["merchant-name"] == ("", "")
    assert values(run, "--merchant", MERCHANT)["merchant-name"] == ("TAPTILL TEST SHOP", "")


def test_a_setting_of_the_host_takes_a_new_sign_in(run):
    done = run("parameters", "set", "double-mak=on", "--terminal", TERMINAL, "--ask")
    assert done.stdout == "1 terminal concerned, asked for sign-in\n"
    assert values(run, "--terminal", TERMINAL)["double-mak"] == ("1", TERMINAL)


def test_one_wrong_value_and_none_is_set(run):
    done = run("parameters", "set", "tries=5", "tip-percent=200")
    assert done.exit_code == 2 and "tip-percent cannot be '200'" in done.stderr
    assert values(run)["tries"] == ("3", "")


def test_the_issuer_obeys_the_black_list_at_once(run, terminal):
    assert terminal.sale(1000)[39] == "00"
    done = run("blacklist", "add", PAN[:6], "4761", "--ask")
    assert done.stdout == "2 terminals concerned, asked for black-list\n"
    assert run("blacklist", "list").stdout == f"4761\n{PAN[:6]}\n"
    assert terminal.sale(1000)[39] == "04" and terminal.action == "7"
    assert PAN[:6].encode() in terminal.ask_for("0800", "390", b"100")
    assert run("blacklist", "remove", PAN[:6], "4761").exit_code == 0
    assert run("blacklist", "list").stdout == "it is empty\n"
    assert terminal.sale(1000)[39] == "00"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("terminal ask 99999999 status", 1, "there is no terminal 99999999"),
        ("terminal show 99999999", 1, "there is no terminal 99999999"),
        ("terminal ask 12345678 coffee", 2, "coffee: a terminal can be asked for"),
        ("terminal ask 12345678", 2, "Missing argument"),
        ("parameters show --terminal 99999999", 1, "there is no terminal"),
        ("parameters set tip=1 --merchant 1", 1, "there is no merchant 1"),
        ("parameters set tip=1 --merchant 898100012340001 --terminal 12345678", 2, "not both"),
        ("parameters set tipp=1", 2, "there is no parameter tipp"),
        ("parameters set tip", 2, "NAME=VALUE is expected"),
        ("parameters set tip=", 2, "tip cannot be ''"),
        ("parameters set functions=GG000000", 2, "functions cannot be"),
        ("parameters set no-pin-limit=1.5", 2, "no-pin-limit cannot be '1.5'"),
        ("parameters unset tip", 1, "tip was not set for all"),
        ("blacklist add 123", 2, "has 4 to 12 digits"),
        ("blacklist add 6212345678901232", 2, "has 4 to 12 digits"),
        ("blacklist remove 621234", 1, "621234: not on the black list"),
    ],
)
def test_what_is_wrong_is_told(run, words, code, said):
    done = run(*shlex.split(words))
    assert done.exit_code == code
    text = " ".join(re.sub(r"[│╭╮╰╯─]", " ", done.stderr).split())
    assert said in text
    if code == 1:
        assert done.stderr.startswith("taptill: ") and done.stderr.count("\n") == 1


def test_a_database_that_cannot_be_used_is_told(run, tmp_path):
    done = run("terminal", "list", url=f"sqlite:///{tmp_path / 'none.db'}")
    assert done.exit_code == 1 and "there is no such database" in done.stderr
    (tmp_path / "empty.db").touch()
    done = run("terminal", "list", url=f"sqlite:///{tmp_path / 'empty.db'}")
    assert done.exit_code == 1 and "taptill host db upgrade" in done.stderr
    assert run("terminal", "list", url="nosuch://").exit_code == 2


def test_the_documented_session_is_what_the_commands_say(tmp_path):
    """All commands of the page's section in their order, on a fresh database."""
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    open_ledger(url, terminals=2).close()
    section = DOC.split("### At the command line\n")[1].split("\n## ")[0]
    said = "".join(re.findall(r"```\n(.*?)```", section, re.S))
    played = ""
    for line in re.findall(r"^\$ taptill (.*)$", said, re.M):
        words, _, pattern = line.partition(" | grep ")
        done = CliRunner().invoke(cli.app, [*shlex.split(words), "--db", url])
        shown = [text for text in done.stdout.splitlines() if pattern in text]
        played += "\n".join([f"$ taptill {line}", *shown, ""])
    assert played == said
