"""What asyncio lacks, on the real MicroPython: alarm, race, deadline; in every single turn."""

SOURCE = """
from pos.aio import Alarm
stream = asyncio.StreamReader(uart)
alarm = Alarm()
buf = bytearray(8)

async def wait(ms):
    alarm.set(ms)
    return await stream.readinto(buf)

async def main():
    {}

asyncio.run(main())
"""


def body(text):
    return SOURCE.format("\n    ".join(text.strip().splitlines()))


def test_it_wakes_who_waits_again_and_again(wire):
    line = wire(body("print(await wait(1), await wait(1), await wait(1))"))
    assert line.output() == "None None None"


def test_what_comes_in_time_is_read_and_the_alarm_of_before_disturbs_nobody(wire):
    line = wire(
        body("""
tell("waiting")
print(await wait(20000))
alarm.set(1)
alarm.clear()
tell("again")
print(await stream.readinto(buf))""")
    )
    assert line.tells() == "waiting"
    line.says(b"abc")
    assert line.tells() == "again"
    line.says(b"defg")
    assert line.output() == "3\n4"


def test_a_wait_for_something_else_is_left_alone(wire):
    line = wire(
        body("""
event = asyncio.Event()
alarm.set(1)
async def later():
    await asyncio.sleep_ms(5)
    event.set()
asyncio.create_task(later())
await event.wait()
print("event")""")
    )
    assert line.output() == "event"


def test_who_is_cancelled_as_the_alarm_rings_is_cancelled(wire):
    line = wire(
        body("""
task = asyncio.create_task(wait(1))
await asyncio.sleep_ms(0)
import time
time.sleep_ms(3)  # the alarm is due, and the cancellation comes first
task.cancel()
try:
    await task
except asyncio.CancelledError:
    print("cancelled")""")
    )
    assert line.output() == "cancelled"


def test_it_makes_no_task_for_a_wait(wire):
    line = wire(
        body("""
await wait(1)
gc.collect()
gc.disable()
before = gc.mem_alloc()
for _ in range(10):
    await wait(1)
print((gc.mem_alloc() - before) // 10 < 700)""")
    )
    assert line.output() == "True"


TURNS = """
import asyncio, time
from pos import aio

running = [0]

async def count(coro):
    running[0] += 1
    try:
        return await coro
    finally:
        running[0] -= 1

async def turns(n):
    for _ in range(n):
        await asyncio.sleep_ms(0)

async def over(task):
    # whether it ends by itself now
    for _ in range(50):
        if task.done():
            return True
        await asyncio.sleep_ms(1)
    return False

async def asks():
    # as a driver does: what comes too late is asked for again
    while True:
        try:
            await aio.deadline(count(asyncio.Event().wait()), 5)
        except asyncio.TimeoutError:
            pass

async def main():
    bad = []
    for turn in range(12):
        {}
    print(bad, running[0])

asyncio.run(main())
"""


def in_each_turn(text):
    return TURNS.format("\n        ".join(text.strip().splitlines()))


def test_who_is_cancelled_as_a_deadline_passes_is_cancelled(mpy):
    printed = mpy(
        in_each_turn("""
task = asyncio.create_task(asks())
await turns(3)
time.sleep_ms(8)  # it is due, and nobody has looked yet
await turns(turn)
task.cancel()
if not await over(task):
    bad.append(turn)""")
    )
    assert printed == "[] 0\n"


def test_what_has_come_as_a_deadline_passes_is_not_lost(mpy):
    printed = mpy(
        in_each_turn("""
queue = aio.Queue(2)
async def takes():
    key = await queue.get()
    time.sleep_ms(8)  # the time ends meanwhile
    return key
task = asyncio.create_task(aio.deadline(takes(), 5))
await turns(turn)
queue.put_nowait("key")
try:
    got = await task
except asyncio.TimeoutError:  # the time had ended before: then it waits for who asks next
    got = None
if (got == "key") != queue.empty():
    bad.append(turn)""")
    )
    assert printed == "[] 0\n"


def test_a_race_that_is_cancelled_as_it_ends_is_cancelled(mpy):
    printed = mpy(
        in_each_turn("""
event = asyncio.Event()
async def races():
    while True:
        await aio.first(count(event.wait()), count(asyncio.Event().wait()))
        event.clear()
task = asyncio.create_task(races())
await turns(3)
event.set()
await turns(turn)
task.cancel()
if not await over(task):
    bad.append(turn)""")
    )
    assert printed == "[] 0\n"


def test_of_two_that_have_ended_the_one_named_first_has_won(mpy):
    printed = mpy(
        in_each_turn("""
one, two = asyncio.Event(), asyncio.Event()
async def says(event, name):
    await event.wait()
    return name
task = asyncio.create_task(aio.first(says(one, "one"), says(two, "two")))
await turns(3)
two.set()
one.set()
if await task != (0, "one"):
    bad.append(turn)""")
    )
    assert printed == "[] 0\n"
