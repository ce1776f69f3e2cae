"""What the printer model puts on paper, read along Epson's ESC/POS reference."""

import pytest
from PIL import Image
from printer_bench import ESC, FS, GS, INIT, TOP, Bench, raster


@pytest.fixture
def bench():
    return Bench()


# --- text ---


def test_a_line_is_printed_by_its_line_feed(bench):
    bench.send(b"HELLO")
    assert bench.printer.text() == "" and bench.boxes() is None
    bench.send(b" WORLD\nTWO\n")
    assert bench.printer.text() == "HELLO WORLD\nTWO"
    assert bench.printer.faults == []


def test_a_line_holds_32_columns_of_font_a_and_wraps_by_itself(bench):
    bench.send(b"A" * 33 + b"\n")
    assert bench.printer.text() == "A" * 32 + "\nA"


def test_a_full_line_and_its_line_feed_are_one_line(bench):
    bench.send(b"A" * 32 + b"\nB\n")
    assert bench.printer.text() == "A" * 32 + "\nB"


def test_font_b_has_42_columns(bench):
    bench.send(ESC, b"M\x01", b"B" * 43, b"\n")
    assert [len(line.text) for line in bench.lines] == [42, 1]
    assert bench.lines[0].font == "B"


def test_a_character_of_font_a_is_12_by_24_dots(bench):
    bench.send(b"\xdb\n")  # a full block in PC437
    left, top, right, bottom = bench.boxes()
    assert left == 0 and 11 <= right <= 12 and bottom <= 24


def test_the_line_pitch_is_30_dots_unless_set(bench):
    bench.send(b"A\nB\n")
    assert bench.printer.image().height - TOP == 60
    bench.send(ESC, b"3\x40", b"C\n", ESC, b"2", b"D\n")
    assert bench.printer.image().height - TOP == 60 + 64 + 30


def test_no_line_is_lower_than_its_characters(bench):
    bench.send(ESC, b"3\x00", b"A\n", GS, b"!\x11", b"B\n")
    assert bench.printer.image().height - TOP == 24 + 48


def test_pc437_and_other_code_pages(bench):
    bench.send(b"\x9c5 \x82t\x82\n", ESC, b"t\x10", b"\x80\xe9\n")
    assert bench.printer.text() == "£5 été\n€é"


def test_chinese_is_decoded_as_gb18030_while_double_byte_mode_is_on(bench):
    bench.send(FS, b"&", "交易成功 OK".encode("gb18030"), b"\n", FS, b".", b"\xbd\n")
    assert bench.printer.text() == "交易成功 OK\n╜"
    assert bench.printer.faults == []


def test_sixteen_chinese_characters_fill_a_line(bench):
    bench.send(FS, b"&", "签".encode("gb18030") * 17, b"\n")
    assert [len(line.text) for line in bench.lines] == [16, 1]


def test_tabs_stand_every_eight_columns(bench):
    bench.send(b"A\tB\tC\n")
    assert bench.printer.text() == "A       B       C"


def test_absolute_position(bench):
    bench.send(b"A", ESC, b"$\x78\x00", b"B\n")
    assert bench.printer.text() == "A         B"


def test_margins_narrow_the_line(bench):
    bench.send(GS, b"L\x18\x00", GS, b"W\x78\x00", b"0123456789AB\n")
    assert bench.printer.text() == "  0123456789\n  AB"


def test_cr_and_nul_print_nothing(bench):
    bench.send(b"A\r\x00B\n")
    assert bench.printer.text() == "AB" and bench.printer.faults == []


# --- attributes ---


def test_emphasis_alignment_inversion_underline(bench):
    bench.send(ESC, b"E\x01", b"bold\n", ESC, b"E\x00", ESC, b"a\x01", b"mid\n", ESC, b"a\x02")
    bench.send(b"right\n", ESC, b"a0", GS, b"B\x01", b"inv\n", GS, b"B\x00", ESC, b"-\x01", b"u\n")
    bold, mid, right, inverted, underlined = bench.lines
    assert bold.bold and not mid.bold
    assert (mid.align, right.align, inverted.align) == ("center", "right", "left")
    assert inverted.inverted and not underlined.inverted and underlined.underline
    assert bench.printer.text().split("\n")[2] == " " * 27 + "right"
    assert bench.printer.text().split("\n")[1] == " " * 14 + "mid"


def test_sizes_double_the_dots(bench):
    bench.send(b"M\n")
    small = bench.ink().crop((0, 0, 12, 24))
    bench.printer.tear()
    bench.send(GS, b"!\x11", b"M\n")
    large = bench.ink().crop((0, 0, 24, 48))
    assert large.tobytes() == small.resize((24, 48), Image.Resampling.NEAREST).tobytes()
    assert bench.lines[0].size == (2, 2)


def test_double_width_halves_the_columns(bench):
    bench.send(GS, b"!\x10", b"W" * 17, b"\n")
    assert [line.text for line in bench.lines] == ["W" * 16, "W"]


def test_print_mode_sets_all_at_once(bench):
    bench.send(ESC, b"!\xb9", b"X\n", ESC, b"!\x00", b"Y\n")
    x, y = bench.lines
    assert (x.font, x.bold, x.size, x.underline) == ("B", True, (2, 2), True)
    assert (y.font, y.bold, y.size, y.underline) == ("A", False, (1, 1), False)


def test_an_inverted_character_is_the_negative_of_its_cell(bench):
    bench.send(b"R\n", GS, b"B\x01", b"R\n")
    plain, inverted = (bench.ink().crop((0, y, 12, y + 24)) for y in (0, 30))
    assert inverted.tobytes() == bytes(255 - v for v in plain.tobytes())
    assert plain.getbbox() is not None


def test_attributes_may_change_within_a_line(bench):
    bench.send(b"a", ESC, b"E\x01", b"b", ESC, b"E\x00", b"\n")
    assert bench.lines[0].text == "ab" and bench.lines[0].bold


def test_initialise_takes_all_back_and_drops_the_unprinted_line(bench):
    bench.send(ESC, b"a\x02", GS, b"!\x33", ESC, b"E\x01", FS, b"&", b"lost", INIT, b"ok\n")
    assert bench.printer.text() == "ok"
    assert bench.lines[0].size == (1, 1) and not bench.lines[0].bold


# --- paper feed, images, the missing cutter ---


def test_feeds_in_lines_and_dots(bench):
    bench.send(b"A", ESC, b"d\x03", ESC, b"J\x10", b"B\n")
    assert bench.printer.text() == "A\n\n\nB"
    assert bench.printer.image().height - TOP == 90 + 16 + 30


def test_a_raster_image_is_exact(bench):
    image = Image.effect_noise((64, 50), 200).point(lambda v: 255 * (v > 128)).convert("1")
    bench.send(raster(image))
    seen = bench.ink().crop((0, 0, 64, 50))
    assert seen.tobytes() == image.convert("L").tobytes()
    assert bench.printer.text() == "[image 64x50]" and bench.printer.faults == []


def test_a_raster_image_is_aligned_and_enlarged(bench):
    image = Image.new("1", (16, 4), 1)
    bench.send(ESC, b"a\x01", raster(image, mode=3))
    assert bench.boxes() == (176, 0, 208, 8)
    bench.send(ESC, b"a\x02", raster(image, mode=0))
    assert bench.ink().crop((0, 8, 384, 12)).getbbox() == (368, 0, 384, 4)


def test_a_raster_image_larger_than_the_buffer_goes_through_it():
    bench = Bench(baudrate=9600, buffer_bytes=512)
    bench.send(raster(Image.new("1", (384, 300), 1)))
    assert bench.boxes() == (0, 0, 384, 300) and bench.printer.faults == []


def test_a_raster_image_wider_than_the_head_is_cut_and_reported(bench):
    bench.send(raster(Image.new("1", (400, 2), 1)), b"next\n")
    assert bench.boxes()[2] == 384 and "wider than 384" in bench.printer.faults[0]
    assert bench.printer.text() == "[image 400x2]\nnext"


def test_cut_commands_only_feed(bench):
    bench.send(b"A\n", GS, b"V\x00", GS, b"VB\x50", b"B\n")
    assert bench.printer.image().height - TOP == 30 + 80 + 30 and bench.printer.faults == []


# --- what the language does not have ---


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"ab\x1bz", "unknown sequence 1B 7A at byte 2"),
        (b"\x1dk", "unknown sequence 1D 6B at byte 0"),
        (b"\x07", "unknown sequence 07 at byte 0"),
        (b"\x1d(k\x03\x001C\x08", "unknown sequence 1D 28 6B at byte 0"),
        (b"x\x1ba\x01", "ESC a not at the beginning of a line"),
        (b"\x1ba\x07", "ESC a: 07"),
        (b"\x1d!\x88", "GS !: 88"),
        (b"\x1bt\x63", "ESC t: 63"),
        (b"\x1dr\x09", "GS r: 09"),
        (b"\x1dV\x07", "GS V: 07"),
        (b"\x1dv1\x00\x01\x00\x01\x00", "GS v: 31"),
        (b"\x1c&\xff\xff", "unknown sequence FF at byte 2"),
    ],
)
def test_what_it_does_not_know_is_a_fault_with_bytes_and_offset(bench, data, words):
    bench.send(data, b"\nstill here\n")
    assert words in bench.printer.faults[0]
    assert bench.printer.text().endswith("still here")


def test_a_command_may_come_byte_by_byte(bench):
    for byte in ESC + b"E\x01" + b"A\n":
        bench.send(bytes((byte,)), wait=100)
    assert bench.lines[0].bold


def test_a_wrong_baud_rate_makes_garbage(bench):
    bench.line.board_baudrate = 9600
    bench.send(INIT, b"HELLO\n" * 20)
    assert "HELLO" not in bench.printer.text()
