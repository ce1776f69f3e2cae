"""The ISO 8583 codec with the direct-POS profile; `pyiso8583` is the other opinion.

``dialect_oracle`` tells it the dialect; nothing of that comes from the profile.
"""

import iso8583 as oracle
import pytest
from dialect_oracle import DIALECT, SPEC, to_oracle
from golden import MESSAGES, rejects
from hypothesis import given, settings
from hypothesis import strategies as st
from pos.protocol import iso8583, unionpay
from pos.protocol.errors import BadBytes


def values(kind: str, digits: int, most: int):
    least = 0 if digits else most
    if kind == "b":
        return st.binary(min_size=least, max_size=most)
    alphabet = {
        "n": st.sampled_from("0123456789"),
        "left": st.sampled_from("0123456789"),
        "z": st.sampled_from("0123456789=ABCEF"),
    }.get(kind, st.characters(min_codepoint=0x20, max_codepoint=0x7E))
    return st.text(alphabet, min_size=least, max_size=most)


MTIS = st.sampled_from(["0200", "0210", "0220", "0400", "0410", "0500", "0800", "0810", "0820"])
FIELDS = st.fixed_dictionaries({}, optional={f: values(*e) for f, e in DIALECT.items()})


def test_profile_and_this_table_have_the_same_fields():
    known = {f for f in range(1, 65) if unionpay.PROFILE[(f - 1) * 4]}
    assert len(unionpay.PROFILE) == 256
    assert known == set(DIALECT)


@pytest.mark.parametrize("name", MESSAGES)
def test_golden_messages_both_ways(name):
    golden = MESSAGES[name]
    assert iso8583.unpack(unionpay.PROFILE, golden.message) == (golden.mti, golden.fields)
    assert iso8583.pack(unionpay.PROFILE, golden.mti, golden.fields) == golden.message


@pytest.mark.parametrize("name", MESSAGES)
def test_golden_messages_with_the_oracle(name):
    golden = MESSAGES[name]
    doc, _ = oracle.decode(golden.message, SPEC)
    doc.pop("p")
    assert doc == to_oracle(golden.mti, golden.fields)
    assert oracle.encode(doc, SPEC)[0] == golden.message


@settings(max_examples=150, deadline=None)
@given(MTIS, FIELDS)
def test_any_message_is_the_oracles_and_comes_back(mti, fields):
    packed = iso8583.pack(unionpay.PROFILE, mti, fields)
    assert packed == oracle.encode(to_oracle(mti, fields), SPEC)[0]
    assert iso8583.unpack(unionpay.PROFILE, packed) == (mti, fields)


def test_text_that_is_not_ascii_stays_bytes():
    shop = "测试商户".encode("gbk")
    packed = iso8583.pack(unionpay.PROFILE, "0210", {44: shop, 63: "CUP"})
    assert iso8583.unpack(unionpay.PROFILE, packed)[1] == {44: shop, 63: "CUP"}


def test_fixed_text_is_padded_with_spaces():
    packed = iso8583.pack(unionpay.PROFILE, "0210", {41: "123", 37: "1"})
    assert iso8583.unpack(unionpay.PROFILE, packed)[1] == {41: "123     ", 37: "1" + " " * 11}


def with_field(f: int, body: str) -> bytes:
    """A message with field ``f`` alone, whose bytes are the hex ``body``."""
    bitmap = bytearray(8)
    bitmap[(f - 1) >> 3] = 0x80 >> ((f - 1) & 7)
    return b"\x02\x10" + bytes(bitmap) + bytes.fromhex(body)


@pytest.mark.parametrize(
    ("f", "body", "value"),
    [
        (60, "0011 00000001003F", "00000001003"),
        (22, "051F", "051"),
        (23, "F001", "001"),
        (2, "19 6212345678901232123A", "6212345678901232123"),
        (35, "05 123D4E", "123=4"),
        (35, "00", ""),
    ],
)
def test_pad_nibble_of_a_host_may_be_anything(f, body, value):
    assert iso8583.unpack(unionpay.PROFILE, with_field(f, body))[1] == {f: value}


@pytest.mark.parametrize(
    ("f", "body", "offset", "why"),
    [
        (1, "", 10, "not in the profile"),
        (5, "000000000000", 10, "not in the profile"),
        (10, "", 10, "not in the profile"),
        (47, "0004F1026000", 10, "not in the profile"),
        (2, "", 10, "length cut off"),
        (55, "01", 10, "length cut off"),
        (2, "20" + "12" * 10, 10, "length 20 over 19"),
        (35, "38" + "12" * 19, 10, "length 38 over 37"),
        (62, "0513" + "00" * 513, 10, "length 513 over 512"),
        (60, "1011 000000010030", 10, "length 1011 over 30"),
        (2, "1A" + "12" * 10, 10, "not a decimal digit"),
        (60, "0A11 000000010030", 10, "not a decimal digit"),
        (60, "001A 000000010030", 11, "not a decimal digit"),
        (2, "19" + "12" * 9, 11, "cut off, 9 of 10"),
        (35, "37" + "12" * 18, 11, "cut off, 18 of 19"),
        (4, "0000000001", 10, "cut off, 5 of 6"),
        (41, "31323334353637", 10, "cut off, 7 of 8"),
        (64, "3132333435363738"[:-2], 10, "cut off, 7 of 8"),
        (4, "00000000A100", 14, "not a decimal digit"),
        (2, "06 1234F6", 13, "not a decimal digit"),
        (22, "0F10", 10, "not a decimal digit"),
        (23, "00A1", 11, "not a decimal digit"),
        (39, "3000", 10, "not printable"),
        (39, "30B1", 10, "not printable"),
    ],
)
def test_bad_messages_name_field_and_offset(f, body, offset, why):
    message = with_field(f, body)
    rejects(iso8583.unpack, unionpay.PROFILE, message, what=f"F{f}", offset=offset, why=why)


def test_bad_heads_and_tails():
    echo = MESSAGES["echo"].message
    cases = [
        (b"", "MTI", 0, "0 bytes"),
        (echo[:9], "MTI", 0, "9 bytes"),
        (b"\x08\x2a" + echo[2:], "MTI", 1, "decimal"),
        (echo + b"\x00", "message", len(echo), "1 bytes too many"),
    ]
    for data, what, offset, why in cases:
        rejects(iso8583.unpack, unionpay.PROFILE, data, what=what, offset=offset, why=why)


@pytest.mark.parametrize("name", MESSAGES)
def test_every_cut_is_rejected(name):
    message = MESSAGES[name].message
    for n in range(len(message)):
        with pytest.raises(BadBytes):
            iso8583.unpack(unionpay.PROFILE, message[:n])


@pytest.mark.parametrize(
    ("mti", "fields", "what", "offset", "why"),
    [
        ("020", {}, "MTI", 0, "4 digits"),
        ("02x0", {}, "MTI", 0, "decimal"),
        ("0200", {1: b"\0" * 8}, "F1", 10, "profile"),
        ("0200", {0: "1"}, "F0", 10, "profile"),
        ("0200", {65: "1"}, "F65", 10, "profile"),
        ("0200", {3: "000000", 5: "1"}, "F5", 13, "profile"),
        ("0200", {3: "00000"}, "F3", 10, "length 5, maximum 6"),
        ("0200", {3: "000000", 4: "1280"}, "F4", 13, "length 4, maximum 12"),
        ("0200", {4: "00000000128.0"}, "F4", 10, "decimal"),
        ("0200", {2: "6" * 20}, "F2", 10, "length 20"),
        ("0200", {35: "6212=3012x"}, "F35", 10, "track"),
        ("0200", {41: "123456789"}, "F41", 10, "length 9"),
        ("0200", {41: "终端"}, "F41", 10, "printable"),
        ("0200", {39: b"\x00\x00"}, "F39", 10, "printable"),
        ("0200", {52: bytes(7)}, "F52", 10, "length 7"),
        ("0200", {52: "12345678"}, "F52", 10, "not bytes"),
        ("0200", {4: 128000}, "F4", 10, "value of its kind"),
        ("0200", {35: None}, "F35", 10, "value of its kind"),
        ("0200", {55: bytes(256)}, "F55", 10, "length 256"),
    ],
)
def test_bad_values_name_their_field(mti, fields, what, offset, why):
    rejects(iso8583.pack, unionpay.PROFILE, mti, fields, what=what, offset=offset, why=why)


def test_errors_never_hold_the_data():
    pan = "6212345678901232"
    for fields in ({2: pan + "x"}, {2: pan + "1234"}, {35: pan + "=30122011?"}):
        with pytest.raises(BadBytes) as caught:
            iso8583.pack(unionpay.PROFILE, "0200", fields)
        assert pan[6:12] not in str(caught.value)
    with pytest.raises(BadBytes) as caught:
        iso8583.unpack(unionpay.PROFILE, with_field(2, "16 62123456789012A2"))
    assert pan[6:12] not in str(caught.value)


def mutations():
    """A golden message with some bytes changed, cut off, put in or taken out."""
    change = st.tuples(st.sampled_from(["set", "cut", "put", "drop"]), st.integers(0, 200),
                       st.integers(0, 255))  # fmt: skip
    return st.tuples(st.sampled_from(list(MESSAGES)), st.lists(change, min_size=1, max_size=4))


@settings(max_examples=300, deadline=None)
@given(mutations())
def test_mutated_frames_are_values_or_bad_bytes(mutation):
    name, changes = mutation
    frame = bytearray(MESSAGES[name].frame)
    for what, at, byte in changes:
        at = at % (len(frame) + 1)
        end = {"set": at + 1, "cut": len(frame), "put": at, "drop": at + 1}[what]
        frame[at:end] = b"" if what in ("cut", "drop") else bytes((byte,))
    try:
        mti, fields = iso8583.unpack(unionpay.PROFILE, unionpay.unframe(frame)[2])
    except BadBytes as e:
        assert 0 <= e.offset <= len(frame)
        return
    packed = iso8583.pack(unionpay.PROFILE, mti, fields)
    assert iso8583.unpack(unionpay.PROFILE, packed) == (mti, fields)


def test_the_same_on_micropython(mpy):
    bad = [with_field(2, "1A" + "12" * 10), with_field(60, "1011 000000010030"), b"\x02\x00"]
    golden = [(m.frame, m.tpdu, m.header, (m.mti, m.fields)) for m in MESSAGES.values()]
    out = mpy(
        f"GOLDEN = {golden!r}\nBAD = {bad!r}\n"
        + """
from pos.protocol import iso8583
from pos.protocol.errors import BadBytes
from pos.protocol.unionpay import PROFILE, frame, unframe
for data, tpdu, header, expected in GOLDEN:
    t, h, message = unframe(memoryview(bytearray(data)))
    assert (bytes(t), bytes(h)) == (tpdu, header)
    assert iso8583.unpack(PROFILE, message) == expected
    assert frame(tpdu, header, iso8583.pack(PROFILE, *expected)) == data
    assert frame(t, h, message) == data
    print("same")
shop = bytes((0xB2, 0xE2))
assert iso8583.unpack(PROFILE, iso8583.pack(PROFILE, "0210", {44: shop}))[1] == {44: shop}
for data in BAD:
    try:
        print("no error", iso8583.unpack(PROFILE, data))
    except BadBytes as e:
        print(e)
for fields in ({4: 5}, {35: None}, {52: "12345678"}, {41: "123456789"}, {41: "\u7ec8"}):
    try:
        print("no error", iso8583.pack(PROFILE, "0200", fields))
    except BadBytes as e:
        print(e)
"""
    )
    assert out.splitlines() == ["same"] * 5 + [
        "F2 at 10: not a decimal digit",
        "F60 at 10: length 1011 over 30",
        "MTI at 0: message of 2 bytes",
        "F4 at 10: not a value of its kind",
        "F35 at 10: not a value of its kind",
        "F52 at 10: text, not bytes",
        "F41 at 10: length 9, maximum 8",
        "F41 at 10: not printable ASCII",
    ]
