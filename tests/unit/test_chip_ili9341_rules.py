"""What the ILI9341 data sheet demands and the display model therefore reports."""

import pytest
from display_bench import RED, RGB, Bench

from host_tools.vboard.chips.ili9341 import Ili9341


@pytest.fixture
def bench():
    bench = Bench()
    bench.start()
    return bench


# --- the pauses of the data sheet ---


def test_a_command_within_5_ms_of_a_hardware_reset_is_a_fault_and_not_obeyed():
    bench = Bench()
    bench.hard_reset()
    bench.clock.advance(4)
    bench.send(0x29)
    assert len(bench.lcd.faults) == 1 and "DISPON 1.0 ms too early" in bench.lcd.faults[0]
    assert bench.read(0x0A, 1)[0] & 0x04 == 0


def test_sleep_out_within_120_ms_of_a_hardware_reset_is_a_fault():
    bench = Bench()
    bench.hard_reset()
    bench.clock.advance(119)
    bench.send(0x11)
    assert "SLPOUT" in bench.lcd.faults[0]


def test_software_reset_wants_5_ms_and_120_ms_before_sleep_out_when_awake(bench):
    bench.send(0x01)
    bench.clock.advance(5)
    bench.send(0x36, 0x48)
    assert bench.lcd.faults == []
    bench.send(0x11)
    assert "SLPOUT 115.0 ms too early" in bench.lcd.faults[0]
    bench.clock.advance(115)
    bench.send(0x11)
    assert len(bench.lcd.faults) == 1 and bench.read(0x0A, 1) == b"\x00"
    bench.clock.advance(5)
    assert bench.read(0x0A, 1)[0] & 0x10


def test_software_reset_asleep_wants_5_ms_only():
    bench = Bench(reset_wired=False)
    bench.send(0x01)
    bench.clock.advance(5)
    bench.send(0x11)
    assert bench.lcd.faults == []
    bench.send(0x29)
    assert "DISPON 5.0 ms too early" in bench.lcd.faults[0]


def test_sleep_in_within_120_ms_of_sleep_out_is_a_fault():
    bench = Bench(reset_wired=False)
    bench.send(0x11)
    bench.clock.advance(119)
    bench.send(0x10)
    assert "SLPIN 1.0 ms too early" in bench.lcd.faults[0]


def test_sleep_out_within_120_ms_of_sleep_in_is_a_fault(bench):
    bench.send(0x10)
    bench.clock.advance(60)
    bench.send(0x11)
    assert "SLPOUT 60.0 ms too early" in bench.lcd.faults[0]


def test_bytes_while_reset_is_low_are_a_fault(bench):
    bench.set(bench.rst, 0)
    bench.send(0x29)
    assert "RESX is low" in bench.lcd.faults[0]


def test_slack_forgives_pins_that_come_late():
    bench = Bench()
    bench.lcd = Ili9341(bench.clock, cs=bench.cs, dc=bench.dc, rst=bench.rst, slack_ms=2)
    bench.hard_reset()
    bench.clock.advance(3)
    bench.send(0x28)
    assert bench.lcd.faults == []


# --- what the chip would not accept ---


@pytest.mark.parametrize(
    ("code", "parameters", "words"),
    [
        (0x2A, (0, 10, 0, 9), "CASET 10..9"),
        (0x2A, (0, 0, 0, 240), "CASET 0..240"),
        (0x2B, (0, 0, 1, 64), "PASET 0..320"),
        (0x3A, (0x53,), "COLMOD 53h"),
        (0x33, (0, 0, 0, 0, 0, 0), "VSCRDEF"),
        (0x26, (3,), "GAMSET 03h"),
        (0x30, (0, 0, 1, 64), "PTLAR 0..320"),
        (0xEF, (3, 0x80, 2), "unknown command EFh"),
        (0x36, (0x48, 0), "MADCTL: more than 1"),
        (0x29, (0,), "DISPON: more than 0"),
        (0xE0, tuple(range(16)), "PGAMCTRL: more than 15"),
    ],
)
def test_a_fault_names_the_command(bench, code, parameters, words):
    bench.send(code, *parameters)
    assert len(bench.lcd.faults) == 1 and words in bench.lcd.faults[0]


@pytest.mark.parametrize(
    ("code", "parameters", "words"),
    [
        (0x2A, (0, 0, 0), "CASET: 3 parameters instead of 4"),
        (0x36, (), "MADCTL: 0 parameters instead of 1"),
        (0xE1, tuple(range(14)), "NGAMCTRL: 14 parameters instead of 15"),
        (0xCB, (0x39, 0x2C, 0x00, 0x34), "PWCTRLA: 4 parameters instead of 5"),
        (0xB6, (8, 0x82), "DISCTRL: 2 parameters instead of 3"),
        (0x2C, (0xF8,), "1 bytes of a pixel left over"),
    ],
)
def test_a_command_cut_short_shows_at_the_next_one(bench, code, parameters, words):
    bench.send(code, *parameters)
    assert bench.lcd.faults == []
    bench.send(0x00)
    assert len(bench.lcd.faults) == 1 and words in bench.lcd.faults[0]


def test_the_usual_start_up_has_the_right_parameter_counts(bench):
    for row in (
        "CB 39 2C 00 34 02|CF 00 C1 30|E8 85 00 78|EA 00 00|ED 64 03 12 81|F7 20|C0 23|C1 10",
        "C5 3E 28|C7 86|B1 00 18|B6 08 82 27|F2 00|26 01|B6 0A 82 27 00|00",
        "E0 0F 31 2B 0C 0E 08 4E F1 37 07 10 03 0E 09 00",
        "E1 00 0E 14 03 11 07 31 C1 48 08 0F 0C 31 36 0F",
    ):
        for command in row.split("|"):
            bench.send(*bytes.fromhex(command))
    bench.send(0x00)
    assert bench.lcd.faults == []


def test_parameters_without_a_command_are_a_fault():
    bench = Bench()
    bench.hard_reset()
    bench.clock.advance(5)
    bench.set(bench.cs, 0)
    bench.lcd.spi_write(b"\x01\x02")
    assert bench.lcd.faults == ["2 parameters without a command"]


def test_a_window_that_was_refused_leaves_the_old_one(bench):
    bench.window(0, 0, 1, 1)
    bench.send(0x2A, 0, 5, 0, 4)
    bench.send(0x2C, data=RED * 4)
    assert bench.dot(1, 1) == RGB[RED] and bench.dot(4, 0) == (0, 0, 0)
