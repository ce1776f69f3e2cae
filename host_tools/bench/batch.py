"""What a full batch costs: finding one transaction in it, and reading all of it at the start.

The journal is on LittleFS, whose flash is a file of this machine behind a block device that counts
what is read. Two batches: sales that the host approved, and sales that were approved here and
uploaded after the last of them, whose records lie farthest apart.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from host_tools.bench import mpy
from host_tools.bench.mpy import FOLDER
from host_tools.bench.report import NO_VALGRIND, Report, Row

COUNT = 500
# 85 million instructions in a second, with 32-bit words, is what an ESP32 does at 160 MHz, by an
# estimate that may be wrong by 40 %
PER_MS = 85_000
LOOKUP = 50 * PER_MS
REPLAY = 100_000_000  # about 1.2 s; the whole start is meant to take 1.5 s
KEPT = 8 * 1024  # bytes with 8-byte words, of the 152 KB that the virtual board has
_N = 8  # lookups that are counted

FLASH = """
class Flash:
    def __init__(self, file, blocks):
        self.file, self.blocks = file, blocks
        self.got = self.put = self.erased = 0
    def readblocks(self, block, buf, offset=0):
        self.file.seek(block * 4096 + offset)
        self.file.readinto(buf)
        self.got += len(buf)
    def writeblocks(self, block, buf, offset=0):
        self.file.seek(block * 4096 + offset)
        self.file.write(buf)
        self.put += len(buf)
    def ioctl(self, op, arg):
        if op == 4:
            return self.blocks
        if op == 5:
            return 4096
        if op == 6:
            self.erased += 1
        return 0
flash = Flash(open({file!r}, {mode!r}), {blocks})
"""

# Transactions with the fields that those of the terminal have: 568 bytes each with both copies.
# `data(trace)` gives the card and the F55 of one.
FILL = """
FIRST = dict(kind="sale", operator="01", merchant_id="898100012340001", terminal_id="12345678")
THEN = dict(entry="071", pan="621234******1232", aid="A000000333010101", label="UNIONPAY DEBIT",
            arqc="FAD7348BAEC7DE01", tvr="0000000000", atc="0001", cvm="pin_sign")
ANSWER = dict(state="approved", auth="104729", rc="00", issuer="99990010", acquirer="99990001")
def fill(journal, count, here, amount, data, answers={{}}):
    for trace in range(1, count + 1):
        txn = dict(FIRST, trace=trace, amount=amount, when="20261125180603")
        journal.begin(txn)
        txn.update(THEN)
        txn["card"], txn["f55"] = data(trace)
        if here:
            journal.approve(txn)
        else:
            journal.sending(txn)
            txn.update(ANSWER)
            txn["rrn"] = answers.get(trace, "632918000001")
            journal.close(txn)
        journal.printed(trace, 1)
        journal.printed(trace, 2)
    for trace in range(1, count + 1 if here else 0):
        journal.uploaded(trace, dict(ANSWER, rrn="632918000001"))
"""
_MAKE = """
vfs.VfsLfs2.mkfs(flash)
vfs.mount(vfs.VfsLfs2(flash), "/data")
from pos.store.journal import Journal
journal = Journal("/data", 1)
journal.open()
fill(journal, {count}, {here}, 12800, lambda trace: (bytes(64), bytes(160)))
print("journal", os.stat(journal.path)[6])
vfs.umount("/data")
flash.file.close()
"""
_OPEN = """
vfs.mount(vfs.VfsLfs2(flash), "/data")
from pos.store.journal import Journal
gc.collect()
before = gc.mem_alloc()
journal = Journal("/data", 1)
journal.open()
gc.collect()
kept = gc.mem_alloc() - before
"""
_REPLAYED = """
got, before = flash.got, gc.mem_alloc()
gc.disable()
journal.open()
allocated = gc.mem_alloc() - before
gc.enable()
gc.collect()
assert journal.count == {count} and journal.damaged is None and not journal.dropped
print("replay", flash.got - got, allocated, kept)
"""
_FOUND = """
for trace in {traces}:
    got = flash.got
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    found = journal.find(trace)
    allocated = gc.mem_alloc() - before
    gc.enable()
    assert (found and found["trace"]) == (trace if trace <= {count} else None)
    assert not found or found["state"] == "approved" and found["rc"] == "00"
    print("found", flash.got - got, allocated)
"""
_READ = "gc.threshold(8192)\nfor _ in range({n:3d}):\n    journal.open()\n"
_FIND = "for _ in range({n:3d}):\n    journal.find({trace:3d})\n"


@dataclass(frozen=True)
class Batch:
    """A batch that was made; ``here``: approved by the terminal and uploaded later."""

    name: str
    here: bool
    count: int = COUNT

    @property
    def file(self) -> str:
        """Where its flash is kept."""
        return str(FOLDER / ("batch-here.bin" if self.here else "batch.bin"))

    @property
    def opened(self) -> str:
        """A program up to where its journal is open."""
        flash = FLASH.format(file=self.file, mode="rb", blocks=_BLOCKS)
        return mpy.start_source() + flash + _OPEN

    def make(self) -> int:
        """Write its flash; returns the length of its journal. Raises MeterError."""
        with open(self.file, "wb") as file:
            file.write(b"\xff" * _BLOCKS * 4096)
        flash = FLASH.format(file=self.file, mode="r+b", blocks=_BLOCKS)
        made = _MAKE.format(count=self.count, here=self.here)
        return _words(mpy.run(mpy.start_source() + flash + FILL.format() + made), "journal")[0][0]


BATCHES = (
    Batch("approved by the host", False),
    Batch("approved here, uploaded after the last", True),
)
_BLOCKS = 128


def _words(lines: list[list[str]], word: str) -> list[list[int]]:
    return [[int(n) for n in words[1:]] for words in lines if words[0] == word]


def measure(*, counts: bool = True) -> Iterator[Report]:
    """A report for each batch. Raises MeterError."""
    mpy.prepare()
    for batch in BATCHES:
        yield Report(None, f"a batch of {batch.count}, {batch.name}", rows(batch, counts=counts))


def rows(batch: Batch, *, counts: bool = True) -> list[Row]:
    """The figures of one batch."""
    length = batch.make()
    places = ("first", "middle", "last", "absent")
    traces = [1, batch.count // 2, batch.count, batch.count + 1]
    said = mpy.run(
        batch.opened
        + _REPLAYED.format(count=batch.count)
        + _FOUND.format(traces=traces, count=batch.count)
    )
    (read, allocated, kept), *_ = _words(said, "replay")
    found = _words(said, "found")
    counted: list[int | None] = [None] * (1 + len(places))
    if counts and mpy.has_valgrind():
        nothing = batch.opened + _FIND.format(n=0, trace=0)
        programs = [batch.opened + _READ.format(n=n) for n in (0, 1)] + [nothing]
        programs += [batch.opened + _FIND.format(n=_N, trace=trace) for trace in traces]
        before, after, none, *rest = mpy.instructions(programs)
        counted = [after - before, *(round((much - none) / _N) for much in rest)]
    result = [
        Row("journal", length, "bytes"),
        _instructions("start-up replay", counted[0], REPLAY),
        Row("  read from the flash", read, "bytes"),
        Row("  allocated, 8-byte words", allocated, "bytes"),
        Row("  kept afterwards, 8-byte words", kept, "bytes", KEPT),
    ]
    for name, count, (got, made) in zip(places, counted[1:], found, strict=True):
        result.append(_instructions(f"lookup by trace: {name}", count, LOOKUP))
        result.append(Row("  read from the flash", got, "bytes"))
        result.append(Row("  allocated, 8-byte words", made, "bytes"))
    return result


def _instructions(what: str, count: int | None, target: int) -> Row:
    if count is None:
        return Row(what, None, "instructions", target, NO_VALGRIND)
    about = f"{count / PER_MS:,.1f} ms at {PER_MS // 1000} M a second"
    return Row(what, count, "instructions", target, about)
