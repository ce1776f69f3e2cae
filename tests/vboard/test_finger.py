"""A finger that presses keys stays on each for as long as the keypad's driver needs."""

import time

from host_tools.boards import load
from host_tools.device.finger import Finger

KEYS = "123C456B789M*0#E"

# Somebody else looks at the keys, too, and rests a while after having seen one, as the self-test
# does: a scan that is none of the driver's own
LOOKS = """
import asyncio
from machine import Pin
from pos.drivers.keypad import Keypad

pad = Keypad([Pin(n) for n in {rows}], [Pin(n) for n in {columns}])

async def look():
    while True:
        await asyncio.sleep_ms(50 if pad.held() else 0)

async def main():
    watching = asyncio.create_task(pad.run()), asyncio.create_task(look())
    await asyncio.sleep_ms(0)
    print("ready")
    typed = ""
    while True:
        typed += await pad.get()
        print("typed", typed)

asyncio.run(main())
"""


def test_a_key_is_held_until_it_counts_whoever_looks(bench):
    wires = load("virtual").wires
    program = LOOKS.format(rows=wires.KEYPAD_ROWS, columns=wires.KEYPAD_COLUMNS)
    made = bench(program, modules=("pos/__init__.py", "pos/aio.py", "pos/drivers/keypad.py"))
    made.said("ready")
    finger = made.board.call(Finger, made.board)
    for i in range(len(KEYS)):
        made.board.call(finger.press, KEYS[i])
        made.said("typed " + KEYS[: i + 1])


SLEEPS = """
import asyncio, sys, time

async def nap(ms, times):
    since = time.ticks_us()
    for _ in range(times):
        await asyncio.sleep_ms(ms)
    return time.ticks_diff(time.ticks_us(), since) // 1000

def sleep(ms, times):
    since = time.ticks_us()
    for _ in range(times):
        time.sleep_ms(ms)
    return time.ticks_diff(time.ticks_us(), since) // 1000

print("ready")
sys.stdin.readline()
print("asyncio", asyncio.run(nap(5, 200)), asyncio.run(nap(30, 2)))
print("time", sleep(5, 200), sleep(30, 2), "end")
"""


def test_in_a_hurry_short_waits_pass_at_once_for_all(bench):
    made = bench(SLEEPS)
    made.said("ready")
    board = made.board

    def lead():
        """How much more time has passed on the board's clock than on the laptop's."""
        return board.clock.now_ms() - time.monotonic() * 1000

    before = board.call(lead)
    board.call(board.mcu.hurry, "test", True)
    board.call(board.console.type, b"go\n")
    words = made.said("end").split()
    gained = board.call(lead) - before
    slept = [int(word) for word in words if word.isdigit()]
    assert all(ms >= least for ms, least in zip(slept, (1000, 60, 1000, 60), strict=True))
    # Of the long waits nothing is gained; a busy laptop takes time back, from all clocks alike
    assert 1000 < gained < 2100
