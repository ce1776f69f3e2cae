"""The settlement slip: what a batch came to, and whether the host has the same.

Also the report of a sale that was approved here and that the bank did not take. 32 columns; a
further language is a further table like ``EN``. See the reference, section 10.
"""

from pos.protocol import escpos
from pos.slips import lines
from pos.slips.lines import centred, paragraph, row

EN = {
    "title": "TAPTILL SETTLEMENT",
    "test": "TEST - NOT VALID",
    "again": "*** DUPLICATED ***",
    "shop": "MERCHANT NAME",
    "merchant_id": "MERCHANT NO",
    "terminal_id": "TERMINAL NO",
    "operator": "OPERATOR NO",
    "number": "BATCH NO",
    "when": "DATE/TIME",
    "head": ("TYPE", "COUNT", "RMB"),
    "own": "OWN CARDS",
    "foreign": "FOREIGN CARDS",
    "debit": "TOTAL DEBIT",
    "credit": "TOTAL CREDIT",
    "none": "NO TRANSACTIONS",
    "1": "BALANCED",
    "2": "NOT BALANCED",
    "3": "ERROR AT THE HOST",
    "unequal": "THE HOST HAS OTHER TOTALS. COMPARE THIS BATCH WITH THE ACQUIRER.",
    "void": "VOID",
    "ec_sale": "CHIP OFFLINE",
    "preauth_void": "PRE-AUTH VOID",
    "completion_void": "COMPL. VOID",
    "instalment_void": "INSTALM. VOID",
    "notice": "COMPL. NOTICE",
    "fault": "*** FAULT REPORT ***\nTHIS IS NOT A VOUCHER",
    "pan": "CARD NO",
    "kind": "TRANS TYPE",
    "trace": "VOUCHER NO",
    "rc": "RESPONSE",
    "amount": "AMOUNT",
    "refused": "THE BANK DID NOT TAKE THIS SALE, WHICH WAS APPROVED WITHOUT IT. THE CARD IS NOT "
    "CHARGED: THE LOSS IS THE MERCHANT'S. ASK THE ACQUIRER.",
}


def _columns(name, count, amount):
    return escpos.text("%-14s%5s%13s" % (name[:14], count, amount)) + b"\n"


def _head(words, txn, shop, names):
    yield from row(words["shop"], shop)
    yield from lines.rows(words, txn, names)
    if txn.get("when"):
        yield from row(words["when"], lines.moment(txn["when"]))


def _kinds(words, rows):
    if not rows:
        yield escpos.text(words["none"]) + b"\n"
    for kind, (count, fen) in sorted(rows.items()):
        name = words.get(kind) or kind.upper()
        yield _columns(name, count, lines.money(-fen if kind in lines.BACK else fen))


def _half(words, name, rows, half):
    """Own or foreign cards: what the host says, each kind, the totals."""
    debit, debits, credit, credits, result = half
    yield b"-" * escpos.COLUMNS + b"\n"
    yield escpos.bold(True)
    yield from row(words[name], words[str(result)])
    yield escpos.bold(False) + _columns(*words["head"])
    yield from _kinds(words, rows)
    if rows:
        yield _columns(words["debit"], debits, lines.money(debit))
        yield _columns(words["credit"], credits, lines.money(-credit))


def settlement_slip(
    steps: dict, rows, foreign: tuple, shop: str, again: bool = False, words: dict = EN
):
    """Yield the bytes of the slip: ``steps`` are the fields of ``Journal.settling`` and the
    numbers of batch (``number``, text), merchant and terminal; ``rows``: [count, fen] by kind, a
    dict of own cards and one of ``foreign`` ones, whose totals and result are ``settling.half``.

    ``again``: it may be on paper already. It is a test slip, as all slips of this terminal are.
    """
    own = steps["debit_fen"], steps["debits"], steps["credit_fen"], steps["credits"]
    own += (steps.get("balanced", 3),)
    yield escpos.INIT
    yield from centred(words["test"], 2, 1)
    yield from centred(words["title"], 1, 2)
    if again:
        yield from centred(words["again"])
    yield from _head(words, steps, shop, ("merchant_id", "terminal_id", "operator", "number"))
    yield from _half(words, "own", rows[0], own)
    yield from _half(words, "foreign", rows[1], foreign)
    if own[4] != 1 or foreign[4] != 1:
        yield from paragraph(words["unequal"])
    yield from centred(words["test"], 2, 1)
    yield lines.END


def refused_slip(txn: dict, shop: str, words: dict = EN):
    """Yield the report of a transaction that was approved here and refused by the host."""
    yield escpos.INIT
    yield from centred(words["test"], 2, 1)
    yield escpos.bold(True)
    yield from centred(words["fault"])
    yield escpos.bold(False)
    yield from _head(words, txn, shop, ("merchant_id", "terminal_id", "operator", "pan"))
    yield from row(words["kind"], words.get(txn["kind"]) or txn["kind"].upper())
    yield from row(words["number"], "%06d" % txn["batch"])
    yield from row(words["trace"], "%06d" % txn["trace"])
    yield from row(words["rc"], txn.get("rc") or "")
    yield from row(words["amount"], "RMB " + lines.money(txn["amount"]))
    yield from paragraph(words["refused"])
    yield from centred(words["test"], 2, 1)
    yield lines.END
