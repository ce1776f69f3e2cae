"""What asyncio lacks, on the real MicroPython: the alarm of a task that waits for a stream."""

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
