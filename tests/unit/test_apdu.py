"""Command APDUs and status words, on CPython and on MicroPython."""

from pathlib import Path

import pytest
import yaml
from golden import rejects
from pos.protocol import apdu

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
AID = bytes.fromhex("A000000333010101")

# Commands of tests/vectors/frames.yaml; what is refused is asked for below
COMMANDS = {
    call: answer
    for group in yaml.safe_load((VECTORS / "frames.yaml").read_text())["calls"]
    if group["from"] == "pos.protocol.apdu"
    for call, answer in group["gives"].items()
    if isinstance(answer, str) and not answer.startswith("raises")
}


@pytest.mark.parametrize("call", COMMANDS)
def test_commands(call):
    assert eval(call, {**vars(apdu), "AID": AID}) == bytes.fromhex(COMMANDS[call])


def test_long_pdol_data_has_a_two_byte_length():
    assert apdu.gpo(bytes(128))[4:8] == bytes((131, 0x83, 0x81, 128))
    assert apdu.gpo(bytes(127))[4:7] == bytes((129, 0x83, 127))
    assert len(apdu.gpo(bytes(252))) == 5 + 255 + 1
    rejects(apdu.gpo, bytes(253), what="C-APDU", offset=5, why="253")


def test_what_a_short_apdu_cannot_say():
    rejects(apdu.select, b"", what="C-APDU", offset=4, why="0 bytes")
    rejects(apdu.generate_ac, 0x80, bytes(256), what="C-APDU", offset=4, why="256")
    for sfi, n in ((0, 1), (31, 1), (1, 0), (1, 256)):
        rejects(apdu.read_record, sfi, n, what="C-APDU", offset=2, why="record")


def test_status_word_and_body():
    assert apdu.sw(b"\x6f\x00\x90\x00") == 0x9000
    assert apdu.sw(memoryview(b"\x6a\x82")) == 0x6A82
    assert bytes(apdu.body(b"\x6f\x00\x90\x00")) == b"\x6f\x00"
    assert bytes(apdu.body(b"\x6a\x82")) == b""
    for short in (b"", b"\x90"):
        rejects(apdu.sw, short, what="R-APDU", offset=0, why="no status word")
        rejects(apdu.body, short, what="R-APDU", offset=0, why="no status word")


def test_card_errors_are_one_family():
    for error in (apdu.CardLost, apdu.Collision, apdu.CardUnreadable, apdu.ReaderFault):
        assert issubclass(error, apdu.CardError)
        assert not issubclass(error, ValueError)


def test_the_same_on_micropython(mpy):
    calls = "\n".join(f"print(hexlify({call}).decode())" for call in COMMANDS)
    out = mpy(
        f"from binascii import hexlify\nfrom pos.protocol.apdu import *\nAID = {AID!r}\n{calls}\n"
        "print(sw(b'\\x6a\\x82'), bytes(body(b'\\x01\\x90\\x00')))\n"
    )
    expected = [bytes.fromhex(text).hex() for text in COMMANDS.values()]
    assert out.splitlines() == [*expected, r"27266 b'\x01'"]
