"""A scenario file that is wrong is told in a sentence that names the file and the step."""

import re

import pytest
from pos import words
from pos.protocol import unionpay

from host_tools.build.image import ROOT
from host_tools.device import scenario
from host_tools.device.scenario import SCENARIOS
from host_tools.vboard.cards.loader import card_names

# F39, section 9 of the reference
CODES = (
    "00 01 03 04 05 10 11 12 13 14 15 21 22 25 30 34 38 40 41 43 51 54 55 57 58 59 61 62 64 65 68 "
    "75 90 91 92 94 96 97 98 99 A0 A1 A2 A3 A4 A5 A6 A7"
)
HEAD = "title: t\nwhy: w\n"
END = "expect: {}\n"


def told(tmp_path, text):
    path = tmp_path / "story.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(scenario.ScenarioError) as error:
        scenario.load(path)
    return str(error.value)


def step(tmp_path, line):
    return told(tmp_path, f"{HEAD}steps:\n  - power: on\n  - {line}\n{END}")


@pytest.mark.parametrize(
    "line, why",
    [
        ("screan: Sale", "no step 'screan'"),
        ("keys: 1280", "keys in quotes"),
        ('keys: "12X"', "no key X"),
        ("screen: []", "a text or a list of texts"),
        ("screen: 12", "a text or a list of texts"),
        ("tap: platinum", "no card platinum"),
        ("remove: 5", "the name of a card"),
        ("card_left: 5", "takes no value"),
        ("nfc: explode", "cannot misbehave as 'explode'"),
        ("nfc: status kode=1", "does not take kode"),
        ("printer: jam", "cannot be 'jam'"),
        ("keypad: stuck x", "no key 'x'"),
        ("host: explode", "explode"),
        ("host: delay soon", "cannot use 'soon'"),
        ("wifi: faint", "cannot 'faint'"),
        ("power: maybe", "one of on, cut"),
        ("field: maybe", "one of on, off"),
        ("pass: soon", "a number of seconds"),
        ("request: 200", "a message type in quotes"),
        ("use: nothing", "no part 'nothing'"),
        ("keys", "one 'name: value'"),
        ("use: {part: nothing}", "no part 'nothing'"),
    ],
)
def test_a_wrong_step_is_told(tmp_path, line, why):
    text = step(tmp_path, line)
    assert text.startswith("story.yaml: step 2: ")
    assert why in text
    assert "\n" not in text


@pytest.mark.parametrize(
    "text, why",
    [
        ("a: [", "no YAML"),
        ("- 1", "a mapping is expected"),
        ("title: t\nsteps: []\nexpect: {}\n", "why is missing"),
        (f"{HEAD}steps: []\n{END}", "at least one step"),
        (f"{HEAD}steps:\n  - power: on\n", "expect: it is missing"),
        (f"{HEAD}extra: 1\nsteps:\n  - power: on\n{END}", "extra: not known here"),
        (f"{HEAD}terminal: 5\nsteps:\n  - power: on\n{END}", "the word blank"),
        (f"{HEAD}steps:\n  - power: on\nexpect: {{money: 1}}\n", "money: not known here"),
        (f"{HEAD}steps:\n  - power: on\nexpect: {{ledger: [1]}}\n", "a list of texts"),
        (f"{HEAD}steps:\n  - power: on\nexpect: {{paper: {{A: b}}}}\n", "how often"),
    ],
)
def test_a_wrong_file_is_told(tmp_path, text, why):
    sentence = told(tmp_path, text)
    assert sentence.startswith("story.yaml: ")
    assert why in sentence


def test_a_wrong_step_of_a_part_is_told_with_its_place(tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "begin.yaml").write_text("steps:\n  - power: on\n  - keys: 5\n")
    sentence = step(tmp_path, "use: begin")
    assert sentence.startswith("begin.yaml: step 2, begin 2: keys: ")


@pytest.mark.parametrize(
    "use, why",
    [
        ("tapped", "the part needs card"),
        ("{part: tapped, card: visa_online, cash: a}", "tapped does not take cash"),
        ("{part: tapped, card: 5}", "a word is a text"),
        ("{part: tapped, card: platinum}", "no card platinum"),
    ],
)
def test_blanks_of_a_part_are_filled_or_told(tmp_path, use, why):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "tapped.yaml").write_text(
        'steps:\n  - tap: "<card>"\n  - screen: [a, "<card>"]\n'
    )
    assert why in step(tmp_path, f"use: {use}")
    path = tmp_path / "good.yaml"
    path.write_text(f"{HEAD}steps:\n  - use: {{part: tapped, card: visa_online}}\n{END}")
    assert [step.value for step in scenario.load(path).steps] == [
        "visa_online",
        ["a", "visa_online"],
    ]


def test_parts_that_use_each_other_are_told(tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "again.yaml").write_text("steps:\n  - use: again\n")
    assert "parts that use each other" in step(tmp_path, "use: again")


def test_an_expectation_that_is_not_met_is_told(tmp_path):
    path = tmp_path / "story.yaml"
    path.write_text(
        f"{HEAD}steps:\n  - power: on\n  - screen: Operator\n"
        "expect:\n  ledger: [approved 1.00 00]\n  paper: {COPY: 1}\n"
    )
    with pytest.raises(scenario.ScenarioFailed) as failed:
        scenario.play(scenario.load(path), tmp_path / "bundle")
    text = str(failed.value)
    assert "ledger: expected ['approved 1.00 00'], found []" in text
    assert "'COPY' should be 1 times on the paper, not 0" in text
    assert "Type your two-digit number." in text  # the screen
    names = {path.name for path in (tmp_path / "bundle").iterdir()}
    assert names == {
        *("trace.jsonl", "screens", "screens.txt", "paper.png", "paper.txt"),
        *("console.txt", "host.jsonl", "report.txt", "README.txt"),
    }


def test_every_step_is_described():
    text = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
    steps = text.split("## Steps")[1].split("\n## ")[0]
    first_column = [line.split(" | ")[0] for line in steps.splitlines() if line.startswith("| `")]
    described = set(re.findall(r"`(\w+):", "".join(first_column)))
    assert described == {*scenario.ACTIONS, "use"}


def _steps(path, name):
    return [step for step in scenario.load(path).steps if step.name == name]


def test_every_card_is_held_to_a_reader():
    tapped = set()
    for path in SCENARIOS.glob("*.yaml"):
        tapped |= {
            c
            for s in _steps(path, "tap")
            for c in (s.value if type(s.value) is list else [s.value])
        }
    own = {path.stem for path in (SCENARIOS / "cards").glob("*.yaml")}
    assert tapped == own | set(card_names())


def test_no_two_stories_have_the_same_title():
    titles = [scenario.load(path).title for path in SCENARIOS.glob("*.yaml")]
    assert len(set(titles)) == len(titles)


def test_every_response_code_is_told_in_a_story():
    """The firmware's table has the codes of the reference; some sale of a story ends with each.

    A refusal shows its sentence and code, an approval its sentence, and goods may go.
    """
    assert sorted(re.findall("#(..)", unionpay.RESPONSES)) == sorted(CODES.split())
    stories = [scenario.load(path) for path in SCENARIOS.glob("*.yaml")]
    told, played = set(), set()
    for story in stories:
        played |= {line[5:7] for line in story.expect.messages if line.startswith("0200 ")}
        for one in story.steps:
            if one.name == "screen":
                told.update(one.value if isinstance(one.value, list) else [one.value])
    plain = {"00": "Approved", "10": "Approved in part"}  # more would be too much
    for code in CODES.split():
        sentence = words.say("rc_" + unionpay.response(code)[1])
        assert sentence and sentence != words.say("rc_other")
        shown = sentence if unionpay.approved(code) else f"{sentence} ({code})"
        assert plain.get(code, shown) in told, f"no story shows what {code} means"
        assert code in played, f"no sale of a story is answered {code}"
