"""The command ``taptill`` and the Makefile in front of it: exit codes and what they say."""

import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from host_tools import cli
from host_tools.build import check, image

ROOT = Path(cli.__file__).resolve().parents[1]


@pytest.fixture
def taptill():
    """Run ``taptill`` with arguments in this process."""
    return lambda *arguments: CliRunner().invoke(cli.app, [str(a) for a in arguments])


@pytest.fixture
def clone(tmp_path):
    """What ``make setup`` reads, in a directory of its own; runs make there, with PYTHON=..."""
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)

    def make(*arguments):
        command = ["make", "--no-print-directory", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    return make


def test_the_version_is_that_of_the_project(taptill):
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    version = re.search(r'^version = "(.+)"$', project, re.MULTILINE)[1]
    result = taptill("--version")
    assert (result.exit_code, result.output) == (0, f"TapTill {version}\n")


def test_help_tells_every_command(taptill):
    result = taptill("--help")
    assert result.exit_code == 0
    for name in (
        "boards",
        "build",
        "demo",
        "test",
        "fuzz",
        "check",
        "bench",
        "acquirer",
        "board",
        "host",
        "provision",
    ):
        assert re.search(rf"\b{name}\b", result.output)
        assert taptill(name, "--help").exit_code == 0


def test_the_commands_load_only_what_they_need():
    heavy = "sqlalchemy, PIL, cryptography, mpremote, yaml, host_tools.build, host_tools.vboard"
    code = (
        "import sys, host_tools.cli\n"
        f"print([m for m in {heavy.split(', ')!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("nosuch",),
        ("build", "--nosuch"),
        ("build", "--board", "nosuch"),
        ("acquirer", "--port", "65536"),
        ("acquirer", "--db", "sqlite://", "--fault", "nosuch"),
        ("board", "--port", "no"),
        ("provision",),
        ("provision", "--port", "/dev/null", "--terminal-id", "1"),
        ("provision", "--port", "/dev/null", "--apn-user", "till"),
    ],
)
def test_wrong_usage_is_2(taptill, arguments):
    assert taptill(*arguments).exit_code == 2


def _one_sentence(result, *words):
    assert result.exit_code == 1
    assert result.stderr.startswith("taptill: ")
    assert result.stderr.count("\n") == 1
    for word in words:
        assert str(word) in result.stderr


def test_a_port_in_use_is_told(taptill):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        _one_sentence(taptill("acquirer", "--db", "sqlite://", "--port", port), port, "in use")


def test_a_ledger_that_cannot_be_opened_is_told(taptill, tmp_path):
    missing = tmp_path / "missing" / "ledger.db"
    _one_sentence(taptill("acquirer", "--db", f"sqlite:///{missing}"), missing)
    key = tmp_path / "key"
    _one_sentence(taptill("acquirer", "--db", "nosuch://", "--key-file", key), "ledger")


def test_a_serial_port_that_is_not_there_is_told(taptill, tmp_path):
    _one_sentence(taptill("provision", "--port", tmp_path / "tty"), tmp_path / "tty")
    _one_sentence(taptill("provision", "--port", "/dev/null"), "/dev/null")


def test_a_source_that_does_not_compile_is_told(taptill, monkeypatch, tmp_path):
    (tmp_path / "bad.py").write_text("def (:\n")
    monkeypatch.setattr(image, "ROOT", tmp_path)
    target = tmp_path / "out"
    monkeypatch.setattr(
        image, "build_firmware", lambda board, **_: image.compile_tree(tmp_path, target)
    )
    result = taptill("build")
    assert result.exit_code == 1
    assert result.stderr.startswith("taptill: bad.py: ")
    assert "SyntaxError" in result.stderr


def test_every_step_of_a_check_runs_whatever_the_others_say(capsys, monkeypatch):
    steps = {"one": lambda: (False, "a.py:1: no"), "two": lambda: (True, "quiet")}
    monkeypatch.setattr(check, "STEPS", steps)
    assert check.main() == 1
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "FAIL  one (0 s)",
        "      a.py:1: no",
        "ok    two (0 s)",
        "check: one failed",
    ]


def test_a_check_without_a_failure_is_well(capsys, monkeypatch):
    monkeypatch.setattr(check, "STEPS", {"one": lambda: (True, "")})
    assert check.main() == 0
    assert capsys.readouterr().out.splitlines()[-1] == "check: all is well"


# make


def test_make_alone_lists_every_target(clone):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split()
    done = clone()
    assert done.returncode == 0
    assert [line.split()[1] for line in done.stdout.splitlines()] == targets


def test_setup_says_which_python_it_needs(clone, tmp_path):
    old = tmp_path / "old-python"
    old.write_text('#!/bin/sh\n[ "$1" = -V ] && echo Python 3.9.2 && exit\nexit 1\n')
    old.chmod(0o755)
    done = clone("setup", f"PYTHON={old}")
    assert done.returncode == 2
    assert "needs Python 3.11 or newer" in done.stderr
    assert "Python 3.9.2" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_setup_says_that_venv_is_missing(clone, tmp_path):
    bare = tmp_path / "bare-python"
    bare.write_text('#!/bin/sh\ncase "$2" in *venv*) exit 1;; esac\n')
    bare.chmod(0o755)
    done = clone("setup", f"PYTHON={bare}")
    assert done.returncode == 2
    assert "no venv module" in done.stderr


def test_setup_says_that_there_is_no_python(clone):
    done = clone("setup", "PYTHON=no-such-python")
    assert done.returncode == 2
    assert "no-such-python" in done.stderr.splitlines()[0]
