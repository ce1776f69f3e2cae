"""The auditor: do the terminal's journal, its paper and the host's ledger tell the same story?

Reads all three from outside, with nothing of the firmware in it, and returns what does not agree
as sentences. Meant for a terminal at rest: logged in, idle, with the host within reach.

    python -m host_tools.device.auditor FLASH LEDGER_URL PAPER.txt

Amounts are in fen. Nothing it says holds more of a PAN than the first 6 and last 4 digits.
"""

import re
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.engine import make_url

from host_tools.acquirer.app import open_ledger
from host_tools.acquirer.ledger import Ledger, TransactionRow
from host_tools.acquirer.models import APPROVED, Account, Entry, Posting
from host_tools.acquirer.models import Transaction as Booked
from host_tools.device.journal_reader import Batch, FlashImageError, Store, Transaction

COPIES = ("MERCHANT", "CARDHOLDER")
_TEST = ("TEST - NOT VALID", "测试，凭证无效")
_TITLES = (
    *("TAPTILL SALES SLIP", "TAPTILL SETTLEMENT", "TAPTILL TRANSACTIONS", "TAPTILL TOTALS"),
    *("TAPTILL SELF-TEST", "*** FAULT REPORT ***", "*** REVERSED ***", "*** DECLINED ***"),
    *("*** CANCELLED ***", "银联POS签购单", "结算总计单", "交易明细单", "交易统计单"),
    *("终端自检单", "***故障报告单***", "***已冲正***", "***交易拒绝***", "***交易取消***"),
)
_DUPLICATED = "*** DUPLICATED ***"
_TRAINING = ("*** TRAINING ***", "*** 培训 ***")  # head and foot of what is no slip of the journal
_AGAIN = (_DUPLICATED, "***重打印/DUPLICATED***")
_NO_VOUCHER = ("THIS IS NOT A VOUCHER", "非凭证联")
_COPY = re.compile(r"(?:\S+ )?(\w+) COPY")
_NAMED = re.compile(r"([^:]+): (.*)")
_BATCH = ("BATCH NO", "批次号")
_VOUCHER = ("VOUCHER NO", "凭证号")
_AUTH = ("AUTH CODE", "授权码")
_RRN = ("REF NO", "交易参考号")
_AMOUNTS = ("TOTAL:", "总计:", "AMOUNT:", "金额:")
_OWN = "CUP"  # the organisation of cards that are not foreign
_OPEN = ("begun", "sending", "reversing")
_LATE = ("offline", "ec_sale")
_BACK = ("void", "refund", "completion_void", "instalment_void")  # negative on paper
_KEPT = 1000  # batches: less than this after the oldest journal there must be one
_CLOSED = 3  # step of a settlement: the host has closed the batch
_TOTALS = ("debit_fen", "debits", "credit_fen", "credits")

Key = tuple[int, int]  # batch and trace: the name of a sale that all three share


@dataclass
class Slip:
    """One slip on the paper as far as it came. ``whole``: printed to its last line."""

    copy: str
    voucher: bool
    duplicated: bool
    whole: bool
    batch: int = 0
    trace: int = 0
    amount: int | None = None
    auth: str = ""
    rrn: str = ""

    @property
    def key(self) -> Key:
        """Batch and trace; zeros where the paper did not come so far."""
        return self.batch, self.trace


def audit(store: Store, paper: str, ledger: Ledger) -> list[str]:
    """What does not agree between a terminal's flash, all of its paper and the host's ledger.

    An empty list: every sale is where it has to be, once, and with the same amount and numbers.
    """
    try:
        terminal = store.params().get("terminal_id", "")
        batches, script = store.batches(), store.script()
    except FlashImageError as error:
        return [f"The flash cannot be read: {error}."]
    journal = [txn for batch in batches for txn in batch.transactions]
    rows = ledger.transactions(terminal)
    found = [
        f"Batch {batch.batch}: bytes at {offset} of the journal are no record."
        for batch in batches
        for offset in batch.damaged
    ]
    found += _at_rest(journal)
    if script is not None:
        found.append(f"The host has yet to hear what became of the script of {script:06d}.")
    found += _journal_and_ledger(journal, rows, _kept(batches))
    found += _settled(batches, ledger, terminal)
    found += _paper_and_journal(read_slips(paper), journal)
    found += [f"The ledger is not sound: {sentence}." for sentence in ledger.check()]
    found += _balances(ledger)
    return found


# --- the journal by itself, and against the ledger ---


def _at_rest(journal: list[Transaction]) -> Iterator[str]:
    seen: set[Key] = set()
    for txn in journal:
        if txn.state in _OPEN:
            yield f"{_name(_key(txn))} is left {txn.state} in the journal."
        if txn.waiting:
            yield f"{_name(_key(txn))} was approved here and the host has not been told."
        if _key(txn) in seen:
            yield f"{_name(_key(txn))} is in the journal twice."
        seen.add(_key(txn))


def _kept(batches: list[Batch]) -> int:
    """The oldest batch of which there is a journal; those before it were settled and removed."""
    numbers = [batch.batch for batch in batches if batch.batch]
    # After 999998 comes 1: the largest gap is where the row of kept batches begins.
    gaps = [(n - numbers[i - 1]) % 999_998 for i, n in enumerate(numbers)]
    return numbers[gaps.index(max(gaps))] if numbers else 0


def _journal_and_ledger(
    journal: list[Transaction], rows: list[TransactionRow], kept: int
) -> Iterator[str]:
    # a balance that was asked for moves nothing: the terminal keeps no record of it
    booked = {(int(row.batch), int(row.stan)): row for row in rows if row.kind != "balance"}
    for txn in journal:
        row = booked.get(_key(txn))
        charged = row is not None and row.state == APPROVED
        if txn.state == "approved" and not charged and not txn.waiting:
            state = f"{row.state} in" if row else "not in"
            yield f"{_name(_key(txn))} is approved in the journal but {state} the ledger."
        if txn.state != "approved" and charged:
            yield f"{_name(_key(txn))} is {txn.state} in the journal but charged in the ledger."
    in_force = _in_force(journal)
    for key, row in booked.items():
        if row.state != APPROVED or (key[0] - kept) % 999_998 > _KEPT:
            continue
        entries = [txn for txn in journal if _key(txn) == key]
        if not entries:
            yield f"{_name(key)} is charged in the ledger but not in the journal."
        for txn in entries:
            yield from _compare(txn, row, in_force.get(key, txn.amount))


def _in_force(journal: list[Transaction]) -> dict[Key, int]:
    """The amounts that a tip or an adjustment has changed."""
    changed: dict[Key, int] = {}
    for txn in journal:
        if txn.kind in ("tip", "adjust") and txn.state == "approved":
            changed[txn.original] = txn.amount
    return changed


def _compare(txn: Transaction, row: TransactionRow, amount: int) -> Iterator[str]:
    pairs = [
        ("kind", txn.kind, row.kind),
        ("amount", amount, row.amount),
        ("RRN", txn.rrn, row.rrn),
        ("authorisation", txn.fields.get("auth", ""), row.auth_code or ""),
        ("card", txn.fields.get("pan", ""), row.pan_masked),
        ("organisation", txn.fields.get("org", _OWN), row.organisation),
    ]
    if txn.state != "approved":
        return
    if txn.rc == "94":  # the host said that it has it, and nothing else
        pairs = [pair for pair in pairs if pair[1]]
    if txn.fields.get("orig_trace"):
        batch, stan = row.original or ("0", "0")
        pairs.append(("original", txn.original, (int(batch), int(stan))))
    for what, here, there in pairs:
        if here != there:
            name = _name(_key(txn))
            yield f"{name}: {what} {here} in the journal, {there} in the ledger."


# --- settlements ---


def _settled(batches: list[Batch], ledger: Ledger, terminal: str) -> Iterator[str]:
    """A batch that one side has settled, the other has too, with the same totals and result."""
    theirs = {int(row.batch): row for row in ledger.settlements(terminal)}
    for batch in batches:
        step = batch.settlement.get("step", 0)
        row = theirs.get(batch.batch)
        if row is None or row.result == "open":
            if step:
                yield f"Batch {batch.batch:06d}: step {step} of its settlement, none at the host."
            continue
        if not step:
            yield f"Batch {batch.batch:06d} is settled at the host and not here."
            continue
        if not isinstance(step, int) or step < _CLOSED:
            yield f"Batch {batch.batch:06d} is left in step {step} of its settlement."
        here = tuple(batch.settlement.get(name, 0) for name in _TOTALS)
        told = (row.theirs.debit, row.theirs.debits, row.theirs.credit, row.theirs.credits)
        if here != told:
            yield f"Batch {batch.batch:06d}: totals {here} in the journal, {told} at the host."
        half = str(batch.settlement.get("foreign", "0" * 30 + "1"))
        told = row.their_foreign
        text = f"{told.debit:012d}{told.debits:03d}{told.credit:012d}{told.credits:03d}"
        if half[:-1] != text:
            yield f"Batch {batch.batch:06d}: foreign {half} in the journal, {text} at the host."
        balanced = batch.settlement.get("balanced") == 1 and half[-1] == "1"
        if balanced != (row.theirs == row.ours and row.their_foreign == row.our_foreign):
            verdict = "balanced" if balanced else "not balanced"
            yield f"Batch {batch.batch:06d} is {verdict} here, the host has {row.ours}."
        for difference in row.differences:
            yield f"Batch {batch.batch:06d} at the host: {difference}."


# --- paper ---


def read_slips(paper: str) -> list[Slip]:
    """The slips in the text of the paper, in the order they were printed, without a training's."""
    lines = [line.strip() for line in paper.splitlines()]
    starts = [i for i, line in enumerate(lines) if line in _TITLES]
    # The line above a title is the head of that slip, not the foot of the one before.
    ends = [start - 1 for start in starts[1:]] + [len(lines)]
    return [
        _slip([line for line in _to_mark(lines[start:end]) if line])
        for start, end in zip(starts, ends, strict=False)
        if not set(lines[max(0, start - 2) : start]) & set(_TRAINING)
    ]


def _to_mark(lines: list[str]) -> list[str]:
    """The lines before one that belongs to a slip of a training."""
    at = next((i for i, line in enumerate(lines) if line in _TRAINING), len(lines))
    return lines[:at]


def _slip(lines: list[str]) -> Slip:
    marks = [m[1] for m in map(_COPY.fullmatch, lines) if m]
    copy = next((mark for mark in marks if mark in COPIES), "")
    values = {m[1]: m[2] for m in map(_NAMED.fullmatch, lines) if m}

    def value(names: tuple[str, ...]) -> str:
        return next((values[name] for name in names if name in values), "")

    slip = Slip(
        copy,
        voucher=not any(line in lines for line in _NO_VOUCHER),
        duplicated=any(line in lines for line in _AGAIN),
        whole=len(lines) > 1 and lines[-1] in _TEST,
        auth=value(_AUTH),
        rrn=value(_RRN),
    )
    slip.batch = int(value(_BATCH) or 0)
    slip.trace = int(value(_VOUCHER) or 0)
    total = next((line for line in _AMOUNTS if line in lines[:-1]), None)
    if total is not None:
        slip.amount = _fen(lines[lines.index(total) + 1])
    return slip


def _fen(text: str) -> int | None:
    match = re.fullmatch(r"RMB (-?)(\d+)\.(\d\d)", text)
    return int(match[1] + match[2] + match[3]) if match else None


def _paper_and_journal(slips: list[Slip], journal: list[Transaction]) -> Iterator[str]:
    sales = {_key(txn): txn for txn in journal}
    for slip in slips:
        if not slip.trace or not slip.voucher:
            continue
        txn = sales.get(slip.key)
        if txn is None or txn.state != "approved":
            state = txn.state if txn else "not in the journal"
            yield f"{_name(slip.key)} is {state}, yet there is a slip of it."
        elif slip.whole:
            yield from _slip_differs(slip, txn)
    for key, txn in sales.items():
        if txn.state == "approved":
            yield from _copies([slip for slip in slips if slip.key == key and slip.whole], key)


def _slip_differs(slip: Slip, txn: Transaction) -> Iterator[str]:
    sign = -1 if txn.kind in _BACK else 1
    pairs = (
        ("amount", slip.amount, sign * txn.amount),
        ("RRN", slip.rrn, txn.rrn),
        ("authorisation", slip.auth, txn.fields.get("auth", "")),
    )
    for what, here, there in pairs:
        # what is approved without the host is printed before the host gives it numbers
        if here != there and (here or txn.kind not in _LATE):
            yield f"{_name(slip.key)}: {what} {here} on paper, {there} in the journal."
    if slip.copy not in COPIES:
        yield f"{_name(slip.key)}: a slip does not say whose copy it is."


def _copies(slips: list[Slip], key: Key) -> Iterator[str]:
    for copy in COPIES:
        printed = [slip for slip in slips if slip.copy == copy]
        if not printed:
            yield f"{_name(key)} has no {copy.lower()} copy on paper."
        if any(not slip.duplicated for slip in printed[1:]):
            yield f"{_name(key)}: a second {copy.lower()} copy is not marked {_DUPLICATED}."


# --- money ---


def _balances(ledger: Ledger) -> Iterator[str]:
    """Each card has what it was opened with and what its approved transactions did to it."""
    with ledger.begin() as work:
        session = work.session
        effects = dict(
            session.execute(
                select(Booked.pan_tag, func.sum(Booked.effect))
                .where(Booked.state == APPROVED)
                .group_by(Booked.pan_tag)
            ).all()  # type: ignore[arg-type]
        )
        for account in session.scalars(select(Account)):
            opened = session.scalar(
                select(func.coalesce(func.sum(Posting.amount), 0))
                .join(Entry)
                .where(Posting.book_id == account.book_id, Entry.kind == "opening")
            )
            due = (opened or 0) + effects.get(account.pan_tag, 0)
            if account.book.balance != due:
                yield (
                    f"Card {account.pan_masked} has {account.book.balance} fen; opened with "
                    f"{opened} and after its approved transactions it would have {due}."
                )


def _key(txn: Transaction) -> Key:
    batch = txn.fields.get("batch", 0)
    return batch if isinstance(batch, int) else 0, txn.trace


def _name(key: Key) -> str:
    return f"Sale {key[1]:06d} of batch {key[0]:06d}"


def main(arguments: list[str]) -> int:
    """Audit files; prints the differences. 0: there are none, 1: there are, 2: wrong usage."""
    if len(arguments) != 3:
        print("usage: python -m host_tools.device.auditor FLASH LEDGER_URL PAPER.txt")
        return 2
    flash, url, paper = arguments
    # PIN blocks, MACs and cryptograms are 3DES by their standards
    warnings.filterwarnings("ignore", message=".*TripleDES")
    database = make_url(url).database
    for path in filter(None, (flash, paper, database)):
        if not Path(path).is_file():
            print(f"There is no file {path}.", file=sys.stderr)
            return 2
    ledger = open_ledger(url)
    try:
        found = audit(
            Store(Path(flash).read_bytes(), "/pos"),
            Path(paper).read_text(encoding="utf-8"),
            ledger,
        )
    except FlashImageError as error:
        found = [f"The flash cannot be read: {error}."]
    finally:
        ledger.close()
    print("\n".join(found) or "Journal, paper and ledger agree.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
