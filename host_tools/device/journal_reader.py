"""What a terminal has on its flash, read from outside: journals, parameters, the trace counter.

A second reader of the same bytes, written from the file formats and not from the firmware, so
that an audit does not repeat the firmware's mistakes. The image is never changed nor repaired.

File formats (integers big-endian, all on LittleFS with 4096-byte blocks):

- ``batch/NNNNNN.jnl``: "TTJ1", batch number 4; then records at multiples of 8: 4A, kind 1,
  transaction number 2 (FFFF: a step of the settlement), length of the fields 2, fields, zeros,
  CRC-32 of all before it 4. A field: type (0 text, 1 integer, 2 bytes) in bits 7-6 and name in
  bits 5-0, length 1, value.
- ``params``: lines ``name=value`` in UTF-8, CRC-32 4. ``stan``: last trace number 3, CRC-32 4.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from littlefs import LittleFS, UserContext
from littlefs.errors import LittleFSError

BLOCK = 4096

Value = str | int | bytes

_STATE_AFTER = {
    1: "begun",
    2: "sending",
    3: "approved",
    4: "declined",
    5: "cancelled",
    6: "reversing",
    7: "reversed",
}
_PRINTED, _APPROVED_OFFLINE, _UPLOADED, _STEP = 8, 9, 10, 11
_OTHER_KINDS = {
    _PRINTED: "printed",
    _APPROVED_OFFLINE: "approved offline",
    _UPLOADED: "uploaded",
    _STEP: "settlement",
}
_FIELDS = {
    1: "trace",
    2: "kind",
    3: "amount",
    4: "batch",
    5: "when",
    6: "operator",
    7: "entry",
    8: "pan",
    9: "card",
    10: "f55",
    11: "rrn",
    12: "auth",
    13: "rc",
    14: "issuer",
    15: "acquirer",
    16: "merchant_id",
    17: "terminal_id",
    18: "aid",
    19: "label",
    20: "arqc",
    21: "tvr",
    22: "tsi",
    23: "atc",
    24: "cvm",
    25: "copies",
    26: "reason",
    27: "reversal_rc",
    28: "orig_batch",
    29: "orig_trace",
    30: "orig_date",
    31: "orig_rrn",
    32: "orig_auth",
    33: "absent",
    34: "asked",
    35: "base",
    36: "tip",
    37: "months",
    38: "org",
    39: "voucher",
    40: "step",
    41: "done",
    42: "debits",
    43: "debit_fen",
    44: "credits",
    45: "credit_fen",
    46: "balanced",
    47: "first",
    48: "fee",
    49: "foreign",
}


class FlashImageError(Exception):
    """The image holds no readable file system, or a file in it is not what was written."""


@dataclass(frozen=True)
class Record:
    """One durable step of a transaction: the kind is the state it leads to, or ``printed``."""

    offset: int
    kind: str
    number: int
    fields: dict[str, Value]


@dataclass
class Transaction:
    """A transaction as its records add up; ``fields`` has the newest value of each name.

    ``waiting``: approved by the terminal, and the host has not been told.
    """

    number: int
    state: str = ""
    copies: int = 0
    reversals: int = 0
    waiting: bool = False
    fields: dict[str, Value] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)

    @property
    def trace(self) -> int:
        """STAN, field 11."""
        return self._number("trace")

    @property
    def amount(self) -> int:
        """Amount in fen, always positive."""
        return self._number("amount")

    @property
    def kind(self) -> str:
        """``sale`` and the like."""
        return self._text("kind")

    @property
    def rc(self) -> str:
        """Field 39 of the answer, empty when there was none."""
        return self._text("rc")

    @property
    def rrn(self) -> str:
        """Reference number, field 37, empty when there was no answer."""
        return self._text("rrn")

    @property
    def original(self) -> tuple[int, int]:
        """Batch and trace of what it voids, completes, refunds or changes; zeros for none."""
        return self._number("orig_batch"), self._number("orig_trace")

    def _number(self, name: str) -> int:
        value = self.fields.get(name, 0)
        return value if isinstance(value, int) else 0

    def _text(self, name: str) -> str:
        value = self.fields.get(name, "")
        return value if isinstance(value, str) else ""


@dataclass
class Batch:
    """The journal of one batch. ``damaged``: offsets of bytes that are in no sound record.

    ``settlement``: the newest value of each field of the settlement's steps; empty before it.
    """

    batch: int
    records: list[Record]
    transactions: list[Transaction]
    damaged: list[int]
    settlement: dict[str, Value] = field(default_factory=dict)

    def find(self, trace: int) -> Transaction | None:
        """The newest transaction with a trace number."""
        return next((t for t in reversed(self.transactions) if t.trace == trace), None)


class Store:
    """The files of a terminal in a flash image; ``root`` is the store's folder inside it.

    Raises FlashImageError when the image cannot be mounted.
    """

    def __init__(self, image: bytes, root: str = "/") -> None:
        self._root = root.rstrip("/")
        self._fs = LittleFS(
            context=UserContext(buffer=bytearray(image)),
            mount=False,
            block_size=BLOCK,
            block_count=len(image) // BLOCK,
        )
        try:
            self._fs.mount()
        except LittleFSError as error:
            raise FlashImageError(f"no LittleFS in the image: {error}") from error

    def read(self, name: str) -> bytes | None:
        """The raw content of a file, or None where there is none."""
        try:
            with self._fs.open(f"{self._root}/{name}", "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def names(self) -> list[str]:
        """All files, with their folders, relative to the root."""
        found: list[str] = []
        for folder, _, files in self._fs.walk(self._root or "/"):
            base = folder.rstrip("/")[len(self._root) :].lstrip("/")
            found += [f"{base}/{name}".lstrip("/") for name in files]
        return sorted(found)

    def params(self) -> dict[str, str]:
        """The parameters that were set; raises FlashImageError for a wrong CRC."""
        lines = self._checked("params").decode().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def stan(self) -> int:
        """The last trace number given out, 0 for none; raises FlashImageError for a wrong CRC."""
        return int.from_bytes(self._checked("stan"), "big")

    def batches(self) -> list[Batch]:
        """The journals, in the order of their batch numbers."""
        names = [n for n in self.names() if n.startswith("batch/") and n.endswith(".jnl")]
        return [parse_journal(self.read(name) or b"") for name in names]

    def script(self) -> int | None:
        """The trace of the transaction whose script's result the host has yet to hear, or None."""
        data = self._checked("script")
        return int.from_bytes(data[:3], "big") if data else None

    def _checked(self, name: str) -> bytes:
        data = self.read(name)
        if not data:
            return b""
        if zlib.crc32(data[:-4]) != int.from_bytes(data[-4:], "big"):
            raise FlashImageError(f"{name}: wrong CRC")
        return data[:-4]


def parse_journal(data: bytes) -> Batch:
    """Read the bytes of one journal file; raises FlashImageError when it has no head."""
    if not data:
        return Batch(0, [], [], [])  # cut off while it was made
    if data[:4] != b"TTJ1" or len(data) < 8:
        raise FlashImageError("not a journal")
    records: list[Record] = []
    damaged: list[int] = []
    for found in _records(data):
        if isinstance(found, Record):
            records.append(found)
        else:
            damaged.append(found)
    steps = [record for record in records if record.kind == _OTHER_KINDS[_STEP]]
    settlement = {name: value for step in steps for name, value in step.fields.items()}
    number = int.from_bytes(data[4:8], "big")
    own = [record for record in records if record not in steps]
    return Batch(number, records, _transactions(own), damaged, settlement)


def _records(data: bytes) -> Iterator[Record | int]:
    """Each sound record, and the offset of each stretch of bytes that is none."""
    at, sound = 8, True
    while at < len(data):
        record = _record(data, at)
        if record is None:
            if sound:
                yield at
            sound = False
            at += 8
            continue
        sound = True
        yield record[0]
        at += record[1]


def _record(data: bytes, at: int) -> tuple[Record, int] | None:
    """The record at ``at`` and its whole length, or None."""
    if len(data) - at < 16:
        return None
    magic, kind, number, length = struct.unpack_from(">BBHH", data, at)
    whole = (6 + length + 4 + 7) // 8 * 8
    raw = data[at : at + whole]
    if magic != 0x4A or len(raw) < whole:
        return None
    if zlib.crc32(raw[:-4]) != int.from_bytes(raw[-4:], "big"):
        return None
    name = _OTHER_KINDS.get(kind) or _STATE_AFTER.get(kind, f"kind {kind}")
    return Record(at, name, number, _fields(raw[6 : 6 + length])), whole


def _fields(data: bytes) -> dict[str, Value]:
    fields: dict[str, Value] = {}
    while data:
        code, length = data[0], data[1]
        value = data[2 : 2 + length]
        data = data[2 + length :]
        name = _FIELDS.get(code & 0x3F, f"field {code & 0x3F}")
        if code >> 6 == 0:
            fields[name] = value.decode()
        elif code >> 6 == 1:
            fields[name] = int.from_bytes(value, "big")
        else:
            fields[name] = value
    return fields


def _transactions(records: list[Record]) -> list[Transaction]:
    found: dict[int, Transaction] = {}
    for record in records:
        txn = found.setdefault(record.number, Transaction(record.number))
        txn.steps.append(record.kind)
        txn.fields.update(record.fields)
        if record.kind == "printed":
            copies = record.fields["copies"]
            txn.copies = copies if isinstance(copies, int) else 0
        elif record.kind == "approved offline":
            txn.state, txn.waiting = "approved", True
        elif record.kind == "uploaded":
            txn.waiting = False
        else:
            txn.state = record.kind
            txn.waiting &= record.kind != "declined"
            txn.reversals += record.kind == "reversing"
    return [found[number] for number in sorted(found)]
