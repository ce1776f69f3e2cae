"""Damaged messages against the acquiring host's codec and processor; ``taptill fuzz --host``.

Whatever comes, the host answers it or refuses the frame, knows why, and its ledger stays sound.
Half of the damage is done before the MAC is computed, so that it gets past it. What breaks the
host is kept as hex under build/fuzz.
"""

import argparse
import json
import random
import sys
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "acquirer")]

import iso8583  # noqa: E402
from client import (  # noqa: E402
    EXPIRY,
    HEADER,
    PAN,
    PIN,
    SPEC,
    TPDU,
    chip_data,
    pin_block,
    pos_mac,
)
from settlement_client import Manager, item, totals  # noqa: E402

from host_tools.acquirer import dialect, wire  # noqa: E402
from host_tools.acquirer.app import open_ledger  # noqa: E402
from host_tools.acquirer.log import show_fields  # noqa: E402
from host_tools.acquirer.processor import Processor  # noqa: E402

FAILURES = ROOT / "build" / "fuzz"
_MOST_FAILURES = 20
_BATCH = 1000  # messages
_SOUND_EVERY = 20_000  # the whole ledger is checked
_MAC = 8
# What a field may be replaced with, by chance
_PIECES = ("", "0", "1", "9", "00", "156", "000000", "999999", "F" * 16, "A1016", "\xff")

# MTI, F3, F25, F60.1, fields beyond those of a sale; all of them carry a MAC
_PAYMENTS = (
    ("0200", "000000", "00", "22", {}),
    ("0200", "200000", "00", "23", {37: "0" * 12, 38: "0" * 6, 61: "000001000002"}),
    ("0220", "200000", "00", "25", {37: "0" * 12, 61: "0" * 12 + "1123", 63: "CUP"}),
    ("0200", "310000", "00", "01", {}),
    ("0100", "030000", "06", "10", {}),
    ("0100", "200000", "06", "11", {38: "0" * 6, 61: "0000010000021123"}),
    ("0100", "030000", "60", "10", {38: "0" * 6, 61: "0" * 16}),
    ("0200", "000000", "06", "20", {38: "0" * 6, 61: "0000010000021123"}),
    ("0200", "200000", "06", "21", {37: "0" * 12, 38: "0" * 6, 61: "0000010000021123"}),
    ("0220", "000000", "06", "24", {38: "0" * 6, 61: "0000010000021123"}),
    ("0220", "000000", "00", "30", {38: "123456"}),
    ("0220", "000000", "00", "32", {61: "000001000002"}),
    ("0220", "000000", "00", "34", {48: "000000000100", 61: "000001000002"}),
    ("0220", "000000", "00", "36", {}),
    ("0200", "000000", "64", "22", {62: (b"03" + b"GOODS".ljust(30) + b"1").hex()}),
    ("0200", "200000", "64", "23", {37: "0" * 12, 38: "0" * 6, 61: "000001000002"}),
    ("0400", "000000", "00", "22", {39: "98"}),
)


class Recorder(Manager):
    """A terminal without a line: what it would send is kept."""

    def exchange(self, mti: str, fields: dict, mac: bool = False) -> dict:
        self.kept = (mti, dict(fields), mac)
        return {39: "", 11: "", 60: "", 62: ""}


Seed = tuple[str, dict[int, str], bool]


def corpus(terminal: Recorder) -> list[Seed]:
    """Whole messages: MTI, fields, whether they carry a MAC."""
    found: list[Seed] = []

    def keep(_: object) -> None:
        found.append(terminal.kept)

    for mti, f3, f25, kind, more in _PAYMENTS:
        fields = terminal.sale_fields(1000) | {3: f3, 25: f25, 60: f"{kind}{terminal.batch}000600"}
        found.append((mti, fields | more, True))
    swipe = terminal.sale_fields(1000, pin=None, f55="", f2="", f14="", f23="", f22="022")
    found.append(("0200", swipe | {35: "6212345678901232D30122011234567890"}, True))
    for code in ("001", "003", "004", "005"):
        keep(terminal.sign_in(code))
    for code in ("002", "301"):
        keep(terminal.manage("0820", code))
    keep(terminal.manage("0820", "362", f62=b"0110210310410511160".hex()))
    for code in ("372", "382"):
        keep(terminal.manage("0820", code, f62=b"100".hex()))
    downloads = {
        "360": b"",
        "361": b"",
        "371": b"",
        "381": b"",
        "391": b"",
        "394": b"",
        "395": b"",
    }
    downloads |= {"370": bytes.fromhex("9F0605A0000003339F220180"), "390": b"100"}
    downloads |= {"380": bytes.fromhex("9F0607A0000003330101")}
    for code, what in downloads.items():
        keep(terminal.manage("0800", code, f62=what.hex()))
    keep(terminal.settle(totals(1000, 1)))
    keep(terminal.upload(item("000002", 1000), item("000003", 5)))
    for code in ("203", "204", "205", "206"):
        keep(terminal.upload_chip("000002", 1000, code))
    for kind in ("24", "25", "30", "32", "34", "36"):
        keep(terminal.upload_advice(kind, "000002", 1000))
    for code in ("202", "207"):
        keep(terminal.end(2, code))
    script = {2: PAN, 3: "000000", 4: "000000001000", 11: "000007", 14: EXPIRY, 22: "071"}
    script |= {25: "00", 41: terminal.terminal, 42: terminal.merchant, 49: "156"}
    script |= {55: chip_data(1000) + "DF3105200000000F", 60: f"22{terminal.batch}951"}
    found.append(("0620", script, True))
    return found


def encode(mti: str, fields: dict[int, str], mac: bool) -> bytes | None:
    """The message, with zeros for a MAC; None for fields that no message can hold."""
    document = {"t": mti, **{str(number): value for number, value in fields.items()}}
    if mac:
        document["64"] = "0" * _MAC
    try:
        return bytes(iso8583.encode(document, SPEC)[0])
    except (iso8583.EncodeError, UnicodeEncodeError):
        return None


class Mutator:
    """Damages messages, by chance but repeatably."""

    def __init__(self, rng: random.Random, host: "Host") -> None:
        self._rng = rng
        self._host = host
        self._seeds = corpus(host.terminal)
        self._encoded = [raw for seed in self._seeds if (raw := encode(*seed)) is not None]
        self._made = 0

    def message(self) -> bytes:
        """The body of a frame: TPDU, header, message."""
        rng = self._rng
        mti, fields, mac = rng.choice(self._seeds)
        fields = dict(fields)
        self._place(mti, fields)
        for _ in range(rng.choice((0, 1, 1, 2, 3))):
            self._field(fields)
        raw = encode(mti, fields, mac)
        if raw is None:
            raw = encode(*self._seeds[0]) or b""
        if rng.random() < 0.4:
            raw = self._bytes(raw)
        if mac and rng.random() < 0.95 and len(raw) > _MAC:
            raw = raw[:-_MAC] + pos_mac(self._host.terminal.mak, raw[:-_MAC]).encode()
        if rng.random() < 0.1:
            raw = self._bytes(raw)
        body = TPDU + HEADER + raw
        return self._bytes(body) if rng.random() < 0.02 else body

    def raw(self) -> bytes:
        """A message from its MTI on, its bytes damaged: made faster than by ``message``."""
        return self._bytes(self._rng.choice(self._encoded))

    def _place(self, mti: str, fields: dict[int, str]) -> None:
        """Give a message a batch of now, a trace, and an original that there is."""
        rng = self._rng
        self._made += 1
        batch = f"{1 + self._made // _BATCH + rng.randrange(2):06d}"
        if fields[60][:2] != "00" or mti in ("0500", "0320"):
            fields[60] = fields[60][:2] + batch + fields[60][8:]
        if 52 in fields:
            fields[52] = pin_block(self._host.terminal.pik, PIN, PAN)
        if 11 in fields:
            fields[11] = f"{rng.randrange(1, _BATCH):06d}"
        if self._host.approved and rng.random() < 0.7:
            original = rng.choice(self._host.approved)
            if mti in ("0400", "0320") and 4 in fields:
                fields |= {number: original[number] for number in (4, 11)}
            if mti == "0400":
                fields[60] = original[60]
            fields |= {n: original[n] for n in (37, 38) if n in fields and n in original}
            if 61 in fields:
                fields[61] = original[60][2:8] + original[11] + fields[61][12:]

    def _field(self, fields: dict[int, str]) -> None:
        """Drop, take from another message, shorten, lengthen or change one field."""
        rng = self._rng
        number = rng.choice(sorted(fields))
        what = rng.randrange(6)
        value = fields[number]
        if what == 0:
            del fields[number]
        elif what == 1:
            fields |= dict([rng.choice(sorted(rng.choice(self._seeds)[1].items()))])
        elif what == 2:
            at = rng.randrange(len(value) + 1)
            fields[number] = value[:at]
        elif what == 3:
            fields[number] = value + rng.choice(_PIECES) * rng.choice((1, 1, 2, 30))
        elif what == 4:
            fields[number] = "".join(rng.choice("0123456789") for _ in value)
        else:
            at = rng.randrange(len(value) + 1)
            piece = rng.choice(_PIECES)
            fields[number] = value[:at] + piece + value[at + len(piece) :]

    def _bytes(self, data: bytes) -> bytes:
        rng = self._rng
        at = rng.randrange(len(data) + 1)
        size = rng.choice((1, 1, 1, 2, 8, 64))
        what = rng.randrange(5)
        if what == 0:
            return data[:at]
        if what == 1:
            return data[:at] + data[at + size :]
        if what == 2:
            return data[:at] + rng.randbytes(size) + data[at:]
        if what == 3:
            return data[:at] + data[at : at + size] * 2 + data[at + size :]
        changed = bytearray(data)
        if changed:
            changed[at % len(changed)] ^= rng.choice((1, 0x80, 0x0F, 0xFF, 1 << rng.randrange(8)))
        return bytes(changed)


@dataclass
class Tally:
    """What came of it: answers by route and code, refused frames, what broke the host."""

    answers: Counter = field(default_factory=Counter)
    refused: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return self.answers.total() + self.refused


class Host:
    """One host with a ledger in memory, and the terminal that is signed in to it."""

    def __init__(self) -> None:
        self.ledger = open_ledger(terminals=2)
        self._processor = Processor(self.ledger)
        self._trace = 500_000
        self.approved: deque[dict[int, str]] = deque(maxlen=20)
        self.terminal = Recorder(0)
        self.sign_in()

    def sign_in(self) -> None:
        """Fresh keys, in the batch that the corpus names."""
        self._trace += 1
        self.terminal.key_mode = "003"
        fields = {11: f"{self._trace:06d}", 41: "12345678", 42: self.terminal.merchant}
        raw = encode("0800", fields | {60: "00000001003"}, False)
        assert raw is not None
        _, reply = self._processor.process(wire.parse(TPDU + HEADER + raw), _raise)
        self.terminal.take_keys(reply.message.fields[62])

    def say(self, body: bytes) -> tuple[str, str] | None:
        """(route, response code), None for a frame that is refused.

        Raises whatever the host has not foreseen, and AssertionError.
        """
        try:
            frame = wire.parse(body)
            request, reply = self._processor.process(frame, _raise)
        except wire.FrameError as error:
            assert str(error) and PAN not in str(error)
            return None
        answer = wire.parse(reply.encode()[2:])
        assert answer.header.hex()[5] in "01234579"
        said = dialect.decode(answer.message).fields
        shown = json.dumps([show_fields(request), show_fields(reply.message), reply.why])
        # not F61, F62 and the like: there the terminal itself may have put it
        assert PAN not in shown.partition('"37"')[0]
        by_cents = said.get(4, "")[-2:] == "30"  # the test merchant's amounts can ask for it
        assert said[39] != "96" and (said[39] != "30" or reply.why or by_cents)
        if said[39] == "00" and reply.route in ("sign-in", "sign-off"):
            self.sign_in()  # the keys that the terminal has are gone
        if said[39] == "00" and frame.message[:1] != b"\x08" and {4, 11, 60} <= set(said):
            self.approved.append(said)
        return reply.route, said[39]


def _raise(error: Exception) -> None:
    raise error


def run(seed: int, count: int | None = None, seconds: float | None = None, tell=print) -> Tally:
    """So many messages, or for so long. At most 20 failures."""
    tally, host = Tally(), Host()
    mutator = Mutator(random.Random(seed), host)
    until = time.monotonic() + seconds if seconds is not None else None
    done = 0
    while len(tally.failures) < _MOST_FAILURES:
        if done == count or (until is not None and time.monotonic() > until):
            break
        done += 1
        body = mutator.message()
        try:
            said = host.say(body)
        except Exception as error:
            where = keep(body)
            tally.failures.append(f"{type(error).__name__}: {where}")
            tell(f"fuzz: {tally.failures[-1]}")
            continue
        if said is None:
            tally.refused += 1
        else:
            tally.answers[said] += 1
        if done % _SOUND_EVERY == 0:
            tally.failures += host.ledger.check()
    tally.failures += host.ledger.check()
    host.ledger.close()
    return tally


def run_codec(seed: int, count: int) -> tuple[Counter, list[str]]:
    """Decode so many: (how often each field was named, what went wrong).

    What decodes is encoded and decoded again to the same fields.
    """
    host, named, failures = Host(), Counter(), []
    mutator = Mutator(random.Random(seed), host)
    for number in range(count):
        raw = mutator.message()[len(TPDU + HEADER) :] if number % 8 == 0 else mutator.raw()
        try:
            message = dialect.decode(raw)
            assert dialect.decode(dialect.encode(message)) == message
            named[""] += 1
        except dialect.FormatError as error:
            named[error.field] += 1
            if error.offset < 0 or not error.why:
                failures.append(keep(TPDU + HEADER + raw))
        except Exception as error:
            failures.append(f"{type(error).__name__}: {keep(TPDU + HEADER + raw)}")
    host.ledger.close()
    return named, failures


def keep(body: bytes) -> str:
    """Write the bytes that broke the host; the name of the file."""
    FAILURES.mkdir(parents=True, exist_ok=True)
    path = FAILURES / f"host-{random.Random(body).randrange(16**8):08x}.hex"
    path.write_text(body.hex() + "\n", encoding="utf-8")
    return str(path.relative_to(ROOT))


def main(arguments: list[str] | None = None) -> int:
    """For so many minutes; 1 when something was found."""
    parser = argparse.ArgumentParser(prog="taptill fuzz --host", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=None, help="default: another one each time")
    parser.add_argument("--replay", type=Path, help="send a message that was kept, and stop")
    told = parser.parse_args(arguments)
    if told.replay is not None:
        # its MAC is of keys that are gone: the answer may be another now
        print("fuzz:", Host().say(bytes.fromhex(told.replay.read_text(encoding="utf-8"))))
        return 0
    seed = random.randrange(10**6) if told.seed is None else told.seed
    print(f"fuzz: seed {seed}, {told.minutes:g} minutes", flush=True)
    tally = run(seed, seconds=told.minutes * 60)
    for (route, code), count in sorted(tally.answers.items()):
        print(f"fuzz: {route or '-'} {code}: {count}")
    print(f"fuzz: {tally.count} messages, {tally.refused} refused, {len(tally.failures)} failures")
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
