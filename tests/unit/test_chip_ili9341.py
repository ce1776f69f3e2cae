"""The display model, read along the ILI9341 data sheet: pictures, the wire, broken displays."""

import time

import pytest
from display_bench import BLUE, GREEN, RED, RGB, WHITE, Bench
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.fixture
def bench():
    bench = Bench()
    bench.start()
    return bench


# --- a picture ---


def test_a_block_lies_where_its_window_is(bench):
    bench.window(10, 20, 11, 22)
    bench.send(0x2C, data=(RED + BLUE) * 3)
    for y in (20, 21, 22):
        assert bench.dot(10, y) == RGB[RED] and bench.dot(11, y) == RGB[BLUE]
    assert (
        bench.dot(9, 20)
        == bench.dot(12, 20)
        == bench.dot(10, 19)
        == bench.dot(10, 23)
        == (0, 0, 0)
    )
    assert bench.lcd.faults == []


def test_a_whole_screen_in_one_write(bench):
    bench.window(0, 0, 239, 319)
    bench.send(0x2C, data=GREEN * (240 * 320))
    assert bench.lcd.pixels() == bytes((0, 255, 0)) * (240 * 320)
    assert bench.lcd.faults == []


def test_a_screen_in_strips_is_quick(bench):
    began = time.process_time()
    for top in range(0, 320, 8):
        bench.window(0, top, 239, top + 7)
        bench.send(0x2C, data=RED * (240 * 8))
    bench.lcd.image()
    assert time.process_time() - began < 0.25
    assert bench.lcd.pixels() == bytes((255, 0, 0)) * (240 * 320)


def test_pixels_may_be_split_anywhere_even_inside_a_pixel(bench):
    bench.window(0, 0, 2, 1)
    data = RED + GREEN + BLUE + BLUE + GREEN + RED
    bench.set(bench.cs, 0)
    bench.set(bench.dc, 0)
    bench.lcd.spi_write(b"\x2c")
    bench.set(bench.dc, 1)
    for i in range(len(data)):
        bench.lcd.spi_write(data[i : i + 1])
    bench.set(bench.cs, 1)
    assert [bench.dot(x, 0) for x in range(3)] == [RGB[RED], RGB[GREEN], RGB[BLUE]]
    assert [bench.dot(x, 1) for x in range(3)] == [RGB[BLUE], RGB[GREEN], RGB[RED]]


def test_write_continue_goes_on_where_the_last_write_stopped(bench):
    bench.window(0, 0, 2, 2)
    bench.send(0x2C, data=RED * 4)
    bench.send(0x3C, data=BLUE * 2)
    assert bench.dot(0, 1) == RGB[RED]
    assert bench.dot(1, 1) == bench.dot(2, 1) == RGB[BLUE]
    bench.send(0x2C, data=WHITE)  # starts over
    assert bench.dot(0, 0) == RGB[WHITE]


def test_what_exceeds_the_window_goes_on_at_its_start(bench):
    bench.window(0, 0, 1, 1)
    bench.send(0x2C, data=RED * 4 + BLUE)
    assert bench.dot(0, 0) == RGB[BLUE] and bench.dot(1, 0) == RGB[RED]


def test_without_wemode_what_exceeds_the_window_is_ignored(bench):
    bench.send(0xF6, 0, 0, 0)
    bench.window(0, 0, 1, 1)
    bench.send(0x2C, data=RED * 4 + BLUE)
    assert bench.dot(0, 0) == RGB[RED]


def test_eighteen_bit_pixels_are_three_bytes(bench):
    bench.send(0x3A, 0x66)
    bench.window(0, 0, 1, 0)
    bench.send(0x2C, 0xFC, 0x00, 0x00, 0x00, 0x80, 0xFC)
    assert bench.dot(0, 0) == (255, 0, 0)
    assert bench.dot(1, 0) == (0, 130, 255)


@pytest.mark.parametrize(
    ("madctl", "corner"),
    [(0x48, (0, 0)), (0x88, (239, 319)), (0x28, (239, 0)), (0xE8, (0, 319))],
)
def test_madctl_turns_the_picture(madctl, corner):
    bench = Bench()
    bench.start(madctl=madctl)
    bench.window(0, 0, 0, 0)
    bench.send(0x2C, data=RED)
    assert bench.dot(*corner) == RGB[RED]


def test_landscape_rows_run_along_the_long_side():
    bench = Bench()
    bench.start(madctl=0x28)
    bench.window(0, 0, 319, 0)
    bench.send(0x2C, data=GREEN * 320)
    assert all(bench.dot(239, y) == RGB[GREEN] for y in range(320))
    assert bench.dot(238, 0) == (0, 0, 0)
    assert bench.lcd.faults == []


def test_without_the_bgr_bit_red_and_blue_change_places():
    bench = Bench()
    bench.start(madctl=0x40)
    bench.window(0, 0, 0, 0)
    bench.send(0x2C, data=RED)
    assert bench.dot(0, 0) == RGB[BLUE]


def test_inversion_and_idle_change_what_is_seen_not_what_is_kept(bench):
    bench.send(0x3A, 0x66)
    bench.window(0, 0, 0, 0)
    bench.send(0x2C, 0xC0, 0x40, 0x00)
    normal = bench.dot(0, 0)
    bench.send(0x39)
    assert bench.dot(0, 0) == (255, 0, 0)
    bench.send(0x38)
    bench.send(0x21)
    assert bench.dot(0, 0) == tuple(255 - c for c in normal)
    bench.send(0x20)
    assert bench.dot(0, 0) == normal


def test_vertical_scrolling_moves_the_middle_and_leaves_the_fixed_areas(bench):
    for row, colour in ((0, RED), (10, GREEN), (319, BLUE)):
        bench.window(0, row, 0, row)
        bench.send(0x2C, data=colour)
    bench.send(0x33, 0, 5, 1, 0x36, 0, 5)  # 5 + 310 + 5
    bench.send(0x37, 0, 10)
    assert bench.dot(0, 5) == RGB[GREEN]
    assert bench.dot(0, 0) == RGB[RED] and bench.dot(0, 319) == RGB[BLUE]
    bench.send(0x13)
    assert bench.dot(0, 10) == RGB[GREEN]


def test_partial_mode_shows_its_rows_alone(bench):
    bench.window(0, 0, 0, 319)
    bench.send(0x2C, data=WHITE * 320)
    bench.send(0x30, 0, 100, 0, 101)
    bench.send(0x12)
    seen = [y for y in range(320) if bench.dot(0, y) != (0, 0, 0)]
    assert seen == [100, 101]


def test_memory_can_be_read_back(bench):
    bench.window(3, 4, 4, 4)
    bench.send(0x2C, data=RED + BLUE)
    assert bench.read(0x2E, 7) == b"\x00\xfc\x00\x00\x00\x00\xfc"


# --- what is dark ---


def test_nothing_is_seen_asleep_switched_off_or_without_light(bench):
    bench.window(0, 0, 0, 0)
    bench.send(0x2C, data=WHITE)
    assert bench.dot(0, 0) == (255, 255, 255)
    bench.send(0x28)
    assert bench.dot(0, 0) == (0, 0, 0)
    bench.send(0x29)
    bench.set(bench.led, 0)
    assert bench.dot(0, 0) == (0, 0, 0)
    bench.set(bench.led, 1)
    bench.send(0x10)
    assert bench.dot(0, 0) == (0, 0, 0)
    bench.clock.advance(120)
    bench.send(0x11)
    assert bench.dot(0, 0) == (255, 255, 255)
    assert bench.lcd.faults == []


def test_a_reset_puts_it_to_sleep_and_keeps_the_memory(bench):
    bench.window(0, 0, 0, 0)
    bench.send(0x2C, data=WHITE)
    bench.start()
    assert bench.dot(0, 0) == (255, 255, 255)
    bench.hard_reset()
    assert not bench.lcd.showing


# --- the wire ---


def test_bytes_while_cs_is_high_are_for_somebody_else(bench):
    bench.set(bench.dc, 0)
    bench.lcd.spi_write(b"\x28\xef")
    assert bench.lcd.faults == [] and bench.lcd.showing


def test_cs_may_rise_between_command_and_parameters(bench):
    bench.send(0x2A)
    bench.set(bench.cs, 0)
    bench.lcd.spi_write(b"\x00\x05")
    bench.set(bench.cs, 1)
    bench.set(bench.cs, 0)
    bench.lcd.spi_write(b"\x00\x05")
    bench.set(bench.cs, 1)
    bench.send(0x2C, data=RED)
    assert bench.dot(5, 0) == RGB[RED] and bench.lcd.faults == []


def test_several_commands_in_one_write(bench):
    bench.set(bench.cs, 0)
    bench.set(bench.dc, 0)
    bench.lcd.spi_write(b"\x21\x28")
    bench.set(bench.cs, 1)
    assert not bench.lcd.showing and bench.read(0x0D, 1) == b"\x20"


def test_every_byte_and_every_write_is_counted(bench):
    writes, sent = bench.lcd.writes, bench.lcd.bytes_written
    bench.send(0x2A, 0, 0, 0, 9)
    assert (bench.lcd.writes - writes, bench.lcd.bytes_written - sent) == (2, 5)


def test_identity_and_status_reads(bench):
    assert bench.read(0x0B, 1) == b"\x48"
    assert bench.read(0x0C, 1) == b"\x55"
    assert bench.read(0x0A, 1) == b"\x9c"
    status = int.from_bytes(bench.read(0x09, 5), "big") >> 7 & 0xFFFFFFFF
    assert status >> 17 & 1 and status >> 10 & 1 and status >> 20 & 7 == 5
    ident = []
    for n in (1, 2, 3):
        bench.send(0xD9, 0x10 + n)
        ident += bench.read(0xD3, 1)
    assert ident == [0x00, 0x93, 0x41]
    assert bench.lcd.faults == []


# --- who looks at it ---


def test_on_change_comes_once_when_cs_rises(bench):
    seen = []
    bench.window(0, 0, 9, 9)
    bench.lcd.on_change = lambda: seen.append(bench.dot(0, 0))
    bench.set(bench.cs, 0)
    bench.set(bench.dc, 0)
    bench.lcd.spi_write(b"\x2c")
    bench.set(bench.dc, 1)
    for _ in range(10):
        bench.lcd.spi_write(RED * 10)
    assert seen == []
    bench.set(bench.cs, 1)
    assert seen == [RGB[RED]]
    bench.set(bench.led, 0)
    assert seen == [RGB[RED], (0, 0, 0)]


def test_a_command_that_shows_nothing_makes_no_change(bench):
    seen = []
    bench.lcd.on_change = lambda: seen.append(1)
    bench.send(0x00)
    bench.send(0xC0, 0x23)
    bench.window(0, 0, 5, 5)
    bench.read(0x0A, 1)
    assert seen == []


# --- broken displays ---


def test_a_dead_display_ignores_everything(bench):
    bench.lcd.misbehave("dead")
    bench.send(0xEF, 1)
    assert bench.lcd.faults == [] and bench.read(0x0B, 1) == b"\x00"
    assert not any(bench.lcd.pixels())


def test_a_display_can_be_stuck_noisy_or_lack_rows(bench):
    bench.lcd.misbehave("stuck_white")
    assert set(bench.lcd.pixels()) == {255}
    bench.lcd.misbehave("well")
    bench.lcd.misbehave("snow")
    assert len(set(bench.lcd.pixels())) == 256
    bench.lcd.misbehave("well")
    bench.window(0, 0, 0, 3)
    bench.send(0x2C, data=WHITE * 4)
    bench.lcd.misbehave("dead_rows", 1, 2)
    assert [bench.dot(0, y)[0] for y in range(4)] == [255, 0, 0, 255]
    with pytest.raises(ValueError, match="on fire"):
        bench.lcd.misbehave("on fire")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=40)), max_size=40))
def test_no_bytes_whatever_break_the_model(pieces):
    bench = Bench()
    bench.set(bench.cs, 0)
    for parameters, data in pieces:
        bench.set(bench.dc, int(parameters))
        bench.lcd.spi_write(data)
        assert len(bench.lcd.spi_transfer(data)) == len(data)
        bench.clock.advance(130)
    assert len(bench.lcd.pixels()) == 240 * 320 * 3
