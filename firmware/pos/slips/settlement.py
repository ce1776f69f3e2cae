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


def _half(name, rows, half):
    """Own or foreign cards: what the host says, if it has been asked, each kind, the totals."""
    debit, debits, credit, credits, result = half
    yield rule()
    yield escpos.bold(True)
    if result:
        yield from row(word(name), word(str(result)))
    else:
        yield escpos.text(word(name)) + b"\n"
    yield escpos.bold(False) + columns(*word("head").split())
    yield from _kinds(rows)
    if rows:
        yield columns(word("debit"), debits, lines.money(debit))
        yield columns(word("credit"), credits, lines.money(-credit))


def _own(steps, result):
    return steps["debit_fen"], steps["debits"], steps["credit_fen"], steps["credits"], result


def settlement_slip(steps: dict, rows, foreign: tuple, shop: str, again: bool = False):
    """Yield the bytes of the slip: ``steps`` are the fields of ``Journal.settling`` and the
    numbers of batch (``number``, text), merchant and terminal; ``rows``: [count, fen] by kind, a
    dict of own cards and one of ``foreign`` ones, whose totals and result are ``settling.half``.

    ``again``: it may be on paper already. It is a test slip, as all slips of this terminal are.
    """
    yield from title("settlement", again)
    yield from head(steps, shop, HEAD)
    own = _own(steps, steps.get("balanced", 3))
    yield from _half("own", rows[0], own)
    yield from _half("foreign", rows[1], foreign)
    if own[4] != 1 or foreign[4] != 1:
        yield from paragraph(word("unequal"))
    yield from tested()
    yield lines.END


def totals_slip(steps: dict, rows, foreign: tuple, shop: str):
    """Yield the slip of what a batch comes to so far; arguments as of ``settlement_slip``."""
    yield from title("totals")
    yield from head(steps, shop, HEAD)
    yield from _half("own", rows[0], _own(steps, 0))
    if rows[1]:
        yield from _half("foreign", rows[1], foreign[:4] + (0,))
    net = steps["debit_fen"] - steps["credit_fen"] + foreign[0] - foreign[2]
    yield rule()
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
