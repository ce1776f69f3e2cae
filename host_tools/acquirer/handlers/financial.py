"""Payments, their voids and refunds, balance, and the reversal that takes any of them back."""

from host_tools.acquirer import booking
from host_tools.acquirer.booking import Parties
from host_tools.acquirer.dialect import FormatError
from host_tools.acquirer.handlers import originals
from host_tools.acquirer.handlers.common import (
    CURRENCY,
    FINANCIAL,
    KINDS,
    Answer,
    Context,
    Deal,
    Refused,
    Route,
    authorise,
    check_amount,
    find,
    find_account,
    record,
    routes,
    rrn,
)
from host_tools.acquirer.issuer import read_pan
from host_tools.acquirer.models import APPROVED, DECLINED, REVERSED, Transaction

REFUNDABLE = ("sale", "completion", "notice", "offline", "ec_sale")
# Instalments [M]: months -> the cardholder's fee in hundredths of a percent of the amount
INSTALMENT_FEES = {3: 180, 6: 360, 9: 540, 12: 720, 18: 1080, 24: 1440}
_BASIS = 10_000


def decide_sale(ctx: Context, deal: Deal) -> None:
    """0200, F3 000000, F60.1 22: the issuer authorises; with F60.6 = 1 also a part (10)."""
    check_amount(ctx, deal)
    authorise(ctx, deal)


def decide_void(ctx: Context, deal: Deal) -> None:
    """0200, F3 200000, F60.1 23: undo a sale of a batch that is not settled, with its tip."""
    _decide_void(ctx, deal, "sale")


def decide_instalment_void(ctx: Context, deal: Deal) -> None:
    """As a void, of a payment by instalments (F25 64)."""
    _decide_void(ctx, deal, "instalment")


def _decide_void(ctx: Context, deal: Deal, kind: str) -> None:
    check_amount(ctx, deal, own=False)
    find_account(ctx, deal)
    original = originals.named(ctx, deal, (kind,))
    if original.refunded:
        raise Refused("12")
    originals.check_open(ctx, original)
    originals.check_same(deal, original.amount)


def decide_refund(ctx: Context, deal: Deal) -> None:
    """0220, F3 200000, F60.1 25: give back a payment or a part; 61 when it is more than is left.

    The original is named by F37 and its date in F61, and may be settled.
    """
    check_amount(ctx, deal)
    find_account(ctx, deal)
    original = originals.by_reference(ctx, deal, REFUNDABLE)
    if original.refunded + deal.amount > original.amount:
        raise Refused("61")


def decide_balance(ctx: Context, deal: Deal) -> None:
    """0200, F3 310000, F60.1 01: what the card can spend, in F54; nothing is booked.

    F54: account type 10, amount type 02 (available), currency, C or D, 12 digits in fen.
    """
    if ctx.request.need(49) != CURRENCY:
        raise Refused("A1")
    deal.amount = 0
    # an overdrawn card may still ask
    overdraft = max(0, -_balance(ctx, deal))
    authorise(ctx, deal, overdraft)
    amount = _balance(ctx, deal)
    sign = "D" if amount < 0 else "C"
    deal.fields[54] = f"1002{CURRENCY}{sign}{abs(amount):012d}"


def _balance(ctx: Context, deal: Deal) -> int:
    account = ctx.work.account(deal.card.pan)
    return account.book.balance if account is not None else 0


def decide_instalment(ctx: Context, deal: Deal) -> None:
    """0200, F25 64, F60.1 22: a sale that the cardholder pays to the issuer month by month [M].

    F62: months 2, goods code 30, fee mode 1 (0 with the first payment, 1 with each). Its answer:
    first payment 12, currency 3, fee 12. 12 for a number of months that is not offered. The
    merchant gets all of it at once; the fee is told to the cardholder, and booked nowhere.
    """
    order = ctx.request.need(62).decode("latin-1")
    if len(order) != 33 or not order[:2].isdigit() or order[32] not in "01":
        raise FormatError("62", 0, "no months, goods code and fee mode", ctx.request)
    months = int(order[:2])
    if months not in INSTALMENT_FEES:
        raise Refused("12")
    check_amount(ctx, deal)
    authorise(ctx, deal)
    fee = booking.half_up(deal.amount * INSTALMENT_FEES[months], _BASIS)
    # the first payment takes what does not divide
    first = deal.amount // months + deal.amount % months
    told = fee if order[32] == "0" else fee // months + fee % months
    deal.fields[62] = f"{first:012d}{CURRENCY}{told:012d}".encode()


def pay(to: Parties, txn: Transaction, _: Deal) -> None:
    """The card pays the merchant."""
    booking.pay(to, txn)


def void(to: Parties, txn: Transaction, deal: Deal) -> None:
    """All that the original moved goes back."""
    assert deal.original is not None
    booking.void(to, txn, deal.original)


def _refund(to: Parties, txn: Transaction, deal: Deal) -> None:
    assert deal.original is not None
    booking.refund(to, txn, deal.original)


def reversal(ctx: Context) -> Answer:
    """0400: take back what was booked under the same batch and trace; a repeat answers the same.

    00 booked and now reversed; 12 the original was declined, or something was built on it since;
    25 no original (remembered, so that it is not booked when it comes late); 64, 14 or 22: amount,
    card or kind are not those of the original.
    """
    request = ctx.request
    amount = int(request.need(4))
    kinds = _reversed_kinds(ctx)
    # The trace names the original; a card is compared when the reversal brings one.
    pan = read_pan(request, ctx.keys) if 2 in request or 35 in request else ""
    txn = find(ctx)
    if txn is not None:
        ctx.work.account_of(txn)
    if txn is None:
        txn = record(ctx, kinds[0], pan, amount, REVERSED)
        txn.reversal_code = "25"
    elif txn.kind not in kinds:
        return Answer("22")
    elif amount not in (txn.amount, txn.sent_amount):
        return Answer("64")
    elif pan and txn.pan_tag != ctx.work.keys.pan_tag(pan):
        return Answer("14")
    elif txn.reversal_code is None and txn.state == DECLINED:
        txn.reversal_code = "12"
    elif txn.state == APPROVED:
        if not booking.may_reverse(ctx.work.session, txn):
            return Answer("12", {37: txn.rrn})
        booking.take_back(ctx.work, txn, ctx.now)
        txn.reversal_code = "00"
    return Answer(txn.reversal_code or "25", {37: txn.rrn or rrn(ctx.now, txn.id)})


def _reversed_kinds(ctx: Context) -> list[str]:
    """The kinds that F3, F25 and F60.1 may mean."""
    request = ctx.request
    asked = request.need(3), request.field60().kind
    return [
        kind.name
        for kind in KINDS
        if kind.reversible
        and asked == (kind.f3, kind.f60_1)
        and request.need(25) in kind.conditions
    ]


ROUTES = (
    *routes("sale", decide_sale, pay, chip=True),
    *routes("void", decide_void, void),
    *routes("balance", decide_balance, None, chip=True),
    *routes("instalment", decide_instalment, pay, chip=True),
    *routes("instalment_void", decide_instalment_void, void),
    *routes("refund", decide_refund, _refund),
    *(
        Route("reversal", reversal, "0400", k.f3, f25, k.f60_1, "000", mac=True, needs=FINANCIAL)
        for k in KINDS
        if k.reversible
        for f25 in k.conditions
    ),
)
