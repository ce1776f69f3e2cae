"""What MicroPython runs while it is measured. The firmware in it is the staged ``.mpy``.

Parameters of the firmware are given by position: the build shortens their names.
"""

# The firmware from a ROM image that is mapped into memory, as on a board
MAPPED = """
import gc, os, sys, uctypes, vfs
from binascii import unhexlify
vfs.mount(vfs.VfsRom(uctypes.bytearray_at(*map(int, os.getenv("BENCH_ROM").split(",")))), "/rom")
sys.path[:0] = ["/rom"]
"""

# The same where no memory can be mapped
START = """
import gc, sys, vfs
from binascii import unhexlify
rom = bytearray({size})
with open("{rom}", "rb") as file:
    file.readinto(rom)
vfs.mount(vfs.VfsRom(rom), "/rom")
sys.path[:0] = ["/rom"]
"""

DATA = """
KEYS = unhexlify("{keys}")
AIDS = unhexlify("{aids}")
ANSWERS = [memoryview(bytearray(unhexlify(a))) for a in "{answers}".split()]
TXN = {{"amount": {amount}, "date": "{date}", "time": "{time}", "un": unhexlify("{un}"),
       "stan": 42}}
TERMINAL = {{}}
for pair in "{terminal}".split():
    tag, value = pair.split("=")
    TERMINAL[int(tag, 16)] = unhexlify(value)
"""

FIRMWARE = """
from pos.emv import config, entry, outcome
CFG = {"terminal": TERMINAL, "aids": [config.aid(record) for record in config.records(AIDS)]}
"""

# How a CA key is found: as the terminal does, or, for the heap of the kernel alone, without that
FIND = """
from pos.store import emv_files
find = emv_files.find
"""

OWN_FIND = """
def find(keys, rid, index):
    at = keys.find(bytes(rid) + b"\\x9f\\x22\\x01" + bytes((index,))) - 3
    return keys[at : at + (keys[at - 2] << 8 | keys[at - 1])]
"""

# `play` runs a sale against recorded answers. stop: 99 to the end, 98 until the card may leave,
# else after so many answers. `mark` is called before each answer goes in, when the card may
# leave, and at the end.
PLAY = """
def key(wish):
    return find(KEYS, wish.rid, wish.index)

def play(stop, mark=None):
    kernel = entry.transaction(CFG, TXN)
    at = 0
    try:
        step = next(kernel)
        while True:
            if isinstance(step, outcome.Ui):
                if stop == 98 and step.message == 0x17:
                    return None
                if mark and step.message == 0x17:
                    mark()
                step = kernel.send(None)
            elif isinstance(step, outcome.CaKey):
                step = kernel.send(key(step))
            else:
                if mark:
                    mark()
                if at == stop:
                    return None
                at += 1
                step = kernel.send(ANSWERS[at - 1])
    except StopIteration as end:
        if mark:
            mark()
        return end.value
"""

# How a sale ended, for the report
OUTCOME = """
print("kind", play(99).kind)
"""

# Instructions: the first sale loads what is loaded on the way, the others count
COUNT = """
play(99)
for _ in range({n:3d}):
    play({stop:2d})
"""

# A sale that loads its kernel when the card asks for it
LOAD = """
if {n:3d}:
    play(98)
"""

# Bytes that each step allocates, nothing collected
ALLOCATED = """
from array import array
MARKS = array("l", bytes(8 * 80))
count = 0
def mark():
    global count
    MARKS[count] = gc.mem_alloc()
    count += 1
play(99)
gc.collect()
gc.disable()
play(99, mark)
gc.enable()
print("allocated", *[MARKS[i] - MARKS[0] for i in range(count)])
"""

# As much heap as the terminal has when it has found a card, collected, the kernel not loaded, and
# what the driver allocates for each APDU: in how many steps the collector runs until the card may
# leave. Thresholds are those of firmware/pos/flows/card.py. No step gives heap back; less means
# that it was collected.
COLLECTIONS = """
from array import array
MARKS = array("l", bytes(8 * 80))
count = 0
def mark():
    global count
    if count:
        for _ in range(10):  # in small pieces, as coroutines are
            bytes({driver} // 10)
    gc.threshold({threshold} if count else 2048)
    MARKS[count] = gc.mem_alloc()
    count += 1
kernel = entry.transaction(CFG, TXN)
gc.collect()
ballast = []
while gc.mem_free() > {free} + 1200:
    ballast.append(bytearray(1000))
gc.collect()
play(98, mark)
mark()
print("collections", sum([MARKS[i] < MARKS[i - 1] for i in range(1, count)]))
"""

# A clock that stands still while the firmware computes, for asyncio and the drivers; the program
# gives `pass_ms(ms, readers)`: wait so long, or until there is something to read, and `heard()`.
# asyncio's own C code puts tasks that are ready on the machine's clock; this one is far ahead of
# it, so that they are due.
CLOCK = """
import utime
BASE = utime.ticks_ms() + 1000000000
now = BASE

class time:
    @staticmethod
    def ticks_ms():
        return now
    @staticmethod
    def ticks_add(a, b):
        return a + b
    @staticmethod
    def ticks_diff(a, b):
        return a - b

class poll:
    def __init__(self):
        self.known = []
    def register(self, s, events):
        self.known.append((s, 1))
    def modify(self, s, events):
        pass
    def unregister(self, s):
        self.known.clear()  # there is only the UART
    def ipoll(self, ms):
        if not (self.known and heard()):
            pass_ms(ms, len(self.known))
        return self.known[:] if heard() else ()

class select:
    POLLIN, POLLOUT, POLLHUP, POLLERR = 1, 4, 16, 8
    poll = poll

sys.modules["time"] = time
sys.modules["select"] = select
"""

# The driver, its chip a recording: what one exchange costs
DRIVER = """
import asyncio, io
from pos.drivers.pn532 import Pn532

def turns(text):
    return [[unhexlify(c) for c in turn.split(",") if c != "-"] for turn in text.split()]

FOUND = turns("{found}")
TALK = turns("{talk}")
COMMANDS = [unhexlify(c) for c in "{commands}".split()]

def heard():
    return True

def pass_ms(ms, readers):
    global now
    now += ms

class Uart(io.IOBase):
    # each read gives nothing, then the next piece: as on a line that takes its time
    def __init__(self):
        self.turns, self.turn, self.at = FOUND, 0, 99
    def init(self, baudrate):
        pass
    def readinto(self, buf):
        at = self.at
        pieces = self.turns[self.turn - 1]
        if at >= 2 * len(pieces):
            return None
        self.at = at + 1
        if not at & 1:
            return None
        piece = pieces[at >> 1]
        buf[: len(piece)] = piece
        return len(piece)
    def write(self, buf):
        self.turn += 1
        self.at = 0

async def main():
    uart = Uart()
    nfc = Pn532(uart)
    await nfc.start()
    await nfc.poll(0)
    uart.turns = TALK
    marks = [0] * (len(COMMANDS) + 1)
    for turn in range({n:3d} + 1):
        uart.turn = 0
        if turn == 1:  # the first one grows tables of asyncio
            gc.collect()
            gc.disable()
        at = 0
        for command in COMMANDS:
            if turn == 1:
                marks[at] = gc.mem_alloc()
            at += 1
            await nfc.exchange(command)
        if turn == 1:
            marks[at] = gc.mem_alloc()
            print("allocated", *[marks[i + 1] - marks[i] for i in range(at)])
            gc.enable()

asyncio.run(main())
"""

# The driver and the kernel on a line whose clock stands still while they compute. What they write
# and wait for is told on standard output, what comes of it is read from standard input.
LINE = """
inbox = b""
out = print

def heard():
    return inbox

def pass_ms(ms, readers):
    global now, inbox
    out("wait", ms, readers)
    told = sys.stdin.readline().split()
    now = BASE + int(told[0])
    if len(told) > 1:
        inbox += unhexlify(told[1])

import asyncio, io
from pos.drivers.pn532 import Pn532

class Uart(io.IOBase):
    def init(self, baudrate):
        out("baud", baudrate)
    def readinto(self, buf):
        global inbox
        n = min(len(buf), len(inbox))
        if not n:
            return None
        buf[:n] = inbox[:n]
        inbox = inbox[n:]
        return n
    def write(self, buf):
        out("write", bytes(buf).hex())

async def main():
    nfc = Pn532(Uart(), None, {fast})
    await nfc.start()
    out("started")
    kernel = entry.transaction(CFG, TXN)
    step = next(kernel)
    assert await nfc.poll(1000), "no card"
    out("first")
    try:
        while True:
            if isinstance(step, outcome.Ui):
                if step.message == 0x17:
                    out("leave")
                step = kernel.send(None)
            elif isinstance(step, outcome.CaKey):
                step = kernel.send(key(step))
            else:
                step = kernel.send(await nfc.exchange(step))
    except StopIteration as end:
        result = end.value
    out("last")
    await nfc.release()
    out("outcome", result.kind, result.why)

asyncio.run(main())
"""

# Smallest heap: where {n} is 0 nothing of the firmware is loaded, and no sale played
SMALLEST = """
if {n:3d}:
    from pos.emv import config, entry, oda, outcome
    from pos.emv import kernel{kernel}
    CFG = {{"terminal": TERMINAL, "aids": [config.aid(record) for record in config.records(AIDS)]}}
    assert play(99).kind == {kind}
"""

# The SHA-1 values of a sale, for an interpreter that has no SHA-1
DIGESTS = """
import hashlib
class Known:
    def __init__(self):
        self.real = hashlib.sha1()
    def update(self, data):
        self.real.update(data)
    def digest(self):
        value = self.real.digest()
        print("sha1", value.hex())
        return value
class Module:
    sha1 = Known
sys.modules["hashlib"] = Module
"""

# The same interpreter: SHA-1 from the record
REPLAYED = """
class Known:
    def update(self, data):
        pass
    def digest(self):
        return DIGESTS.pop(0)
class Module:
    sha1 = Known
sys.modules["hashlib"] = Module
DIGESTS = []
"""

# One step at a time, so that the collector can run between two of them
STEPS = """
kernel = step = None
at = 0
def advance():
    global kernel, step, at
    try:
        if kernel is None:
            kernel = entry.transaction(CFG, TXN)
            step = next(kernel)
        elif isinstance(step, outcome.Ui):
            step = kernel.send(None)
        elif isinstance(step, outcome.CaKey):
            step = kernel.send(key(step))
        else:
            at += 1
            step = kernel.send(ANSWERS[at - 1])
    except StopIteration as end:
        step = kernel = None
"""
