"""What a terminal did without the host and uploads (0220), and what it changes afterwards.

Each is an advice: one that comes again is answered as the first time.
"""

from host_tools.acquirer import booking
from host_tools.acquirer.booking import Parties
from host_tools.acquirer.handlers import originals
from host_tools.acquirer.handlers.common import (
    Context,
    Deal,
    Refused,
    check_amount,
    find_account,
    routes,
)
from host_tools.acquirer.handlers.financial import pay
from host_tools.acquirer.issuer import Issuer
from host_tools.acquirer.models import Transaction


def decide_offline(ctx: Context, deal: Deal) -> None:
    """F60.1 30: a sale that was authorised by voice (F38). Booked whatever the balance is."""
    check_amount(ctx, deal)
    find_account(ctx, deal)


def decide_ec_sale(ctx: Context, deal: Deal) -> None:
    """F60.1 36: a sale that the chip approved. F55 with 8A = Y1 and its certificate (TC), else 05.

    Booked whatever the balance is.
    """
    check_amount(ctx, deal)
    issuer = Issuer(ctx.work, ctx.keys, ctx.now)
    code, deal.account = issuer.accept(ctx.request, deal.card, deal.amount)
    if code is not None:
        raise Refused(code)


def decide_adjust(ctx: Context, deal: Deal) -> None:
    """F60.1 32: an offline sale gets another amount (F4)."""
    check_amount(ctx, deal)
    _changed(ctx, deal, ("offline",))


def decide_tip(ctx: Context, deal: Deal) -> None:
    """F60.1 34: a tip (F48) on a sale; F4 is the new total, else 64. A second tip replaces it."""
    deal.tip = int(ctx.request.need(48))
    check_amount(ctx, deal)
    original = _changed(ctx, deal, ("sale", "offline"))
    originals.check_same(deal, original.amount - original.tip + deal.tip)


def _changed(ctx: Context, deal: Deal, kinds: tuple[str, ...]) -> Transaction:
    original = originals.named(ctx, deal, kinds)
    deal.account = ctx.work.account_of(original)
    originals.check_whole(original)
    if original.refunded or deal.account is None:
        raise Refused("12")
    originals.check_open(ctx, original)
    return original


def _change(to: Parties, txn: Transaction, deal: Deal) -> None:
    assert deal.original is not None
    booking.change(to, txn, deal.original)
    deal.original.tip = deal.tip


ROUTES = (
    *routes("offline", decide_offline, pay),
    *routes("ec_sale", decide_ec_sale, pay),
    *routes("adjust", decide_adjust, _change),
    *routes("tip", decide_tip, _change),
)
