"""``taptill decode``: names, words, what is hidden, and one sentence for what is malformed."""

import json
import random

import pytest
from typer.testing import CliRunner

from host_tools import cli
from host_tools.emv import bits, commands, decode, tags, values

PAN, TRACK = "6212345678901232", "6212345678901232D30122200000123F"
RECORD = f"701F 5A08{PAN} 5710{TRACK} 9F3600"


@pytest.fixture
def taptill():
    """Run ``taptill decode`` in this process; returns its result."""

    def run(*arguments, **more):
        return CliRunner().invoke(cli.app, ["decode", *map(str, arguments)], **more)

    return run


def words(tag, value, kernel=None):
    return values.words(tag, bytes.fromhex(value), kernel)


def test_templates_are_opened(taptill):
    result = taptill("tlv", "6F1A 840E325041592E5359532E4444463031 A508 880101 5F2D027A68")
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "6F File Control Information (FCI) Template",
        "  84 Dedicated File (DF) Name: 325041592E5359532E4444463031",
        "  A5 FCI Proprietary Template",
        "    88 Short File Identifier (SFI): 01",
        '    5F2D Language Preference: 7A68, "zh"',
    ]


def test_a_list_within_is_read(taptill):
    lines = taptill("tlv", "9F3806 9F6604 9F0206 8C01 9F DF7F00").output.splitlines()
    assert lines == [
        "9F38 Processing Options Data Object List (PDOL): 9F66049F0206",
        "  9F66 Terminal Transaction Qualifiers (TTQ), 4 bytes",
        "  9F02 Amount, Authorised (Numeric), 6 bytes",
        "8C Card Risk Management Data Object List 1 (CDOL1): 9F",
        "  no list of tags and lengths: tag at 0: cut off",
        "DF7F not known: empty",
    ]


def test_card_numbers_are_hidden(taptill):
    shown = taptill("tlv", RECORD)
    assert shown.output.count("621234******1232") == 2
    as_json = taptill("tlv", RECORD, "--json")
    answer = taptill("apdu", RECORD + "9000", "--json")
    for result in (shown, as_json, answer):
        assert result.exit_code == 0
        assert PAN not in result.output
        assert "D3012" not in result.output and "345678" not in result.output
    assert "621234******1232D***************" in answer.output
    for what in ("tlv", "apdu"):
        sw = "9000" if what == "apdu" else ""
        assert taptill(what, RECORD + sw, "--clear").output.count(PAN) == 2


@pytest.mark.parametrize(
    "tag, value, want",
    [
        (0x5A, "6212345678901232", "621234******1232"),
        (0x5A, "62123456789012345F", "621234*******2345F"),
        (0x5A, "621234", "*****4"),
        (0x57, TRACK, "621234******1232D***************"),
        (0x57, "6212345678901232", "62**************"),  # no separator
        (0x56, "42363231323334", "42************"),
        (0x9F20, "1234", "****"),
        (0x9F46, "0102030405", "01020304**"),
        (0xDF7F, "AA621234567890", "AA621234**7890"),
        (0x9F36, "0012", "0012"),
    ],
)
def test_what_is_hidden_keeps_its_length(tag, value, want):
    assert values.hex_of(tag, bytes.fromhex(value)) == want
    assert values.hex_of(tag, bytes.fromhex(value), clear=True) == value


def test_a_pin_is_hidden_always(taptill):
    for options in ((), ("--clear", "--json")):
        result = taptill("apdu", "0020008008 24123456FFFFFFFF", *options)
        assert result.exit_code == 0 and "VERIFY" in result.output
        assert "1234" not in result.output


@pytest.mark.parametrize(
    "what, data, sentence",
    [
        ("tlv", "9F0206 0000", "9F02 at byte 2: length 6 over 2"),
        ("tlv", "6F05 8403A0A1A2 9F", "tag at byte 7: cut off"),
        ("tlv", "6F03 84 03 A0", "84 at byte 3: length 3 over 1"),
        ("tlv", "70 84 00", "70 at byte 1: length form 84"),
        ("tlv", "6F0E6F0C6F0A6F086F066F046F026F00", "nested too deep"),
        ("dol", "9F66049F02", "9F02 at byte 5: no length"),
        ("apdu", "00A4040007A0", "Lc at byte 4: 7 bytes of data said, 1 there"),
        ("apdu", "00A4040000A0", "Lc at byte 4: 00, an extended length"),
        ("apdu", "90", "R-APDU at byte 0: 1 byte, no status word"),
        ("apdu", "70059000", "70 at byte 1: length 5 over 0"),
        ("tlv", "9F2", "half a byte, 3 hex digits are odd"),
        ("tlv", "9Fx2", "byte 1: 'x' is no hex digit"),
        ("tlv", " ", "there are no bytes"),
    ],
)
def test_malformed_bytes_are_told_in_a_sentence(taptill, what, data, sentence):
    options = ["--response"] if data == "90" else []
    result = taptill(what, data, *options)
    assert result.exit_code == 1 and result.stdout == ""
    assert result.stderr.startswith("taptill: ") and result.stderr.count("\n") == 1
    assert sentence in result.stderr


def test_standard_input_is_read(taptill):
    result = taptill("tlv", "-", input="9A 03\n261123\n")
    assert result.output == "9A Transaction Date: 261123, 2026-11-23\n"


def test_a_list_is_summed(taptill):
    assert taptill("dol", "9F3704 9505").output.splitlines() == [
        "9F37 Unpredictable Number, 4 bytes",
        "95 Terminal Verification Results (TVR), 5 bytes",
        "9 bytes in all",
    ]
    assert json.loads(taptill("dol", "9505", "--json").output) == [
        {"tag": "95", "name": "Terminal Verification Results (TVR)", "length": 5}
    ]


@pytest.mark.parametrize(
    "data, said",
    [
        ("00B2021400", ["READ RECORD", "record 2 of file 2", "Le: 00, all there is"]),
        ("00A4040007A000000333010100", ["SELECT", "by name, the first", "an AID"]),
        ("80AE900003 010203 00", ["GENERATE AC", "wants ARQC, with CDA", "Data: 010203"]),
        ("80CA9F3600", ["GET DATA", "Application Transaction Counter"]),
        ("6A82", ["SW: 6A82, file or application not found"]),
        ("6C1A", ["wrong Le, 26 is right"]),
        ("6110", ["16 more bytes"]),
        ("63C2", ["2 tries left"]),
        ("6E01", ["not known here"]),
        ("80067C0008010100 9000", ["80 ", "82 ", "94 ", "file 1, record 1, none for offline"]),
        ("800B 80 0012 1122334455667788 9000", ["9F27", "ARQC, wants the host", "9F36", "18"]),
    ],
)
def test_apdus(taptill, data, said):
    result = taptill("apdu", data)
    assert result.exit_code == 0, result.output
    for text in said:
        assert text in result.output


def test_an_answer_that_looks_like_a_command(taptill):
    assert "GET PROCESSING" in taptill("apdu", "80A80000").output
    assert taptill("apdu", "--response", "80A80000").exit_code == 1


@pytest.mark.parametrize(
    "tag, value, want",
    [
        (0x9F02, "000000001280", ["12.80"]),
        (0x9F02, "00000000128A", []),
        (0x5F24, "991231", ["1999-12-31"]),
        (0x9F21, "091502", ["09:15:02"]),
        (0x50, "56495341", ['"VISA"']),
        (0x50, "0102", []),
        (0x9F36, "0012", ["18"]),
        (0x9F27, "40", ["TC, approved offline"]),
        (0x9F27, "09", ["AAC, declined, advice, service not allowed"]),
        (0x9F34, "1E0300", ["signature, if the terminal supports it: unknown"]),
        (0x9F34, "0203", ["not CVM results: 2 bytes"]),
        (0x8E, "00", ["not a CVM list: 1 bytes"]),
        (0x9F35, "22", ["attended, offline with online capability, operated by a merchant"]),
        (0x9F35, "36", ["unattended, offline only, operated by a cardholder"]),
        (0x9F35, "00", []),
        (0x5F2A, "0156", ["CNY"]),
        (0x9F1A, "0156", ["China"]),
        (0x9C, "20", ["refund"]),
        (0x87, "01", ["priority 1"]),
        (0x9F2A, "07", ["kernel 7"]),
        (0x95, "0000000002", ["byte 5, 02: relay resistance performed"]),
        (0x95, "0800000000", ["byte 1, 08: DDA failed"]),
        (0x9B, "E800", [f"byte 1, {m}: {w} was performed" for m, w in (
            ("80", "offline data authentication"), ("40", "cardholder verification"),
            ("20", "card risk management"), ("08", "terminal risk management"))]),
        (0x9F6C, "8000", ["byte 1, 80: online PIN required"]),
        (0x9F6C, "0080", ["byte 2, 80: consumer device CVM performed"]),
        (0x9F07, "0140", ["byte 1, 01: at terminals other than ATMs",
                          "byte 2, 40: international cashback"]),
        (0xDF8119, "08", ["byte 1, 08: no CVM required"]),
        (0x9F33, "000008", ["byte 3, 08: CDA"]),
        (0xDF8F02, "03", ["a zero amount is not allowed", "1.00 checks the card"]),
        (0x94, "10010201", ["file 2, records 1 to 2, 1 for offline data authentication"]),
        (0x94, "1001", ["not a file locator: 2 bytes"]),
    ],
)  # fmt: skip
def test_values_in_words(tag, value, want):
    assert words(tag, value) == want


def test_a_tag_may_mean_something_else_to_a_kernel():
    assert tags.name(0x9F66) == "Terminal Transaction Qualifiers (TTQ)"
    assert tags.name(0x9F66, 2) == "PUNATC (Track 2)"
    assert words(0x9F66, "26004000") and not words(0x9F66, "26004000", 2)
    assert tags.name(0x9F69, 3) == "Card Authentication Related Data"
    assert tags.look_up(0x9F69, 2).format == "dol"
    assert tags.name(0xDF7F) == "not known" and tags.look_up(0xDF7F) is None


def test_the_dictionary_is_sound():
    formats = {"b", "n", "cn", "a", "an", "ans", "dol", "tlv", "tags"}
    for tag, entry in tags.TAGS.items():
        assert entry.tag == tag and entry.name and entry.format in formats
        assert decode.tlv.constructed(tag) == (entry.format == "tlv"), f"{tag:X}"
    assert len({entry.name for entry in tags.TAGS.values()}) == len(tags.TAGS)
    for tag in (*bits.BITS, *values._SPECIAL, *values._AMOUNTS, *values._DATES):
        assert tag in tags.TAGS, f"{tag:X}"
    for table in tags.BY_KERNEL.values():
        assert set(table) <= set(tags.TAGS)


def test_no_bit_is_named_twice():
    for tag, table in bits.BITS.items():
        places = [(byte, mask) for byte, mask, _ in table]
        assert len(set(places)) == len(places), f"{tag:X}"
        assert all(mask & (mask - 1) == 0 for _, mask in places)


def test_what_a_dol_asks_for_is_what_it_gets():
    shown = decode.command(
        bytes.fromhex("80A8000008 8306 9900 8000 0012 00"), [(0x95, 5), (0x9C, 1)]
    )
    assert [node.value.hex() for node in shown.nodes] == ["9900800000", "12"]
    shown = decode.command(bytes.fromhex("80A8000004 8302 9900 00"), [(0x95, 5)])
    assert shown.nodes == [] and "2 bytes, the list asks for 5" in shown.remark


def test_bytes_that_nobody_can_read_show_no_card_number():
    shown = decode.any_answer(bytes.fromhex(f"7040 5A08{PAN} 9000"))
    assert "malformed: 70 at byte 1" in shown.remark
    assert shown.hex == "70405A086212********1232" + "9000"
    assert decode.any_answer(bytes.fromhex("70409000"), clear=True).hex == "70409000"


def test_commands_are_named_whatever_comes():
    for first in range(256):
        for second in range(256):
            parts = commands.parse(bytes([first, second, 0, 0]))
            assert commands.name(parts) and commands.facts(parts)


def test_any_value_of_any_tag_can_be_shown():
    dice = random.Random(7)
    for tag in [*tags.TAGS, 0xDF7F]:
        for size in (0, 1, 2, 3, 4, 5, 6, 8, 9, 12, 21):
            value = dice.randbytes(size)
            for kernel in (None, 2, 3, 7):
                assert all(isinstance(line, str) for line in values.words(tag, value, kernel))
            assert len(values.hex_of(tag, value)) == 2 * size


def test_any_answer_can_be_shown():
    dice = random.Random(8)
    good = bytes.fromhex(RECORD + "6F0A A508 8801 01 5F2D027A68 9F38 03 9F6604 9000")
    for _ in range(3000):
        data = bytearray(good)
        for _ in range(dice.randint(1, 4)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        del data[dice.randint(0, len(data)) :]
        shown = decode.any_answer(bytes(data))
        assert shown.lines() and json.dumps(shown.tree())
        assert not shown.remark or PAN not in shown.hex
        for node in (found for top in shown.nodes for found in top.walk()):
            if node.tag in (0x57, 0x5A) or tags.look_up(node.tag) is None:
                assert PAN not in values.hex_of(node.tag, node.value)


@pytest.mark.parametrize(
    "command", ["card run", "card list", "decode tlv", "decode apdu", "decode dol"]
)
def test_help_has_an_example(command):
    result = CliRunner().invoke(cli.app, [*command.split(), "--help"], terminal_width=100)
    assert result.exit_code == 0
    assert f"taptill {command}" in result.output and "Example" in result.output
