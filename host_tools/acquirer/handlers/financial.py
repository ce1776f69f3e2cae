"""Messages that move money, and the reversal that takes it back."""

from typing import Any

from host_tools.acquirer import cents
from host_tools.acquirer.handlers.common import (
    CURRENCY,
    FINANCIAL,
    Answer,
    Context,
    Route,
    find,
    record,
    rrn,
)
from host_tools.acquirer.issuer import Card, Issuer, read_card, read_pan
from host_tools.acquirer.ledger import merchant_book
from host_tools.acquirer.models import APPROVED, DECLINED, REVERSED, Account


def sale(ctx: Context) -> Answer:
    """0200, F3 000000, F60.1 22: authorise and book, once per terminal, batch and trace.

    94 for a trace that was answered before, 12 when its reversal came first (nothing is booked).
    """
    request = ctx.request
    earlier = find(ctx)
    if earlier is not None:
        return Answer("12" if earlier.response_code is None else "94")
    card = read_card(request, ctx.keys)
    amount = int(request.need(4))
    code, account = _decide_sale(ctx, card, amount)
    txn = record(ctx, "sale", card.pan, amount, APPROVED if code is None else DECLINED)
    txn.response_code = answer_code = code or "00"
    fields: dict[int, Any] = {37: rrn(ctx.now, txn.id)}
    if code is None and account is not None:
        fields[38] = f"{txn.id * 104_729 % 1_000_000:06d}"
        merchant = ctx.work.book(merchant_book(ctx.merchant.id))
        ctx.work.post("sale", [(account.book, -amount), (merchant, amount)], ctx.now, txn)
    txn.rrn, txn.auth_code = fields[37], fields.get(38)
    return Answer(answer_code, fields)


def _decide_sale(ctx: Context, card: Card, amount: int) -> tuple[str | None, Account | None]:
    """(None, account) to approve, else (response code, account or None)."""
    if ctx.request.need(49) != CURRENCY:
        return "A1", None
    if amount == 0:
        return "13", None
    asked = cents.code_for(amount) if ctx.merchant.cents_decide else None
    if asked is not None:
        return asked, None
    return Issuer(ctx.work, ctx.keys, ctx.now).authorise(ctx.request, card, amount)


def reversal(ctx: Context) -> Answer:
    """0400: take back what was booked under the same batch and trace; a repeat answers the same.

    00 booked and now reversed; 12 the original was declined; 25 no original (remembered, so that
    it is not booked when it comes late); 64 or 14 amount or card are not those of the original.
    """
    request = ctx.request
    amount = int(request.need(4))
    # The trace names the original; a card is compared when the reversal brings one.
    pan = read_pan(request, ctx.keys) if 2 in request or 35 in request else ""
    txn = find(ctx)
    if txn is None:
        txn = record(ctx, "sale", pan, amount, REVERSED)
        txn.reversal_code = "25"
    elif txn.amount != amount:
        return Answer("64")
    elif pan and txn.pan_tag != ctx.work.keys.pan_tag(pan):
        return Answer("14")
    elif txn.reversal_code is None:
        txn.reversal_code = "12" if txn.state == DECLINED else "00"
        if txn.state == APPROVED:
            ctx.work.reverse(txn, ctx.now)
            txn.state = REVERSED
    return Answer(txn.reversal_code, {37: txn.rrn or rrn(ctx.now, txn.id)})


ROUTES = (
    Route("sale", sale, "0200", "000000", "00", "22", "000", mac=True, needs=FINANCIAL),
    Route("reversal", reversal, "0400", mac=True, needs=FINANCIAL),
)
