"""What the settlement of a full batch costs: messages, bytes on the line, instructions, heap.

Ledger of the host and journal of the terminal are given the same sales with a chip, the kind
that is uploaded in a message of its own. They are settled twice: by the story alone, with the
firmware's store, messages and session on MicroPython, where screens and paper are dummies; and by
a cashier on the virtual board.
"""

import re
import shutil
import socket
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from host_tools.acquirer.app import open_ledger
from host_tools.acquirer.server import HostThread
from host_tools.bench import batch, mpy
from host_tools.bench.mpy import FOLDER, MeterError
from host_tools.bench.report import NO_VALGRIND, Report, Row
from host_tools.build.image import build_firmware
from host_tools.device.provision import Identity
from host_tools.device.virtual import VirtualDevice, provisioned_flash
from host_tools.host_client.chip import tap
from host_tools.host_client.requests import Wanted, build
from host_tools.host_client.session import Session, Where
from host_tools.vboard.cards.loader import load_account
from host_tools.vboard.mcu import HEAP

CARD, AMOUNT = "unionpay_debit", 12800
_TMK = bytes.fromhex("11" * 8 + "22" * 8)
_BLOCKS = 512
_PATIENCE_S = 300.0
_FREE = re.compile(r"story: ([\w.]+): (\d+) bytes free")

_ROOT = """
vfs.mount(vfs.VfsLfs2(flash), "/data")
root = "/data/pos"
from pos.store import params as store
from pos.store.journal import Journal
from pos.store.seal import Sealer, seal_card
KEY = unhexlify("{key}")
"""
_FILL = """
sealer = Sealer(KEY)
store.Params(root).update(log_level=3)
F55 = unhexlify("{f55}")
journal = Journal(root, 1)
journal.open()
def data(trace):
    return seal_card(sealer, "{pan}", "{expiry}", "{psn}"), F55
fill(journal, {count}, False, {amount}, data, {answers!r})
from pos.store import files
files.put(root + "/stan", ({count}).to_bytes(3, "big"))
vfs.umount("/data")
flash.file.close()
"""
_SETTLE = """
import asyncio
from pos.flows import settle
class T:
    operator, action, signed_in, live = "01", 0, True, 0
    training, reports, owed, kept = False, False, 0, None
    def __init__(self):
        self.root = root
        self.params = store.Params(root)
        self.params.update(host="127.0.0.1", port={port})
        self.counters = store.Counters(root)
        self.journal = Journal(root, 1)
        self.journal.open()
        self.network = self.ui = self.buzzer = self
    async def up(self):
        pass
    def set_status(self, **signs):
        pass
    def ok(self):
        pass
    bad = ok
    def now(self):
        return "20261125180603"
    def sealer(self):
        return Sealer(KEY)
    def new_batch(self, number, **values):
        self.params.update(batch=number, **values)
        self.journal = Journal(root, number)
        self.journal.open()
    async def tell(self, story, *args):
        return True
    async def show(self, screen, *args):
        if {look} and screen == "working":
            gc.collect()
            self.live = max(self.live, gc.mem_alloc())
        return "E"
t = T()
gc.collect()
before, got, put, erased = gc.mem_alloc(), flash.got, flash.put, flash.erased
if {keep}:
    gc.disable()
else:
    gc.threshold(8192)
if {n}:
    assert asyncio.run(settle.run(t))
    print("allocated", gc.mem_alloc() - before)
    print("live", t.live - before)
    print("flash", flash.got - got, flash.put - put, flash.erased - erased)
    old = Journal(root, 1)
    old.open()
    print("end", old.settling["balanced"], old.settling["done"], t.params["batch"])
"""


@dataclass
class Relay:
    """A line to the host that counts; ``port`` is where the terminal finds it."""

    host: int
    port: int = 0
    to_host: int = 0
    to_terminal: int = 0
    _doors: list[socket.socket] = field(default_factory=list)

    def __enter__(self) -> "Relay":
        door = socket.create_server(("127.0.0.1", 0))
        self.port = door.getsockname()[1]
        self._doors.append(door)
        threading.Thread(target=self._serve, args=(door,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._doors:
            one.close()

    def _serve(self, door: socket.socket) -> None:
        while True:
            try:
                near, _ = door.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.host))
            self._doors += [near, far]
            for way in ((near, far, "to_host"), (far, near, "to_terminal")):
                threading.Thread(target=self._pump, args=way, daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, which: str) -> None:
        try:
            while data := source.recv(4096):
                setattr(self, which, getattr(self, which) + len(data))
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            return


@dataclass(frozen=True)
class Full:
    """A batch that both sides have: the host's ledger, the flash of the terminal, its NVS."""

    count: int
    ledger: bytes
    flash: Path
    nvs: dict[tuple[str, str], bytes]

    @contextmanager
    def host(self) -> Iterator[tuple[HostThread, Relay]]:
        """A host that has the sales, and the line to it."""
        with (
            closing(open_ledger(image=self.ledger)) as ledger,
            HostThread(ledger) as host,
            Relay(host.port) as relay,
        ):
            yield host, relay


def prepare(count: int = batch.COUNT) -> Full:
    """Have ``count`` sales booked by the host and written into a journal. Raises MeterError."""
    warnings.filterwarnings("ignore", message=".*TripleDES")
    identity, account = Identity(), load_account(CARD)
    assert account is not None
    with closing(open_ledger()) as ledger:
        with HostThread(ledger) as host:
            answers, f55 = _sell(host.port, identity, account.pin, count)
        image = ledger.image()
    flash, nvs = provisioned_flash(identity)
    file = FOLDER / "settlement.bin"
    file.write_bytes(flash)
    filled = _FILL.format(
        f55=f55.hex(),
        pan=account.pan,
        expiry=account.expiry,
        psn=account.psn,
        count=count,
        amount=AMOUNT,
        answers=answers,
    )
    mpy.run(_opened(file, nvs) + batch.FILL.format() + filled, "8m")
    return Full(count, image, file, nvs)


def _opened(file: Path, nvs: dict[tuple[str, str], bytes]) -> str:
    flash = batch.FLASH.format(file=str(file), mode="r+b", blocks=_BLOCKS)
    key = nvs["taptill", "device_key"][1:]  # after the type of the entry
    return mpy.start_source() + flash + _ROOT.format(key=key.hex())


def _sell(port: int, who: Identity, pin: str | None, count: int) -> tuple[dict[int, str], bytes]:
    """The host's reference number of each sale, by trace from 1 on, and the F55 of all of them."""
    answers = {}
    now = datetime.now()
    with Session(Where(port=port), who.terminal_id, who.merchant_id, _TMK) as session:
        session.sign_in()
        session.trace = 0
        card = tap(CARD, AMOUNT, 1, now)
        for trace in range(1, count + 1):
            row, fields = build(session, Wanted("sale", AMOUNT), card, pin, now)
            done = session.send(row, fields)
            if not done.approved:
                raise MeterError(f"sale {trace} was not approved: {done.code}")
            answers[trace] = done.fields[37]
    return answers, card.f55


def measure(*, counts: bool = True, count: int = batch.COUNT) -> Iterator[Report]:
    """The story alone, then a cashier on the virtual board. Raises MeterError."""
    mpy.prepare()
    full = prepare(count)
    yield Report(None, f"settlement of {count}, the story alone", story(full, counts=counts))
    yield Report(None, f"settlement of {count}, on the virtual board", cashier(full))


def _settled(full: Full, relay: Relay, *, n: int = 1, look: int = 0, keep: int = 0) -> str:
    """The program, on a copy of the flash."""
    copy = full.flash.with_suffix(f".{n}{look}{keep}")
    shutil.copy(full.flash, copy)
    settle = _SETTLE.format(port=relay.port, n=n, look=look, keep=keep)
    return _opened(copy, full.nvs) + settle


def story(full: Full, *, counts: bool = True) -> list[Row]:
    """Messages, bytes, instructions, flash and heap of the story."""
    rom = build_firmware().path
    with full.host() as (_, relay):
        said = dict(_pairs(mpy.run(_settled(full, relay, keep=1), "64m", rom)))
        if said["end"] != [1, full.count, 2]:
            raise MeterError(f"the settlement did not balance: {said['end']}")
        line = relay.to_host, relay.to_terminal
    with full.host() as (host, relay):
        live = dict(_pairs(mpy.run(_settled(full, relay, look=1), HEAP, rom)))["live"][0]
        messages = sum(record["event"] == "request" for record in host.log.records)
    rows = [
        Row("messages", messages, "", full.count + 2, "0500, one 0320 each, the end"),
        Row("bytes to the host", line[0], "bytes"),
        Row("bytes to the terminal", line[1], "bytes"),
    ]
    if counts and mpy.has_valgrind():
        totals = []
        for n in (0, 1):
            with full.host() as (_, relay):
                totals += mpy.instructions([_settled(full, relay, n=n)], 1, HEAP, rom)
        spent = totals[1] - totals[0]
        about = f"{spent / batch.PER_MS / 1000:,.1f} s at {batch.PER_MS // 1000} M a second"
        rows.append(Row("instructions, all", spent / 1e6, "M instructions", None, about))
        rows.append(Row("  for each transaction", spent / full.count / 1e6, "M instructions"))
    else:
        rows.append(Row("instructions, all", None, note=NO_VALGRIND))
    got, put, erased = said["flash"]
    allocated = said["allocated"][0]
    return [
        *rows,
        Row("read from the flash", got, "bytes"),
        Row("written to the flash", put, "bytes"),
        Row("blocks of 4 KB erased", erased),
        Row("allocated, 8-byte words", allocated, "bytes"),
        Row("  for each transaction", allocated / full.count, "bytes"),
        Row("most that is kept meanwhile, 8-byte words", live, "bytes", 16 * 1024),
    ]


def _pairs(lines: list[list[str]]) -> Iterator[tuple[str, list[int]]]:
    for words in lines:
        if words and words[0] in ("allocated", "live", "flash", "end"):
            yield words[0], [int(n) for n in words[1:]]


def cashier(full: Full) -> list[Row]:
    """The same with screens, keys and paper: the heap that is left, and this machine's time."""
    times = {}
    flash = full.flash.read_bytes()
    with full.host() as (_, relay), VirtualDevice(flash=flash, nvs=full.nvs) as device:
        device.board.radio.routes[Identity().host] = ("127.0.0.1", relay.port)
        began = time.monotonic()
        device.power_on()
        device.wait_for_screen("Operator", timeout=_PATIENCE_S)
        times["from power on to the log-in"] = time.monotonic() - began
        device.press("01E")
        device.wait_for_screen("Password")
        device.press("0000E")
        device.wait_for_screen("Type an amount to begin.", timeout=_PATIENCE_S)
        device.press("M#2")
        device.wait_for_screen("Supervisor")
        device.press("123456E")
        device.wait_for_screen("OK: settle now", timeout=_PATIENCE_S)
        before = dict(device.board.mcu.bus_bytes)
        began = time.monotonic()
        device.press("E")
        device.wait_for_screen("Balanced", timeout=_PATIENCE_S)
        times["from OK to the result"] = time.monotonic() - began
        written = device.board.mcu.bus_bytes["flash"] - before["flash"]
        console = device.console()
        line = relay.to_host, relay.to_terminal
    free = [int(n) for _, n in _FREE.findall(console)]
    return [
        Row("bytes to the host, with the sign-in", line[0], "bytes"),
        Row("bytes to the terminal, with the sign-in", line[1], "bytes"),
        Row("written to the flash, by the chip", written, "bytes"),
        Row(
            "least heap free when a story or screen begins",
            min(free),
            "bytes",
            None,
            f"of {HEAP[:-1]} KB",
        ),
        *(
            Row(what, took, "s", None, "by the clock of this machine: differs from run to run")
            for what, took in times.items()
        ),
    ]
