"""Heap with 4-byte words: what is measured has a limit, and what is over it fails the bench."""

import pytest
import yaml
from typer.testing import CliRunner

from host_tools import cli
from host_tools.bench import memory, node
from host_tools.build.budget import LIMITS

ALL = dict((*memory.RESIDENT, *memory.PARTS))


def test_each_figure_has_a_limit_and_each_limit_a_figure():
    assert list(yaml.safe_load(LIMITS.read_text(encoding="utf-8"))["heap32"]) == list(ALL)


@pytest.mark.skipif(bool(node.missing()), reason="MicroPython for Node.js is not installed")
def test_node_tells_the_same_each_time():
    memory.prepare()
    found = memory.on_node()
    assert found == memory.on_node()
    assert found.keys() == ALL.keys() and min(found.values()) > 0


@pytest.mark.parametrize("more, code", [(0, 0), (1, 1)])
def test_a_figure_over_its_limit_fails_the_bench(monkeypatch, more, code):
    limits = yaml.safe_load(LIMITS.read_text(encoding="utf-8"))["heap32"]
    monkeypatch.setattr(memory, "prepare", lambda: None)
    monkeypatch.setattr(memory.node, "missing", lambda: "")
    monkeypatch.setattr(
        memory,
        "on_node",
        lambda: {n: limits[n] for n in ALL} | {"modules": limits["modules"] + more},
    )
    monkeypatch.setattr(memory.dialect, "fetch", lambda *_: "no network")
    result = CliRunner().invoke(cli.app, ["bench", "--memory"])
    assert result.exit_code == code
    assert "no network" in result.output
    assert ("missed" in result.output) == bool(code)


def test_what_node_complains_of_is_one_line_without_its_source():
    stderr = "file:///x.mjs:1\nasync function a(){throw new Error('no')}\n\n"
    stderr += (
        "PythonError: Traceback\nImportError: no module named 'image'\n\n    at run (x.mjs)\n"
    )
    assert node.complaint(stderr) == "Node.js: ImportError: no module named 'image'"
    assert node.complaint("Killed\n") == "Node.js failed"
