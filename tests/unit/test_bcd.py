"""Packed digits and tracks, on CPython and on MicroPython."""

import pytest
from golden import rejects
from hypothesis import given
from hypothesis import strategies as st
from pos.protocol import bcd
from pos.protocol.errors import BadBytes

DIGITS = st.text("0123456789", max_size=40)
TRACK = st.text("0123456789=ABCEF", max_size=104)


@pytest.mark.parametrize(
    ("digits", "left", "pad", "packed"),
    [
        ("", False, "0", ""),
        ("1234", False, "0", "1234"),
        ("001", False, "0", "0001"),
        ("051", True, "0", "0510"),
        ("051", True, "F", "051F"),
        ("12345", False, "0", "012345"),
    ],
)
def test_pack_places_digits_and_pad(digits, left, pad, packed):
    assert bcd.pack(digits, left, pad).hex().upper() == packed


def test_pad_nibble_is_dropped_whatever_it_is():
    for pad in range(16):
        assert bcd.unpack(bytes((0x05, 0x10 | pad)), 3, True) == "051"
        assert bcd.unpack(bytes((pad << 4, 0x51)), 3) == "051"


def test_non_decimal_nibbles_name_their_byte():
    rejects(bcd.unpack, b"\x12\x3a", what="BCD", offset=1, why="decimal")
    rejects(bcd.unpack, b"\xb1\x30", what="BCD", offset=0, why="decimal")
    rejects(bcd.unpack, b"\x01\xc0\x00", 5, what="BCD", offset=1, why="decimal")
    rejects(bcd.unpack, b"\x01\xc0\x0f", 5, True, what="BCD", offset=1, why="decimal")


@pytest.mark.parametrize("count", [0, 1, 2, 5, 6])
def test_size_has_to_fit_the_count(count):
    rejects(bcd.unpack, b"\x12\x34", count, what="BCD", offset=0, why="2 bytes for")


@pytest.mark.parametrize("digits", ["12a4", "１2", "-1", "1 ", "²3", "12=4"])
def test_only_decimal_digits_are_packed(digits):
    with pytest.raises(BadBytes):
        bcd.pack(digits)


@pytest.mark.parametrize("track", ["12 4", "12d4", "12?", "％B"])
def test_only_track_characters_are_packed(track):
    with pytest.raises(BadBytes):
        bcd.pack_track(track)


def test_track_separator_is_nibble_d():
    assert bcd.pack_track("6212=3").hex() == "6212d3"
    assert bcd.pack_track("6212D30").hex() == "6212d300"
    assert bcd.unpack_track(b"\x62\x12\xd3\x0f", 7) == "6212=30"


@given(DIGITS, st.booleans(), st.sampled_from("0F"))
def test_digits_come_back(digits, left, pad):
    assert bcd.unpack(bcd.pack(digits, left, pad), len(digits), left) == digits


@given(TRACK)
def test_tracks_come_back(track):
    assert bcd.unpack_track(bcd.pack_track(track), len(track)) == track


@given(st.binary(max_size=20), st.none() | st.integers(0, 40), st.booleans())
def test_any_bytes_are_digits_or_bad_bytes(data, count, left):
    try:
        text = bcd.unpack(data, count, left)
    except BadBytes:
        return
    assert text.isascii() and (not text or text.isdigit())


def test_the_same_on_micropython(mpy):
    out = mpy("""
from pos.protocol import bcd
from pos.protocol.errors import BadBytes
print(bcd.pack("051", True), bcd.pack("001"), bcd.pack("12345", True, "F"))
print(bcd.unpack(memoryview(b"\\x05\\x1f"), 3, True), bcd.unpack(bytearray(b"\\xa0\\x51"), 3))
print(bcd.pack_track("12=3"), bcd.unpack_track(b"\\x12\\xd3\\x0f", 5))
for call in (lambda: bcd.unpack(b"\\x12\\x3a"), lambda: bcd.unpack(b"\\x12", 3),
             lambda: bcd.pack("1a"), lambda: bcd.pack_track("1g")):
    try:
        print("no error", call())
    except BadBytes as e:
        print(e, "|", e.what, e.offset, e.why)
""")
    assert out.splitlines() == [
        r"b'\x05\x10' b'\x00\x01' b'\x124_'",
        "051 051",
        r"b'\x12\xd3' 12=30",
        "BCD at 1: not a decimal digit | BCD 1 not a decimal digit",
        "BCD at 0: 1 bytes for 3 digits | BCD 0 1 bytes for 3 digits",
        "BCD at 0: not a decimal digit | BCD 0 not a decimal digit",
        "track at 0: not a track character | track 0 not a track character",
    ]
