"""The printer driver on the real MicroPython against a printer that is played byte by byte."""

import pytest

INIT = b"\x1b@\x1da\x00"
MARK = b"\x1dr\x01"
FINE, NO_PAPER, COVER, PAUSED, BROKEN = "fine", "no paper", "cover", "paused", "broken"
# the answers to DLE EOT 1, 2 and 4
ANSWERS = {
    FINE: (0x12, 0x12, 0x12),
    NO_PAPER: (0x1A, 0x32, 0x72),
    COVER: (0x1A, 0x16, 0x12),
    PAUSED: (0x1A, 0x1A, 0x12),
    BROKEN: (0x1A, 0x52, 0x12),
}


class Head:
    """A printer: answers real-time questions at once, and marks when it gets to them.

    What it has not printed yet (``held``) is counted against its buffer.
    """

    def __init__(self, line, buffer: int = 256 + 16) -> None:
        self.line = line
        self.uart = line._uart
        self.buffer = buffer
        self.state = FINE
        self.prints = True  # else everything stays in the buffer
        self.held = bytearray()
        self.paper = bytearray()
        self.most = 0
        self.asked = 0
        self.mute = False

    def _print(self) -> None:
        while self.prints and self.held:
            if self.held.startswith(MARK):
                del self.held[: len(MARK)]
                self.uart.sendall(b"\x00")
            elif MARK.startswith(self.held[: len(MARK)]):
                return  # the rest of it is on the way
            else:
                self.paper.append(self.held.pop(0))

    def _hear(self, data: bytes) -> None:
        self.held += data
        while (at := self.held.find(b"\x10\x04")) >= 0 and at + 2 < len(self.held):
            n = self.held[at + 2]
            del self.held[at : at + 3]
            self.asked += 1
            if not self.mute:
                self.uart.sendall(bytes([ANSWERS[self.state][(1, 2, 4).index(n)]]))
        self.most = max(self.most, len(self.held))
        assert self.most <= self.buffer, "the buffer has overflowed"

    def run(self, until=lambda: False) -> None:
        """Play until ``until()`` holds or the firmware has ended."""
        self._print()
        while not until():
            try:
                data = self.uart.recv(4096)
            except ConnectionResetError:  # ended with something unread
                return
            if not data:
                return
            self._hear(data)
            self._print()

    def all_printed(self) -> str:
        """Play to the end of the firmware; its output."""
        self.prints = True
        self.run()
        return self.line.output()


@pytest.fixture
def head(wire):
    def make(body: str, options: str = "", **kw) -> Head:
        lines = "\n".join("    " + line for line in body.strip().splitlines())
        source = f"""
from pos.drivers.escpos_printer import Printer
from pos.protocol.escpos import PrinterFault
class Pin:
    level = 0
    def value(self):
        return self.level
pin = Pin()
async def wires():
    while True:
        pin.level = int(await told())
async def caught(coro):
    try:
        return await coro
    except PrinterFault as fault:
        return fault.why
async def main():
    asyncio.create_task(wires())
    printer = Printer(uart, {options})
{lines}
asyncio.run(main())
"""
        return Head(wire(source), **kw)

    return make


class TestStatus:
    @pytest.mark.parametrize(
        ("state", "bits"),
        [(FINE, 0), (NO_PAPER, 1 | 8), (COVER, 4 | 8), (PAUSED, 8), (BROKEN, 8 | 16)],
    )
    def test_three_answers_make_the_bits(self, head, state, bits):
        printer = head("print(await printer.status())")
        printer.state = state
        assert printer.all_printed() == str(bits)
        assert printer.asked == 3

    def test_a_silent_printer_is_asked_three_times(self, head):
        printer = head("print(await caught(printer.status()))")
        printer.mute = True
        assert printer.all_printed() == "silent"
        assert printer.asked == 3

    def test_noise_is_not_taken_for_an_answer(self, head):
        printer = head("print(await caught(printer.status()))")
        printer.mute = True
        printer.run(until=lambda: printer.asked == 1)
        printer.uart.sendall(b"\xff\x81\x00")
        assert printer.all_printed() == "fault"

    def test_noise_before_the_answer_is_skipped(self, head):
        printer = head("print(await printer.status())")
        printer.uart.sendall(b"\xff\x13\x00\xc2")
        assert printer.all_printed() == "0"

    def test_the_answer_to_a_cancelled_question_is_not_the_answer_to_the_next(self, head):
        printer = head("""
task = asyncio.create_task(printer.status())
while pin.level != 9:
    await asyncio.sleep_ms(1)
task.cancel()
tell("cancelled")
print(await printer.status())
""")
        printer.mute = True
        printer.run(until=lambda: printer.asked == 1)
        printer.line.told("9")
        assert printer.line.tells() == "cancelled"
        printer.uart.sendall(b"\x1a")  # late: off line, a moment ago
        printer.mute = False
        assert printer.all_printed() == "0"


class TestStart:
    def test_settings_are_reset_and_processing_is_proved(self, head):
        printer = head("await printer.start()\nprint('ready')")
        assert printer.all_printed() == "ready"
        assert printer.paper == INIT

    @pytest.mark.parametrize(
        ("state", "why"), [(NO_PAPER, "paper"), (COVER, "cover"), (BROKEN, "fault")]
    )
    def test_a_printer_that_cannot_print_says_why(self, head, state, why):
        printer = head("print(await caught(printer.start()))")
        printer.state = state
        assert printer.all_printed() == why
        assert not printer.paper


LINES = """
for i in range(60):
    await printer.write(b"%031d\\n" % i)
await printer.finish()
print("done")
"""
ALL_LINES = b"".join(b"%031d\n" % i for i in range(60))


class TestWithoutBusyLine:
    def test_lines_arrive_in_order_within_the_window(self, head):
        printer = head(LINES)
        assert printer.all_printed() == "done"
        assert printer.paper == ALL_LINES

    def test_a_head_that_stands_still_is_never_sent_more_than_the_window(self, head):
        printer = head(LINES)
        printer.prints = False
        while len(printer.paper) < len(ALL_LINES):
            # stands until the driver has to ask what is wrong, then prints everything it has
            asked = printer.asked
            printer.run(until=lambda a=asked: printer.asked >= a + 3)
            assert printer.held.count(MARK) == 1
            printer.prints = True
            printer._print()
            printer.prints = False
        assert printer.all_printed() == "done"
        assert printer.paper == ALL_LINES
        assert 200 < printer.most <= 256 + len(MARK)

    def test_a_large_band_waits_for_an_empty_buffer_and_is_sent_in_one_piece(self, head):
        band = "b'\\x1dv0\\x00' + bytes([48, 0, 24, 0]) + bytes(range(32, 80)) * 24"
        body = f"await printer.write(b'text\\n')\nawait printer.write({band})\n"
        printer = head(body + "await printer.finish()\nprint('done')", buffer=2048)
        assert printer.all_printed() == "done"
        assert printer.paper == b"text\n" + eval(band)

    def test_a_large_write_is_paced_by_the_head(self, head):
        printer = head(
            """
from time import ticks_ms, ticks_diff
since = ticks_ms()
await printer.write(b"x" * 15 + b"\\n" + b"y" * 15 + b"\\n" + b"z" * 288)
print(ticks_diff(ticks_ms(), since) >= 2 * 40 + 320 // 48 * 3)
await printer.finish()
""",
            "line_ms=40",
            buffer=4096,
        )
        assert printer.all_printed() == "True"

    def test_the_line_is_paced_by_its_baud_rate(self, head):
        printer = head(
            """
from time import ticks_ms, ticks_diff
since = ticks_ms()
await printer.write(b"x" * 96)
print(ticks_diff(ticks_ms(), since) >= 100)
""",
            "baudrate=9600",
        )
        assert printer.all_printed() == "True"


class TestFinish:
    @pytest.mark.parametrize(
        ("state", "why"), [(NO_PAPER, "paper"), (COVER, "cover"), (BROKEN, "fault")]
    )
    def test_a_printer_that_stops_in_the_middle_says_why(self, head, state, why):
        printer = head("await printer.write(b'a\\n')\nprint(await caught(printer.finish()))")
        printer.prints = False
        printer.run(until=lambda: MARK in printer.held)
        printer.state = state
        printer.run()
        assert printer.line.output() == why
        assert not printer.paper

    def test_a_pause_may_be_longer_than_the_deadline(self, head):
        # paused at 400 ms a look, 3 questions each: 14 looks are over 5 seconds
        printer = head("await printer.write(b'a\\n')\nawait printer.finish()\nprint('done')")
        printer.prints, printer.state = False, PAUSED
        printer.run(until=lambda: printer.asked >= 14 * 3)
        printer.state = FINE
        printer.run(until=lambda: printer.asked >= 16 * 3)  # it takes a moment to go on
        assert printer.all_printed() == "done"

    def test_a_printer_that_only_chats_is_a_fault(self, head):
        printer = head("print(await caught(printer.finish()))")
        printer.prints = False
        printer.run()
        assert printer.line.output() == "fault"

    def test_a_printer_that_falls_silent(self, head):
        printer = head("print(await caught(printer.finish()))")
        printer.prints, printer.mute = False, True
        printer.run()
        assert printer.line.output() == "silent"

    def test_one_mark_answers_for_one_finish(self, head):
        printer = head("""
task = asyncio.create_task(printer.finish())
while pin.level != 9:
    await asyncio.sleep_ms(1)
task.cancel()
await printer.write(b"b\\n")
tell("written")
await printer.finish()
print("done")
""")
        printer.prints = False
        printer.run(until=lambda: MARK in printer.held)
        printer.line.told("9")
        printer.run(until=lambda: b"b\n" in printer.held)
        assert printer.line.tells() == "written"
        # the answer to the cancelled finish comes first: it must not end the second one
        printer.prints = True
        printer.run(until=lambda: printer.paper == b"b\n")
        assert printer.all_printed() == "done"


class TestReady:
    def test_it_waits_for_paper_and_the_rest_of_the_old_job(self, head):
        printer = head("""
await printer.write(b"old\\n")
print(await caught(printer.finish()))
await printer.ready()
tell("ready")
await printer.write(b"new\\n")
await printer.finish()
print("done")
""")
        printer.prints = False
        printer.run(until=lambda: MARK in printer.held)
        printer.state = NO_PAPER
        asked = printer.asked
        printer.run(until=lambda: printer.asked >= asked + 9)
        printer.state, printer.prints = FINE, True
        printer.run(until=lambda: b"new\n" in printer.paper)
        assert printer.line.tells() == "ready"
        assert printer.all_printed().split() == ["paper", "done"]
        assert printer.paper == b"old\nnew\n"

    def test_a_printer_switched_off_and_on_owes_nothing(self, head):
        printer = head("""
print(await caught(printer.finish()))
await printer.ready()
await printer.start()
print("done")
""")
        printer.prints, printer.mute = False, True
        printer.run(until=lambda: printer.asked >= 4)
        printer.held.clear()
        printer.mute, printer.prints = False, True
        assert printer.all_printed().split() == ["silent", "done"]


class TestBusyLine:
    def test_nothing_is_sent_while_it_is_high(self, head):
        printer = head(
            """
while not pin.level:
    await asyncio.sleep_ms(1)
tell("busy")
await printer.write(b"text\\n")
await printer.finish()
print("done")
""",
            "busy=pin",
        )
        printer.line.told("1")
        assert printer.line.tells() == "busy"
        printer.line.keeps_quiet_for(0.2)
        printer.line.told("0")
        assert printer.all_printed() == "done"
        assert printer.paper == b"text\n"

    def test_no_marks_are_needed_between_lines(self, head):
        printer = head(LINES, "busy=pin", buffer=4096)
        printer.prints = False
        printer.run(until=lambda: MARK in printer.held)
        assert printer.held.startswith(ALL_LINES)
        assert printer.all_printed() == "done"

    @pytest.mark.parametrize(
        ("state", "why"), [(NO_PAPER, "paper"), (COVER, "cover"), (FINE, "fault")]
    )
    def test_a_line_that_stays_high_is_looked_into(self, head, state, why):
        printer = head(
            """
while not pin.level:
    await asyncio.sleep_ms(1)
print(await caught(printer.write(b"text\\n")))
""",
            "busy=pin",
        )
        printer.state = state
        printer.line.told("1")
        assert printer.all_printed() == why
        assert printer.asked >= 3 and not printer.paper

    def test_a_band_that_was_cut_off_is_completed_with_blanks(self, head):
        printer = head(
            """
task = asyncio.create_task(printer.write(b"B" * 300))
while not pin.level:
    await asyncio.sleep_ms(1)
task.cancel()
pin.level = 0
await printer.write(b"next\\n")
await printer.finish()
print("done")
""",
            "busy=pin",
        )
        printer.run(until=lambda: len(printer.paper) >= 64)
        printer.line.told("1")
        assert printer.all_printed() == "done"
        assert len(printer.paper) == 305
        blanks = printer.paper.strip(b"B")
        assert blanks.endswith(b"next\n") and set(blanks[:-5]) <= {0}
        assert 64 <= printer.paper.count(b"B") < 300
