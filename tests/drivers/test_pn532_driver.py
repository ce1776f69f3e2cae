"""The PN532 driver on the real MicroPython against a chip that is played frame by frame."""

import random

import pytest

ACK = bytes.fromhex("0000FF00FF00")
NACK = bytes.fromhex("0000FFFF0000")
ERROR = bytes.fromhex("0000FF01FF7F8100")
WAKE = bytes.fromhex("5555" + 14 * "00")
ABORT = ACK

# what the chip answers, by command
VERSION = "03 32 01 06 07"
CARD_A = "4B 01 01 0004 20 04 01020304 06 75778102 80"
CARD_B = "4B 01 01 50 11223344 00000000 008171 01 00"
NO_CARD = "4B 00"


def frame(direction: int, text: str) -> bytes:
    """UM0701-02, 6.2.1: a normal frame up to 255 bytes, an extended one beyond."""
    body = bytes([direction]) + bytes.fromhex(text)
    size = len(body).to_bytes(2, "big")
    head = bytes([len(body), 256 - len(body)]) if len(body) < 256 else b"\xff\xff" + size
    if len(body) > 255:
        head += bytes([-sum(size) & 0xFF])
    return b"\x00\x00\xff" + head + body + bytes([-sum(body) & 0xFF, 0])


def CMD(text: str) -> bytes:
    return frame(0xD4, text)


def RSP(text: str) -> bytes:
    return frame(0xD5, text)


def damaged(good: bytes) -> bytes:
    return good[:-3] + bytes([good[-3] ^ 0x10]) + good[-2:]


BARRIER = ABORT + CMD("02")


class Chip:
    """The chip's part of the conversations that every test has in common."""

    def __init__(self, line) -> None:
        self.line = line
        self.hears, self.says, self.told = line.hears, line.says, line.told
        self.output, self.tells = line.output, line.tells

    def does(self, command: str, answer: str) -> None:
        """Hear a command, acknowledge and answer it."""
        self.hears(CMD(command))
        self.says(ACK, RSP(answer))

    def wakes(self, rate: int = 115200) -> None:
        assert self.tells() == f"baud {rate}"
        self.hears(WAKE)
        self.does("14 01 00 00", "15")
        self.does("02", VERSION)

    def configured(self) -> None:
        self.does("32 05 01 01 01", "33")
        self.does("32 02 00 0B 0E", "33")
        self.does("32 01 00", "33")

    def starts(self) -> None:
        self.wakes()
        self.configured()

    def finds_card(self) -> None:
        self.does("32 01 01", "33")
        self.does("4A 02 00", CARD_A)

    def passes_barrier(self) -> None:
        self.hears(BARRIER)
        self.says(ACK, RSP(VERSION))

    def silent_at(self, rate: int) -> None:
        assert self.tells() == f"baud {rate}"
        self.hears(WAKE, CMD("14 01 00 00"))


@pytest.fixture
def chip(wire):
    """``chip(body)`` runs the body of a coroutine that has ``nfc``, a started driver."""

    def run(body: str, started: bool = True, options: str = "fast=False", **kw) -> Chip:
        lines = "\n".join("    " + line for line in body.strip().splitlines())
        source = (
            "import time\n"
            "from pos.drivers.pn532 import Pn532\n"
            "from pos.protocol.apdu import *\n"
            "async def main():\n"
            f"    nfc = Pn532(uart, {options})\n"
            + ("    await nfc.start()\n" if started else "")
            + f"{lines}\nasyncio.run(main())\n"
        )
        one = Chip(wire(source, **kw))
        if started:
            one.starts()
        return one

    return run


POLLED = "await nfc.poll(0)\n"
FAILS = """
try:
    {}
    print("no error")
except CardError as error:
    print(type(error).__name__)
"""
EXCHANGE_FAILS = POLLED + FAILS.format("await nfc.exchange(b'APDU!')")
SHOW = "print(bytes(await nfc.exchange(b'APDU!')).hex())"
APDU = "40 01" + b"APDU!".hex()


class TestStart:
    def test_the_chip_is_woken_and_configured(self, chip):
        c = chip("print(await nfc.start())", started=False)
        c.starts()
        assert c.output() == "(50, 1, 6, 7)"

    def test_the_line_is_raised_to_921600_baud(self, chip):
        c = chip("print(await nfc.start())", started=False, options="")
        c.wakes()
        c.does("10 07", "11")
        c.hears(ACK)
        assert c.tells() == "baud 921600"
        c.passes_barrier()
        c.configured()
        assert c.output() == "(50, 1, 6, 7)"

    def test_a_line_that_does_not_carry_921600_baud_stays_at_115200(self, chip):
        c = chip("print(await nfc.start())", started=False, options="")
        c.wakes()
        c.does("10 07", "11")
        c.hears(ACK)
        assert c.tells() == "baud 921600"
        c.hears(BARRIER, BARRIER, BARRIER)
        c.silent_at(921600)
        assert c.tells() == "baud 115200"
        c.hears(WAKE)
        c.does("14 01 00 00", "15")
        c.passes_barrier()
        c.configured()
        assert c.output() == "(50, 1, 6, 7)"

    def test_a_chip_that_was_left_at_921600_baud_is_found(self, chip):
        c = chip("print(await nfc.start())", started=False, options="")
        c.silent_at(115200)
        assert c.tells() == "baud 921600"
        c.hears(WAKE)
        c.does("14 01 00 00", "15")
        c.passes_barrier()
        c.does("02", VERSION)
        c.configured()
        assert c.output() == "(50, 1, 6, 7)"

    def test_no_chip_at_all(self, chip):
        c = chip(FAILS.format("await nfc.start()"), started=False)
        for rate in (115200, 921600, 921600, 115200):
            c.silent_at(rate)
        assert c.tells() == "baud 115200"
        assert c.output() == "ReaderFault"

    def test_the_reset_pin_is_pulsed(self, chip):
        body = """
class Reset:
    def value(self, x):
        tell("reset %d" % x)
await Pn532(uart, Reset(), fast=False).start()
"""
        c = chip(body, started=False)
        assert [c.tells(), c.tells()] == ["reset 0", "reset 1"]
        c.starts()
        assert c.output() == ""

    def test_garbage_before_the_acknowledgement(self, chip):
        c = chip("print(await nfc.start())", started=False)
        assert c.tells() == "baud 115200"
        c.hears(WAKE, CMD("14 01 00 00"))
        c.says(b"\x55\xaa\x00\xff\x31\xff\x00", ACK, RSP("15"))
        c.does("02", VERSION)
        c.configured()
        assert c.output() == "(50, 1, 6, 7)"


class TestPoll:
    def test_type_a(self, chip):
        c = chip("print((await nfc.poll(1000)).hex())")
        c.finds_card()
        assert c.output() == "41" + "0004200401020304" + "067577810280"

    def test_type_b_after_type_a(self, chip):
        c = chip("print((await nfc.poll(1000)).hex())")
        c.does("32 01 01", "33")
        c.does("4A 02 00", NO_CARD)
        c.does("4A 02 03 00", CARD_B)
        assert c.output() == "42" + "501122334400000000008171" + "0100"

    def test_none_came(self, chip):
        c = chip("print(await nfc.poll(0))")
        c.does("32 01 01", "33")
        c.does("4A 02 00", NO_CARD)
        c.does("4A 02 03 00", NO_CARD)
        assert c.output() == "None"

    def test_type_a_and_b_alternate(self, chip):
        c = chip("print((await nfc.poll(10000)).hex()[:2])")
        c.does("32 01 01", "33")
        for _ in range(3):
            c.does("4A 02 00", NO_CARD)
            c.does("4A 02 03 00", NO_CARD)
        c.does("4A 02 00", CARD_A)
        assert c.output() == "41"

    def test_two_cards(self, chip):
        c = chip(FAILS.format("await nfc.poll(1000)"))
        c.does("32 01 01", "33")
        c.does("4A 02 00", "4B 02" + 2 * " 01 0004 20 04 01020304 06 75778102 80")
        c.does("52 00", "53 00")
        c.does("32 01 00", "33")
        assert c.output() == "Collision"

    @pytest.mark.parametrize("answer", ["4B 01 01 0004 08 04 01020304", "4B 01 01 0004 20 07 01"])
    def test_a_card_without_iso_14443_4(self, chip, answer):
        c = chip(FAILS.format("await nfc.poll(1000)"))
        c.does("32 01 01", "33")
        c.does("4A 02 00", answer)
        c.does("52 00", "53 00")
        c.does("32 01 00", "33")
        assert c.output() == "CardUnreadable"

    def test_cancelled_while_the_chip_looks_for_cards(self, chip):
        body = """
task = asyncio.create_task(nfc.poll())
await told()
task.cancel()
try:
    await task
except asyncio.CancelledError:
    print("cancelled")
tell("cancelled")
await nfc.field(False)
"""
        c = chip(body)
        c.does("32 01 01", "33")
        c.hears(CMD("4A 02 00"))
        c.says(ACK)
        c.told()
        c.hears(ABORT)
        assert c.tells() == "cancelled"
        c.passes_barrier()
        c.does("32 01 00", "33")
        assert c.output() == "cancelled"

    def test_an_answer_that_crosses_the_abort_is_not_taken_for_another(self, chip):
        body = """
task = asyncio.create_task(nfc.poll())
await told()
task.cancel()
try:
    await task
except asyncio.CancelledError:
    pass
print(await nfc.poll(0))
"""
        c = chip(body)
        c.does("32 01 01", "33")
        c.hears(CMD("4A 02 00"))
        c.told()
        c.hears(ABORT, BARRIER)
        c.says(ACK, RSP(CARD_A), ACK, RSP(VERSION))
        c.does("4A 02 00", NO_CARD)
        c.does("4A 02 03 00", NO_CARD)
        assert c.output() == "None"

    def test_a_chip_that_falls_silent_is_started_again(self, chip):
        c = chip("print((await nfc.poll(10000)).hex()[:2])")
        c.does("32 01 01", "33")
        c.hears(3 * CMD("4A 02 00"))
        assert c.tells() == "baud 115200"
        c.hears(WAKE)
        c.does("14 01 00 00", "15")
        c.passes_barrier()
        c.does("02", VERSION)
        c.configured()
        c.finds_card()
        assert c.output() == "41"

    def test_a_chip_that_stays_silent(self, chip):
        c = chip(FAILS.format("await nfc.poll(10000)"))
        c.does("32 01 01", "33")
        c.hears(3 * CMD("4A 02 00"))
        for rate in (115200, 921600, 921600, 115200):
            c.silent_at(rate)
        assert c.tells() == "baud 115200"
        assert c.output() == "ReaderFault"


class TestExchange:
    def test_an_apdu_and_its_answer(self, chip):
        c = chip(POLLED + SHOW)
        c.finds_card()
        c.does(APDU, "41 00 1234 9000")
        assert c.output() == "12349000"

    def test_extended_frames_both_ways(self, chip):
        c = chip(POLLED + "r = await nfc.exchange(bytes(262))\nprint(len(r), sum(r) == 0x90)")
        c.finds_card()
        c.does("40 01" + 262 * "00", "41 00" + 256 * "00" + "9000")
        assert c.output() == "258 True"

    def test_bytes_that_come_one_by_one(self, chip):
        c = chip(POLLED + SHOW)
        c.finds_card()
        c.hears(CMD(APDU))
        for byte in ACK + RSP("41 00 1234 9000"):
            c.says(bytes([byte]))
        assert c.output() == "12349000"

    def test_a_chained_answer(self, chip):
        c = chip(POLLED + SHOW)
        c.finds_card()
        c.does(APDU, "41 40 1111")
        c.does("40 01", "41 40 2222")
        c.does("40 01", "41 00 9000")
        assert c.output() == "111122229000"

    def test_a_chained_answer_without_end(self, chip):
        c = chip(EXCHANGE_FAILS)
        c.finds_card()
        c.does(APDU, "41 40" + 200 * "11")
        c.does("40 01", "41 40" + 200 * "11")
        assert c.output() == "CardUnreadable"

    def test_a_chained_command(self, chip):
        c = chip(POLLED + "print(bytes(await nfc.exchange(bytes(300))).hex())")
        c.finds_card()
        c.does("40 41" + 262 * "00", "41 00")
        c.does("40 01" + 38 * "00", "41 00 9000")
        assert c.output() == "9000"

    @pytest.mark.parametrize(
        ("status", "error"),
        [
            ("01", "CardLost"),
            ("27", "CardLost"),
            ("2B", "CardLost"),
            ("02", "CardUnreadable"),
            ("0A", "CardUnreadable"),
            ("0B", "CardUnreadable"),
            ("13", "CardUnreadable"),
            ("0D", "ReaderFault"),
            ("2D", "ReaderFault"),
        ],
    )
    def test_status_bytes(self, chip, status, error):
        c = chip(EXCHANGE_FAILS)
        c.finds_card()
        c.does(APDU, "41" + status)
        assert c.output() == error

    def test_a_damaged_answer_is_asked_for_again(self, chip):
        c = chip(POLLED + SHOW)
        c.finds_card()
        c.hears(CMD(APDU))
        c.says(ACK, damaged(RSP("41 00 1234 9000")))
        c.hears(NACK)
        c.says(RSP("41 00 1234 9000"))
        assert c.output() == "12349000"

    def test_an_answer_that_stops_half_way_is_asked_for_again(self, chip):
        c = chip(POLLED + SHOW)
        c.finds_card()
        c.hears(CMD(APDU))
        c.says(ACK, RSP("41 00 1234 9000")[:8])
        c.hears(NACK)
        c.says(RSP("41 00 1234 9000"))
        assert c.output() == "12349000"

    def test_an_answer_that_stays_damaged(self, chip):
        c = chip(EXCHANGE_FAILS)
        c.finds_card()
        c.hears(CMD(APDU))
        c.says(ACK, damaged(RSP("41 00 9000")))
        c.hears(NACK)
        c.says(damaged(RSP("41 00 9000")))
        c.hears(NACK)
        c.says(damaged(RSP("41 00 9000")))
        assert c.output() == "ReaderFault"

    def test_a_damaged_acknowledgement_does_not_repeat_the_apdu(self, chip):
        c = chip(POLLED + SHOW)
        c.finds_card()
        c.hears(CMD(APDU))
        c.says(b"\x00\x00\xff\x00\xf7\x00")
        c.line.keeps_quiet_for(0.5)
        c.says(RSP("41 00 1234 9000"))
        assert c.output() == "12349000"

    def test_an_apdu_that_the_chip_has_not_heard_is_sent_again(self, chip):
        c = chip(POLLED + SHOW + "\nawait nfc.field(False)")
        c.finds_card()
        c.hears(CMD(APDU))
        c.does(APDU, "41 00 1234 9000")
        c.passes_barrier()
        c.does("32 01 00", "33")
        assert c.output() == "12349000"

    def test_answers_to_both_copies_of_an_apdu_are_told_apart(self, chip):
        c = chip(POLLED + SHOW + "\nprint(bytes(await nfc.exchange(b'NEXT!')).hex())")
        c.finds_card()
        c.hears(CMD(APDU), CMD(APDU))
        c.says(ACK, RSP("41 00 9000"), ACK, RSP("41 00 6985"))
        c.passes_barrier()
        c.does("40 01" + b"NEXT!".hex(), "41 00 6A82")
        assert c.output().split() == ["9000", "6a82"]

    def test_a_card_that_never_answers(self, chip):
        c = chip(EXCHANGE_FAILS)
        c.finds_card()
        c.hears(CMD(APDU))
        c.says(ACK)
        c.passes_barrier()
        assert c.output() == "CardLost"

    def test_an_error_frame(self, chip):
        c = chip(EXCHANGE_FAILS)
        c.finds_card()
        c.hears(CMD(APDU))
        c.says(ACK, ERROR)
        assert c.output() == "ReaderFault"

    def test_an_answer_to_another_command_is_passed_over(self, chip):
        c = chip(POLLED + SHOW)
        c.finds_card()
        c.hears(CMD(APDU))
        c.says(ACK, RSP("33"), RSP("41 00 1234 9000"))
        assert c.output() == "12349000"

    def test_a_chip_that_can_be_started_again_has_lost_the_card(self, chip):
        c = chip(EXCHANGE_FAILS)
        c.finds_card()
        c.hears(3 * CMD(APDU))
        assert c.tells() == "baud 115200"
        c.hears(WAKE)
        c.does("14 01 00 00", "15")
        c.passes_barrier()
        c.does("02", VERSION)
        c.configured()
        assert c.output() == "CardLost"

    def test_a_chip_that_stays_silent(self, chip):
        c = chip(EXCHANGE_FAILS)
        c.finds_card()
        c.hears(3 * CMD(APDU))
        for rate in (115200, 921600, 921600, 115200):
            c.silent_at(rate)
        assert c.tells() == "baud 115200"
        assert c.output() == "ReaderFault"

    def test_cancelled_and_usable_again(self, chip):
        body = """
task = asyncio.create_task(nfc.exchange(b'APDU!'))
await told()
task.cancel()
try:
    await task
except asyncio.CancelledError:
    print("cancelled")
await nfc.release()
print(len(await nfc.poll(0)))
"""
        c = chip(POLLED + body)
        c.finds_card()
        c.hears(CMD(APDU))
        c.says(ACK)
        c.told()
        c.hears(ABORT, BARRIER)
        c.says(RSP("41 00 9000"), ACK, RSP(VERSION))
        c.does("52 00", "53 00")
        c.does("32 01 00", "33")
        c.finds_card()
        assert c.output().split() == ["cancelled", "15"]

    def test_what_one_exchange_allocates(self, chip):
        body = """
apdu = bytes(260)
most = 0
gc.collect()
gc.disable()
for turn in range(20):
    before = gc.mem_alloc()
    await nfc.exchange(apdu)
    if turn:  # the first one grows tables of asyncio
        most = max(most, gc.mem_alloc() - before)
print(most)
"""
        c = chip(POLLED + body)
        c.finds_card()
        for _ in range(20):
            c.hears(CMD("40 01" + 260 * "00"))
            c.says(ACK[:5])
            c.line.keeps_quiet_for(0.01)
            c.says(ACK[5:])
            c.line.keeps_quiet_for(0.01)
            answer = RSP("41 00" + 256 * "11" + "9000")
            for at in range(0, len(answer), 64):
                c.says(answer[at : at + 64])
        assert int(c.output()) <= 2 * 2048  # words have 8 bytes here, 4 on the board


class TestLeaving:
    def test_release_deselects_and_takes_the_field_away(self, chip):
        c = chip(POLLED + "await nfc.release()\nprint('done')")
        c.finds_card()
        c.does("52 00", "53 00")
        c.does("32 01 00", "33")
        assert c.output() == "done"

    def test_release_of_a_dead_chip_raises_nothing(self, chip):
        c = chip(POLLED + "await nfc.release()\nprint('done')")
        c.finds_card()
        c.hears(3 * CMD("52 00"))
        assert c.output() == "done"

    def test_removed_waits_for_two_looks_in_a_row_that_find_nothing(self, chip):
        c = chip(POLLED + "await nfc.removed()\nprint('gone')")
        c.finds_card()
        for answer in (CARD_A, NO_CARD, CARD_A, NO_CARD, NO_CARD):
            c.does("32 01 00", "33")
            c.does("32 01 01", "33")
            c.does("4A 02 00", answer)
        c.does("32 01 00", "33")
        assert c.output() == "gone"

    def test_removed_looks_for_the_type_of_the_last_card(self, chip):
        c = chip(POLLED + "await nfc.removed()\nprint('gone')")
        c.does("32 01 01", "33")
        c.does("4A 02 00", NO_CARD)
        c.does("4A 02 03 00", CARD_B)
        for _ in range(2):
            c.does("32 01 00", "33")
            c.does("32 01 01", "33")
            c.does("4A 02 03 00", NO_CARD)
        c.does("32 01 00", "33")
        assert c.output() == "gone"


NOISE = {
    "zeros": bytes(64),
    "random bytes": random.Random(532).randbytes(4096),
    "acknowledgements": 20 * ACK,
    "answers to another command": 20 * RSP("33"),
    "damaged answers": 20 * damaged(RSP("4B 00")),
    "beginnings": 20 * RSP("4B 00")[:7],
}


class TestBabble:
    @pytest.mark.parametrize("noise", NOISE.values(), ids=NOISE)
    def test_a_line_that_never_is_quiet(self, chip, noise):
        body = """
turns = [0]
async def others():
    while True:
        turns[0] += 1
        await asyncio.sleep_ms(1)
asyncio.create_task(others())
began = time.ticks_ms()
try:
    await nfc.poll(10000)
except ReaderFault:
    print(turns[0] > time.ticks_diff(time.ticks_ms(), began) // 100)
"""
        c = chip(body)
        c.does("32 01 01", "33")
        c.hears(CMD("4A 02 00"))
        assert c.line.babbles(noise) == "True"
