"""What all handlers share: the request in its context, the answer, the row of the table."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from host_tools.acquirer import cents, organisations
from host_tools.acquirer.booking import Parties
from host_tools.acquirer.dialect import Field60, Message
from host_tools.acquirer.issuer import Card, Issuer, check_by_hand, read_card, read_pan
from host_tools.acquirer.ledger import Work
from host_tools.acquirer.log import mask_pan
from host_tools.acquirer.models import (
    APPROVED,
    DECLINED,
    Account,
    Merchant,
    Terminal,
    Transaction,
)
from host_tools.acquirer.security import WorkingKeys

CURRENCY = "156"
MOTO = ("08", "18")  # F25 of mail and telephone orders: of payments, of pre-authorisations
NO_CARD = Card("", None, None)
FINANCIAL = (3, 4, 11, 22, 25, 41, 42, 49, 60)  # what every financial message needs


@dataclass
class Answer:
    """Response code, and the fields beyond those that every answer of its kind carries."""

    code: str
    fields: dict[int, Any] = field(default_factory=dict, repr=False)


@dataclass
class Context:
    """All that a handler needs for one request."""

    request: Message
    work: Work
    terminal: Terminal
    merchant: Merchant
    keys: WorkingKeys
    now: datetime


@dataclass(frozen=True)
class Route:
    """Which requests a handler takes: MTI, F3, F25, F60.1 (kind) and F60.3 (code); None is any.

    ``mac``: the request must carry a valid F64. ``needs``: fields that must be there. ``when``:
    what else must be true of the request.
    """

    name: str
    handler: Callable[[Context], Answer]
    mti: str
    f3: str | None = None
    f25: str | None = None
    kind: str | None = None
    code: str | None = None
    mac: bool = False
    needs: tuple[int, ...] = ()
    when: Callable[[Message], bool] | None = None

    def takes(self, request: Message, f60: Field60) -> bool:
        """Whether this row is the one for ``request``."""
        return (
            self.mti == request.mti
            and self.f3 in (None, request.fields.get(3))
            and self.f25 in (None, request.fields.get(25))
            and self.kind in (None, f60.kind)
            and self.code in (None, f60.code)
            and (self.when is None or self.when(request))
        )


@dataclass(frozen=True)
class Kind:
    """A kind of transaction and how its message is told: MTI, F3, F25 (any of them), F60.1."""

    name: str
    mti: str
    f3: str
    conditions: tuple[str, ...]
    f60_1: str
    needs: tuple[int, ...] = ()
    reversible: bool = True

    @property
    def advice(self) -> bool:
        """The terminal tells what is done already, and tells it until it is answered."""
        return self.mti == "0220"


_BASE, _PREAUTH, _INSTALMENT = ("00", MOTO[0]), ("06", MOTO[1]), ("64",)
# F60.3 is 000 in all of them
KINDS = (
    Kind("sale", "0200", "000000", _BASE, "22"),
    Kind("void", "0200", "200000", _BASE, "23", (37, 38, 61)),
    Kind("balance", "0200", "310000", ("00",), "01", reversible=False),
    Kind("instalment", "0200", "000000", _INSTALMENT, "22", (62,)),
    Kind("instalment_void", "0200", "200000", _INSTALMENT, "23", (37, 38, 61)),
    Kind("preauth", "0100", "030000", _PREAUTH, "10"),
    Kind("preauth_void", "0100", "200000", _PREAUTH, "11", (38, 61)),
    Kind("preauth_add", "0100", "030000", ("60", MOTO[1]), "10", (38, 61)),
    Kind("completion", "0200", "000000", _PREAUTH, "20", (38, 61)),
    Kind("completion_void", "0200", "200000", _PREAUTH, "21", (37, 38, 61)),
    Kind("refund", "0220", "200000", _BASE, "25", (37, 61), False),
    Kind("notice", "0220", "000000", _PREAUTH, "24", (38, 61), False),
    Kind("offline", "0220", "000000", _BASE, "30", (), False),
    Kind("ec_sale", "0220", "000000", ("00",), "36", (55,), False),
    Kind("adjust", "0220", "000000", _BASE, "32", (61,), False),
    Kind("tip", "0220", "000000", _BASE, "34", (48, 61), False),
)


@dataclass
class Deal:
    """What is found out about one request before it is recorded.

    ``code`` is the approval (10: in part; a test merchant's cents may ask for others), ``fields``
    what an approval carries besides.
    """

    card: Card
    amount: int
    account: Account | None = None
    original: Transaction | None = None
    code: str = "00"
    tip: int = 0
    fields: dict[int, Any] = field(default_factory=dict, repr=False)


class Refused(Exception):
    """The host says no, with a response code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


Decide = Callable[[Context, Deal], None]
Book = Callable[[Parties, Transaction, Deal], None]


def routes(
    name: str,
    decide: Decide,
    book: Book | None,
    chip: bool = False,
    when: Callable[[Message], bool] | None = None,
) -> Iterator[Route]:
    """The rows of a kind. ``decide`` fills a Deal in or raises Refused, ``book`` moves the money.

    ``chip``: a chip entry mode must bring F55. ``when``: as in Route.
    """
    kind = next(kind for kind in KINDS if kind.name == name)
    basic = tuple(n for n in FINANCIAL if n != 4 or name != "balance")

    def handler(ctx: Context) -> Answer:
        return _answer_once(ctx, kind, decide, book, chip)

    for f25 in kind.conditions:
        yield Route(
            *(name, handler, kind.mti, kind.f3, f25, kind.f60_1, "000"),
            mac=True,
            needs=(*basic, *kind.needs),
            when=when,
        )


def _answer_once(
    ctx: Context, kind: Kind, decide: Decide, book: Book | None, chip: bool
) -> Answer:
    """Decide, record and book, once for each terminal, batch and trace."""
    request = ctx.request
    earlier = find(ctx)
    if earlier is not None:
        return _again(ctx, kind, earlier)
    if request.need(25) in MOTO:
        check_by_hand(request)
    # a change names its original; the card need not come again
    named = 2 in request or 35 in request or kind.name not in ("adjust", "tip")
    card = read_card(request, ctx.keys, chip) if named else NO_CARD
    asked = int(request.fields.get(4, "0"))
    deal = Deal(card, asked)
    code = None
    try:
        decide(ctx, deal)
    except Refused as refused:
        code = refused.code
    txn = record(ctx, kind.name, deal.card.pan, deal.amount, DECLINED if code else APPROVED)
    if deal.original is not None:
        txn.original_id, txn.original = deal.original.id, deal.original
        if not deal.card.pan:
            txn.pan_tag, txn.pan_masked = deal.original.pan_tag, deal.original.pan_masked
    named_first = deal.original.organisation if deal.original is not None else None
    txn.organisation = named_first or organisations.of(deal.card.pan, deal.card.icc)
    txn.asked = asked if asked != deal.amount else None
    txn.rrn, txn.tip = rrn(ctx.now, txn.id), deal.tip
    txn.response_code = code or deal.code
    if code:
        return Answer(code, {37: txn.rrn})
    given = request.fields.get(38) if kind.name in ("offline", "ec_sale") else None
    txn.auth_code = given or auth_code(txn.id)
    if book is not None and deal.account is not None:
        book(Parties(ctx.work, deal.account, ctx.merchant), txn, deal)
    return Answer(deal.code, _numbers(txn) | deal.fields)


def _again(ctx: Context, kind: Kind, earlier: Transaction) -> Answer:
    """The trace was there before: 94, or 12 when only its reversal came.

    An advice that comes again as it was is answered as it was.
    """
    request = ctx.request
    if not kind.advice:
        return Answer("12" if earlier.response_code is None else "94")
    pan = read_pan(request, ctx.keys) if 2 in request or 35 in request else ""
    same = (
        earlier.kind == kind.name
        and earlier.response_code is not None
        and earlier.sent_amount == int(request.need(4))
        and (not pan or earlier.pan_tag == ctx.work.keys.pan_tag(pan))
        and earlier.tip == (int(request.need(48)) if kind.name == "tip" else 0)
    )
    if not same or earlier.response_code is None:
        return Answer("94")
    if earlier.state == DECLINED:
        return Answer(earlier.response_code, {37: earlier.rrn} if earlier.rrn else {})
    return Answer(earlier.response_code, _numbers(earlier))


def _numbers(txn: Transaction) -> dict[int, Any]:
    """What an approval tells of the transaction: F37, F38, and in F63 whose card it was."""
    fields = {37: txn.rrn, 38: txn.auth_code, 63: txn.organisation}
    return {number: value for number, value in fields.items() if value is not None}


def find(ctx: Context) -> Transaction | None:
    """What the terminal sent before under the batch and trace of this request."""
    batch = ctx.request.field60().batch
    return ctx.work.find(ctx.terminal.id, batch, ctx.request.need(11))


def record(ctx: Context, kind: str, pan: str, amount: int, state: str) -> Transaction:
    """Store a new transaction under the batch and trace of this request."""
    return ctx.work.record(
        Transaction(
            terminal_id=ctx.terminal.id,
            merchant_id=ctx.merchant.id,
            batch=ctx.request.field60().batch,
            trace=ctx.request.need(11),
            kind=kind,
            state=state,
            amount=amount,
            pan_tag=ctx.work.keys.pan_tag(pan),
            pan_masked=mask_pan(pan),
            at=ctx.now,
            entry_mode=ctx.request.need(22),
            condition=ctx.request.need(25),
        )
    )


def rrn(now: datetime, number: int) -> str:
    """Retrieval reference number: last digit of the year, day of the year, hour, number."""
    return now.strftime("%y%j%H")[1:] + f"{number % 1_000_000:06d}"


def auth_code(number: int) -> str:
    """Authorisation code: six digits, a different one for each transaction."""
    return f"{number * 104_729 % 1_000_000:06d}"


def check_amount(ctx: Context, deal: Deal, own: bool = True) -> None:
    """A1 unless the currency is ours, 13 for no amount; ``own``: the cents may decide.

    Cents that stand for an approval are its code, if it comes to one. What undoes another
    transaction has that one's amount: its cents have decided already.
    """
    if ctx.request.need(49) != CURRENCY:
        raise Refused("A1")
    if deal.amount == 0:
        raise Refused("13")
    asked = cents.code_for(deal.amount) if own and ctx.merchant.cents_decide else None
    if asked in cents.APPROVALS:
        deal.code = asked
    elif asked is not None:
        raise Refused(asked)


def find_account(ctx: Context, deal: Deal) -> Account:
    """The card's account, without a word about its status: 14; a PIN that came must be right."""
    deal.account = ctx.work.account(deal.card.pan)
    if deal.account is None:
        raise Refused("14")
    code = Issuer(ctx.work, ctx.keys, ctx.now).check_pin(ctx.request, deal.account, deal.card.pan)
    if code is not None:
        raise Refused(code)
    return deal.account


def authorise(ctx: Context, deal: Deal, held: int = 0) -> None:
    """Ask the issuer for ``deal.amount``; an approval carries its answer to the chip (F55).

    ``held``: what is held for it already. F60.6 = 1: less than the amount will do, code 10.
    """
    issuer = Issuer(ctx.work, ctx.keys, ctx.now)
    code, deal.account = issuer.authorise(ctx.request, deal.card, deal.amount, held)
    account = deal.account
    if code == "51" and account is not None and account.book.balance > 0 and _takes_less(ctx):
        deal.amount, deal.code, code = account.book.balance, "10", None
        deal.fields[4] = f"{deal.amount:012d}"
    if code is not None or account is None:
        raise Refused(code or "14")
    icc = issuer.answer_icc(ctx.request, account, deal.card)
    if icc is not None:
        deal.fields[55] = icc


def _takes_less(ctx: Context) -> bool:
    """F60.6, behind read capability and chip condition; a sale only."""
    f60 = ctx.request.field60()
    return f60.kind == "22" and ctx.request.need(25) in ("00", *MOTO) and f60.rest[2:3] == "1"
