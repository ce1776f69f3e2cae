"""Recording a story and playing it again; what a failed run leaves; what a wrong file is told."""

import json
import zipfile
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from host_tools.cli import app
from host_tools.device import audit, scenario
from host_tools.replay import run, trace

STORIES = scenario.SCENARIOS
SALE = STORIES / "sale_with_pin.yaml"
# Fails at its last step, with a PIN typed and the paper printed before
FAILING = """
title: A story that is wrong
why: There is a slip on the paper.
steps:
  - use: logged_in
  - use: to_pin
  - keys: "123456E"
  - screen: Approved
  - paper: MERCHANT COPY
  - no_paper: MERCHANT COPY
expect: {}
"""


def taptill(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.output


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    path = tmp_path_factory.mktemp("trace") / "sale.jsonl"
    code, said = taptill("record", SALE, "--to", path)
    assert (code, said.startswith("Recorded: ")) == (0, True), said
    return path


def test_a_trace_has_what_was_done_and_what_came_out(recorded):
    found = trace.read(recorded)
    assert {"power", "keys", "tap", "screen"} <= {step["do"] for step in found.steps()}
    assert [record["mti"] for record in found.all("host")] == ["0800", "0810", "0200", "0210"]
    assert "GET PROCESSING OPTIONS" in [said["kind"] for said in found.all("card")]
    assert any("InListPassiveTarget" in said.get("words", "") for said in found.all("reader"))
    assert any("Approved" in lines for lines in found.all("screen"))
    assert any("MERCHANT COPY" in line for line in found.end["paper"])
    times = [entry["at"] for entry in found.entries]
    assert times == sorted(times)


def test_the_same_is_exit_code_0(recorded):
    code, said = taptill("replay", recorded)
    assert code == 0, said
    assert "the same" in said


@pytest.mark.parametrize(
    "kind, was, sentence",
    [
        ("host", "000000128000", "host, line 3: recorded"),
        ("paper", "MERCHANT COPY", "paper, line"),
        ("journal", "approved", "journal, line 1: recorded"),
    ],
)
def test_the_first_difference_is_a_sentence(recorded, tmp_path, kind, was, sentence):
    """Of the trace alone; that a replay tells of it is shown below."""
    one, other = trace.read(recorded), trace.read(recorded)
    rows = other.all("host")[2]["fields"] if kind == "host" else other.end
    key = "4" if kind == "host" else kind
    rows[key] = json.loads(json.dumps(rows[key]).replace(was, "x"))
    assert run.compare.difference(one, one) is None
    assert sentence in run.compare.difference(one, other)


@pytest.fixture(scope="module")
def failure(tmp_path_factory):
    """A failed story: its bundle, what was said, and what must not be in it."""
    folder = tmp_path_factory.mktemp("failed")
    story = scenario.made(yaml.safe_load(FAILING), STORIES / "wrong.yaml")
    secrets = []
    with scenario.staged(story) as (stage, recorder):
        with pytest.raises(scenario.StepFailed) as failed:
            scenario.follow(story.steps, stage, recorder)
        secrets += audit.secrets(stage)
        error = scenario.failed(story, stage, recorder, folder / "wrong", failed.value)
    return folder / "wrong", str(error), secrets


def test_a_failed_run_leaves_a_bundle(failure):
    folder, said, _ = failure
    there = {path.name for path in folder.iterdir()}
    assert there == {
        *("trace.jsonl", "screens", "screens.txt", "paper.png", "paper.txt"),
        *("host.jsonl", "console.txt", "report.txt", "README.txt"),
    }
    assert len(list((folder / "screens").iterdir())) > 3
    readme = (folder / "README.txt").read_text()
    assert f"taptill replay {folder}" in readme or "taptill replay " in readme
    assert trace.read(folder / "trace.jsonl").head["firmware"] in readme
    assert "step 6: no_paper" in said


def test_nothing_secret_is_in_the_bundle(failure):
    folder, _, secrets = failure
    places = [path for path in folder.rglob("*") if path.is_file()]
    found = [
        f"{name} in {path.name}"
        for path in places
        for name, pattern in secrets
        if pattern.search(path.read_bytes())
    ]
    assert found == []
    assert any("PIN of" in name for name, _ in secrets)  # they were looked for


def test_the_bundle_fails_again_in_the_same_way(failure, tmp_path):
    packed = tmp_path / "wrong.zip"
    with zipfile.ZipFile(packed, "w") as file:
        for path in failure[0].rglob("*"):
            file.write(path, Path("wrong") / path.relative_to(failure[0]))
    code, said = taptill("replay", packed)
    assert code == 0, said
    assert "it failed again as it was recorded" in said


def test_a_bundle_that_fails_no_more_is_different(failure, tmp_path):
    lines = (failure[0] / "trace.jsonl").read_text().splitlines()
    last = next(line for line in reversed(lines) if '"do": "no_paper"' in line)
    mended = tmp_path / "mended.jsonl"
    mended.write_text("\n".join(line for line in lines if line != last) + "\n")
    code, said = taptill("replay", mended)
    assert code == 1
    assert "and does so no more" in said
    assert "taptill: different: " in said


@pytest.mark.parametrize(
    "content, sentence",
    [
        ("", "no trace"),
        ("{", "line 1: no JSON"),
        ("[]", "line 1: an object is expected"),
        ('{"trace": 2}', "another version"),
        ('{"trace": 1, "title": "t", "why": "w"}', "folder is missing"),
        (
            '{"trace": 1, "title": "t", "why": "w", "firmware": "", "folder": "tests"}',
            "was the recording broken off?",
        ),
        (
            '{"trace": 1, "title": "t", "why": "w", "firmware": "", "folder": "../.."}\n'
            '{"end": {}}',
            "a directory of this project",
        ),
        (
            '{"trace": 1, "title": "t", "why": "w", "firmware": "", "folder": "tests"}\n'
            '{"at": 1, "do": "explode"}\n{"end": {}}',
            "no step 'explode'",
        ),
        (
            '{"trace": 1, "title": "t", "why": "w", "firmware": "", "folder": "tests"}\n'
            '{"at": 1, "do": "keys", "value": "<digits 16>E"}\n{"end": {}}',
            "no test card's was typed",
        ),
    ],
)
def test_a_file_that_is_no_trace_is_told_in_a_sentence(tmp_path, content, sentence):
    path = tmp_path / "x.jsonl"
    path.write_text(content)
    code, said = taptill("replay", path)
    assert code == 1
    assert sentence in said
    assert "Traceback" not in said


def test_a_bundle_without_a_trace_is_told(tmp_path):
    packed = tmp_path / "x.zip"
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("readme", "")
    assert taptill("replay", packed)[0] == 1
    assert taptill("replay", tmp_path)[0] == 1
    assert taptill("replay", tmp_path / "nothing")[0] == 1


def test_a_trace_is_played_on_the_board_it_was_recorded_on(tmp_path):
    steps = [{"power": "on"}, {"screen": "Operator"}]
    told = {"title": "t", "why": "w", "board": "virtual_small", "steps": steps, "expect": {}}
    path = tmp_path / "small.jsonl"
    scenario.play(scenario.made(told, STORIES / "small.yaml"), tmp_path, trace=path)
    assert run.story_of(trace.read(path)).board == "virtual_small"
