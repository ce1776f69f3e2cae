"""BER-TLV of EMV, on CPython and on MicroPython; `pyemv.tlv` is the other opinion."""

import pytest
from golden import rejects
from hypothesis import given
from hypothesis import strategies as st
from pos.protocol import tlv
from pos.protocol.errors import BadBytes
from pyemv import tlv as other

# A PPSE answer with two entries
PPSE = bytes.fromhex(
    "6F40840E325041592E5359532E4444463031A52EBF0C2B"
    "61134F08A000000333010101870101500455504931"
    "61144F08A000000333010102870102500555504932 30"
)
TAGS = [0x4F, 0x50, 0x57, 0x82, 0x84, 0x9F26, 0x9F10, 0x5F2A, 0x9F02, 0xDF31, 0xDF8129]


def objects(buf, *args):
    return [(tag, bytes(buf[i : i + n])) for tag, i, n in tlv.walk(buf, *args)]


def test_ppse_answer_is_walked_in_place():
    view = memoryview(PPSE)
    assert [(t, i, n) for t, i, n in tlv.walk(view)] == [(0x6F, 2, 64)]
    assert bytes(tlv.find(view, 0x84)) == b"2PAY.SYS.DDF01"
    entries = [v for t, v in objects(tlv.find(view, 0xBF0C)) if t == 0x61]
    assert [bytes(tlv.find(e, 0x4F)).hex()[-4:] for e in entries] == ["0101", "0102"]
    assert tlv.find(view, 0x9F38) is None
    assert [t for t, _, _ in tlv.leaves(view)] == [0x84] + [0x4F, 0x87, 0x50] * 2


def test_find_gives_a_view_of_the_same_bytes():
    buf = bytearray(tlv.build(0x77, tlv.build(0x82, b"\x20\x00")))
    tlv.find(buf, 0x82)[0] = 0x7C
    assert buf[-2] == 0x7C


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 1000, 65535])
def test_length_forms(size):
    built = tlv.build(0x9F10, b"\x55" * size)
    assert objects(built) == [(0x9F10, b"\x55" * size)]
    assert len(built) == size + 3 + (size > 127) + (size > 255)


def test_value_over_65535_is_not_built():
    rejects(tlv.build, 0x84, bytes(65536), what="84", offset=0, why="65536")


@pytest.mark.parametrize(
    "text",
    [
        "00008201059F36020001",
        "8201059F3602000100",
        "820105 00 00 9F36020001",
        "FFFF8201059F36020001",
        "820105FF009F36020001FFFFFF",
        "820105FFFFFF9F36020001FF",
    ],
)
def test_padding_between_objects_is_skipped(text):
    assert objects(bytes.fromhex(text)) == [(0x82, b"\x05"), (0x9F36, b"\x00\x01")]


def test_single_ff_starts_a_tag():
    inner = tlv.build(0x9F26, b"12345678")
    assert objects(tlv.build(0xFF8105, inner)) == [(0xFF8105, inner)]
    assert bytes(tlv.find(tlv.build(0xFF8105, inner), 0x9F26)) == b"12345678"


@pytest.mark.parametrize(
    ("text", "what", "offset", "why"),
    [
        ("9F", "tag", 0, "cut off"),
        ("820105 9F81", "tag", 3, "cut off"),
        ("9F81818101", "tag", 0, "over 3 bytes"),
        ("82", "82", 1, "no length"),
        ("9F2608 0102", "9F26", 2, "length 8 over 2"),
        ("8281", "82", 1, "length cut off"),
        ("828201", "82", 1, "length cut off"),
        ("8280", "82", 1, "length form 80"),
        ("8283000001", "82", 1, "length form 83"),
        ("84820101", "84", 1, "length 257 over 0"),
    ],
)
def test_broken_objects_name_tag_and_offset(text, what, offset, why):
    rejects(lambda: list(tlv.walk(bytes.fromhex(text))), what=what, offset=offset, why=why)


def test_object_may_not_reach_out_of_its_template():
    buf = bytes.fromhex("7003820405AABBCC")
    rejects(tlv.find, buf, 0x9F36, what="82", offset=3, why="length 4 over 1")


def test_nesting_has_an_end():
    buf = b""
    for _ in range(20):
        buf = tlv.build(0x70, buf)
    rejects(tlv.find, buf, 0x9F36, what="template", offset=14, why="deep")
    rejects(lambda: list(tlv.leaves(buf)), what="template", offset=14, why="deep")


def test_dol():
    pdol = bytes.fromhex("9F66049F02069F03069F1A0295055F2A029A039C019F3704")
    assert list(tlv.dol(pdol)) == [
        (0x9F66, 4),
        (0x9F02, 6),
        (0x9F03, 6),
        (0x9F1A, 2),
        (0x95, 5),
        (0x5F2A, 2),
        (0x9A, 3),
        (0x9C, 1),
        (0x9F37, 4),
    ]
    rejects(lambda: list(tlv.dol(pdol[:-1])), what="9F37", offset=23, why="no length")
    rejects(lambda: list(tlv.dol(pdol[:-2])), what="tag", offset=21, why="cut off")


@given(st.lists(st.tuples(st.sampled_from(TAGS), st.binary(max_size=300)), max_size=6))
def test_built_objects_come_back(values):
    buf = b"".join(tlv.build(tag, value) for tag, value in values)
    assert objects(buf) == values
    assert objects(tlv.find(tlv.build(0x70, buf), 0x70)) == values


@given(st.dictionaries(st.sampled_from(TAGS), st.binary(min_size=1, max_size=200), min_size=1))
def test_pyemv_reads_and_writes_the_same(values):
    buf = b"".join(tlv.build(tag, value) for tag, value in values.items())
    named = {f"{tag:X}": value for tag, value in values.items()}
    assert other.decode(buf) == named
    assert other.encode(named) == buf


@given(st.binary(max_size=80))
def test_any_bytes_are_objects_or_bad_bytes(data):
    for read in (tlv.walk, tlv.leaves, tlv.dol):
        try:
            list(read(data))
        except BadBytes as e:
            assert 0 <= e.offset <= len(data)


def test_the_same_on_micropython(mpy):
    out = mpy(f"""
from pos.protocol import tlv
from pos.protocol.errors import BadBytes
ppse = memoryview(bytearray({PPSE!r}))
print([(hex(t), i, n) for t, i, n in tlv.walk(ppse)], bytes(tlv.find(ppse, 0x84)))
print([(t, i, n) for t, i, n in tlv.leaves(ppse)])
print(tlv.build(0x9F10, memoryview(bytes(200)))[:5], list(tlv.dol(b"\\x9f\\x66\\x04\\x95\\x05")))
for bad in (b"\\x9f\\x26\\x08\\x01", b"\\x70\\x81"):
    try:
        print("no error", list(tlv.walk(bad)))
    except BadBytes as e:
        print(e)
deep = b""
for _ in range(20):
    deep = tlv.build(0x70, deep)
try:
    tlv.find(deep, 0x9F36)
except BadBytes as e:
    print(e)
""")
    assert out.splitlines() == [
        "[('0x6f', 2, 64)] b'2PAY.SYS.DDF01'",
        str([(t, i, n) for t, i, n in tlv.leaves(PPSE)]),
        r"b'\x9f\x10\x81\xc8\x00' [(40806, 4), (149, 5)]",
        "9F26 at 2: length 8 over 1",
        "70 at 1: length cut off",
        "template at 14: nested too deep",
    ]
