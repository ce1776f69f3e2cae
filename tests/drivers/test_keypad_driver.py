"""The keypad driver on the real MicroPython; the pins are a model of sixteen contacts."""

KEYS = """
import asyncio

class Matrix:
    # sixteen contacts between four rows and four columns; a pressed key is (row, column)
    def __init__(self):
        self.down = set()
        self.rows = [Pin(self, row=i) for i in range(4)]
        self.cols = [Pin(self, col=i) for i in range(4)]

    def level(self, col):
        # a row pulls down every column it is connected to, through other keys and rows, too
        low = {("r", i) for i, row in enumerate(self.rows) if row.out == 0}
        grown = True
        while grown:
            grown = False
            for r, c in self.down:
                ends = {("r", r), ("c", c)}
                if ends & low and not ends <= low:
                    low |= ends
                    grown = True
        return 0 if ("c", col) in low else 1

    def change(self, act):
        before = [self.level(c) for c in range(4)]
        act()
        for c, pin in enumerate(self.cols):
            if before[c] and not self.level(c) and pin.handler:
                pin.handler(pin)

    def press(self, *keys):
        for r, c in keys:
            self.change(lambda: self.down.add((r, c)))

    def let_go(self, *keys):
        for key in keys or list(self.down):
            self.change(lambda: self.down.discard(key))

class Pin:
    IN, OUT, OPEN_DRAIN, PULL_UP, IRQ_FALLING, IRQ_RISING = 1, 3, 7, 2, 2, 1

    def __init__(self, matrix, row=None, col=None):
        self.matrix, self.row, self.col = matrix, row, col
        self.mode = self.pull = self.handler = None
        self.out = 1
        self.reads = 0

    def init(self, mode, pull):
        self.mode, self.pull = mode, pull

    def value(self, x=None):
        if x is None:
            self.reads += 1
            return self.matrix.level(self.col)
        assert self.mode == self.OPEN_DRAIN
        def act():
            self.out = x
        self.matrix.change(act)

    def irq(self, handler=None, trigger=3):
        assert handler is None or trigger == self.IRQ_FALLING
        self.handler = handler

from pos.drivers.keypad import Keypad

matrix = Matrix()
pad = Keypad(matrix.rows, matrix.cols)
typed = []

async def collect():
    while True:
        typed.append(await pad.get())

async def until(condition):
    # the scan goes on until what is waited for has come; a test that waits in vain is ended
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep_ms(1)
    raise AssertionError("waited in vain, typed " + repr(typed))

def idle():
    return all(row.out == 0 for row in matrix.rows) and not matrix.down

async def scans(n):
    # until the first column has been looked at n times more
    end = matrix.cols[0].reads + n
    await until(lambda: matrix.cols[0].reads >= end)

async def strike(*keys):
    matrix.press(*keys)
    await scans(4 * 8)
    matrix.let_go()
    await until(idle)

def run(test):
    async def main():
        tasks = [asyncio.create_task(pad.run()), asyncio.create_task(collect())]
        await until(idle)
        await until(lambda: matrix.cols[3].handler)
        await test()
        print("".join(typed))
        for task in tasks:
            task.cancel()
    asyncio.run(main())
"""


def typed(mpy, body: str) -> str:
    """What has been typed once ``body``, a test's coroutine body, has ended."""
    lines = "".join("    " + line + "\n" for line in body.strip().splitlines())
    return mpy(f"{KEYS}\nasync def test():\n{lines}\nrun(test)\n").strip()


def test_every_key(mpy):
    body = """
for row in range(4):
    for col in range(4):
        await strike((row, col))
"""
    assert typed(mpy, body) == "123C456B789M*0#E"


def test_the_same_key_twice(mpy):
    assert typed(mpy, "await strike((0, 0))\nawait strike((0, 0))") == "11"


def test_a_held_key_counts_once(mpy):
    body = """
matrix.press((1, 1))
await scans(4 * 60)
matrix.let_go()
await until(idle)
"""
    assert typed(mpy, body) == "5"


def test_what_is_held_is_told_also_while_it_is_scanned(mpy):
    body = """
typed.append("<%s>" % pad.held())
matrix.press((1, 1))
typed.append("<%s>" % pad.held())
await scans(4 * 60)
typed.append("<%s>" % pad.held())
matrix.press((2, 2))
typed.append("<%s>" % pad.held())
matrix.let_go()
await until(idle)
typed.append("<%s>" % pad.held())
assert idle()
"""
    assert typed(mpy, body) == "<><5>5<5><?><>"


def test_contacts_that_bounce(mpy):
    body = """
for _ in range(6):
    matrix.press((2, 0))
    await scans(4)
    matrix.let_go()
    await scans(4)
await strike((2, 0))
matrix.press((2, 0))
await scans(4 * 8)
for _ in range(6):
    matrix.let_go()
    await scans(4)
    matrix.press((2, 0))
    await scans(4)
matrix.let_go()
await until(idle)
"""
    assert typed(mpy, body) == "77"


def test_a_spike_is_no_key(mpy):
    body = """
matrix.press((0, 0))
matrix.let_go()
await scans(4)
await strike((3, 3))
"""
    assert typed(mpy, body) == "E"


def test_two_keys_at_once_are_none(mpy):
    body = """
await strike((0, 0), (1, 1))
await strike((0, 0), (0, 1))
await strike((0, 0), (1, 0))
await strike((0, 0), (0, 1), (1, 0), (1, 1))
await strike((0, 2))
"""
    assert typed(mpy, body) == "3"


def test_nothing_counts_until_both_keys_are_released(mpy):
    body = """
matrix.press((0, 0), (1, 1))
await scans(4 * 8)
matrix.let_go((1, 1))
await scans(4 * 20)
matrix.press((1, 2))
await scans(4 * 8)
matrix.let_go()
await until(idle)
await strike((0, 1))
"""
    assert typed(mpy, body) == "2"


def test_a_second_key_does_not_take_back_the_first(mpy):
    body = """
matrix.press((0, 0))
await until(lambda: typed)
matrix.press((1, 1))
await scans(4 * 8)
matrix.let_go()
await until(idle)
"""
    assert typed(mpy, body) == "1"


def test_a_key_that_is_down_from_the_start(mpy):
    source = """
async def main():
    matrix.press((3, 3))
    task = asyncio.create_task(pad.run())
    print(await asyncio.wait_for_ms(pad.get(), 5000))
    task.cancel()
asyncio.run(main())
"""
    assert mpy(KEYS + source).strip() == "E"


def test_idle_does_not_look_at_the_columns(mpy):
    body = """
await strike((0, 0))
before = [col.reads for col in matrix.cols]
for _ in range(20):
    await asyncio.sleep_ms(1)
assert before == [col.reads for col in matrix.cols]
"""
    assert typed(mpy, body) == "1"


def test_a_key_counts_at_the_fourth_scan_that_sees_it(mpy):
    body = """
matrix.press((0, 0))
before = matrix.cols[0].reads
await until(lambda: typed)
# four scans of four rows, one look before the first, and the scan that may run meanwhile
assert matrix.cols[0].reads - before <= 4 * 5 + 1
matrix.let_go()
"""
    assert typed(mpy, body) == "1"


def test_keys_typed_ahead_can_be_forgotten_and_are_bounded(mpy):
    source = (
        KEYS
        + """
async def main():
    task = asyncio.create_task(pad.run())
    await until(lambda: matrix.cols[3].handler and idle())
    for _ in range(12):
        await strike((0, 1))
    got = 0
    try:
        while True:
            await asyncio.wait_for_ms(pad.get(), 0)
            got += 1
    except asyncio.TimeoutError:
        pass
    print(got)
    await strike((0, 1))
    pad.clear()
    await strike((0, 2))
    print(await pad.get())
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass
    print([col.handler for col in matrix.cols])
asyncio.run(main())
"""
    )
    assert mpy(source).split("\n")[:3] == ["8", "3", "[None, None, None, None]"]


def test_a_storm_of_keys_ends_in_a_keypad_that_works(mpy):
    """A hand on the keys, a wet keypad: contacts come and go at every scan, as chance has it."""
    body = """
dice = 20261125
for _ in range(300):
    dice = dice * 1103515245 + 12345 & 0x7FFFFFFF
    key = (dice >> 8 & 3, dice >> 16 & 3)
    if dice >> 24 & 1:
        matrix.press(key)
    else:
        matrix.let_go(key)
    await scans(1 + (dice >> 20 & 7))
matrix.let_go()
await until(idle)
assert len(typed) < 40, typed
typed.clear()
await strike((1, 1))
await strike((3, 3))
"""
    assert typed(mpy, body) == "5E"
