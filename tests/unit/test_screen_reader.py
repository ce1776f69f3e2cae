"""The reader of screens, against pictures that are drawn here."""

import random
import time

import pytest
from PIL import Image, ImageDraw

from host_tools.build.fonts import build_fonts
from host_tools.build.image import BUILD, ROOT, build_firmware
from host_tools.device import screen_reader
from host_tools.device.screen_fonts import load_fonts
from host_tools.device.screen_layers import SIZES
from host_tools.device.screen_reader import (
    TextLine,
    read_screen,
    screen_text,
)

INK, WHITE, BLUE = (24, 32, 49), (255, 255, 255), (24, 93, 222)


@pytest.fixture(scope="module")
def fonts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fonts")
    build_fonts(folder)
    return {font.name: font for font in load_fonts(folder)}


def quantised(color):
    r, g, b = (color[0] >> 3, color[1] >> 2, color[2] >> 3)
    return r << 3 | r >> 2, g << 2 | g >> 4, b << 3 | b >> 2


def shade(back, ink, level):
    """A step between two colours in the display's own steps."""
    out = []
    for b, i, bits in zip(back, ink, (5, 6, 5), strict=True):
        low, high = b >> (8 - bits), i >> (8 - bits)
        step = (low * (3 - level) + high * level + 1) // 3
        out.append(step << (8 - bits) | step >> (2 * bits - 8))
    return tuple(out)


def screen(color=WHITE):
    return Image.new("RGB", SIZES[0], color)


def write(image, font, x, y, text, ink=INK, back=WHITE):
    """Draw ``text`` glyph by glyph; returns the column after it."""
    glyphs = {g.char: g for group in font.by_first.values() for g in group}
    for char in text:
        glyph = glyphs.get(char)
        if glyph is None:
            x += font.space
            continue
        for dx, column in enumerate(glyph.columns):
            for dy, level in enumerate(column):
                if level:
                    image.putpixel((x + glyph.x + dx, y + dy), shade(back, ink, level))
        x += glyph.advance
    return x


def read(image, fonts):
    return read_screen(image, list(fonts.values()))


@pytest.mark.parametrize("name", ["sans16", "bold16", "sans24"])
def test_every_character_is_read(fonts, name):
    font, want, got = fonts[name], [], []
    chars = sorted(g.char for group in font.by_first.values() for g in group)
    lines = ["H" + "".join(chars[start : start + 9]) for start in range(0, len(chars), 9)]
    most = (320 - 4) // (font.height + 4)
    for first in range(0, len(lines), most):
        image = screen()
        for i, text in enumerate(lines[first : first + most]):
            write(image, font, 4, 4 + i * (font.height + 4), text)
        want += lines[first : first + most]
        got += [line.text for line in read(image, fonts)]
    assert got == want


def test_amounts_stars_and_signs_are_read(fonts):
    image = screen()
    write(image, fonts["amount40"], 8, 10, "-1,234.56")
    write(image, fonts["amount40"], 8, 60, "¥ 7,890")
    write(image, fonts["amount40"], 8, 110, "******")
    write(image, fonts["icons"], 80, 160, "✓")
    write(image, fonts["icons"], 80, 240, "◗", ink=BLUE)
    assert screen_text(read(image, fonts)).splitlines() == [
        "-1,234.56",
        "¥ 7,890",
        "******",
        "✓",
        "◗",
    ]


@pytest.mark.parametrize("seed", range(12))
def test_any_colours_do(fonts, seed):
    rng = random.Random(seed)
    while True:
        back = quantised([rng.randrange(256) for _ in range(3)])
        ink = quantised([rng.randrange(256) for _ in range(3)])
        if max(abs(a - b) for a, b in zip(back, ink, strict=True)) >= 64:
            break
    image = screen(back)
    write(image, fonts["sans16"], 9, 50, "Really? No: 50% (a+b) g_j!", ink, back)
    write(image, fonts["sans24"], 9, 90, "Total 12.50", ink, back)
    assert [line.text for line in read(image, fonts)] == [
        "Really? No: 50% (a+b) g_j!",
        "Total 12.50",
    ]


def test_where_the_text_stands_and_in_what(fonts):
    image = screen()
    write(image, fonts["bold16"], 30, 100, "Here")
    assert read(image, fonts) == [TextLine("Here", 30, 100, "bold16")]


def test_columns_are_parted_by_two_spaces(fonts):
    image = screen()
    write(image, fonts["sans16"], 8, 40, "Amount")
    write(image, fonts["bold16"], 150, 40, "1,280.00", ink=BLUE)
    end = write(image, fonts["sans16"], 8, 80, "Card")
    write(image, fonts["sans16"], end + 8, 80, "in red", ink=quantised((200, 0, 0)))
    assert [line.text for line in read(image, fonts)] == ["Amount  1,280.00", "Card in red"]


def test_boxes_and_lines_are_no_text(fonts):
    image = screen()
    draw = ImageDraw.Draw(image)
    draw.rectangle((8, 40, 231, 110), fill=quantised((238, 242, 247)))
    draw.line((8, 130, 231, 130), fill=INK)
    draw.line((120, 140, 120, 200), fill=INK, width=2)
    draw.ellipse((20, 150, 80, 210), fill=BLUE)
    draw.rounded_rectangle((100, 220, 123, 243), 6, fill=quantised((200, 40, 60)))
    assert read(image, fonts) == []


def test_text_in_a_small_rounded_box(fonts):
    image = screen()
    red = quantised((200, 40, 60))
    ImageDraw.Draw(image).rounded_rectangle((100, 220, 123, 243), 6, fill=red)
    write(image, fonts["bold16"], 107, 224, "C", WHITE, red)
    write(image, fonts["sans16"], 130, 224, "Cancel")
    assert screen_text(read(image, fonts)) == "C Cancel"


def test_bytes_are_as_good_as_a_picture(fonts):
    image = screen()
    write(image, fonts["sans16"], 8, 40, "Bytes")
    assert read(image.tobytes(), fonts) == read(image, fonts)
    with pytest.raises(ValueError):
        read(Image.new("RGB", (320, 240)), fonts)


def test_one_wrong_pixel_is_not_overlooked(fonts):
    image = screen()
    write(image, fonts["sans16"], 8, 40, "8")
    image.putpixel((12, 47), WHITE if image.getpixel((12, 47)) != WHITE else INK)
    assert "8" not in screen_text(read(image, fonts))


def test_a_full_screen_is_read_in_150_ms(fonts):
    rng = random.Random(1)
    image = screen()
    for y in range(8, 300, 20):
        text = "".join(rng.choice("abcdefghijklmnop qrstuvwxyz0123456789,.") for _ in range(22))
        write(
            image, fonts["sans16"], 8, y, text, rng.choice([INK, BLUE, quantised((200, 40, 60))])
        )
    times = []
    for _ in range(3):
        start = time.process_time()
        read(image, fonts)
        times.append(time.process_time() - start)
    assert min(times) < 0.15


def write_mixed(image, font, x, y, text, ink=INK, back=WHITE):
    """As `write`, Chinese from the font's cells."""
    for char in text:
        if char < "\x80":
            x = write(image, font, x, y, char, ink, back)
            continue
        cell = font.han._chars.index(char)
        _, left, columns = font.han.glyph(cell)
        for dx, column in enumerate(columns):
            for dy, level in enumerate(column):
                if level:
                    image.putpixel((x + left + dx, y + dy), shade(back, ink, level))
        x += font.han.size


@pytest.mark.parametrize("name", ["sans16", "bold16", "sans24"])
def test_chinese_is_read(fonts, name):
    """Any hanzi of GB 2312, with letters between and signs that leave half of their cell empty."""
    rng = random.Random(name)
    font = fonts[name]
    hanzi = [char for char in font.han._chars if "一" < char <= "龥"]
    image, want = screen(), []
    for y in range(4, 296, font.height + 4):
        some = rng.sample(hanzi, 5)
        text = f"{''.join(some[:3])}，A{some[3]}（9{some[4]}"
        write_mixed(image, font, 8, y, text, rng.choice([INK, BLUE]))
        want.append(text)
    assert [line.text for line in read(image, fonts)] == want


def test_signs_of_chinese_beside_letters_alone_are_read(fonts):
    """Also where the rest of the sentence is too far away, or on the line before."""
    image = screen()
    write_mixed(image, fonts["sans16"], 8, 4, "已存在（500.00）已撤回", INK)
    write_mixed(image, fonts["sans16"], 8, 40, "234567。", INK)
    assert [line.text for line in read(image, fonts)] == ["已存在（500.00）已撤回", "234567。"]


def test_a_title_of_chinese_alone_has_no_grey_and_is_read(fonts):
    image = screen()
    write_mixed(image, fonts["sans24"], 16, 36, "消费撤销", BLUE)
    assert [line.text for line in read(image, fonts)] == ["消费撤销"]
    assert read(image, {"sans16": fonts["sans16"]}) == []


@pytest.mark.parametrize("folder", ["en", "zh", "zh_large", "en_contrast"])
def test_bands_of_a_screen_say_what_the_whole_says(folder):
    """A screen is read in bands, each once; what stands on it is the same without that."""
    build_firmware("virtual")
    fonts = load_fonts(BUILD / "virtual" / "fonts" / "fonts")
    for path in sorted((ROOT / "tests" / "screens" / folder).glob("*.png"))[::9]:
        image = Image.open(path).convert("RGB")
        assert read_screen(image, fonts) == screen_reader._read(image, fonts), path.name


def test_a_picture_that_cannot_be_cut_is_read(fonts):
    """No row of it has one colour."""
    noise = Image.frombytes("RGB", (240, 320), random.Random(2).randbytes(240 * 320 * 3))
    assert screen_reader._bands(noise) == [(0, 320)]
    assert read(noise, fonts) == read(noise, fonts) == []
