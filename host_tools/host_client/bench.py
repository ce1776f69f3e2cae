"""How many sales a second the acquiring host takes: N terminals at once, each with M sales.

The host runs as the program that it is (``taptill acquirer``), on a database of its own, with its
log. The messages are made before the clock starts, so that this side costs little: contactless
sales with chip data and PIN, each booked and on disk before its answer leaves.
"""

import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from host_tools.acquirer.app import open_ledger
from host_tools.acquirer.models import APPROVED
from host_tools.decode8583.firmware import iso8583, unionpay
from host_tools.decode8583.kinds import by_name
from host_tools.host_client.chip import tap
from host_tools.host_client.requests import Wanted, build
from host_tools.host_client.session import HEADER, TPDU, Session, Where
from host_tools.vboard.cards.loader import load_account

CARD = "unionpay_debit"
FIRST_TERMINAL, MERCHANT = 12345678, "898100012340001"
TMK = bytes.fromhex("11111111111111112222222222222222")
AMOUNT = 100
_START_SECONDS, _ANSWER_SECONDS = 30.0, 30.0


class BenchError(Exception):
    """The host could not be measured; a sentence."""


@dataclass
class Figures:
    """What came out. Times in seconds; ``wrong`` says what does not add up in the ledger.

    ``cpu`` is what the host computed while it was measured, 0 where that cannot be told.
    """

    terminals: int
    sales: int
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    failed: int = 0
    lost: int = 0
    cpu: float = 0.0
    wrong: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Approved sales a second."""
        return (len(self.latencies) - self.failed) / self.seconds if self.seconds else 0.0

    def percentile(self, part: float) -> float:
        """The latency that ``part`` (0 to 1) of the answers do not exceed, milliseconds."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0

    def _computes(self) -> str:
        answered = len(self.latencies)
        return f"{1000 * self.cpu / answered:.1f} ms a sale" if self.cpu and answered else "?"

    def rows(self) -> list[tuple[str, str]]:
        """Name and value of each figure."""
        return [
            ("terminals", str(self.terminals)),
            ("sales in all", str(self.terminals * self.sales)),
            ("sales a second", f"{self.rate:.0f}"),
            ("host computes", self._computes()),
            ("failed", str(self.failed)),
            ("lost", str(self.lost)),
            ("latency p50", f"{self.percentile(0.5):.0f} ms"),
            ("latency p99", f"{self.percentile(0.99):.0f} ms"),
            ("ledger", "; ".join(self.wrong) or "sound, every answer booked"),
        ]


def measure(terminals: int, sales: int, db_url: str = "", folder: Path | None = None) -> Figures:
    """Start a host, send the sales, compare its ledger with the answers. Raises BenchError.

    Without ``db_url`` on a SQLite file in ``folder``, or in a temporary one.
    """
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="taptill-bench-") as made:
            return measure(terminals, sales, db_url, Path(made))
    url, key = db_url or f"sqlite:///{folder / 'bench.db'}", folder / "bench.key"
    figures = Figures(terminals, sales)
    ledger = open_ledger(url, key, terminals)
    before = len(ledger.transactions())
    ledger.close()
    with _host(url, key, terminals, folder) as (port, process):
        frames = [_frames(port, number, sales) for number in range(terminals)]
        spent = _cpu(process)
        asyncio.run(_play(port, frames, figures))
        figures.cpu = _cpu(process) - spent
    ledger = open_ledger(url, key, terminals)
    figures.wrong = ledger.check()
    booked = [row for row in ledger.transactions()[before:] if row.state == APPROVED]
    ledger.close()
    answered = len(figures.latencies) - figures.failed
    if not answered <= len(booked) <= answered + figures.lost:
        figures.wrong.append(f"{answered} sales approved, {len(booked)} booked")
    return figures


@contextmanager
def _host(url: str, key: Path, terminals: int, folder: Path) -> Iterator[tuple[int, int]]:
    """The host as a program; its port and its process."""
    command = (
        *(sys.executable, "-m", "host_tools.cli", "acquirer", "--port", "0", "--db", url),
        *("--key-file", str(key), "--terminals", str(terminals)),
        *("--log", str(folder / "bench.jsonl")),
    )
    host = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert host.stderr is not None
    try:
        said = host.stderr.readline()
        found = re.search(r":(\d+)", said)
        if found is None:
            raise BenchError(f"the host does not start: {said.strip()}")
        yield int(found[1]), host.pid
    finally:
        host.terminate()
        host.wait(_START_SECONDS)
        host.stderr.close()


def _cpu(process: int) -> float:
    """Seconds that a process has computed, 0 where the system does not tell (no /proc)."""
    try:
        after_name = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def _frames(port: int, number: int, sales: int) -> list[bytes]:
    """Sign a terminal in and make its messages."""
    account = load_account(CARD)
    row = by_name("sale")
    assert account is not None and row is not None
    name, now = f"{FIRST_TERMINAL + number:08d}", datetime.now()
    with Session(Where(port=port), name, MERCHANT, TMK) as session:
        signed = session.sign_in()
        if not signed.approved or signed.faults:
            raise BenchError(f"terminal {name} cannot sign in: {signed.code}")
        card = tap(CARD, AMOUNT, session.trace, now)
        made = []
        for _ in range(sales):
            _, fields = build(session, Wanted("sale", AMOUNT), card, account.pin, now)
            fields |= {41: name, 42: MERCHANT, 64: bytes(8)}
            message = iso8583.pack(unionpay.PROFILE, row.mti, fields)
            session.seal(message)
            made.append(unionpay.frame(TPDU, HEADER, bytes(message)))
    return made


async def _play(port: int, frames: list[list[bytes]], figures: Figures) -> None:
    ready = asyncio.Barrier(len(frames) + 1)
    tasks = [asyncio.create_task(_terminal(port, each, ready, figures)) for each in frames]
    await ready.wait()
    start = time.monotonic()
    await asyncio.gather(*tasks)
    figures.seconds = time.monotonic() - start


async def _terminal(
    port: int, frames: list[bytes], ready: asyncio.Barrier, figures: Figures
) -> None:
    """One terminal: connected when all are, then one sale after the other."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await ready.wait()
    done = 0
    try:
        for frame in frames:
            start = time.monotonic()
            writer.write(frame)
            async with asyncio.timeout(_ANSWER_SECONDS):
                head = await reader.readexactly(2)
                body = await reader.readexactly(int.from_bytes(head, "big"))
            figures.latencies.append(time.monotonic() - start)
            done += 1
            if not _approved(head + body):
                figures.failed += 1
    except (OSError, EOFError, TimeoutError):
        figures.lost += len(frames) - done
    finally:
        writer.close()


def _approved(frame: bytes) -> bool:
    _, _, body = unionpay.unframe(frame)
    _, fields = iso8583.unpack(unionpay.PROFILE, body)
    return unionpay.approved(fields.get(39, ""))
