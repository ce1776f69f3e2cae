"""Font files: made the same each time, and read in place by the firmware."""

import struct

import fontpkg_ibm_plex_sans
import pylopdf_fonts_zh_cn
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont
from pos.protocol import gbk
from pos.ui.fonts import Cells, Font

from host_tools.build.fonts import FACES, Glyph, build_fonts, encode


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("fonts")
    build_fonts(out)
    return out


def record(font, code):
    """Where the file has the record of a code point."""
    return font.records + 8 * font.glyphs(chr(code))[0]


def codes(data):
    count = struct.unpack_from("<H", data, 8)[0]
    return struct.unpack_from(f"<{count}H", data, 12)


def bitmap(font, char):
    """The glyph's rows of grey levels, decoded here."""
    at = record(font, ord(char))
    width, height = font.data[at], font.data[at + 1]
    start, stride = int.from_bytes(font.data[at + 5 : at + 8], "little"), (width + 3) // 4
    return [
        [font.data[start + y * stride + x // 4] >> x % 4 * 2 & 3 for x in range(width)]
        for y in range(height)
    ]


def test_the_same_bytes_each_time(folder, tmp_path):
    paths = build_fonts(tmp_path)
    assert sorted(path.name for path in paths) == sorted(p.name for p in folder.iterdir())
    for path in paths:
        assert path.read_bytes() == (folder / path.name).read_bytes()


def test_all_of_them_are_small(folder):
    assert sum(path.stat().st_size for path in folder.glob("*.fnt")) < 40 * 1024
    assert sum(path.stat().st_size for path in folder.iterdir()) < 1115 * 1024


@pytest.mark.parametrize("name", ["sans16", "bold16", "sans24", "amount40", "icons"])
def test_code_points_ascend_and_cells_are_never_left(folder, name):
    data = (folder / f"{name}.fnt").read_bytes()
    font = Font(str(folder / f"{name}.fnt"))
    points = codes(data)
    assert list(points) == sorted(set(points))
    for code in points:
        at = record(font, code)
        width, height, x, y, advance = data[at : at + 5]
        assert x + width <= advance
        assert y + height <= font.height
        assert int.from_bytes(data[at + 5 : at + 8], "little") + (width + 3) // 4 * height <= len(
            data
        )


@pytest.mark.parametrize("name", ["sans16", "bold16", "sans24"])
def test_text_faces_have_ascii_and_the_signs(folder, name):
    points = codes((folder / f"{name}.fnt").read_bytes())
    assert set(range(0x20, 0x7F)) | set(map(ord, "¥·•…×✓✗⚠ᯤ⇄▤")) <= set(points)


@pytest.mark.parametrize("name", ["sans16", "bold16", "sans24", "amount40"])
def test_no_two_characters_look_the_same(folder, name):
    font = Font(str(folder / f"{name}.fnt"))
    seen = {}
    for code in codes(font.data):
        at = record(font, code)
        look = (bytes(font.data[at + 2 : at + 5]), str(bitmap(font, chr(code))))
        assert look not in seen, f"{chr(code)!r} looks like {seen.get(look)!r}"
        seen[look] = chr(code)


def test_the_ink_is_that_of_the_type_face(folder):
    """Compared with Pillow drawing the same letter, to half a grey level."""
    face = FACES[2]
    path = fontpkg_ibm_plex_sans.ROOT / "files" / "IBMPlexSans[wdth,wght].ttf"
    plex = ImageFont.truetype(str(path), face.size, layout_engine=ImageFont.Layout.BASIC)
    plex.set_variation_by_axes([face.weight, face.width])
    font = Font(str(folder / f"{face.name}.fnt"))
    for char in "Ag8@Ü"[:4]:
        mask = plex.getmask(char)
        want = sum(bytes(mask)) / 255
        got = sum(sum(row) for row in bitmap(font, char)) / 3
        assert abs(got - want) <= 0.05 * want


def test_a_missing_character_has_a_stand_in(folder):
    font = Font(str(folder / "sans16.fnt"))  # without cells
    assert record(font, ord("測")) == record(font, ord("?"))
    assert record(font, 0) == record(font, ord("?"))
    assert record(font, 0xFFFF) == record(font, ord("?"))


def test_what_is_no_font_is_refused(tmp_path):
    (tmp_path / "a.fnt").write_bytes(b"TTF1\x01" + bytes(20))
    with pytest.raises(ValueError):
        Font(str(tmp_path / "a.fnt"))


def test_it_holds_chinese_of_16_by_16(tmp_path):
    """As many code points as GB 2312, found by binary search."""
    chars = [chr(0x4E00 + 3 * i) for i in range(6763)] + [" ", "?"]
    dots = {
        char: Glyph([bytes((ord(char) >> bit) % 4 for bit in range(16))] * 16, 0, 0, 16)
        for char in chars
    }
    path = tmp_path / "han.fnt"
    path.write_bytes(encode(dots, 16, 14))
    font = Font(str(path))
    for char in chars[::97] + chars[-3:]:
        assert bytes(bitmap(font, char)[7]) == dots[char].rows[7]
    assert record(font, 0x4E01) == record(font, ord("?"))


def test_the_format_refuses_what_it_cannot_hold():
    dot = Glyph([b"\x03"], 0, 0, 1)
    for glyphs in ({"😀": dot}, {"a": dot._replace(x=1)}, {"a": dot._replace(y=16)}):
        with pytest.raises(ValueError):
            encode(glyphs, 16, 12)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60), st.data())
def test_wrapped_lines_fit_and_lose_nothing_but_spaces(folder, text, data):
    font = Font(str(folder / "sans16.fnt"))
    width = data.draw(st.integers(20, 200))
    lines = font.wrap(text, width)
    assert all(font.measure(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_words_stay_whole_where_they_can(folder):
    font = Font(str(folder / "sans16.fnt"))
    assert font.wrap("Hold the card\nto it", 80) == ["Hold the", "card", "to it"]
    assert font.fitting(font.glyphs("Wide"), 1) == 1


@pytest.fixture(scope="module")
def mixed(folder):
    gbk.use((folder / "gb2312.tab").read_bytes())
    return Font(str(folder / "sans16.fnt"), Cells(str(folder / "han16.gb")))


def test_letters_keep_their_widths_among_chinese(mixed, folder):
    latin = Font(str(folder / "sans16.fnt"))
    assert mixed.measure("消费ABC撤销") == 4 * 16 + latin.measure("ABC")
    assert mixed.measure("A1 ¥") == latin.measure("A1 ¥")


def test_what_gb_2312_lacks_is_a_box(mixed):
    box = mixed.glyphs("□")[0]
    assert list(mixed.glyphs("測é😀\ue000")) == [box, mixed.glyphs("é")[0], box, box]
    assert mixed.glyphs("é")[0] != box  # it is in GB 2312, for pinyin
    assert mixed.measure("😀") == 16
    assert mixed.fitting(mixed.glyphs("😀😀"), 16) == 1


def test_a_cell_has_the_character_of_its_place(folder):
    """Compared with Pillow drawing it: the same dots at 24 pixels."""
    font = ImageFont.truetype(str(pylopdf_fonts_zh_cn.sans_path()), 24)
    cells = Cells(str(folder / "han24.gb"))
    gbk.use((folder / "gb2312.tab").read_bytes())
    for char in "啊一消费齄！":
        want = Image.new("L", (24, 24))
        ImageDraw.Draw(want).text((12, 12), char, font=font, fill=255, anchor="mm")
        at = 8 + gbk.cell(gbk.code(ord(char))) * cells.bytes
        got = Image.frombytes("1", (24, 24), bytes(cells.data[at : at + cells.bytes]))
        grey = zip(want.tobytes(), got.convert("L").tobytes(), strict=True)
        assert all((level >= 100) == (dot > 0) for level, dot in grey)


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("交易成功请取卡", 48, ["交易成", "功请取", "卡"]),
        ("交易成。功", 48, ["交易", "成。功"]),  # no line begins with a stop
        ("交易（成功）", 48, ["交易", "（成", "功）"]),  # and none ends with a bracket
        ("交易OK成功", 48, ["交易", "OK成", "功"]),
        ("主机POS无应答", 64, ["主机POS", "无应答"]),
        ("金额¥1,280.00元", 64, ["金额", "¥1,280.", "00元"]),
        ("第一行\n二", 64, ["第一行", "二"]),
        ("卡", 8, ["卡"]),
        ("", 8, [""]),
    ],
)
def test_chinese_is_broken_between_characters(mixed, text, width, lines):
    assert mixed.wrap(text, width) == lines


@given(st.text(st.sampled_from("消费。，（）：ab 1测試😀"), max_size=40), st.integers(40, 120))
def test_wrapped_chinese_fits_and_loses_nothing_but_spaces(mixed, text, width):
    lines = mixed.wrap(text, width)
    assert all(mixed.measure(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_micropython_reads_the_same(mpy, folder):
    code = f"""
from pos.ui.fonts import Font
for name in ("sans16", "bold16", "sans24", "amount40", "icons"):
    font = Font({str(folder)!r} + "/" + name + ".fnt")
    print(font.height, font.baseline, font.measure("Total 1,280.00"), font.glyphs("¥")[0])
"""
    want = []
    for name in ("sans16", "bold16", "sans24", "amount40", "icons"):
        font = Font(str(folder / f"{name}.fnt"))
        measures = font.measure("Total 1,280.00"), font.glyphs("¥")[0]
        want.append(f"{font.height} {font.baseline} {measures[0]} {measures[1]}")
    assert mpy(code).splitlines() == want
