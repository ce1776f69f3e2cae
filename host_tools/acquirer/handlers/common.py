"""What all handlers share: the request in its context, the answer, the row of the table."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from host_tools.acquirer.dialect import Field60, Message
from host_tools.acquirer.ledger import Work
from host_tools.acquirer.log import mask_pan
from host_tools.acquirer.models import Merchant, Terminal, Transaction
from host_tools.acquirer.security import WorkingKeys

CURRENCY = "156"
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
        )
    )


def rrn(now: datetime, number: int) -> str:
    """Retrieval reference number: last digit of the year, day of the year, hour, number."""
    return now.strftime("%y%j%H")[1:] + f"{number % 1_000_000:06d}"
