"""``taptill decode iso8583``: golden frames, secrets, MAC steps, and what breaks a frame."""

import json

import pytest
from golden import MAC, MESSAGES, unhex
from pos.protocol import unionpay
from typer.testing import CliRunner

from host_tools import cli
from host_tools.decode8583 import inputs, kinds, mac_steps, reading, show
from host_tools.decode8583.parts import Around, of_field

SALE = MESSAGES["sale"].frame
PAN = MESSAGES["sale"].fields[2]
MAK = "0123456789ABCDEF"


@pytest.fixture
def decode():
    """Run the command; its standard input is ``fed``."""

    def run(*arguments, fed=None):
        return CliRunner().invoke(cli.app, ["decode", "iso8583", *map(str, arguments)], input=fed)

    return run


@pytest.mark.parametrize("name", MESSAGES)
def test_golden_frames_are_read_to_the_last_field(name):
    golden = MESSAGES[name]
    found = reading.read(golden.frame)
    assert found.broken is None
    assert (found.mti, found.values) == (golden.mti, golden.fields)
    assert [one.number for one in found.fields] == sorted(golden.fields)
    assert sum(one.raw for one in found.fields) + 10 == len(golden.message)
    assert bytes.fromhex(found.tpdu) == golden.tpdu


@pytest.mark.parametrize("cut", [2, 13])
def test_a_frame_without_length_and_a_message_alone(cut):
    assert reading.read(SALE[cut:]).values == MESSAGES["sale"].fields


def test_every_byte_that_is_missing_is_told():
    whole = [one.number for one in reading.read(SALE).fields]
    for size in range(1, len(SALE)):
        found = reading.read(SALE[:size])
        assert found.broken is not None, size
        shown = [one.number for one in found.fields]
        assert shown == whole[: len(shown)]
        if size > 23:
            assert found.broken.what == f"F{whole[len(shown)]}"


def test_a_broken_frame_shows_what_is_before_the_break(decode):
    result = decode(SALE[:60].hex())
    assert result.exit_code == 1
    assert "F26 PIN capture" in result.stdout and "F35" not in result.stdout
    assert "F35 at byte 38: cut off, 9 of 19 bytes" in result.stderr


def test_bytes_too_many_are_told(decode):
    message = SALE[13:] + b"\0"
    result = decode(message.hex())
    assert result.exit_code == 1
    assert "message at byte 116: 1 bytes too many" in result.stderr


def test_nothing_secret_is_shown_unless_asked_for(decode):
    track, block = MESSAGES["sale"].fields[35], MESSAGES["sale"].fields[52].hex().upper()
    for more in ((), ("--json",), ("--mak", MAK)):
        shown = decode(SALE.hex(), *more).output
        assert "622588*********0001" in shown
        for secret in (PAN, track, block):
            assert secret not in shown
    shown = decode(SALE.hex(), "--clear").output
    assert PAN in shown and track in shown and block in shown


def test_the_mac_hides_what_would_give_the_card_away(decode):
    """All other fields are shown: with the XOR of the blocks the card number follows."""
    x = "2C3D60265465DFC9"
    masked = decode(SALE.hex(), "--mak", MAK).output
    assert x not in masked and "2896A365BB5577F6" in masked and "60226FF67FA3E75E" in masked
    clear = decode(SALE.hex(), "--mak", MAK, "--clear").output
    assert x in clear and "block 14" in clear and "verdict: equal" in clear


@pytest.mark.parametrize("name", [name for name in MAC if "message" in MAC[name]])
def test_steps_of_the_mac_are_those_of_the_vectors(name):
    message = MESSAGES[MAC[name]["message"]].message
    steps = mac_steps.steps(unhex(MAC[name]["mak"]), message)
    assert steps.mac == MAC[name]["mac"].encode() and steps.equal


def test_steps_of_a_mac_of_sm4():
    """The rule of section 6 with the library's own SM4, block by block."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    key, message = bytes(range(16)), MESSAGES["sale"].message
    mab = message[:-8].ljust(112, b"\0")
    x = 0
    for at in range(0, 112, 16):
        x ^= int.from_bytes(mab[at : at + 16], "big")
    text = f"{x:032X}".encode()
    one = Cipher(algorithms.SM4(key), modes.ECB()).encryptor().update(text[:16])
    joined = bytes(a ^ b for a, b in zip(one, text[16:], strict=True))
    two = Cipher(algorithms.SM4(key), modes.ECB()).encryptor().update(joined)
    steps = mac_steps.steps(key, message, sm4=True)
    assert (steps.folded.hex(), steps.second, steps.mac) == (
        f"{x:032x}",
        two,
        two.hex().upper()[:8].encode(),
    )


def test_a_wrong_mac_is_an_error(decode):
    damaged = SALE[:-1] + b"7"
    result = decode(damaged.hex(), "--mak", MAK)
    assert result.exit_code == 1 and "NOT EQUAL" in result.stdout
    assert decode(MESSAGES["echo"].frame.hex(), "--mak", MAK).exit_code == 1


@pytest.mark.parametrize(
    "arguments", [("00", "--mak", "01"), ("00", "--mak", "xy"), ("00", "--mak", MAK, "--sm4")]
)
def test_a_key_that_is_none_is_wrong_usage(decode, arguments):
    assert decode(*arguments).exit_code == 2


def test_from_a_pipe_a_file_and_a_capture(decode, tmp_path):
    frames = [golden.frame for golden in MESSAGES.values()]
    lines = "\n".join(frame.hex() for frame in frames)
    file = tmp_path / "capture"
    file.write_bytes(b"".join(frames))
    piped = decode("-", "--json", fed=lines)
    filed = decode(file, "--json")
    assert piped.exit_code == filed.exit_code == 0
    assert json.loads(piped.output) == json.loads(filed.output)
    assert [tree["mti"] for tree in json.loads(filed.output)] == [m.mti for m in MESSAGES.values()]


def test_hex_that_is_none_is_told_without_showing_it(decode):
    result = decode("0200 70zz")
    assert (result.exit_code, result.stderr) == (1, "taptill: byte 3: no hex digit\n")


def test_the_log_of_the_host_is_read_as_it_is():
    line = {"event": "request", "mti": "0200", "fields": {"2": "622588*********0001"}}
    line["fields"] |= {"3": "000000", "22": "071", "25": "00", "52": "<8>", "60": "22000001000600"}
    line["fields"] |= {"48": "<12>", "64": "60226FF6"}
    line["fields"] |= {"55": {"9F26": "1122334455667788", "5A": "<10>"}}
    noise = {"event": "connect", "peer": "?"}
    (found,) = inputs.readings("\n".join(map(json.dumps, (noise, line))).encode())
    text = "\n".join(show.lines(found))
    assert found.title == "sale"
    for piece in (
        "PAN entry: 07, contactless",
        "9F26 Application Cryptogram",
        "60.2 batch: 000001",
    ):
        assert piece in text


@pytest.mark.parametrize(
    ("mti", "f3", "f25", "f60", "title"),
    [
        ("0200", "200000", "00", "23000001000", "void of a sale"),
        ("0100", "030000", "06", "10000001000600", "pre-authorisation"),
        ("0100", "030000", "18", "10000001000", "pre-authorisation (mail or telephone order)"),
        ("0210", "000000", "06", "20000001000", "answer to: completion of a pre-authorisation"),
        ("0400", "200000", "00", "23000001000", "reversal of: void of a sale"),
        ("0320", "200000", "00", "25000001000", "batch upload of: refund"),
        ("0320", None, None, "00000001207", "end of the batch upload, balanced"),
        ("0810", None, None, "00000001005", "answer to: sign-in, SM4"),
        ("0220", "000000", "00", "34000001000", "tip"),
        ("0200", "000000", "64", "22000001000", "sale in instalments"),
        ("0200", "000000", "00", None, "without F60, perhaps sale"),
        ("0200", "999999", "00", "22000001000", None),
    ],
)
def test_kinds_by_their_fields(mti, f3, f25, f60, title):
    assert kinds.title(mti, f3, f25, f60) == title


def pieces(number, value, **around):
    return {part.name: part.value for part in of_field(number, value, Around(**around))}


def test_pieces_of_the_fields():
    assert pieces(54, "1001156C000000012345")["amount"] == "000000012345"
    assert pieces(61, "0000010000021123")["61.3 original date, MMDD"] == "1123"
    assert pieces(53, "2600000000000000") == {
        "PIN format": "2",
        "PIN key": "6",
        "tracks": "0",
    }
    item = "00" + "000012" + "00006212345678901232" + "000000001000"
    shown = pieces(48, "01" + item, mti="0320", code="201")
    assert shown["item 1, card"] == "621234******1232" and shown["item 1, trace"] == "000012"
    assert pieces(48, "000000000500", mti="0220") == {"tip": "000000000500"}
    assert pieces(59, b"A1016" + bytes(16))["A1 PIN block, SM4"] == "*" * 32
    assert pieces(59, "A2006" + "01009x")["A2.from character 0"] == "******"
    wrapped = bytes(16) + b"\1\2\3\4" + bytes(16) + b"\5\6\7\x08"
    keys = pieces(62, wrapped, mti="0810", code="003")
    assert keys["MAK, check value"] == "05060708" and set(keys["PIK, under the TMK"]) == {"*"}


def test_what_a_terminal_would_obey_is_not_printed():
    found = reading.read(SALE)
    found.fields[0].value = "a\x1b[2Jb"
    assert "\x1b" not in "\n".join(show.lines(found))


# What the terminal calls otherwise, or has one row for several of
_OTHER_NAMES = {"reversal", "script", "upload", "blocked", "blocked_end", "limits", "limits_end"}


def test_the_terminal_tells_its_messages_by_the_same_rows():
    for line in unionpay.TRANSACTIONS.strip().splitlines():
        name = line.split()[0]
        if name in _OTHER_NAMES:
            continue
        mti, f3, f25, f60, code, flags = unionpay.transaction(name)
        row = (mti, f3 or "------", f25 or "--", f60, code, "M" in flags, "R" in flags)
        rows = [
            (k.mti, k.f3, k.f25, k.f60_1, k.f60_3, k.mac, k.reversible)
            for k in kinds.KINDS
            if k.name == name
        ]
        assert row in rows, name
