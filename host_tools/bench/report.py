"""The figures of a sale, each beside its target; as a table or as JSON."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from host_tools.bench import line, mpy, node, programs
from host_tools.bench.line import BYTE_MS, Traffic, air_bytes
from host_tools.bench.sales import Sale, sales
from host_tools.vboard.cards import apdu

RATES = (921600, 115200)
# What the terminal has when it has found a card, bytes with 8-byte words (docs/tools/heap.py); the
# collector's threshold then; with more than how much it rests (firmware/pos/flows/card.py)
FREE, THRESHOLD, AMPLE = 22000, 8192, 50000
_N = 4  # sales that are counted, besides the one that loads

NO_VALGRIND = "not measured: valgrind is missing; install it (Debian: apt-get install valgrind)"


@dataclass(frozen=True)
class Row:
    """A figure; ``value`` None: not measured, and ``note`` says why. ``target``: at most.

    ``held``: the target is a limit, and a figure above it fails the bench.
    """

    what: str
    value: float | None
    unit: str = ""
    target: float | None = None
    note: str = ""
    held: bool = False

    @property
    def verdict(self) -> str:
        """Whether the target is met; empty without one."""
        if self.target is None or self.value is None:
            return ""
        return "met" if self.value <= self.target else "missed"


@dataclass(frozen=True)
class Report:
    """What was measured of one sale, or (None) of something else, which ``outcome`` names."""

    sale: Sale | None
    outcome: str
    rows: list[Row]


_KINDS = ("", "approved", "declined", "online", "try again", "next", "other interface", "end")


def measure(*, heaps: bool = True, counts: bool = True) -> Iterator[Report]:
    """One report after the other. Raises MeterError."""
    mpy.prepare()
    for sale in sales():
        slow = line.run(sale, fast=False)
        fast = line.run(sale)
        rows = [*wires(sale, fast, slow), *_allocations(sale, fast)]
        if counts:
            rows += _instructions(sale, fast)
        if heaps:
            rows += _heaps(sale, fast)
        outcome = f"{_KINDS[fast.kind]} {fast.why}".strip()
        yield Report(sale, outcome, rows)


def _needed(sale: Sale) -> int:
    """Commands that the books ask for: PPSE, application, GPO, each record, GENERATE AC."""
    records = {command for command, _ in sale.conversation if command[:2] == b"\x00\xb2"}
    return 3 + len(records) + (sale.kernel == 2)


def wires(sale: Sale, fast: Traffic, slow: Traffic) -> list[Row]:
    """What can be counted on the air and on the line."""
    to_card = sum(air_bytes(command) for command, _ in sale.conversation)
    to_reader = sum(air_bytes(answer) for _, answer in sale.conversation)
    both = fast.to_chip + fast.to_board
    rows = [
        Row("APDUs", len(sale.conversation), "", _needed(sale)),
        Row("on the air, to the card", to_card, "bytes"),
        Row("on the air, to the reader", to_reader, "bytes"),
        Row("on the air, at 106 kbit/s", (to_card + to_reader) * BYTE_MS, "ms"),
        Row("PN532 line, to the chip", fast.to_chip, "bytes"),
        Row("PN532 line, to the board", fast.to_board, "bytes"),
    ]
    for rate in RATES:
        target = 2.0 if rate == RATES[0] else None
        per_apdu = both * 10_000 / rate / len(sale.conversation)
        rows.append(Row(f"PN532 line, at {rate} baud", both * 10_000 / rate, "ms"))
        rows.append(Row("  for each APDU", per_apdu, "ms", target))
    slower = RATES[0] - fast.baudrate
    return [
        *rows,
        Row("line's rate below 921600", slower, "baud", 0, f"it is {fast.baudrate}"),
        Row("RF field switched on", fast.fields, "times", 1),
        Row("slept with an answer there", fast.idle_ms, "ms", 0),
        Row("1 ms naps while the chip had the word", fast.naps, "", None, "they delay nothing"),
        Row("first command to last answer", fast.in_field_ms, "ms", None, "virtual clock"),
        Row("  of which the card thinks", fast.thought_ms, "ms", None, "as its model has it"),
        Row("  with the line at 115200 baud", slow.in_field_ms, "ms"),
    ]


def _numbers(lines: list[list[str]], word: str) -> list[int]:
    return next([int(n) for n in words[1:]] for words in lines if words[0] == word)


def _steps(marks: list[int]) -> list[int]:
    return [after - before for before, after in pairwise(marks)]


def _where(sale: Sale, steps: Sequence[float]) -> str:
    """After the answer to which command most has been done."""
    at = list(steps).index(max(steps))
    before = apdu.name(sale.conversation[at][0])
    if at + 1 == len(sale.conversation):
        return f"after {before}"
    return f"between {before} and {apdu.name(sale.conversation[at + 1][0])}"


def _allocations(sale: Sale, fast: Traffic) -> list[Row]:
    source = mpy.sale_source(sale) + programs.ALLOCATED
    marks = _numbers(mpy.run(source), "allocated")
    kernel = _steps(marks)[: fast.leave]
    driver = _numbers(mpy.run(mpy.driver_program(sale, fast.found, fast.talk, 1)), "allocated")
    collections = [_collections(sale, free, max(driver), fast) for free in (FREE, AMPLE + 1)]
    rows = [
        Row("kernel allocates in a sale, 8-byte words", marks[-1], "bytes"),
        Row("  for each APDU, mean", sum(kernel) / len(kernel), "bytes"),
        Row("  for one APDU, most", max(kernel), "bytes", None, _where(sale, kernel)),
        Row("driver allocates for one APDU, most", max(driver), "bytes"),
        Row(
            "kernel and driver for each APDU, mean",
            (sum(kernel) + sum(driver)) / len(kernel),
            "bytes",
            2 * 2048,
            "2 KB with 4-byte words, about double here",
        ),
        Row("  until the card may leave", sum(kernel) + sum(driver), "bytes"),
        Row(
            "APDUs in which the collector runs",
            collections[0],
            f"of {fast.leave}",
            0,
            f"{FREE:,} bytes free when the card is found, as the terminal has",
        ),
        Row(f"  with over {AMPLE:,} bytes free", collections[1], f"of {fast.leave}"),
    ]
    why = node.missing()
    if why:
        return [*rows, Row("kernel allocates, 4-byte words", None, note=f"not measured: {why}")]
    words4 = node.measure(sale).allocated[: fast.leave]
    mean = sum(words4) / len(words4)
    return [
        *rows,
        Row("kernel allocates for each APDU, 4-byte words, mean", mean, "bytes", 2048),
        Row("  for one APDU, most", max(words4), "bytes", 2048, _where(sale, words4)),
    ]


def _collections(sale: Sale, free: int, driver: int, fast: Traffic) -> int:
    threshold = -1 if free > AMPLE else THRESHOLD
    scarce = programs.COLLECTIONS.format(driver=driver, free=free, threshold=threshold)
    return _numbers(mpy.run(mpy.sale_source(sale) + scarce), "collections")[0]


def _instructions(sale: Sale, fast: Traffic) -> list[Row]:
    if not mpy.has_valgrind():
        return [Row("instructions", None, note=NO_VALGRIND)]
    source, count = mpy.sale_source(sale), len(sale.answers)

    def counted(n: int, stop: int) -> str:
        return source + programs.COUNT.format(n=n, stop=stop)

    stops = [*range(fast.leave), 98, 99]
    loads = [source + programs.LOAD.format(n=n) for n in (0, 1)]
    drives = [mpy.driver_program(sale, fast.found, fast.talk, n) for n in (1, 1 + _N)]
    nothing, *rest = mpy.instructions(
        [counted(0, 0), *(counted(_N, stop) for stop in stops), *loads, *drives]
    )
    until = [(total - nothing) / _N / 1e6 for total in rest[: len(stops)]]
    load = (rest[len(stops) + 1] - rest[len(stops)]) / 1e6 - until[-2]
    driver = (rest[-1] - rest[-2]) / _N / count / 1e6
    steps = [after - before for before, after in pairwise(until[:-1])]
    kernel = until[-2] / fast.leave
    return [
        Row("kernel, until the card may leave", until[-2], "M instructions"),
        Row("kernel, after it", until[-1] - until[-2], "M instructions"),
        Row("kernel for each APDU, mean", kernel, "M instructions"),
        Row("  for one APDU, most", max(steps), "M instructions", None, _where(sale, steps)),
        Row("driver for each APDU", driver, "M instructions", None, "with the recorded line"),
        Row("kernel and driver for each APDU, mean", kernel + driver, "M instructions", 0.7),
        Row("  for one APDU, most", max(steps) + driver, "M instructions", 0.7),
        Row("loading the kernel when a card asks for it", load, "M instructions"),
    ]


def _heaps(sale: Sale, fast: Traffic) -> list[Row]:
    what = "entry point, kernel and data authentication"
    base = mpy.start_source() + mpy.data_source(sale) + programs.OWN_FIND + programs.PLAY
    empty, full = (
        mpy.smallest_heap(
            base + programs.SMALLEST.format(n=n, kernel=sale.kernel, kind=fast.kind), f"heap{n}"
        )
        for n in (0, 1)
    )
    rows = [Row(f"{what}: peak, 8-byte words", full - empty, "bytes", None, "smallest heap")]
    why = node.missing()
    if why:
        return [*rows, Row("  peak, 4-byte words", None, note=f"not measured: {why}")]
    heap = node.measure(sale)
    return [
        *rows,
        Row("  of which modules, 4-byte words", heap.modules, "bytes"),
        Row("  peak, 4-byte words", heap.peak, "bytes", 24 * 1024, "code stays in the ROM image"),
    ]


def table(report: Report) -> str:
    """A report as people read it."""
    sale = report.sale
    head = report.outcome
    if sale:
        head = f"{sale.name} (kernel {sale.kernel}, {sale.card}): {head}"
    return "\n".join([head, *(_line(row) for row in report.rows), ""])


def _line(row: Row) -> str:
    if row.value is None:
        return f"  {row.what:<52} {row.note}"
    number = f"{row.value:,.2f}" if row.value % 1 else f"{row.value:,.0f}"
    text = f"  {row.what:<52} {number:>10} {row.unit}"
    if row.target is not None:
        text = f"{text:<80} target {row.target:g}: {row.verdict}"
    return f"{text}  ({row.note})" if row.note else text


def as_json(reports: list[Report]) -> str:
    """All reports; the same figures as in the table."""
    told = [
        {
            "sale": report.sale and report.sale.name,
            "card": report.sale and report.sale.card,
            "kernel": report.sale and report.sale.kernel,
            "outcome": report.outcome,
            "figures": [
                {
                    "what": row.what.strip(),
                    "value": row.value,
                    "unit": row.unit,
                    "target": row.target,
                    "verdict": row.verdict,
                    "note": row.note,
                }
                for row in report.rows
            ],
        }
        for report in reports
    ]
    return json.dumps(told, indent=1)
