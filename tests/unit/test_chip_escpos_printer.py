"""The printer model under a stopwatch: speed, buffer, status (Epson's DLE EOT, GS r), hands."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from printer_bench import DLE_EOT, ESC, GS, LINE_MS, Bench, raster


@pytest.fixture
def bench():
    return Bench()


# --- speed and buffer ---


def test_a_line_takes_its_height_at_the_speed_of_the_head(bench):
    bench.send(b"A\nB\n", wait=0.1)
    bench.clock.advance(LINE_MS - 1)
    assert bench.printer.text() == ""
    bench.clock.advance(2)
    assert bench.printer.text() == "A"
    bench.clock.advance(LINE_MS)
    assert bench.printer.text() == "A\nB" and bench.printer.idle


def test_bytes_arrive_at_the_baud_rate():
    bench = Bench(baudrate=9600)
    bench.send(b"A" * 31 + b"\n", wait=33)  # 33.3 ms on the line, then the head
    assert not bench.printer.idle
    bench.clock.advance(0.4 + LINE_MS + 1)
    assert bench.printer.text() == "A" * 31


def test_a_second_write_queues_behind_the_first():
    bench = Bench(baudrate=9600)
    bench.line.from_board(b"A" * 20)
    bench.clock.advance(5)
    bench.line.from_board(b"B\n")
    bench.clock.advance(16)
    assert bench.ask(1) == b"" and not bench.lines
    bench.clock.advance(200)
    assert bench.printer.text() == "A" * 20 + "B"


def test_a_buffer_that_runs_over_loses_bytes_and_says_so():
    bench = Bench(buffer_bytes=256)
    bench.send(b"0123456789\n" * 60)
    assert bench.printer.bytes_lost > 0
    assert f"buffer overflow: {bench.printer.bytes_lost} bytes lost" in bench.printer.faults
    assert len(bench.lines) < 60


def test_a_board_that_obeys_busy_loses_nothing():
    bench = Bench(buffer_bytes=512)
    data = b"0123456789\n" * 200
    while data:
        if bench.busy.level == 0:
            bench.line.from_board(data[:32])
            data = data[32:]
        bench.clock.advance(1)
    bench.clock.advance(60_000)
    assert bench.printer.text() == "\n".join(["0123456789"] * 200)
    assert bench.printer.faults == []


def test_busy_has_hysteresis():
    bench = Bench(buffer_bytes=800)
    edges = []
    bench.busy.watch(lambda net: edges.append(net.level))
    bench.send(b"0123456789\n" * 72, wait=20)
    assert edges == [1]
    bench.clock.advance(60_000)
    assert edges == [1, 0] and bench.printer.faults == []


def test_a_long_job_costs_little_of_our_own_time(bench):
    began = time.process_time()
    for _ in range(10):
        bench.send(b"0123456789ABCDEF\n" * 100)
    assert time.process_time() - began < 1.0
    assert len(bench.lines) == 1000


# --- answers ---


def test_real_time_status_of_a_printer_that_is_well(bench):
    assert [bench.ask(n) for n in (1, 2, 3, 4)] == [b"\x12"] * 4


def test_real_time_status_is_answered_before_what_was_sent_earlier(bench):
    bench.send(b"A\n" * 50, GS, b"r\x01", DLE_EOT, b"\x01", wait=20)
    assert bytes(bench.heard) == b"\x12"
    bench.clock.advance(48 * LINE_MS)
    assert bytes(bench.heard) == b"\x12"
    bench.clock.advance(3 * LINE_MS)
    assert bytes(bench.heard) == b"\x12\x00" and len(bench.lines) == 50


def test_real_time_status_is_answered_when_the_buffer_is_full():
    bench = Bench(buffer_bytes=64)
    bench.printer.paper_out()
    bench.send(b"0123456789\n" * 6, wait=10)  # 66 bytes
    assert bench.printer.bytes_lost == 2
    for _ in range(30):
        assert bench.ask(4) == b"\x7e"
    assert bench.printer.bytes_lost == 2
    bench.printer.new_paper()
    bench.clock.advance(10_000)
    assert bench.printer.text().startswith("0123456789\n0123456789")


def test_asking_while_there_is_no_paper_fills_no_buffer_with_halves():
    bench = Bench(buffer_bytes=64)
    bench.printer.paper_out()
    for _ in range(50):
        assert bench.ask(4) == b"\x7e"
    bench.printer.new_paper()
    bench.send(b"fine\n")
    assert bench.printer.text() == "fine" and bench.printer.faults == []


def test_a_real_time_request_inside_an_image_is_seen_all_the_same(bench):
    image = Image.frombytes("1", (24, 1), DLE_EOT + b"\x01")
    bench.send(raster(image))
    assert bytes(bench.heard) == b"\x12"
    assert bench.ink().crop((0, 0, 24, 1)).tobytes() == image.convert("L").tobytes()


def test_a_status_that_does_not_exist(bench):
    assert bench.ask(9) == b"" and "DLE EOT 9" in bench.printer.faults[0]


def test_paper_sensor_in_real_time_and_in_order(bench):
    bench.printer.near_end()
    assert bench.ask(4) == b"\x1e"
    bench.send(GS, b"r\x01")
    assert bench.heard[-1] == 0x03
    bench.printer.paper_out()
    assert [bench.ask(n) for n in (1, 2, 3, 4)] == [b"\x1a", b"\x32", b"\x12", b"\x7e"]


def test_cover_and_heat(bench):
    bench.printer.open_cover()
    assert [bench.ask(n) for n in (1, 2, 3, 4)] == [b"\x1a", b"\x16", b"\x12", b"\x12"]
    bench.printer.close_cover()
    bench.printer.overheat()
    assert [bench.ask(n) for n in (1, 2, 3, 4)] == [b"\x1a", b"\x52", b"\x52", b"\x12"]
    bench.printer.cool_down()
    assert bench.ask(1) == b"\x12"


def test_identity(bench):
    bench.send(GS, b"IB", GS, b"I\x02")
    assert bytes(bench.heard) == b"_TAPTILL\x00\x01"


def test_automatic_status_speaks_at_each_change(bench):
    bench.send(GS, b"a\xff")
    assert bytes(bench.heard) == b"\x10\x00\x00\x00"
    del bench.heard[:]
    bench.printer.open_cover()
    bench.printer.near_end()
    assert bytes(bench.heard) == b"\x38\x00\x00\x00" + b"\x38\x00\x03\x00"
    bench.printer.close_cover()
    bench.send(GS, b"a\x00")
    del bench.heard[:]
    bench.printer.open_cover()
    assert bytes(bench.heard) == b""


# --- hands ---


def test_without_paper_it_stops_after_the_line_and_goes_on_later(bench):
    bench.send(b"ONE\nTWO\nTHREE\n", wait=10)
    bench.printer.paper_out()
    bench.clock.advance(10_000)
    assert bench.printer.text() == "ONE" and bench.busy.level == 1
    bench.printer.new_paper()
    assert bench.busy.level == 0 and bench.printer.slips[0].text == "ONE"
    bench.clock.advance(10_000)
    assert bench.printer.text() == "TWO\nTHREE"


def test_the_roll_may_end_after_some_lines(bench):
    bench.printer.paper_out(after_lines=2)
    bench.send(b"ONE\nTWO\nTHREE\n")
    assert bench.printer.text() == "ONE\nTWO" and not bench.printer.online


def test_an_opened_cover_breaks_the_line_off_and_it_is_printed_again(bench):
    bench.send(b"ONE\nTWO\n", wait=10)
    bench.printer.open_cover()
    bench.clock.advance(10_000)
    assert bench.printer.text() == "" and not bench.printer.idle
    bench.printer.close_cover()
    bench.clock.advance(10_000)
    assert bench.printer.text() == "ONE\nTWO"


def test_paper_out_and_cover_open_wait_for_both(bench):
    bench.send(b"ONE\nTWO\n", wait=10)
    bench.printer.open_cover()
    bench.printer.paper_out()
    bench.printer.close_cover()
    bench.clock.advance(10_000)
    assert bench.printer.text() == ""
    bench.printer.new_paper()
    bench.clock.advance(10_000)
    assert bench.printer.text() == "ONE\nTWO"


def test_power_off_loses_the_buffer_and_the_settings_not_the_paper(bench):
    bench.send(ESC, b"E\x01", b"ONE\nTWO\nTHREE\n", wait=LINE_MS + 5)
    bench.printer.power_off()
    assert bench.ask(1) == b""
    bench.printer.power_on()
    bench.send(b"FOUR\n")
    assert bench.printer.text() == "ONE\nFOUR"
    assert bench.lines[0].bold and not bench.lines[1].bold


def test_tearing_gives_a_slip_and_starts_anew(bench):
    bench.send(b"FIRST\n", ESC, b"d\x04")
    assert bench.printer.tear() == "FIRST"
    assert bench.printer.text() == "" and bench.boxes() is None
    bench.send(b"SECOND\n", ESC, b"d\x04")
    assert bench.printer.tear() == "SECOND"
    assert [slip.text for slip in bench.printer.slips] == ["FIRST", "SECOND"]
    assert bench.printer.slips[0].image().height == 30 + 120
    assert bench.printer.faults == []


def test_tearing_too_early_tears_the_print(bench):
    bench.send(b"FIRST\n")
    assert bench.printer.tear() == "FIRST"
    assert "torn through the print" in bench.printer.faults[0]


def test_on_change_comes_with_each_line(bench):
    seen = []
    bench.printer.on_change = lambda: seen.append(bench.printer.text())
    bench.send(b"A\nB\n")
    assert seen == ["A", "A\nB"]


def test_the_paper_is_58_mm_wide_with_white_margins(bench):
    bench.send(b"\xdb" * 32, b"\n")
    picture = bench.printer.image()
    assert picture.mode == "RGB" and picture.width == 464
    assert all(
        picture.getpixel((x, y)) == picture.getpixel((0, 0)) for x in (39, 424) for y in (95, 100)
    )
    assert sum(picture.getpixel((200, 100))) < 200


# --- broken printers ---


def test_a_silent_printer_prints_and_answers_nothing(bench):
    bench.printer.misbehave("silent")
    bench.send(b"A\n", GS, b"r\x01")
    assert bench.ask(1) == b"" and bench.printer.text() == "A"


def test_a_garbled_printer_answers_what_no_printer_answers(bench):
    bench.printer.misbehave("garbage")
    assert 0xFF in bench.ask(1)


def test_a_printer_that_is_never_ready(bench):
    bench.printer.misbehave("never_ready")
    bench.send(b"A\n")
    assert bench.busy.level == 1 and bench.ask(1) == b"\x1a" and bench.printer.text() == ""
    bench.printer.misbehave("well")
    bench.clock.advance(1000)
    assert bench.printer.text() == "A"


def test_a_dead_or_slow_printer(bench):
    bench.printer.misbehave("slow", 3)
    bench.send(b"A\n", wait=2.9 * LINE_MS)
    assert bench.printer.text() == ""
    bench.clock.advance(LINE_MS)
    assert bench.printer.text() == "A"
    bench.printer.misbehave("dead")
    bench.send(b"B\n")
    assert bench.printer.text() == "A" and bench.ask(1) == b""
    with pytest.raises(ValueError, match="on fire"):
        bench.printer.misbehave("on fire")


def test_it_tells_when_it_works_and_works_well(bench):
    told = []
    bench.printer.on_work = told.append
    bench.send(b"A\n", wait=LINE_MS)
    bench.clock.advance(LINE_MS)
    assert told == [True, False]
    bench.printer.misbehave("slow", 3)
    bench.send(b"B\n", wait=LINE_MS)
    assert told == [True, False]
    bench.printer.misbehave("well")
    bench.clock.advance(4 * LINE_MS)
    assert told == [True, False, True, False] and bench.printer.text() == "A\nB"


# --- whatever comes ---

_BYTES = st.one_of(
    st.binary(max_size=60),
    st.lists(st.sampled_from(b"\x1b\x1d\x1c\x10\x04\x01v0!(Vad&\n\xb0"), max_size=60).map(bytes),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(_BYTES, max_size=10))
def test_no_bytes_whatever_stop_the_printer(pieces):
    bench = Bench(buffer_bytes=256)
    for piece in pieces:
        bench.send(piece, wait=500)
    bench.printer.power_off()
    bench.printer.power_on()
    assert bench.ask(1) == b"\x12"
    bench.send(b"end\n")
    assert bench.lines[-1].text == "end"
