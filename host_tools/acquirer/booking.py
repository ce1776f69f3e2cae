"""How each kind of transaction is booked, and taken back by its reversal.

What has to come out is in books.py. Amounts in whole fen.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from host_tools.acquirer import books
from host_tools.acquirer.books import CHANGES, COMPLETIONS
from host_tools.acquirer.ledger import Work
from host_tools.acquirer.models import APPROVED, REVERSED, Account, Merchant, Transaction

_BASIS = 10_000  # hundredths of a percent


@dataclass(frozen=True)
class Parties:
    """Whose books a transaction moves."""

    work: Work
    account: Account
    merchant: Merchant


def half_up(dividend: int, divisor: int) -> int:
    """The quotient of two whole numbers, not negative, rounded half up."""
    return (2 * dividend + divisor) // (2 * divisor)


def fee_of(merchant: Merchant, account: Account, amount: int) -> int:
    """What the merchant pays for a payment of ``amount`` with this card, rounded half up."""
    if account.credit:
        return half_up(amount * merchant.fee_bp_credit, _BASIS)
    fee = half_up(amount * merchant.fee_bp_debit, _BASIS)
    return min(fee, merchant.fee_cap_fen) if merchant.fee_cap_fen else fee


def built_on(session: Session, txn: Transaction) -> list[Transaction]:
    """The approved transactions that name ``txn`` as their original."""
    query = select(Transaction).filter_by(original_id=txn.id, state=APPROVED)
    return list(session.scalars(query.order_by(Transaction.id)))


def pay(to: Parties, txn: Transaction) -> None:
    """From the card to the merchant: ``txn.amount``."""
    _book(to, txn, -txn.amount, txn.amount, fee_of(to.merchant, to.account, txn.amount))


def hold(to: Parties, txn: Transaction, preauth: Transaction) -> None:
    """From the card to what is held of it; ``preauth`` is ``txn`` or what it adds to."""
    _book(to, txn, -txn.amount, 0, 0)
    preauth.held += txn.amount


def release(to: Parties, txn: Transaction, preauth: Transaction) -> None:
    """End a pre-authorisation: its hold goes back to the card, ``txn.amount`` to the merchant.

    For a void of the pre-authorisation nothing is paid.
    """
    paid = txn.amount if txn.kind in COMPLETIONS else 0
    fee = fee_of(to.merchant, to.account, paid)
    _book(to, txn, preauth.held - paid, paid, fee)
    preauth.held, preauth.ended_by_id = 0, txn.id


def void(to: Parties, txn: Transaction, original: Transaction) -> None:
    """Undo a payment with all its changes; a voided completion holds again what it had held."""
    changes = [row for row in built_on(to.work.session, original) if row.kind in CHANGES]
    effect = original.effect + sum(row.effect for row in changes)
    _book(to, txn, -effect, -original.amount, -original.fee - sum(row.fee for row in changes))
    original.ended_by_id = txn.id
    if original.kind in COMPLETIONS:
        _hold_again(original)


def _hold_again(completion: Transaction) -> None:
    preauth = completion.original
    assert preauth is not None
    preauth.held, preauth.ended_by_id = completion.effect + completion.amount, None


def refund(to: Parties, txn: Transaction, original: Transaction) -> None:
    """Give ``txn.amount`` back, and the share of the fee that belongs to it.

    All refunds of a payment together give back all of its fee.
    """
    rows = built_on(to.work.session, original)
    charged = original.fee + sum(row.fee for row in rows if row.kind in CHANGES)
    back = -sum(row.fee for row in rows if row.kind == "refund" and row is not txn)
    original.refunded += txn.amount
    due = half_up(charged * original.refunded, original.amount)
    _book(to, txn, txn.amount, -txn.amount, back - due)


def change(to: Parties, txn: Transaction, original: Transaction) -> None:
    """Give a payment another amount, ``txn.amount``: only the difference is booked."""
    rows = built_on(to.work.session, original)
    charged = original.fee + sum(r.fee for r in rows if r.kind in CHANGES and r is not txn)
    more = txn.amount - original.amount
    _book(to, txn, -more, more, fee_of(to.merchant, to.account, txn.amount) - charged)
    if original.asked is None:
        original.asked = original.amount
    original.amount = txn.amount


def _book(to: Parties, txn: Transaction, effect: int, paid: int, fee: int) -> None:
    book = to.work.book
    named = books.amounts(txn, effect, paid, fee)
    moves = [
        (to.account.book if name == named[0][0] else book(name), amount)
        for name, amount in named
        if amount
    ]
    txn.effect, txn.fee = effect, fee
    to.work.post(txn.kind, moves, txn.at, txn)


def may_reverse(session: Session, txn: Transaction) -> bool:
    """Whether an approved transaction can be taken back: nothing was done with it since."""
    if built_on(session, txn):
        return False
    if txn.kind == "preauth_add":
        return txn.original is not None and txn.original.ended_by_id is None
    if txn.kind != "completion_void":
        return True
    completion = txn.original
    assert completion is not None and completion.original is not None
    preauth = completion.original
    same = preauth.held == completion.effect + completion.amount
    return preauth.ended_by_id is None and same


def take_back(work: Work, txn: Transaction, at: datetime) -> None:
    """What a reversal does to an approved transaction that may_reverse: as if it never was.

    A card whose money is gone meanwhile is overdrawn by the reversal of a void.
    """
    work.reverse(txn, at)
    original = txn.original
    if txn.kind == "preauth":
        txn.held = 0
    elif original is not None and txn.kind == "preauth_add":
        original.held -= txn.amount
    elif original is not None:
        original.ended_by_id = None
        if txn.kind in (*COMPLETIONS, "preauth_void"):
            original.held = txn.effect + (txn.amount if txn.kind in COMPLETIONS else 0)
        if txn.kind == "completion_void" and original.original is not None:
            original.original.held, original.original.ended_by_id = 0, original.id
    txn.effect = txn.fee = 0
    txn.state = REVERSED
