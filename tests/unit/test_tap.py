"""What the terminal tells of messages and APDUs when it is asked to: with zeros for secrets."""

import json

import pytest

PAN = "6212345678901232"
TRACK = PAN + "D30122200000000000000F"

_PROGRAM = """
from pos import log
from pos.console import tap
from pos.protocol import iso8583, unionpay
tap.kinds[:] = ["8583", "apdu", "pn532"]
log.tap = tap.tell
def sent(mti, fields):
    message = iso8583.pack(unionpay.PROFILE, mti, fields)
    tap.tell("8583", True, unionpay.frame(bytes.fromhex("6000030000"),
        bytes.fromhex("603100310000"), message))
"""


@pytest.fixture(scope="module")
def told(mpy):
    """What is told of things that go by: (kind, outward, hexadecimal), or a message."""

    def run(*things):
        lines = [
            f"sent({a!r}, {b!r})" if c is None else f"tap.tell({a!r}, {b}, bytes.fromhex({c!r}))"
            for a, b, c in things
        ]
        output = mpy(_PROGRAM + "\n".join(lines))
        assert output.count("\x1e") == len(things)
        return [json.loads(line[1:]) for line in output.split("\n") if line]

    return run


def test_answers_of_a_card(told):
    name, certificate = "5F2003414243", "9F460401020304"
    record = f"5A08{PAN}57{len(TRACK) // 2:02X}{TRACK}{name}{certificate}5F24033012315F340101"
    whole = f"7081{len(record) // 2:02X}{record}9000"
    found, odd, broken, status = told(
        ("apdu", False, whole),
        ("apdu", False, f"700C5A0A{PAN}123F9000"),
        ("apdu", False, f"7020{record[:20]}9000"),
        ("apdu", False, "6A82"),
    )
    clear = found["hex"].upper()
    assert found["hidden"] == 0 and len(clear) == len(whole)
    assert "5A086212340000001232" in clear and "5F2403301231" in clear
    assert f"57{len(TRACK) // 2:02X}" + "00" * (len(TRACK) // 2) in clear
    assert "5F2003000000" in clear and "9F460400000000" in clear
    assert "5A0A6212340000000000123F" in odd["hex"].upper()
    assert (broken["hex"], broken["hidden"]) == ("9000", 12)
    assert status["hex"] == "6a82"


def test_commands_to_a_card(told):
    select = "00A4040007A000000333010100"
    verify = "0020008008241234FFFFFFFFFF"
    asks = f"80AE80001D{PAN}0000"
    events = told(
        ("apdu", True, select),
        ("apdu", True, verify),
        ("apdu", True, "00B2010C00"),
        ("apdu", True, "80AE80000400000001"),
        ("apdu", False, f"700A5A08{PAN}9000"),
        ("apdu", True, asks),  # a card that asks the terminal to say its number
        ("apdu", True, select),
    )
    said = [(event["hex"].upper(), event["hidden"]) for event in events]
    assert said[0] == said[6] == (select, 0)
    assert said[1] == ("0020008008", 8)
    assert said[2:4] == [("00B2010C00", 0), ("80AE80000400000001", 0)]
    assert said[5] == ("80AE80001D", 10)


def test_messages_to_the_host(told):
    keys = bytes(range(1, 41))
    sale = {
        2: PAN,
        4: "000000128000",
        14: "3012",
        35: TRACK[:-1].replace("D", "="),
        52: b"PINBLOCK",
    }
    sign_in = {60: "00000001003", 62: keys}
    events = told(
        ("0200", sale, None),
        ("0810", sign_in, None),
        ("0810", {60: "00000001360", 62: b"parameters"}, None),
        ("0320", {48: PAN + "0000", 60: "00000001201"}, None),
        ("8583", False, "0010600003000060310031000002004000" + PAN),
    )
    text = [event["hex"].upper() for event in events]
    assert "6212340000001232" in text[0] and "000000128000" in text[0]
    for secret in (PAN, "3012D", b"PINBLOCK".hex().upper(), TRACK[:17]):
        assert secret not in text[0]
    assert keys.hex().upper() not in text[1] and "00" * 40 in text[1]
    assert b"parameters".hex().upper() in text[2]
    assert PAN not in text[3]
    assert (text[4], events[4]["hidden"]) == ("", 25)
