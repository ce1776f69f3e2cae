"""The buzzer driver on the real MicroPython, given a PWM that keeps a record."""

SOURCE = """
import asyncio, time
from pos.drivers.buzzer import Buzzer

class Pwm:
    def __init__(self):
        self.hz = 0
        self.sound = []
    def freq(self, hz):
        self.hz = hz
    def duty_u16(self, n):
        self.sound.append(self.hz if n else 0)

pwm = Pwm()
buzzer = Buzzer(pwm)

async def main():
{body}
    print(pwm.sound)

asyncio.run(main())
"""


def sound(mpy, body: str) -> str:
    lines = "".join("    " + line + "\n" for line in body.strip().splitlines())
    return mpy(SOURCE.format(body=lines)).strip()


def test_patterns_end_in_silence(mpy):
    assert sound(mpy, "await buzzer.key()") == "[0, 2000, 0]"
    assert sound(mpy, "await buzzer.ok()") == "[0, 1500, 0]"
    assert sound(mpy, "await buzzer.bad()") == "[0, 750, 0, 750, 0]"


def test_the_alert_tone_takes_its_time(mpy):
    body = """
began = time.ticks_ms()
await buzzer.bad()
assert time.ticks_diff(time.ticks_ms(), began) >= 600
"""
    assert sound(mpy, body) == "[0, 750, 0, 750, 0]"


def test_nobody_waits_for_the_buzzer(mpy):
    body = """
began = time.ticks_ms()
buzzer.ok()
assert time.ticks_diff(time.ticks_ms(), began) < 100
assert pwm.sound == [0]
await buzzer.key()
"""
    assert sound(mpy, body) == "[0, 2000, 0]"


def test_the_next_pattern_replaces_the_one_that_plays(mpy):
    body = """
buzzer.ok()
while len(pwm.sound) < 2:
    await asyncio.sleep_ms(1)
await buzzer.key()
"""
    assert sound(mpy, body) == "[0, 1500, 2000, 0]"


def test_a_cancelled_pattern_is_silent(mpy):
    body = """
task = buzzer.ok()
while len(pwm.sound) < 2:
    await asyncio.sleep_ms(1)
task.cancel()
try:
    await task
except asyncio.CancelledError:
    pass
await buzzer.key()
"""
    assert sound(mpy, body) == "[0, 1500, 0, 2000, 0]"


def test_a_mute_one_plays_in_silence(mpy):
    body = """
buzzer.mute(True)
await buzzer.bad()
buzzer.mute(False)
await buzzer.key()
"""
    assert sound(mpy, body) == "[0, 0, 0, 0, 0, 2000, 0]"


LAMP = """
class Pin:
    def __init__(self, name):
        self.name = name
    def __call__(self, level):
        lit[self.name] = level
        seen.append(("G" if lit["g"] else "") + ("R" if lit["r"] else ""))

lit = {"g": 0, "r": 0}
seen = []
buzzer = Buzzer(pwm, lamp=(Pin("g"), Pin("r")))
"""


def test_the_lamp_is_green_red_or_both_and_then_dark(mpy):
    body = f"""
global lit, seen
exec({LAMP!r}, globals())
buzzer = globals()["buzzer"]
await buzzer.key()
assert not any(seen)
buzzer.busy(True)
assert seen[-1] == "GR"
for play, light in ((buzzer.ok, "G"), (buzzer.bad, "R")):
    task = play()
    buzzer.busy(False)
    while seen[-1] != light:
        assert not task.done()
        await asyncio.sleep_ms(1)
buzzer.busy(True)
await task
assert seen[-1] == "GR"
buzzer.busy(False)
assert seen[-1] == ""
"""
    assert sound(mpy, body).startswith("[")
