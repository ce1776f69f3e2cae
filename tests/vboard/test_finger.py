"""A finger that presses keys stays on each for as long as the keypad's driver needs."""

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
