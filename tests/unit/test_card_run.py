"""``taptill card``: the firmware's kernels on MicroPython against every card file and script.

A transcript that has to change: in tests/vectors/emv/transcripts, with NAME or ../NAME.yaml,
taptill card run NAME --config config.yaml > NAME.txt
"""

import json
import re
from pathlib import Path

import pytest
import yaml
from pn532_bench import CMD, LIST_ONE_A, RSP, Bench
from typer.testing import CliRunner

from host_tools import cli
from host_tools.emv import clauses, play, setting
from host_tools.emv.config import ConfigError
from host_tools.emv.kernels import KernelError, Kernels
from host_tools.emv.transcript import Transcript
from host_tools.vboard.cards.loader import CARDS, card_names, load_card
from host_tools.vboard.cards.notation import encoded
from host_tools.vboard.cards.script import Script, ScriptCard, load_parts

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "emv"
CONFIG = VECTORS / "config.yaml"
FIXED = VECTORS / "transcripts" / "config.yaml"  # the terminal's own, but date, time and number
FILES = [path for path in sorted(VECTORS.glob("*.yaml")) if path.stem != "parts"]
SCRIPTS = [path for path in FILES if "exchanges:" in path.read_text()]
PLAYS = {each.name: each for path in SCRIPTS for each in play.load(str(path))}
PLAYS |= {each.name: each for name in card_names() for each in play.load(name, FIXED)}


@pytest.fixture(scope="module")
def kernels():
    """One MicroPython for all transactions of this file."""
    with Kernels() as process:
        yield process


@pytest.fixture
def taptill():
    """Run ``taptill card`` in this process; returns its result."""

    def run(*arguments):
        return CliRunner().invoke(cli.app, ["card", *map(str, arguments)])

    return run


def made(**more):
    """The setting of the scripts here, with other entries."""
    return setting.make({**yaml.safe_load(CONFIG.read_text()), **more}, "test")


def scripted(*exchanges, **more):
    pairs = tuple((bytes.fromhex(c), bytes.fromhex(r)) for c, r in exchanges)
    return ScriptCard(Script("test", pairs, **more))


def secrets_of(transcript):
    """Card numbers and tracks that the card has told, in hex."""
    shown = [event["rapdu"] for event in transcript.events if "rapdu" in event]
    nodes = [node for s in shown for top in s.nodes for node in top.walk()]
    found = {node.value.hex().upper() for node in nodes if node.tag in (0x57, 0x5A)}
    found |= {transcript.outcome["tags"].get(tag, "") for tag in ("57", "5A")}
    numbers = {re.match(r"\d*", text)[0] for text in found}
    return {text for text in found | numbers if len(text) > 10}


@pytest.mark.parametrize("name", PLAYS)
def test_every_card_and_script(kernels, name):
    each = PLAYS[name]
    transcript = each.run(kernels)
    assert transcript.difference is None
    assert transcript.outcome["kind"] in clauses.KINDS
    text = "\n".join(transcript.lines()) + json.dumps(transcript.tree())
    for secret in secrets_of(transcript):
        assert secret not in text
    for event in transcript.events:
        assert event.get("clause") != "", event["kind"]
    kernel, step = transcript.outcome["kernel"], transcript.outcome["step"]
    assert (kernel, step) in clauses.STEPS


def test_the_secrets_that_are_looked_for_are_there(kernels):
    # read anew: a card has counted, a script has been played
    each = play.load("unionpay_debit", FIXED)[0]
    application = each.card.applications[0]
    transcript = each.run(kernels, clear=True)
    found = secrets_of(transcript)
    assert application.pan in found and application.track2().hex().upper() in found
    text = "\n".join(transcript.lines())
    for secret in found:
        assert secret in text and secret in json.dumps(transcript.tree())


@pytest.mark.parametrize("name", ["unionpay_debit", "recorded"])
def test_a_transcript(kernels, name):
    """The whole text; the head of this file says how to make it anew."""
    file = name if (CARDS / f"{name}.yaml").is_file() else str(VECTORS / f"{name}.yaml")
    transcript = play.load(file, FIXED)[0].run(kernels)
    want = (VECTORS / "transcripts" / f"{name}.txt").read_text()
    assert transcript.lines() == want.rstrip().splitlines()


def test_the_words_for_numbers_are_those_of_the_firmware():
    from pos.emv import outcome

    for number, name in enumerate(clauses.KINDS):
        assert not name or getattr(outcome, name) == number
    for number, name in enumerate(clauses.CVMS):
        assert getattr(outcome, name) == number
    assert [outcome.NO_ODA, outcome.SDA, outcome.FDDA, outcome.CDA] == [0, 1, 2, 3]
    statuses = ("NOT_READY", "READY_TO_READ", "CARD_READ", "PROCESSING_ERROR")
    assert [getattr(outcome, name) for name in statuses] == [*range(len(clauses.STATUSES))]
    steps = {value for name, value in vars(outcome).items() if name.startswith("STEP_")}
    for kernel in (2, 3, 7):
        assert steps - {8} <= {step for k, step in clauses.STEPS if k == kernel}
    messages = {value for name, value in vars(outcome).items() if name.startswith("MSG_")}
    assert messages <= set(clauses.MESSAGES)


def test_the_data_for_the_host_are_those_of_the_firmware():
    from pos.acquirer import card_data

    assert "".join(clauses.ONLINE_DATA) == card_data._REQUEST_TAGS.hex().upper()


# -- what a script wants otherwise ----------------------------------------------

PPSE = "00A404000E325041592E5359532E444446303100"


@pytest.mark.parametrize(
    "more, sentence",
    [
        ({"outcome": {"kind": "ONLINE"}}, "outcome: kind is END instead of ONLINE"),
        ({"outcome": {"message": 0x1B}}, "outcome: message is 28 instead of 27"),
        ({"outcome": {"why": ""}}, "outcome: why is PPSE 6A82 instead of empty"),
        ({"outcome": {"asked": ["UI 17 2 0"]}}, "outcome: asked is [] instead of ['UI 17 2 0']"),
        ({"outcome": {"colour": "red"}}, "outcome: colour: not known here"),
        ({"tags": {"5A": "6212345678901232"}}, "tag 5A is absent instead of 621234******1232"),
        ({"tags": {"DF7F": None, "57": "62"}}, "tag 57 is absent instead of 62"),
    ],
)
def test_an_outcome_that_is_not_wanted(kernels, more, sentence):
    each = play.Play("test", scripted((PPSE, "6A82"), **more), made())
    assert each.run(kernels).difference == sentence


def test_a_command_that_is_not_wanted_and_one_that_does_not_come(kernels):
    other = play.Play("test", scripted(("00B2010C00", "9000")), made()).run(kernels)
    assert other.difference == (
        "exchange 1: SELECT PPSE instead of READ RECORD, byte 1 is A4 instead of B2"
    )
    assert other.outcome["why"] == "PPSE 6F00"
    card = scripted((PPSE, "6A82"), ("00B2010C00", "9000"))
    left = play.Play("test", card, made()).run(kernels)
    sentence = "1 of the script's exchanges left over, the first is READ RECORD"
    assert (left.difference, left.lines()[-1]) == (sentence, f"DIFFERENT: {sentence}")


@pytest.mark.parametrize("other", ["9F10[$pan]", "50[$text]", "9F12[$text] 9F10[0000$pan]"])
def test_a_card_number_is_hidden_wherever_the_card_says_it(kernels, other):
    number = "6212345678901232"
    parts = {**load_parts(VECTORS), "pan": number, "text": number.encode().hex().upper()}
    answer = encoded(f"77[$aip $atc $ac $arqc 5A[$pan] 5F24[301231] {other}] 9000", parts)
    names = ("select_ppse", "ppse", "select", "fci", "gpo")
    pieces = [encoded(f"${name}", parts) for name in names] + [answer]
    card = scripted(*zip(pieces[::2], pieces[1::2], strict=True))
    transcript = play.Play("test", card, made()).run(kernels)
    assert transcript.difference is None
    text = "\n".join(transcript.lines()) + json.dumps(transcript.tree())
    assert "621234******1232" in text
    assert number not in text and number.encode().hex() not in text.lower()


def test_a_malformed_answer_is_shown_without_the_card_number(kernels):
    transcript = Transcript("test", made())
    answer = "6F7F 5A08 6212345678901232 9000"
    transcript.play(kernels, scripted((PPSE, answer)))
    text = "\n".join(transcript.lines())
    assert "malformed: 6F at byte 1: length 127 over 10" in text
    assert "345678" not in text and transcript.outcome["kind"] == "END"


def test_an_answer_in_pieces_is_read_as_a_whole(kernels):
    card = scripted((PPSE, "6F05A5 6104"), ("00C0000004", "03880101 9000"))
    transcript = play.Play("test", card, made()).run(kernels)
    assert transcript.difference is None
    first, second = (event["rapdu"] for event in transcript.events)
    assert (first.hex, first.nodes) == ("6F05A56104", []) and "4 more" in first.facts[0][1]
    assert second.hex == "6F05A5038801019000" and second.nodes[0].tag == 0x6F


@pytest.mark.parametrize(
    "name, kind, oda, why",
    [
        ("unionpay_offline", "APPROVED", "fDDA", ""),
        ("unionpay_forged", "DECLINED", "none", "9F46"),
        ("visa_offline", "APPROVED", "fDDA", ""),
        ("mastercard_cda", "APPROVED", "CDA", ""),
    ],
)
def test_a_higher_floor_limit_lets_a_card_pay_offline(kernels, tmp_path, name, kind, oda, why):
    config = tmp_path / "floor.yaml"
    config.write_text(FIXED.read_text() + 'limits: { floor: "100.00" }\n')
    transcript = play.load(name, config)[0].run(kernels)
    assert transcript.outcome["kind"] == kind
    assert clauses.ODA[transcript.outcome["oda"]] == oda
    assert transcript.outcome["why"].startswith(why)
    requests = [e["words"] for e in transcript.events if e["kind"] == "CA key request"]
    assert len(requests) == 1 and requests[0].endswith("there is one")


def test_a_card_can_be_held_to_the_reader():
    card = load_card(VECTORS / "recorded.yaml")
    bench = Bench().started()
    bench.chip.tap(card)
    listed = bench.send(LIST_ONE_A)
    assert RSP("4B01 01 0004 20 04 08A1B2C3 0578807002") in listed
    answer = bench.send(CMD(bytes.fromhex("4001" + PPSE)))
    assert b"2PAY.SYS.DDF01" in answer and card.left_over == 3


# -- the process ------------------------------------------------------------------


def test_one_process_serves_after_a_failure(kernels):
    class Broken:
        def answer(self, capdu):
            return "NoSuchLoss"

    with pytest.raises(KernelError, match=r"AttributeError at .*kernels\.py line \d+"):
        kernels.run(made(), Broken(), lambda step: None)
    assert PLAYS["selection: no directory"].run(kernels).outcome["kind"] == "END"


def test_a_kernel_without_end_is_ended(tmp_path):
    program = tmp_path / "micropython"
    program.write_text("#!/bin/sh\nexec cat > /dev/null\n")
    program.chmod(0o755)
    with Kernels(program, tmp_path, deadline_s=0.05) as process:
        with pytest.raises(KernelError, match=r"no end in 0\.05 seconds"):
            process.run(made(), scripted(), lambda step: None)


@pytest.mark.parametrize("script", ["echo no memory; exit 1", "exit 0", "echo '[1]'; cat"])
def test_a_micropython_that_does_not_run_is_told(tmp_path, script):
    program = tmp_path / "micropython"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    with Kernels(program, tmp_path) as process:
        with pytest.raises(KernelError, match="MicroPython has ended"):
            process.run(made(), scripted(), lambda step: None)


# -- configurations ----------------------------------------------------------------


def test_a_setting_has_what_the_configuration_says():
    one = made(amount="1280.00", other=5, type="09", kernel=3, ttq="33004000", un="01020304")
    assert [aid["9F2A"] for aid in one.aids] == [b"\x03"]
    assert one.aids[0]["9F66"].hex() == "33004000"
    assert one.txn["amount"] == 128000 and one.txn["other"] == 5 and one.txn["type"] == 9
    assert one.txn["un"] == b"\x01\x02\x03\x04" and one.txn["date"] == "261123"
    assert one.terminal["9F33"].hex() == "e0e1c8" and one.ca_keys == {}
    two = made(kernel=2, limits={"cvm": "10.00", "contactless": 7})
    assert two.aids[0]["DF21"] == two.aids[0]["DF8126"] == bytes.fromhex("000000001000")
    assert two.aids[0]["DF20"] == two.aids[0]["DF8125"] == bytes.fromhex("000000000007")


def test_without_a_configuration_the_terminals_own_serves():
    one, two = setting.make({}), setting.make({})
    assert {aid["9F2A"][0] for aid in one.aids} == {2, 3, 7}
    assert {rid for rid, _ in one.ca_keys} >= {b"\xa0\x00\x00\x03\x33"}
    assert one.txn["amount"] == 1280 and len(one.txn["un"]) == 4
    assert one.txn["un"] != two.txn["un"]
    assert one.terminal["9F1A"] == b"\x01\x56"
    assert one.kernel_of(bytes.fromhex("A000000333010101")) == 7
    assert one.kernel_of(b"other") is None


@pytest.mark.parametrize(
    "more, words",
    [
        ({"amount": 12.8}, "test: amount is wrong"),
        ({"amount": "12.8"}, "test: amount is wrong"),
        ({"amount": -1}, "test: amount is wrong"),
        ({"limits": {"roof": 1}}, "limits is wrong: it has floor, contactless, cvm"),
        ({"limits": {"cvm": "1"}}, "limits: cvm is wrong"),
        ({"ttq": "2600"}, "ttq is wrong"),
        ({"kernel": "seven"}, "kernel is wrong"),
        ({"record": "9F06"}, "record is wrong: 9F06"),
        ({"record": "9F2A[07]"}, "record is wrong: it has 9F06"),
        ({"record": "$nosuch"}, "record is wrong: there is no piece"),
        ({"stan": "1"}, "stan is wrong"),
        ({"colour": "red"}, "colour: not known here"),
        ({"date": "261301"}, "date is wrong"),
    ],
)
def test_a_wrong_configuration_is_told_in_a_sentence(more, words):
    with pytest.raises(ConfigError, match=r"^test") as caught:
        made(**more)
    assert words in str(caught.value)


# -- the command --------------------------------------------------------------------


def test_the_list_has_every_card(taptill):
    result = taptill("list")
    assert result.exit_code == 0
    rows = dict(line.split(maxsplit=1) for line in result.output.splitlines())
    assert list(rows) == card_names()
    assert rows["unionpay_debit"].startswith("UnionPay debit card; every payment goes online")
    assert all(text.endswith(".") and "TEST CARD" not in text for text in rows.values())


def test_a_card_is_run_and_shown(taptill):
    result = taptill("run", "unionpay_debit", "--config", CONFIG, "--amount", "1000.00")
    assert result.exit_code == 0
    assert "amount 1000.00, type 00, date 261123, time 091502" in result.output
    assert "kind: ONLINE" in result.output and "CVM: ONLINE_PIN" in result.output


def test_a_wrong_amount_is_wrong_usage(taptill):
    assert taptill("run", "unionpay_debit", "--amount", "12").exit_code == 2


def test_json_can_be_read(taptill):
    one = json.loads(taptill("run", VECTORS / "recorded.yaml", "--json").output)
    assert one["passed"] and one["outcome"]["kind"] == "ONLINE"
    assert [event["kind"] for event in one["events"]][:3] == [
        "SELECT PPSE",
        "SELECT AID",
        "GET PROCESSING OPTIONS",
    ]
    many = json.loads(taptill("run", VECTORS / "cvm.yaml", "--json").output)
    assert len(many) > 5 and all(entry["passed"] for entry in many)


def test_a_script_that_does_not_fit_is_1(taptill, tmp_path):
    text = (VECTORS / "recorded.yaml").read_text()
    (tmp_path / "parts.yaml").write_text((VECTORS / "parts.yaml").read_text())
    path = tmp_path / "other.yaml"
    path.write_text(text.replace("cvm: CDCVM", "cvm: SIGNATURE"))
    result = taptill("run", path)
    assert result.exit_code == 1
    assert result.stderr == (
        "taptill: other: a phone in Hong Kong whose owner is verified on it: "
        "outcome: cvm is CDCVM instead of SIGNATURE\n"
    )
    assert "kind: ONLINE" in result.stdout


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("nosuch",), "no card nosuch; there are "),
        ((VECTORS / "limits.yaml",), "a script is a mapping with a name"),
        (("unionpay_debit", "--config", "/nosuch.yaml"), "/nosuch.yaml: No such file"),
    ],
)
def test_what_cannot_be_run_is_told_in_a_sentence(taptill, arguments, words):
    result = taptill("run", *arguments)
    assert result.exit_code == 1 and result.stdout == ""
    assert result.stderr.startswith("taptill: ") and result.stderr.count("\n") == 1
    assert words in result.stderr
