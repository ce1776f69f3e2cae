"""Pre-authorisations: money is held, then paid by a completion or let go by a void."""

from host_tools.acquirer import booking
from host_tools.acquirer.booking import Parties
from host_tools.acquirer.dialect import Message
from host_tools.acquirer.handlers import originals
from host_tools.acquirer.handlers.common import (
    Context,
    Deal,
    Refused,
    authorise,
    check_amount,
    find_account,
    routes,
)
from host_tools.acquirer.handlers.financial import void
from host_tools.acquirer.models import Transaction

# A completion may take this much of what is held, in percent.
COMPLETION_PERCENT = 115


def decide_preauth(ctx: Context, deal: Deal) -> None:
    """0100, F3 030000, F25 06, F60.1 10: authorised as a sale; the money is held."""
    check_amount(ctx, deal)
    authorise(ctx, deal)


def decide_add(ctx: Context, deal: Deal) -> None:
    """0100, F25 60, F61 of zeros: hold more for the pre-authorisation of the code in F38 [M]."""
    check_amount(ctx, deal)
    # first the card, as everywhere: two connections must not wait for each other
    ctx.work.account(deal.card.pan)
    originals.preauth(ctx, deal)
    authorise(ctx, deal)


def decide_preauth_void(ctx: Context, deal: Deal) -> None:
    """0100, F3 200000, F60.1 11: let go all that is held, additions too.

    F4 names all of it, or what the first authorisation held [M].
    """
    check_amount(ctx, deal, own=False)
    find_account(ctx, deal)
    preauth = originals.preauth(ctx, deal)
    if deal.amount != preauth.amount:
        originals.check_same(deal, preauth.held)


def decide_completion(ctx: Context, deal: Deal) -> None:
    """0200, F3 000000, F60.1 20: pay what was held, or less, or 15 % more (61 beyond that)."""
    check_amount(ctx, deal)
    ctx.work.account(deal.card.pan)
    preauth = originals.preauth(ctx, deal)
    _check_limit(deal, preauth)
    authorise(ctx, deal, preauth.held)


def decide_notice(ctx: Context, deal: Deal) -> None:
    """0220, F60.1 24: as a completion that is done already; the issuer is not asked."""
    check_amount(ctx, deal)
    find_account(ctx, deal)
    _check_limit(deal, originals.preauth(ctx, deal))


def _check_limit(deal: Deal, preauth: Transaction) -> None:
    if deal.amount * 100 > preauth.held * COMPLETION_PERCENT:
        raise Refused("61")


def decide_completion_void(ctx: Context, deal: Deal) -> None:
    """0200, F3 200000, F60.1 21: the payment is undone and the money is held again [M].

    Only of a completion that was asked for; what was told by a notice is refunded.
    """
    check_amount(ctx, deal, own=False)
    find_account(ctx, deal)
    original = originals.named(ctx, deal, ("completion",))
    if original.refunded:
        raise Refused("12")
    originals.check_open(ctx, original)
    originals.check_same(deal, original.amount)


def _hold(to: Parties, txn: Transaction, deal: Deal) -> None:
    booking.hold(to, txn, deal.original or txn)


def _release(to: Parties, txn: Transaction, deal: Deal) -> None:
    assert deal.original is not None
    booking.release(to, txn, deal.original)


def _adds(request: Message) -> bool:
    """Told by F25 60; F25 18 says that nobody is there, and leaves F61 to tell (16 zeros)."""
    return request.need(25) == "60" or request.fields.get(61) == "0" * 16


ROUTES = (
    *routes("preauth_add", decide_add, _hold, chip=True, when=_adds),
    *routes("preauth", decide_preauth, _hold, chip=True),
    *routes("preauth_void", decide_preauth_void, _release),
    *routes("completion", decide_completion, _release),
    *routes("completion_void", decide_completion_void, void),
    *routes("notice", decide_notice, _release),
)
