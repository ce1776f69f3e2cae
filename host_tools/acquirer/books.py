"""The books of the ledger, what each kind of transaction has to move between them, and the check.

Four books: the card's, what is held of it, the merchant's, and the host's fees. Amounts in whole
fen. With ``effect`` added to the card and ``paid`` to the merchant before its fee, every kind is

    card: effect | hold: -effect - paid | merchant: paid - fee | fees: fee
"""

from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from host_tools.acquirer.models import APPROVED, REVERSED, Book, Entry, Posting, Transaction

FEES = "fees"  # the book of what merchants paid for their payments
PREAUTHS = ("preauth", "preauth_add")
PAYMENTS = ("sale", "instalment", "offline", "ec_sale")
CHANGES = ("adjust", "tip")
COMPLETIONS = ("completion", "notice")
# a void -> what it voids
VOIDS = {"void": "sale", "instalment_void": "instalment", "completion_void": "completion"}


def merchant_book(merchant_id: str) -> str:
    """The name of the book of what is owed to a merchant."""
    return f"merchant {merchant_id}"


def hold_book(pan_tag: str) -> str:
    """The name of the book of what is held on a card."""
    return f"hold {pan_tag}"


def amounts(txn: Transaction, effect: int, paid: int, fee: int) -> list[tuple[str, int]]:
    """(name of the book, fen to add) of a transaction, the card's first; zeros are in it."""
    return [
        (f"card {txn.pan_tag}", effect),
        (hold_book(txn.pan_tag), -effect - paid),
        (merchant_book(txn.merchant_id), paid - fee),
        (FEES, fee),
    ]


def check(session: Session) -> Iterator[str]:
    """The sentences of ``Ledger.check``."""
    yield from _unbalanced(session)
    yield from _wrong_books(session)
    yield from _wrong_holds(session)
    yield from _wrong_bookings(session)


def _unbalanced(session: Session) -> Iterator[str]:
    total = func.coalesce(func.sum(Posting.amount), 0)
    query = select(Entry.id, total).outerjoin(Posting).group_by(Entry.id).having(total != 0)
    for entry_id, amount in session.execute(query):
        yield f"entry {entry_id} is off by {amount}"


def _wrong_books(session: Session) -> Iterator[str]:
    total = func.coalesce(func.sum(Posting.amount), 0)
    query = select(Book.id, Book.balance, total).outerjoin(Posting).group_by(Book.id, Book.balance)
    for book_id, balance, amount in session.execute(query):
        if balance != amount:
            yield f"book {book_id} says {balance}, its postings say {amount}"


def _wrong_holds(session: Session) -> Iterator[str]:
    total = func.sum(Transaction.held)
    query = select(Transaction.pan_tag, total).group_by(Transaction.pan_tag)
    held = {hold_book(tag): amount for tag, amount in session.execute(query)}
    for book in session.scalars(select(Book).where(Book.name.startswith(hold_book("")))):
        if book.balance != held.get(book.name, 0):
            due = held.get(book.name, 0)
            yield f"book {book.id} holds {book.balance}, its pre-authorisations say {due}"


def _wrong_bookings(session: Session) -> Iterator[str]:
    kinds: dict[int | None, list[str]] = {}
    booked = select(Entry.transaction_id, Entry.kind).where(Entry.transaction_id.is_not(None))
    for transaction_id, kind in session.execute(booked.order_by(Entry.id)):
        kinds.setdefault(transaction_id, []).append(kind)
    moved = _moved(session)
    rows = {txn.id: txn for txn in session.scalars(select(Transaction))}
    built: dict[int | None, list[Transaction]] = {}
    for txn in rows.values():
        if txn.state == APPROVED:
            built.setdefault(txn.original_id, []).append(txn)
    for txn in rows.values():
        found = kinds.get(txn.id, [])
        if found != _expected(txn):
            yield f"transaction {txn.id} is {txn.state} but booked as {found}"
        elif txn.state != APPROVED:
            if moved.get(txn.id) or txn.effect or txn.fee or txn.held:
                yield f"transaction {txn.id} is {txn.state} but still moves money"
        else:
            yield from _wrong_moves(txn, moved.get(txn.id, {}))
            yield from _wrong_links(txn, built.get(txn.id, []), rows)


def _expected(txn: Transaction) -> list[str]:
    """The kinds of the entries that a transaction must have."""
    if txn.state == APPROVED and txn.kind != "balance":
        return [txn.kind]
    if txn.state == REVERSED and txn.response_code is not None:
        return [txn.kind, "reversal"]
    return []


def _moved(session: Session) -> dict[int | None, dict[str, int]]:
    """What all bookings of a transaction did to the books, by transaction and book."""
    query = (
        select(Entry.transaction_id, Book.name, func.sum(Posting.amount))
        .join(Posting, Posting.entry_id == Entry.id)
        .join(Book, Book.id == Posting.book_id)
        .where(Entry.transaction_id.is_not(None))
        .group_by(Entry.transaction_id, Book.name)
    )
    moved: dict[int | None, dict[str, int]] = {}
    for transaction_id, name, amount in session.execute(query):
        if amount:
            moved.setdefault(transaction_id, {})[name] = amount
    return moved


def _paid(txn: Transaction) -> int:
    """What an approved transaction has to give to its merchant, before the fee."""
    if txn.kind in COMPLETIONS:
        return txn.amount
    if txn.kind == "completion_void":
        return -txn.amount
    return 0 if txn.kind in (*PREAUTHS, "preauth_void") else -txn.effect


def _wrong_moves(txn: Transaction, moved: dict[str, int]) -> Iterator[str]:
    due = {name: n for name, n in amounts(txn, txn.effect, _paid(txn), txn.fee) if n}
    if moved != due:
        yield f"transaction {txn.id} ({txn.kind}) moves other amounts than it says"


def _wrong_links(
    txn: Transaction, built: list[Transaction], rows: dict[int, Transaction]
) -> Iterator[str]:
    """What a transaction says of itself against what was done with it."""
    ends = [row.id for row in built if row.kind in (*VOIDS, *COMPLETIONS, "preauth_void")]
    if txn.kind == "preauth":
        # a completion that was voided has ended nothing
        ends = [i for i in ends if rows[i].ended_by_id is None]
    if ends != [i for i in (txn.ended_by_id,) if i is not None]:
        yield f"transaction {txn.id} says it was ended by {txn.ended_by_id}, not by {ends}"
    if txn.refunded != sum(row.amount for row in built if row.kind == "refund"):
        yield f"transaction {txn.id} says that {txn.refunded} of it was refunded"
    if txn.refunded > txn.amount:
        yield f"transaction {txn.id}: more was refunded than paid"
    if _effect(txn, built, rows) != txn.effect:
        yield f"transaction {txn.id} ({txn.kind}) has an effect of {txn.effect}"
    held = txn.amount + sum(row.amount for row in built if row.kind == "preauth_add")
    if txn.held != (held if txn.kind == "preauth" and txn.ended_by_id is None else 0):
        yield f"transaction {txn.id} holds {txn.held}"


def _effect(txn: Transaction, built: list[Transaction], rows: dict[int, Transaction]) -> int:
    """What an approved transaction must have added to its card's book."""
    if txn.kind in PAYMENTS:
        return -txn.amount - sum(row.effect for row in built if row.kind in CHANGES)
    if txn.kind in PREAUTHS:
        return -txn.amount
    original = rows.get(txn.original_id or 0)
    if original is None:
        return 0
    if txn.kind in ("void", "instalment_void"):
        return txn.amount if original.amount == txn.amount else 0
    if txn.kind == "completion_void":
        return -original.effect if original.amount == txn.amount else 0
    if txn.kind == "refund":
        return txn.amount
    if txn.kind in CHANGES:
        return txn.effect  # its original's amount and effect say whether it is right
    if txn.ended_by_id is not None:
        return txn.effect  # additions may have been taken back since
    held = original.amount + sum(
        row.amount
        for row in rows.values()
        if (row.original_id, row.kind, row.state) == (original.id, "preauth_add", APPROVED)
    )
    return held - (txn.amount if txn.kind in COMPLETIONS else 0)
