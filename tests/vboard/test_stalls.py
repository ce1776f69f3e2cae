"""A laptop that is busy with something else: no time passes on the board meanwhile."""

import asyncio
import time

from idle import IDLE

from host_tools.vboard.clock import LoopClock, since_stamp

STALL_S = 0.5

DEADLINE = """
import asyncio, time
from machine import UART
uart = UART(1, 115200, tx=17, rx=18, timeout=0)
async def main():
    stream = asyncio.StreamReader(uart)
    print("ready")
    while not uart.any():
        await asyncio.sleep_ms(1)
    uart.read()
    for _ in range(2):
        since = time.ticks_ms()
        uart.write(b"a")
        try:
            print("answer", await asyncio.wait_for_ms(stream.read(1), 100))
        except asyncio.TimeoutError:
            print("no answer")
        print("took", time.ticks_diff(time.ticks_ms(), since) < 100)
asyncio.run(main())
"""


class Slow:
    """A chip that answers the first time 20 ms later, and keeps the laptop from all else then."""

    baudrate = 115200

    def __init__(self, board):
        self.board, self.asked = board, 0
        self.line = board.mcu.uart(1)
        self.line.attach(self)

    def receive(self, data):
        self.asked += 1
        if self.asked == 1:
            self.board.clock.call_later(20, lambda: self.line.from_chip(b"b", 115200))
            time.sleep(STALL_S)


def test_a_deadline_does_not_pass_while_the_chips_are_kept_waiting(bench):
    b = bench(DEADLINE + IDLE, power=False)
    chip = b.board.call(lambda: Slow(b.board))
    b.board.power_on()
    b.said("ready")
    b.board.call(lambda: chip.line.from_chip(b"go", 115200))
    b.said("answer b'b'", "took True")
    b.said("no answer", "took False")  # one that is never given is not waited for without end


def test_a_call_that_is_late_takes_its_lateness_back():
    async def story():
        loop = asyncio.get_running_loop()
        clock = LoopClock(loop)
        stalls, fired = [], asyncio.Event()
        clock.on_stall = stalls.append
        before = clock.now_ms()
        clock.call_later(5, fired.set)
        time.sleep(STALL_S)
        await fired.wait()
        return clock.now_ms() - before, stalls

    passed, stalls = asyncio.run(story())
    assert 5 <= passed < STALL_S * 500
    assert sum(stalls) > STALL_S * 500


def test_what_was_taken_back_once_is_not_taken_back_again():
    async def story():
        clock = LoopClock(asyncio.get_running_loop())
        before = clock.now_ms()
        time.sleep(0.1)
        clock.stalled(100)
        clock.stalled(100)  # another frame that lay there at the same time
        return clock.now_ms() - before

    assert 0 <= asyncio.run(story()) < 60


def test_stamps():
    now = int(time.monotonic() * 1000) // 4
    assert 80 <= since_stamp((now - 20) & 0xFF) < 800
    assert since_stamp((now + 5) & 0xFF) == 0  # from a clock that is ahead


BUSY = """
import asyncio, time
async def main():
    print("ready")
    until = time.ticks_add(time.ticks_ms(), 300)
    while time.ticks_diff(until, time.ticks_ms()) > 0:
        await asyncio.sleep(0)
    since = time.ticks_ms()
    await asyncio.sleep(30)
    print("slept", time.ticks_diff(time.ticks_ms(), since) >= 30000)
asyncio.run(main())
"""


def test_a_program_says_when_it_waits(bench):
    """Thirty seconds that pass before it has begun to wait would not end its sleep."""
    b = bench(BUSY, power=False)
    b.board.power_on()
    b.said("ready")
    b.board.call(b.board.mcu.ask)
    assert not b.board.call(lambda: b.board.mcu.waits)
    b.board.wait_for(lambda: b.board.mcu.waits, 10.0)
    b.board.pass_time(30)
    b.said("slept True", timeout=5.0)


def test_without_a_program_nothing_is_waited_for(bench):
    b = bench(BUSY, power=False)
    b.board.call(b.board.mcu.ask)
    assert b.board.mcu.waits
