"""One function per transaction, and the table that finds it.

A handler gets a :class:`Context` (request, terminal, keys, one unit of work) and returns an
:class:`Answer`. Everything it does to the ledger is committed before the answer leaves. What no
row of ``ROUTES`` matches is answered with response code 40.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from host_tools.acquirer import cents, security
from host_tools.acquirer.dialect import Field60, Message
from host_tools.acquirer.issuer import Card, Issuer, read_card, read_pan
from host_tools.acquirer.ledger import Work, merchant_book
from host_tools.acquirer.log import mask_pan
from host_tools.acquirer.models import (
    APPROVED,
    DECLINED,
    REVERSED,
    Account,
    Merchant,
    Terminal,
    Transaction,
)
from host_tools.acquirer.security import WorkingKeys

CURRENCY = "156"
_LAST_BATCH = 999_998


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

    ``mac``: the request must carry a valid F64. ``needs``: fields that must be there.
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

    def takes(self, request: Message, f60: Field60) -> bool:
        """Whether this row is the one for ``request``."""
        return (
            self.mti == request.mti
            and self.f3 in (None, request.fields.get(3))
            and self.f25 in (None, request.fields.get(25))
            and self.kind in (None, f60.kind)
            and self.code in (None, f60.code)
        )


def sign_in(ctx: Context) -> Answer:
    """0800, F60.3 001/003/004: new working keys under the TMK in F62, batch number in F60.2.

    A terminal whose trace is not beyond what its batch has already seen has lost its memory (or
    wrapped its trace): it is given the next batch, so that its sales are not taken for repeats.
    """
    f60 = ctx.request.field60()
    terminal = ctx.terminal
    if ctx.work.last_trace(terminal.id, f"{terminal.batch:06d}") >= ctx.request.need(11):
        terminal.batch = terminal.batch % _LAST_BATCH + 1
    tmk = ctx.work.keys.unwrap(f"{terminal.id} tmk", terminal.tmk)
    keys = security.new_working_keys(f60.code)
    for name in ("pik", "mak", "tdk"):
        key = getattr(keys, name)
        setattr(terminal, name, ctx.work.keys.wrap(f"{terminal.id} {name}", key) if key else None)
    terminal.signed_in = True
    return Answer(
        "00",
        {
            60: Field60(f60.kind, f"{terminal.batch:06d}", f60.code).digits(),
            62: security.wrap_working_keys(tmk, keys),
        },
    )


def sign_off(ctx: Context) -> Answer:
    """0820, F60.3 002: the working keys end here."""
    ctx.terminal.signed_in = False
    ctx.terminal.pik = ctx.terminal.mak = ctx.terminal.tdk = None
    return Answer("00")


def echo(ctx: Context) -> Answer:
    """0820, F60.3 301: the line and the host are alive."""
    return Answer("00")


def sale(ctx: Context) -> Answer:
    """0200, F3 000000, F60.1 22: authorise and book, once per terminal, batch and trace.

    94 for a trace that was answered before, 12 when its reversal came first (nothing is booked).
    """
    request = ctx.request
    earlier = _find(ctx)
    if earlier is not None:
        return Answer("12" if earlier.response_code is None else "94")
    card = read_card(request, ctx.keys)
    amount = int(request.need(4))
    code, account = _decide_sale(ctx, card, amount)
    txn = _record(ctx, "sale", card.pan, amount, APPROVED if code is None else DECLINED)
    txn.response_code = answer_code = code or "00"
    fields: dict[int, Any] = {37: _rrn(ctx.now, txn.id)}
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
    txn = _find(ctx)
    if txn is None:
        txn = _record(ctx, "sale", pan, amount, REVERSED)
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
    return Answer(txn.reversal_code, {37: txn.rrn or _rrn(ctx.now, txn.id)})


def _find(ctx: Context) -> Transaction | None:
    batch = ctx.request.field60().batch
    return ctx.work.find(ctx.terminal.id, batch, ctx.request.need(11))


def _record(ctx: Context, kind: str, pan: str, amount: int, state: str) -> Transaction:
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
        )
    )


def _rrn(now: datetime, number: int) -> str:
    """Retrieval reference number: last digit of the year, day of the year, hour, number."""
    return now.strftime("%y%j%H")[1:] + f"{number % 1_000_000:06d}"


_FINANCIAL = (3, 4, 11, 22, 25, 41, 42, 49, 60)
_SIGN_IN = {"mti": "0800", "kind": "00", "needs": (11, 41, 42)}
ROUTES = (
    *(Route("sign-in", sign_in, code=code, **_SIGN_IN) for code in security.KEY_SIZES),
    Route("sign-off", sign_off, "0820", kind="00", code="002"),
    Route("echo", echo, "0820", kind="00", code="301"),
    Route("sale", sale, "0200", "000000", "00", "22", "000", mac=True, needs=_FINANCIAL),
    Route("reversal", reversal, "0400", mac=True, needs=_FINANCIAL),
)


def find_route(request: Message) -> Route | None:
    """The row for a request, None for "not supported". Raises FormatError without a usable F60."""
    f60 = request.field60()
    return next((route for route in ROUTES if route.takes(request, f60)), None)
