"""Slips that tell of a whole terminal: each transaction of a batch; keys, versions, self-test."""

from pos.protocol import escpos
from pos.slips import lines
from pos.slips.lines import masked, row, rule, tested, word
from pos.slips.settlement import HEAD, columns, head, right, title


def detail_slip(steps: dict, transactions, shop: str):
    """Yield the list of a batch. ``steps`` as of ``settlement_slip``, without totals as long as it
    is not settled; ``transactions``: those that are approved, oldest first.

    Two lines each: kind and amount; card, voucher number, authorisation code. One at a time is in
    the heap.
    """
    yield from title("detail")
    yield from head(steps, shop, HEAD)
    yield rule()
    count = 0
    for txn in transactions:
        count += 1
        yield from _entry(txn)
    if not count:
        yield escpos.text(word("none")) + b"\n"
    if "debits" in steps:
        yield rule()
        yield columns(word("debit"), steps["debits"], lines.money(steps["debit_fen"]))
        yield columns(word("credit"), steps["credits"], lines.money(-steps["credit_fen"]))
    yield from tested()
    yield lines.END


def _entry(txn):
    """Trace, kind and amount on one line: the kind is cut, the amount goes below if need be."""
    fen = txn["amount"]
    amount = lines.money(-fen if txn["kind"] in lines.BACK else fen)
    room = escpos.COLUMNS - 7
    name = word("in_" + txn["kind"])
    if len(amount) + 9 <= room:
        name = lines.pad(name, room - len(amount) - 1) + " " + amount
        amount = ""
    yield escpos.text("%06d " % txn["trace"] + name) + b"\n"
    if amount:
        yield right(amount)
    when = txn["when"]
    card = masked(txn.get("pan") or "")
    card = card[:7] + ".." + card[-4:] if card else ""
    when = when[4:6] + "/" + when[6:8] + " " + when[8:10] + ":" + when[10:12]
    card += " " + (txn.get("auth") or "")
    yield escpos.text(when + lines.pad(card, escpos.COLUMNS - len(when), True)) + b"\n"


def check_slip(steps: dict, pairs, shop: str):
    """Yield the slip of keys and self-test; ``pairs``: label and value of each line, None: a
    rule."""
    yield from title("check")
    yield from head(steps, shop, ("merchant_id", "terminal_id", "operator"))
    yield rule()
    for pair in pairs:
        if pair:
            yield from row(*pair)
        else:
            yield rule()
    yield from tested()
    yield lines.END
