"""The settlement slip: what a batch came to, and whether the host has the same.

Also the totals of a batch before that, and the report of a sale that was approved here and that
the bank did not take. 32 columns. See the reference, section 10.
"""

from pos.protocol import escpos
from pos.slips import lines
from pos.slips.lines import centred, paragraph, row, rule, tested, word

HEAD = ("merchant_id", "terminal_id", "operator", "number")


def columns(name: str, count, amount: str) -> bytes:
    """Three columns: 14 for a name, which is cut, 5 for a count, 13 for an amount.

    An amount that would touch the count goes below.
    """
    line = lines.pad(name, 14) + lines.pad(str(count), 5, True)
    if len(amount) >= escpos.COLUMNS - 19:
        return escpos.text(line) + b"\n" + right(amount)
    return escpos.text(line + lines.pad(amount, escpos.COLUMNS - 19, True)) + b"\n"


def right(amount: str) -> bytes:
    """An amount alone on its line."""
    return escpos.text(lines.pad(amount, escpos.COLUMNS, True)) + b"\n"


def title(name: str, again: bool = False):
    """Yield what begins a slip that is none of a single transaction."""
    yield escpos.INIT
    yield from tested()
    yield from centred(word(name), 1, 2)
    if again:
        yield from centred(word("again"))


def head(txn: dict, shop: str, names):
    """Yield the shop, those of ``names`` (batch: ``number``, text) that ``txn`` has, the time."""
    yield from row(word("shop"), shop)
    for name in names:
        if txn.get(name):
            yield from row(word("batch" if name == "number" else name), txn[name])
    if txn.get("when"):
        yield from row(word("when"), lines.moment(txn["when"]))


def _kinds(rows):
    if not rows:
        yield escpos.text(word("none")) + b"\n"
    for kind, (count, fen) in sorted(rows.items()):
        fen = -fen if kind in lines.BACK else fen
        yield columns(word("in_" + kind), count, lines.money(fen))


def _sums(steps, rows):
    yield columns(*word("head").split())
    yield from _kinds(rows)
    yield columns(word("debit"), steps["debits"], lines.money(steps["debit_fen"]))
    yield columns(word("credit"), steps["credits"], lines.money(-steps["credit_fen"]))


def settlement_slip(steps: dict, rows: dict, shop: str, again: bool = False):
    """Yield the bytes of the slip: ``steps`` are the fields of ``Journal.settling`` and the
    numbers of batch (``number``, text), merchant and terminal; ``rows``: [count, fen] by kind.

    ``again``: it may be on paper already. It is a test slip, as all slips of this terminal are.
    """
    yield from title("settlement", again)
    yield from head(steps, shop, HEAD)
    yield rule()
    yield escpos.bold(True)
    yield from row(word("own"), word(str(steps.get("balanced", 3))))
    yield escpos.bold(False)
    yield from _sums(steps, rows)
    yield rule()
    yield from row(word("foreign"), word("none"))
    if steps.get("balanced") != 1:
        yield from paragraph(word("unequal"))
    yield from tested()
    yield lines.END


def totals_slip(steps: dict, rows: dict, shop: str):
    """Yield the slip of what a batch comes to so far; arguments as of ``settlement_slip``."""
    yield from title("totals")
    yield from head(steps, shop, HEAD)
    yield rule()
    yield from _sums(steps, rows)
    net = steps["debit_fen"] - steps["credit_fen"]
    yield escpos.bold(True) + columns(word("net"), "", lines.money(net)) + escpos.bold(False)
    yield from tested()
    yield lines.END


def refused_slip(txn: dict, shop: str, again: bool = False):
    """Yield the report of a transaction that was approved here and refused by the host.

    ``again``: it is on paper already, or may be.
    """
    yield escpos.INIT
    yield from tested()
    yield escpos.bold(True)
    yield from centred(word("fault") + "|" + word("no_voucher"))
    yield escpos.bold(False)
    if again:
        yield from centred(word("again"))
    yield from head(txn, shop, ("merchant_id", "terminal_id", "operator", "pan"))
    yield from row(word("kind"), word("in_" + txn["kind"]))
    yield from row(word("batch"), "%06d" % txn["batch"])
    yield from row(word("trace"), "%06d" % txn["trace"])
    yield from row(word("rc"), txn.get("rc") or "")
    yield from row(word("amount"), "RMB " + lines.money(txn["amount"]))
    yield from paragraph(word("refused_why"))
    yield from tested()
    yield lines.END
