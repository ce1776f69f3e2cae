"""Finds what a void, completion, refund or change is about, and whether it can be done.

Raises Refused: 25 there is no such transaction, 14 it was another card's, 12 it cannot be done any
more, 22 too late, 64 its amount is another.
"""

from datetime import timedelta

from sqlalchemy import select

from host_tools.acquirer.dialect import FormatError
from host_tools.acquirer.handlers.common import Context, Deal, Refused
from host_tools.acquirer.models import APPROVED, REVERSED, Transaction

HOLD_DAYS = 30  # how long a pre-authorisation can be completed or voided [M]
_NO_NUMBER = "0" * 12


def named(ctx: Context, deal: Deal, kinds: tuple[str, ...]) -> Transaction:
    """By batch and trace in F61, one of this terminal's; F37 and F38 have to fit when they come.

    Twelve zeros in F37 are no reference number. It is one of ``kinds`` (else 25), approved, of
    this card, and neither voided nor reversed.
    """
    f61 = _f61(ctx, 12)
    found = ctx.work.find(ctx.terminal.id, f61[:6], f61[6:12])
    if found is None or found.kind not in kinds or not _fits(ctx, found):
        raise Refused("25")
    if len(f61) > 12 and f61[12:16] not in ("0000", found.at.strftime("%m%d")):
        raise Refused("25")
    return _usable(ctx, deal, found)


def _fits(ctx: Context, found: Transaction) -> bool:
    fields = ctx.request.fields
    reference, code = fields.get(37, _NO_NUMBER), fields.get(38, found.auth_code)
    return reference in (_NO_NUMBER, found.rrn) and code == found.auth_code


def by_reference(ctx: Context, deal: Deal, kinds: tuple[str, ...]) -> Transaction:
    """By reference number (F37) and date in F61, one of this merchant's in any batch.

    A date of zeros is not known: the number is enough.
    """
    day = _f61(ctx, 16)[12:16]
    query = select(Transaction).filter_by(merchant_id=ctx.merchant.id, rrn=ctx.request.need(37))
    rows = ctx.work.session.scalars(query.with_for_update())
    found = next(
        (r for r in rows if r.kind in kinds and day in ("0000", r.at.strftime("%m%d"))), None
    )
    if found is None:
        raise Refused("25")
    return _usable(ctx, deal, found)


def preauth(ctx: Context, deal: Deal) -> Transaction:
    """The pre-authorisation of F38 and F61: batch, trace (zeros: not known) and date.

    One of this merchant's; an addition (F61 all zeros) names it by F38 alone [M]. 22 when it is
    older than HOLD_DAYS.
    """
    f61 = _f61(ctx, 16)
    query = select(Transaction).filter_by(
        merchant_id=ctx.merchant.id, kind="preauth", auth_code=ctx.request.need(38)
    )
    rows = [
        row
        for row in ctx.work.session.scalars(query.order_by(Transaction.id).with_for_update())
        if f61[:12] in (_NO_NUMBER, row.batch + row.trace)
        and f61[12:16] in ("0000", row.at.strftime("%m%d"))
    ]
    # the same number may be another card's: the last one of this card, else the last one
    own = [row for row in rows if row.pan_tag == ctx.work.keys.pan_tag(deal.card.pan)]
    if not rows:
        raise Refused("25")
    found = _usable(ctx, deal, (own or rows)[-1])
    if found.at < ctx.now - timedelta(days=HOLD_DAYS):
        raise Refused("22")
    return found


def _usable(ctx: Context, deal: Deal, found: Transaction) -> Transaction:
    if deal.card.pan and found.pan_tag != ctx.work.keys.pan_tag(deal.card.pan):
        raise Refused("14")
    deal.original = found
    if found.response_code is None or found.state not in (APPROVED, REVERSED):
        raise Refused("25")
    check_whole(found)
    return found


def check_whole(found: Transaction) -> None:
    """12 when it was reversed, or ended by a void or a completion."""
    if found.state == REVERSED or found.ended_by_id is not None:
        raise Refused("12")


def check_open(ctx: Context, found: Transaction) -> None:
    """22 when its batch was settled."""
    if ctx.work.batch_closed(found.terminal_id, found.batch):
        raise Refused("22")


def check_same(deal: Deal, amount: int) -> None:
    """64 when the request names another amount."""
    if deal.amount != amount:
        raise Refused("64")


def _f61(ctx: Context, least: int) -> str:
    f61 = ctx.request.need(61)
    if len(f61) < least:
        raise FormatError("61", 0, f"{len(f61)} digits, at least {least}", ctx.request)
    return f61
