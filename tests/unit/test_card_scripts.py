"""Cards that are scripts: the notation, the files, and what a script says of a wrong command."""

import pytest
from card_bench import PPSE

from host_tools.vboard.cards.fields import CardFileError
from host_tools.vboard.cards.loader import load_card
from host_tools.vboard.cards.notation import NotationError, encoded
from host_tools.vboard.cards.script import ScriptCard, load_scripts

SELECT = "00A4040007A000000333010100"
ONE = """\
# TEST DATA. A card that does not get far.
name: a short one
card: {type: A, uid: "01020304", atqa: "0004", sak: "20", ats: "0578807002"}
config: {amount: "12.80"}
exchanges:
  # the directory
  - ["00A404000E 325041592E5359532E4444463031 00", "6F[84[$ppse]] 9000"]
  - - "00A4040007 A0000003330101 00"
    - "6A82" # not there
  - ["80A80000028300 00", CardLost] # and gone
outcome: {kind: TRY_AGAIN}
tags: {"95": "00 0000 0000"}
"""


@pytest.fixture
def script(tmp_path):
    """Write the script, some text of it replaced; returns its path."""
    (tmp_path / "parts.yaml").write_text('ppse: "$name $name"\nname: "3250"\n')

    def write(old="", new=""):
        assert old in ONE
        path = tmp_path / "short.yaml"
        path.write_text(ONE.replace(old, new))
        return path

    return write


@pytest.mark.parametrize(
    "text, want",
    [
        ("", ""),
        ("90 00", "9000"),
        ("6F[84[A0] A5[50[]]]", "6F078401A0A5025000"),
        ("70[" + "AB" * 127 + "]", "707F" + "AB" * 127),
        ("70[" + "AB" * 128 + "]", "708180" + "AB" * 128),
        ("70[" + "AB" * 256 + "]", "70820100" + "AB" * 256),
        ("57[$pan]$sw", "5702621290 00".replace(" ", "")),
    ],
)
def test_the_notation(text, want):
    assert encoded(text, {"pan": "62 $rest", "rest": "12", "sw": "9000"}) == want


@pytest.mark.parametrize(
    "text", ["9", "9f26", "6F[84[", "6F]", "6F[xy]", "$nosuch", "$", "$loop", "C-lost"]
)
def test_what_is_not_in_the_notation(text):
    with pytest.raises(NotationError):
        encoded(text, {"loop": "90 $loop"})


def test_a_script_is_a_card(script):
    card = load_card(script())
    assert isinstance(card, ScriptCard)
    assert (card.name, card.technology, card.uid, card.sak) == (
        "a short one",
        "A",
        b"\x01\x02\x03\x04",
        0x20,
    )
    assert (card.atqa, card.ats[0], card.atqb) == (b"\x00\x04", 5, b"")
    assert card.script.config == {"amount": "12.80"}
    assert card.script.tags == {"95": "0000000000"}
    assert card.think_ms(bytes.fromhex(PPSE)) == 5.0
    assert card.left_over == 3
    assert card.exchange(bytes.fromhex(PPSE)) == bytes.fromhex("6F068404325032509000")
    card.power_off()
    assert card.exchange(bytes.fromhex(SELECT)) == b"\x6a\x82"
    assert card.exchange(bytes.fromhex("80A8000002830000")) is None
    assert (card.left_over, card.difference) == (0, None)
    assert card.log == ["SELECT PPSE 9000", "SELECT AID 6a82", "GPO CardLost"]


@pytest.mark.parametrize(
    "capdu, words",
    [
        (SELECT, "exchange 1: SELECT AID instead of SELECT PPSE, byte 4 is 07 instead of 0E"),
        (PPSE[:-4] + "3200", "exchange 1: SELECT PPSE, byte 18 is 32 instead of 31"),
        (PPSE[:-2], "exchange 1: SELECT PPSE, 19 bytes instead of 20"),
    ],
)
def test_a_command_that_is_not_the_one_in_the_script(script, capdu, words):
    card = load_card(script())
    assert card.exchange(bytes.fromhex(capdu)) == b"\x6f\x00"
    assert card.exchange(bytes.fromhex("00B2010C00")) == b"\x6f\x00"
    assert card.difference == words  # the first
    assert card.left_over == 3
    assert card.exchange(bytes.fromhex(PPSE))[-2:] == b"\x90\x00"


def test_a_command_after_the_end(script):
    card = load_card(script())
    for capdu in (PPSE, SELECT, "80A8000002830000"):
        card.exchange(bytes.fromhex(capdu))
    assert card.exchange(bytes.fromhex("00B2010C00")) == b"\x6f\x00"
    assert card.difference == "READ RECORD is not in the script, which has ended"


@pytest.mark.parametrize(
    "old, new, words",
    [
        ("  # the directory\n", "", "the exchange in line 6 has no comment"),
        (" # not there", "", "the exchange in line 8 has no comment"),
        (" # and gone", " #", "the exchange in line 10 has no comment"),
        ('"6A82"', '"6A8"', "exchange 2, answer: no hex"),
        ('"6A82"', "0x6A82", "exchange 2, answer: text in quotes"),
        ("$ppse", "$pppse", "there is no piece $pppse"),
        ('- "6A82"', '- "6A82"\n    - "9000"', "exchange 2: a command and an answer"),
        ("CardLost", "CardGone", "exchange 3, answer"),
        ("config:", "setting:", "setting: not known here"),
        ("name: a short one\n", "", "a mapping with a name"),
        ("type: A", "kind: A", "type is missing"),
        ("kind: TRY_AGAIN}", "kind: [TRY_AGAIN}", "no YAML"),
    ],
)
def test_a_wrong_script_is_told_in_a_sentence(script, old, new, words):
    with pytest.raises(CardFileError, match=r"^short\.yaml") as caught:
        load_card(script(old, new))
    assert words in str(caught.value)


def test_many_scripts_in_a_file_need_no_comments_but_are_no_card(tmp_path):
    path = tmp_path / "many.yaml"
    one = "- {name: NAME, amount: 5, exchanges: [['00B2010C00', '9000']]}\n"
    path.write_text(one.replace("NAME", "a") + one.replace("NAME", "b"))
    scripts = load_scripts(path)
    assert [s.name for s in scripts] == ["a", "b"]
    assert scripts[0].config == {"amount": 5}
    with pytest.raises(CardFileError, match="2 scripts"):
        load_card(path)


def test_a_script_may_go_on_from_a_beginning(tmp_path):
    (tmp_path / "parts.yaml").write_text(
        "record: 9F06[A0]\n"
        "start: {kernel: 2, record: $record, exchanges: [['00B2010C00', '9000']]}\n"
    )
    path = tmp_path / "many.yaml"
    path.write_text(
        "- {name: a, after: start, exchanges: [['00B2020C00', '6A83']]}\n"
        "- {name: b, after: start, kernel: 3, exchanges: []}\n"
    )
    a, b = load_scripts(path)
    assert [answer.hex() for _, answer in a.exchanges] == ["9000", "6a83"]
    assert a.config == {"kernel": 2, "record": "$record"} and a.parts == {"record": "9F06[A0]"}
    assert len(b.exchanges) == 1 and b.config["kernel"] == 3
    for wrong in ("record", "nosuch"):
        path.write_text(f"- {{name: a, after: {wrong}, exchanges: []}}\n")
        with pytest.raises(CardFileError, match="after is wrong"):
            load_scripts(path)
