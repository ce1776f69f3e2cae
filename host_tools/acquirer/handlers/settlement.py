"""Settlement (0500), batch upload (0320) and its end, after which the two sides are compared.

Reference, sections 3 and 4. Every step may come again: totals are compared anew, an item counts
once, an end that was answered is answered the same.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import select

from host_tools.acquirer import organisations
from host_tools.acquirer.dialect import FormatError
from host_tools.acquirer.handlers.common import Answer, Context, Route
from host_tools.acquirer.handlers.management import next_batch
from host_tools.acquirer.issuer import read_pan
from host_tools.acquirer.log import mask_pan
from host_tools.acquirer.models import APPROVED, Transaction
from host_tools.acquirer.models_settings import Settlement, UploadedItem
from host_tools.acquirer.settings import Totals, keep_totals, totals_of

DEBIT = ("sale", "instalment", "completion", "notice", "offline", "ec_sale")
CREDIT = ("refund", "void", "completion_void", "instalment_void")
CHANGES = ("adjust", "tip")  # they change the amount of a payment and are none themselves
# 60.1 and F3 of advices that are uploaded as themselves -> kind
ADVICES = {
    ("30", "000000"): "offline",
    ("32", "000000"): "adjust",
    ("34", "000000"): "tip",
    ("36", "000000"): "ec_sale",
    ("24", "000000"): "notice",
    ("25", "200000"): "refund",
}
OPEN, BALANCED, DIFFERENT = "open", "balanced", "different"
NO_ORIGINAL, INVALID = "25", "12"
_STRIPE, _CHIP = "stripe", "chip"
_OWN, _FOREIGN = "00", "01"  # cards, in the items of an upload

_HALF = 31  # F48 of 0500: digits of one half (own cards, foreign cards), the last is the result
_ITEM = 40  # F48 of 0320: organisation 2, trace 6, PAN 20, amount 12
_MOST_ITEMS = 8
_CHIP_CODES = ("203", "205")
_FAILED_CODES = ("204", "206")
_SAID_BALANCED, _SAID_DIFFERENT = "207", "202"
# F62 of a chip item: what it is, own or foreign card, result, amount, currency, reason
_CHIP_FORM = re.compile(r"610[01]00([0-9]{12})156")
_FAILED_FORM = re.compile(r"71(?=0[01]05.{15}22|0011.{15}10)0[01](?:05|11)([0-9]{12})156[0-9]{2}")


def settle(ctx: Context) -> Answer:
    """0500: totals of the terminal (F48) against those of the ledger; F48 comes back with results.

    Result digits at 30 (own cards) and 61 (foreign ones): 1 balanced, 2 not. A batch that was
    closed is compared again with the same outcome, and nothing is kept.
    """
    batch, text = ctx.request.field60().batch, ctx.request.need(48)
    if len(text) != 2 * _HALF:
        raise FormatError("48", 0, f"{len(text)} digits, 62 needed", ctx.request)
    theirs = _totals(text), _totals(text[_HALF:])
    ours = totals(ctx, batch), totals(ctx, batch, foreign=True)
    results = ["1" if there == here else "2" for there, here in zip(theirs, ours, strict=True)]
    if not ctx.work.batch_closed(ctx.terminal.id, batch):
        _keep(ctx, batch, theirs, ours)
    half = _HALF - 1
    return Answer("00", {48: text[:half] + results[0] + text[_HALF:-1] + results[1]})


def _totals(text: str) -> Totals:
    return Totals(int(text[:12]), int(text[12:15]), int(text[15:27]), int(text[27:30]))


def totals(ctx: Context, batch: str, foreign: bool = False) -> Totals:
    """What the ledger holds of a batch, of own cards or of ``foreign`` ones.

    A payment that was voided counts, and so does its void.
    """
    booked = _approved(ctx, batch).values()
    rows = [txn for txn in booked if organisations.foreign(txn.organisation) == foreign]
    debit = [txn.amount for txn in rows if txn.kind in DEBIT]
    credit = [txn.amount for txn in rows if txn.kind in CREDIT]
    return Totals(sum(debit), len(debit), sum(credit), len(credit))


def _approved(ctx: Context, batch: str) -> dict[str, Transaction]:
    """The approved transactions of a batch by trace, in order."""
    query = select(Transaction).filter_by(terminal_id=ctx.terminal.id, batch=batch, state=APPROVED)
    return {txn.trace: txn for txn in ctx.work.session.scalars(query.order_by(Transaction.trace))}


def _settlement(ctx: Context, batch: str) -> Settlement | None:
    query = select(Settlement).filter_by(terminal_id=ctx.terminal.id, batch=batch)
    return ctx.work.session.scalar(query)


def _keep(
    ctx: Context, batch: str, theirs: tuple[Totals, Totals], ours: tuple[Totals, Totals]
) -> None:
    row = _settlement(ctx, batch)
    if row is None:
        row = Settlement(terminal_id=ctx.terminal.id, batch=batch)
        ctx.work.session.add(row)
    keep_totals(row, "their", theirs[0])
    keep_totals(row, "their_foreign", theirs[1])
    _keep_ours(row, ours)
    row.result, row.differences, row.at = OPEN, "", ctx.now
    ctx.work.session.flush()


def _keep_ours(row: Settlement, ours: tuple[Totals, Totals]) -> None:
    keep_totals(row, "our", ours[0])
    keep_totals(row, "our_foreign", ours[1])


# batch upload


def upload_stripe(ctx: Context) -> Answer:
    """0320, F60.3 201: up to 8 items in F48, each organisation, trace, PAN and amount."""
    text = ctx.request.need(48)
    items = text[2:]
    count = int(text[:2] or 0)
    if not 1 <= count <= _MOST_ITEMS or len(items) != count * _ITEM:
        raise FormatError("48", 0, f"{len(text)} digits are not {count} items", ctx.request)
    found = []
    for at in range(0, len(items), _ITEM):
        item = items[at : at + _ITEM]
        pan = item[8:28].lstrip("0")
        if item[:2] not in (_OWN, _FOREIGN) or not pan:
            raise FormatError("48", 1 + at // 2, "not an item", ctx.request)
        made = _item(ctx, _STRIPE, item[2:8], int(item[28:]), pan)
        made.is_foreign = item[:2] == _FOREIGN
        found.append(made)
    return _take(ctx, found)


def upload_chip(ctx: Context) -> Answer:
    """0320, F60.3 203, 205: one chip transaction that went through, F11, F4, F55 and F62."""
    return _chip(ctx, _CHIP_FORM, failed=False)


def upload_failed(ctx: Context) -> Answer:
    """0320, F60.3 204, 206: one that failed or that the chip declined, likewise."""
    return _chip(ctx, _FAILED_FORM, failed=True)


def _chip(ctx: Context, form: re.Pattern[str], failed: bool) -> Answer:
    request = ctx.request
    request.icc()
    amount = request.need(4)
    found = form.fullmatch(request.need(62).decode("latin-1"))
    if found is None or found[1] != amount:
        raise FormatError("62", 0, "not of the form of this upload, or another amount", request)
    pan = read_pan(request, ctx.keys)
    item = _item(ctx, _CHIP, request.need(11), int(amount), pan, failed)
    item.is_foreign = request.need(62)[2:4].decode() == _FOREIGN
    return _take(ctx, [item])


def upload_advice(ctx: Context) -> Answer:
    """0320, F60.3 000: an advice once more, with its own 60.1, trace, card and amount."""
    request = ctx.request
    kind = ADVICES[request.field60().kind, request.need(3)]
    pan = read_pan(request, ctx.keys)
    return _take(ctx, [_item(ctx, kind, request.need(11), int(request.need(4)), pan)])


def _item(
    ctx: Context, kind: str, trace: str, amount: int, pan: str, failed: bool = False
) -> UploadedItem:
    return UploadedItem(
        terminal_id=ctx.terminal.id,
        batch=ctx.request.field60().batch,
        trace=trace,
        kind=kind,
        amount=amount,
        pan_tag=ctx.work.keys.pan_tag(pan),
        pan_masked=mask_pan(pan),
        failed=failed,
    )


def _take(ctx: Context, items: list[UploadedItem]) -> Answer:
    """Keep items; one that was there is replaced. 12 for a new or changed one when closed."""
    known = _uploaded(ctx, items[0].batch)
    closed = ctx.work.batch_closed(ctx.terminal.id, items[0].batch)
    if closed:
        same = all(i.trace in known and _same(known[i.trace], i) for i in items)
        return Answer("00" if same else INVALID)
    for item in {item.trace: item for item in items}.values():
        if item.trace in known:
            item.id = known[item.trace].id
        ctx.work.session.merge(item)
    ctx.work.session.flush()
    return Answer("00")


def _same(one: UploadedItem, other: UploadedItem) -> bool:
    names = ("kind", "amount", "pan_tag", "failed", "is_foreign")
    return all(getattr(one, name) == getattr(other, name) for name in names)


def _uploaded(ctx: Context, batch: str) -> dict[str, UploadedItem]:
    query = select(UploadedItem).filter_by(terminal_id=ctx.terminal.id, batch=batch)
    rows = ctx.work.session.scalars(query.order_by(UploadedItem.trace))
    return {item.trace: item for item in rows}


# the end


def end(ctx: Context) -> Answer:
    """0320, F60.3 202 (totals differ) and 207 (balanced): compare item by item, close the batch.

    F48: how many items were uploaded, 4 digits. 25 when there was no 0500 for this batch. The
    batch is closed whatever comes out: differences are kept in words, for people.
    """
    f60, text = ctx.request.field60(), ctx.request.need(48)
    if len(text) != 4:
        raise FormatError("48", 0, f"{len(text)} digits, 4 needed", ctx.request)
    row = _settlement(ctx, f60.batch)
    if row is None:
        return Answer(NO_ORIGINAL)
    if not ctx.work.batch_closed(ctx.terminal.id, f60.batch):
        _keep_ours(row, (totals(ctx, f60.batch), totals(ctx, f60.batch, foreign=True)))
        row.differences = "\n".join(_differences(ctx, row, f60.code, int(text)))
        row.result, row.at = DIFFERENT if row.differences else BALANCED, ctx.now
        ctx.work.close_batch(ctx.terminal.id, f60.batch, ctx.now)
        if f"{ctx.terminal.batch:06d}" == f60.batch:
            ctx.terminal.batch = next_batch(ctx.terminal.batch)
    return Answer("00")


def _differences(ctx: Context, row: Settlement, code: str, count: int) -> Iterator[str]:
    """What does not agree, in words, without card data."""
    items, booked = _uploaded(ctx, row.batch), _approved(ctx, row.batch)
    same = True
    for whose, cards in (("", ""), ("_foreign", " foreign")):
        theirs, ours = totals_of(row, "their" + whose), totals_of(row, "our" + whose)
        same &= theirs == ours
        for name in ("debit", "debits", "credit", "credits"):
            here, there = getattr(ours, name), getattr(theirs, name)
            if here != there:
                yield f"total{cards} {name}: {there} at the terminal, {here} at the host"
    if (code == _SAID_BALANCED) != same:
        yield f"the terminal says {'balanced' if code == _SAID_BALANCED else 'not balanced'}"
    if count != len(items):
        yield f"items: {count} at the terminal, {len(items)} came"
    for trace in sorted({*items, *booked}):
        yield from _difference(trace, items.get(trace), booked.get(trace))


def _difference(trace: str, item: UploadedItem | None, txn: Transaction | None) -> Iterator[str]:
    if item is not None and item.failed:
        if txn is not None:
            yield f"{trace}: failed at the terminal, {txn.kind} of {txn.amount} at the host"
    elif item is None:
        if txn is not None and txn.kind in (*DEBIT, *CREDIT):
            yield f"{trace}: missing at the terminal, {txn.kind} of {txn.amount} at the host"
    elif txn is None:
        yield f"{trace}: missing at the host, {item.kind} of {item.amount} at the terminal"
    else:
        if item.amount != txn.amount:
            yield f"{trace}: amount is {item.amount} at the terminal, {txn.amount} at the host"
        if item.pan_tag != txn.pan_tag:
            yield f"{trace}: another card at the terminal than at the host"
        if item.is_foreign not in (None, organisations.foreign(txn.organisation)):
            card = "a foreign card" if item.is_foreign else "an own card"
            yield f"{trace}: {card} at the terminal, {txn.organisation} at the host"
        if item.kind not in (_STRIPE, _CHIP, txn.kind):
            yield f"{trace}: {item.kind} at the terminal, {txn.kind} at the host"


_NEEDS = {"kind": "00", "needs": (11, 41, 42)}


def _upload(name: str, take: Callable[[Context], Answer], *codes: str) -> list[Route]:
    rows: dict[str, Any] = _NEEDS
    return [Route(name, take, "0320", code=code, **rows) for code in codes]


ROUTES = (
    Route("settlement", settle, "0500", code="201", **_NEEDS),
    *_upload("upload stripe", upload_stripe, "201"),
    *_upload("upload chip", upload_chip, *_CHIP_CODES),
    *_upload("upload failed", upload_failed, *_FAILED_CODES),
    *_upload("upload end", end, _SAID_DIFFERENT, _SAID_BALANCED),
    *(
        Route(f"upload {name}", upload_advice, "0320", f3, None, kind, "000", needs=(4, 11))
        for (kind, f3), name in ADVICES.items()
    ),
)
