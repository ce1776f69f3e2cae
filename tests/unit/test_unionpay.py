"""Framing, fields and tables of the direct-POS dialect, on CPython and on MicroPython."""

import pytest
from golden import MESSAGES, rejects
from hypothesis import given
from hypothesis import strategies as st
from pos import words
from pos.protocol import unionpay
from pos.protocol.errors import BadBytes

TPDU = bytes.fromhex("6000030000")
HEADER = bytes.fromhex("603100310000")
ECHO = MESSAGES["echo"].message

# MTI, F3, F25, F60.1, F60.3: reference, section 3; then whether it carries a MAC (section 6), may
# be reversed, is an advice (sections 3 and 9), and how settlement counts it
TRANSACTIONS = {
    "sign_in": ("0800", None, None, "00", "003", ""),
    "sign_off": ("0820", None, None, "00", "002", ""),
    "echo": ("0820", None, None, "00", "301", ""),
    "sale": ("0200", "000000", "00", "22", "000", "MRd"),
    "void": ("0200", "200000", "00", "23", "000", "MRc"),
    "refund": ("0220", "200000", "00", "25", "000", "MAc"),
    "balance": ("0200", "310000", "00", "01", "000", "M"),
    "preauth": ("0100", "030000", "06", "10", "000", "MR"),
    "preauth_void": ("0100", "200000", "06", "11", "000", "MR"),
    "preauth_add": ("0100", "030000", "60", "10", "000", "MR"),
    "completion": ("0200", "000000", "06", "20", "000", "MRd"),
    "completion_void": ("0200", "200000", "06", "21", "000", "MRc"),
    "notice": ("0220", "000000", "06", "24", "000", "MAd"),
    "offline": ("0220", "000000", "00", "30", "000", "MAd"),
    "ec_sale": ("0220", "000000", "00", "36", "000", "MAd"),
    "adjust": ("0220", "000000", "00", "32", "000", "MAt"),
    "tip": ("0220", "000000", "00", "34", "000", "MAt"),
    "instalment": ("0200", "000000", "64", "22", "000", "MRd"),
    "instalment_void": ("0200", "200000", "64", "23", "000", "MRc"),
    "reversal": ("0400", "======", "==", "==", "===", "M"),
    "script": ("0620", "======", None, "==", "951", "M"),
    "settlement": ("0500", None, None, "00", "201", ""),
    "upload": ("0320", None, None, "00", "201", ""),
    "parameters": ("0800", None, None, "00", "360", ""),
    "parameters_end": ("0800", None, None, "00", "361", ""),
    "status": ("0820", None, None, "00", "362", ""),
    "capk": ("0800", None, None, "00", "370", ""),
    "capk_end": ("0800", None, None, "00", "371", ""),
    "capk_query": ("0820", None, None, "00", "372", ""),
    "aid": ("0800", None, None, "00", "380", ""),
    "aid_end": ("0800", None, None, "00", "381", ""),
    "aid_query": ("0820", None, None, "00", "382", ""),
    "blocked": ("0800", None, None, "00", "390", ""),
    "blocked_end": ("0800", None, None, "00", "391", ""),
    "limits": ("0800", None, None, "00", "394", ""),
    "limits_end": ("0800", None, None, "00", "395", ""),
}

# every code of the dialect by group
GROUPS = {
    "A": "00 10 11 A2 A4 A5 A6",
    "P": "55",
    "S": "99 A0",
    "K": "04 34 41 43",
    "C": "01",
    "R": "30 68 90 91 92 96 98 A7",
    "N": "25",
    "M": "03 58 97",
    "D": "05 12 13 14 15 21 22 38 40 51 54 57 59 61 62 64 65 75 94 A1 A3",
}
CODES = [(code, group) for group, codes in GROUPS.items() for code in codes.split()]


@pytest.mark.parametrize("name", MESSAGES)
def test_golden_frames_both_ways(name):
    golden = MESSAGES[name]
    tpdu, header, message = unionpay.unframe(golden.frame)
    assert (tpdu, header, message) == (golden.tpdu, golden.header, golden.message)
    assert unionpay.frame(tpdu, header, message) == golden.frame
    assert unionpay.body_length(golden.frame[:2]) == len(golden.frame) - 2


@given(st.binary(min_size=10, max_size=2037))
def test_frames_come_back(message):
    frame = unionpay.frame(TPDU, HEADER, message)
    assert unionpay.unframe(frame) == (TPDU, HEADER, message)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_frame_or_bad_bytes(data):
    try:
        unionpay.unframe(data)
    except BadBytes as e:
        assert 0 <= e.offset <= 13


def test_bad_frames():
    good = unionpay.frame(TPDU, HEADER, ECHO)
    cases = [
        (b"", "frame", 0, "cut off"),
        (b"\x00", "frame", 0, "cut off"),
        (good[:-1], "frame", 0, "length 52, 51 bytes"),
        (good + b"\0", "frame", 0, "length 52, 53 bytes"),
        (b"\x00\x14" + bytes(20), "frame", 0, "length 20"),
        (b"\x08\x01" + bytes(2049), "frame", 0, "length 2049"),
        (good[:2] + b"\x61" + good[3:], "TPDU", 2, "60"),
        (good[:9] + b"\x0a" + good[10:], "header", 9, "decimal"),
        (good[:12] + b"\xa0" + good[13:], "header", 12, "decimal"),
    ]
    for data, what, offset, why in cases:
        rejects(unionpay.unframe, data, what=what, offset=offset, why=why)


def test_bad_parts_are_not_framed():
    rejects(unionpay.frame, TPDU[:4], HEADER, ECHO, what="TPDU", offset=2)
    rejects(unionpay.frame, TPDU, HEADER + b"\0", ECHO, what="header", offset=7)
    rejects(unionpay.frame, TPDU, HEADER, bytes(9), what="frame", offset=0, why="20")
    rejects(unionpay.frame, TPDU, HEADER, bytes(2038), what="frame", offset=0, why="2049")


def test_header_digit_p_is_what_the_host_wants():
    assert unionpay.action(HEADER) == 0
    assert unionpay.action(bytes.fromhex("603103310000")) == 3
    assert unionpay.action(bytes.fromhex("603119310000")) == 9


@pytest.mark.parametrize("name", TRANSACTIONS)
def test_transactions(name):
    *row, flags = TRANSACTIONS[name]
    *found, marks = unionpay.transaction(name)
    assert found == row
    assert {mark for mark in marks if mark in "MRAdct"} == set(flags)
    assert unionpay.has_mac(row[0]) is ("M" in flags)
    assert unionpay.has_mac(unionpay.response_mti(row[0])) is ("M" in flags)
    assert unionpay.is_kind(name, "R") is ("R" in flags)


def test_the_table_has_no_other_transactions():
    assert [line.split()[0] for line in unionpay.TRANSACTIONS.split("\n") if line] == list(
        TRANSACTIONS
    )


def test_transactions_outside_the_table():
    for kind in ("", "sal", "sale 0200", "SALE"):
        rejects(unionpay.transaction, kind, what="transaction", offset=0)


def test_response_mti():
    pairs = {"0200": "0210", "0220": "0230", "0320": "0330", "0800": "0810", "0400": "0410"}
    assert {mti: unionpay.response_mti(mti) for mti in pairs} == pairs
    for mti in ("0210", "020", "", "02A0"):
        rejects(unionpay.response_mti, mti, what="MTI", offset=0)


def test_which_messages_carry_a_mac():
    mtis = "0100 0200 0210 0220 0320 0330 0400 0410 0500 0510 0620 0800 0810 0820 0830"
    with_mac = {mti for mti in mtis.split() if unionpay.has_mac(mti)}
    assert with_mac == {"0100", "0200", "0210", "0220", "0400", "0410", "0620"}


@pytest.mark.parametrize(("code", "group"), CODES)
def test_response_codes(code, group):
    found, name = unionpay.response(code)
    text = words.say("rc_" + name)
    assert found == "A" or words.say("help_" + found) != "help_" + found
    assert found == group
    assert unionpay.approved(code) is (group == "A")
    assert text.endswith(".") and text.isascii() and len(text) <= 40


def test_response_table_holds_these_codes_alone():
    listed = [c for row in unionpay.RESPONSES.splitlines() for c in row.split("|")[0].split("#")]
    assert sorted(c for c in listed if c) == sorted(code for code, _ in CODES)


@pytest.mark.parametrize("code", ["", "0", "000", "ZZ", "  ", "#0", "0#", "|A", "\n#", "5|", "a2"])
def test_codes_not_listed_are_declined(code):
    assert unionpay.response(code) == ("D", "other")
    assert not unionpay.approved(code)


def test_sub_fields():
    assert unionpay.entry_mode("07", True) == "071"
    assert unionpay.entry_mode("05", False) == "052"
    assert unionpay.security(True) == "2600000000000000"
    assert unionpay.security(True, track=True) == "2610000000000000"
    assert unionpay.security(False, track=True) == "0610000000000000"
    assert unionpay.security(True, pan=False, keys="0") == "1000000000000000"
    assert unionpay.field60("22", 1, "000", "500") == MESSAGES["sale"].fields[60]
    assert unionpay.field60("22", 24, "000", "600") == "22000024000600"
    assert unionpay.field60("00", 1, "301") == MESSAGES["echo"].fields[60]
    for batch in (-1, 1000000):
        rejects(unionpay.field60, "22", batch, "000", what="F60", offset=1, why="batch")


def test_the_same_on_micropython(mpy):
    names = list(TRANSACTIONS)
    codes = [(code, unionpay.response(code)) for code, _ in CODES]
    out = mpy(
        f"NAMES = {names!r}\nCODES = {codes!r}\nHEADER = {HEADER!r}\n"
        + """
from pos.protocol import unionpay as u
for name in NAMES:
    print(u.transaction(name))
print(all(u.response(code) == said for code, said in CODES), u.response("zz"))
print(u.field60("22", 24, "000", "600"), u.security(True), u.entry_mode("07", True))
print(u.response_mti("0200"), u.action(HEADER), u.has_mac("0810"))
try:
    u.unframe(b"\\0\\x14" + bytes(20))
except u.BadBytes as e:
    print(e)
"""
    )
    assert out.splitlines() == [str(unionpay.transaction(name)) for name in names] + [
        "True ('D', 'other')",
        "22000024000600 2600000000000000 071",
        "0210 0 False",
        "frame at 0: length 20",
    ]
