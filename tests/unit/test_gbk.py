"""Chinese in bytes and cells, against Python's own codecs."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pos.protocol import gb18030, gbk

from host_tools.build import han

pytestmark = pytest.mark.usefixtures("chinese")

BOX = "□"


def test_all_of_gb_2312_goes_there_and_back():
    chars = [
        bytes((row, column)).decode("gb2312", errors="ignore")
        for row in range(0xA1, 0xF8)
        for column in range(0xA1, 0xFF)
    ]
    hanzi = [char for char in chars if "一" <= char <= "龥"]
    assert len(hanzi) == 6763
    for char in hanzi:
        code = char.encode("gb2312")
        assert bytes(gb18030.encode(char)) == code
        assert gb18030.decode(code) == char
    signs = "！（），。、；：？￥…—·“”‘’《》【】①Ａα"
    assert bytes(gb18030.encode(signs)) == signs.encode("gbk")
    assert gb18030.decode(signs.encode("gbk")) == signs


def test_every_code_has_a_cell_of_its_own():
    cells = [gbk.cell(gbk.code(ord(char))) for char in han.cells() if char]
    assert cells == [i for i, char in enumerate(han.cells()) if char]


@given(st.text(max_size=30))
def test_any_text_becomes_bytes_that_a_printer_can_take(text):
    data = bytes(gb18030.encode(text))
    assert len(data) == gb18030.columns(text)
    shown = data.decode("gb18030")
    assert len(shown) == len(text)
    for char, got in zip(text, shown, strict=True):
        if char < "\x80":
            assert got == (char if char.isprintable() else "?")
        else:
            known = {"¥": "￥", "•": "·"}.get(char, char)
            assert got in (known, BOX)


@given(st.binary(max_size=30))
def test_any_bytes_become_text(data):
    text = gb18030.decode(data)
    text.encode()
    if data.isascii():
        assert text == data.decode()


def test_what_is_not_in_gb_2312_is_a_box():
    assert bytes(gb18030.encode("測😀\udead"[:2])) == BOX.encode("gb18030") * 2
    assert gb18030.decode("測é😀".encode("gb18030")) == BOX + "é" + BOX
    assert gb18030.decode(b"A\xd2") == "A" + BOX
    assert gbk.code(0x10FFFF) == gbk.code(-1) == 0


@given(st.binary(max_size=20))
def test_broken_utf_8_is_walked_over(data):
    points = list(gbk.points(data))
    try:
        assert points == [ord(char) for char in data.decode()]
    except UnicodeDecodeError:
        assert len(points) <= len(data)


def test_without_a_table_all_is_a_box():
    table = gbk.table
    gbk.use(b"")
    try:
        assert bytes(gb18030.encode("卡A")) == BOX.encode("gb18030") + b"A"
        assert gb18030.decode("卡A".encode("gbk")) == BOX + "A"
        assert gbk.cell(gbk.code(0x5361)) == gbk.cell(0xA1F5)
    finally:
        gbk.use(table)


def column(code):
    return 1 if code < 0x80 else 2


@given(st.text(st.sampled_from("消费。，（）：“”ab1￥"), max_size=60), st.integers(8, 32))
def test_signs_stay_with_their_words(text, width):
    lines = gbk.wrap(text, width, column)
    assert all(gb18030.columns(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    for above, line in itertools.pairwise(lines):
        if line and line[0] in "。，）：”" and gb18030.columns(above) <= width - 4:
            raise AssertionError(lines)


def test_micropython_does_the_same(mpy, tmp_path):
    (tmp_path / "gb2312.tab").write_bytes(han.tables())
    text = "银联 POS：测试，測试😀é·￥1.00“完”"
    got = mpy(
        f"""
from pos.protocol import gb18030, gbk
gbk.use(open({str(tmp_path / "gb2312.tab")!r}, "rb").read())
data = gb18030.encode({text!r})
print(data.hex())
print(gb18030.decode(data))
print("|".join(gbk.wrap({text!r}, 12, lambda code: 1 if code < 0x80 else 2)))
print(list(gbk.points(b"\\xe4\\xb8\\x80\\xe4\\xb8 \\x80\\xff\\xf0\\x9f\\x98\\x80")))
""",
        heap="1m",
    ).splitlines()
    assert bytes.fromhex(got[0]) == bytes(gb18030.encode(text))
    assert got[1] == text.replace("測", BOX).replace("😀", BOX)
    assert got[2].split("|") == gbk.wrap(text, 12, column)
    assert got[3] == "[19968, 65533, 32, 65533, 65533, 128512]"
