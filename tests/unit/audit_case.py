"""A terminal's flash, its paper and a host's ledger, made by hand: what an audit looks at."""

import struct
import zlib
from datetime import datetime

from littlefs import LittleFS

from host_tools.acquirer.app import open_ledger
from host_tools.acquirer.ledger import Ledger, merchant_book
from host_tools.acquirer.models import Transaction
from host_tools.acquirer.models_settings import Settlement
from host_tools.device.journal_reader import BLOCK, Store

TERMINAL, MERCHANT = "12345678", "898100012340001"
PAN, MASKED = "6212345678901232", "621234******1232"
AT = datetime(2026, 11, 23, 10, 15)
KINDS = {name: i for i, name in enumerate(
    ("begun", "sending", "approved", "declined", "cancelled", "reversing", "reversed",
     "printed", "offline", "uploaded", "step"), 1
)}  # fmt: skip
NAMES = {
    "trace": 1, "kind": 2, "amount": 3, "batch": 4, "pan": 8, "rrn": 11, "auth": 12, "rc": 13,
    "orig_batch": 28, "orig_trace": 29, "step": 40, "debits": 42, "debit_fen": 43, "credits": 44,
    "credit_fen": 45, "balanced": 46, "foreign": 49, "org": 38,
}  # fmt: skip


def record(number: int, state: str, /, **fields: str | int) -> bytes:
    """One record of a journal."""
    body = b""
    for name, value in fields.items():
        whole = isinstance(value, int)
        data = value.to_bytes(4, "big") if isinstance(value, int) else value.encode()
        body += bytes((whole << 6 | NAMES[name], len(data))) + data
    head = struct.pack(">BBHH", 0x4A, KINDS[state], number, len(body)) + body
    head += bytes(-(len(head) + 4) % 8)
    return head + zlib.crc32(head).to_bytes(4, "big")


def store(*records: bytes, script: bytes = b"") -> Store:
    """The flash of a terminal whose journal of batch 1 has these records."""
    fs = LittleFS(block_size=BLOCK, block_count=16)
    fs.makedirs("/pos/batch")
    params = f"terminal_id={TERMINAL}\n".encode()
    with fs.open("/pos/params", "wb") as file:
        file.write(params + zlib.crc32(params).to_bytes(4, "big"))
    with fs.open("/pos/batch/000001.jnl", "wb") as file:
        file.write(b"TTJ1" + (1).to_bytes(4, "big") + b"".join(records))
    if script:
        with fs.open("/pos/script", "wb") as file:
            file.write(script + zlib.crc32(script).to_bytes(4, "big"))
    return Store(bytes(fs.context.buffer), "/pos")


def sale(number: int, state: str, trace: int = 2, amount: int = 128000, **changed) -> bytes:
    """The records of a sale that ended in ``state``."""
    known = {"trace": trace, "kind": "sale", "amount": amount, "batch": 1, "pan": MASKED}
    known |= {name: changed.pop(name) for name in list(changed) if name not in _ANSWERED}
    records = record(number, "begun", **known)
    if state == "begun":
        return records
    records += record(number, "sending")
    if state == "sending":
        return records
    if state in ("approved", "declined"):
        numbers = {"rrn": "632710000001", "auth": "104729", **changed}
        return records + record(number, state, **numbers)
    return records + record(number, "reversing") + record(number, state)


_ANSWERED = ("rrn", "auth", "rc")


def ledger(*rows: tuple) -> Ledger:
    """A seeded ledger with transactions of (trace, state, amount, kind, trace of the original).

    Only sales are booked as the host would book them.
    """
    made = open_ledger()
    with made.begin() as work:
        account = work.account(PAN)
        assert account is not None
        known = {}
        for trace, state, amount, *more in rows:
            kind = more[0] if more else "sale"
            txn = work.record(
                Transaction(
                    terminal_id=TERMINAL, batch="000001", trace=f"{trace:06d}", kind=kind,
                    merchant_id=MERCHANT, state=state, amount=amount, pan_tag=account.pan_tag,
                    pan_masked=MASKED, response_code="00", rrn="632710000001",
                    auth_code="104729", at=AT, effect=-amount if state == "approved" else 0,
                )
            )  # fmt: skip
            if state == "declined":
                continue
            known[trace] = txn
            if len(more) > 1:
                txn.original = known[more[1]]
            shop = work.book(merchant_book(MERCHANT))
            work.post("sale", [(account.book, -amount), (shop, amount)], AT, txn)
            if state == "reversed":
                work.reverse(txn, AT)
    return made


def settle(made: Ledger, debit: int, debits: int) -> None:
    """A settlement of batch 1 at the host, whose own totals are one sale of 1280.00."""
    with made.begin() as work:
        same = (debit, debits) == (128000, 1)
        work.session.add(
            Settlement(
                terminal_id=TERMINAL, batch="000001", their_debit=128000, their_debits=1,
                their_credit=0, their_credits=0, our_debit=debit, our_debits=debits, our_credit=0,
                our_credits=0, result="balanced" if same else "different",
                differences="" if same else "one is missing", at=AT,
            )
        )  # fmt: skip


def slip(copy: str = "MERCHANT", again: bool = False, lines: int | None = None, **changed) -> str:
    """The text of a slip, or only its first lines."""
    told = {"trace": "000002", "auth": "104729", "rrn": "632710000001", "amount": "1280.00"}
    told.update(changed)
    text = [
        "TEST - NOT VALID",
        "       TAPTILL SALES SLIP",
        f"          {copy} COPY",
        *(["       *** DUPLICATED ***"] if again else []),
        "MERCHANT NAME: TAPTILL TEST SHOP",
        "BATCH NO: 000001",
        f"VOUCHER NO: {told['trace']}",
        f"AUTH CODE: {told['auth']}",
        f"REF NO: {told['rrn']}",
        "AMOUNT:",
        f"RMB {told['amount']}",
        "      NO SIGNATURE REQUIRED",
        *(["       *** DUPLICATED ***"] if again else []),
        "TEST - NOT VALID",
    ]
    return "\n".join(text[:lines]) + "\n" * 4


BOTH = slip() + slip("CARDHOLDER")
