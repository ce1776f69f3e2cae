"""The settlement slip: what a batch came to, and whether the host has the same.

Also the report of a sale that was approved here and that the bank did not take. 32 columns; a
further language is a further table like ``EN``. See the reference, section 10.
"""

from pos.protocol import escpos

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

_END = b"\n" * 4  # past the tear bar
_CREDIT = ("refund", "void", "completion_void", "instalment_void")


def _line(words):
    return escpos.text(words) + b"\n"


def _money(fen: int) -> str:
    return "%s%d.%02d" % ("-" if fen < 0 else "", abs(fen) // 100, abs(fen) % 100)


def _paragraph(words):
    line = ""
    for word in words.split(" "):
        if len(line) + len(word) >= escpos.COLUMNS:
            yield _line(line)
            line = ""
        line += (" " if line else "") + word
    yield _line(line)


def _centred(words, wide=1, high=1):
    yield escpos.align(escpos.CENTRE) + escpos.size(wide, high)
    for line in words.split("\n"):
        yield _line(line)
    yield escpos.size(1, 1) + escpos.align(escpos.LEFT)


def _row(label, value):
    """``LABEL: value``, on two lines where one is too short."""
    line = label + ": " + value
    if len(line) <= escpos.COLUMNS:
        yield _line(line)
    else:
        yield _line(label + ":")
        yield from _paragraph(value)


def _columns(name, count, amount):
    return _line("%-14s%5s%13s" % (name[:14], count, amount))


def _head(words, txn, shop, names):
    yield from _row(words["shop"], shop)
    for name in names:
        if txn.get(name):
            yield from _row(words[name], txn[name])
    w = txn.get("when") or ""
    if w:
        when = "/".join((w[:4], w[4:6], w[6:8])) + " " + ":".join((w[8:10], w[10:12], w[12:14]))
        yield from _row(words["when"], when)


def _kinds(words, rows):
    if not rows:
        yield _line(words["none"])
    for kind, (count, fen) in sorted(rows.items()):
        name = words.get(kind) or kind.upper()
        yield _columns(name, count, _money(-fen if kind in _CREDIT else fen))


def settlement_slip(steps: dict, rows: dict, shop: str, again: bool = False, words: dict = EN):
    """Yield the bytes of the slip: ``steps`` are the fields of ``Journal.settling`` and the
    numbers of batch (``number``, text), merchant and terminal; ``rows``: [count, fen] by kind.

    ``again``: it may be on paper already. It is a test slip, as all slips of this terminal are.
    """
    result = words[str(steps.get("balanced", 3))]
    yield escpos.INIT
    yield from _centred(words["test"], 2, 1)
    yield from _centred(words["title"], 1, 2)
    if again:
        yield from _centred(words["again"])
    yield from _head(words, steps, shop, ("merchant_id", "terminal_id", "operator", "number"))
    yield b"-" * escpos.COLUMNS + b"\n"
    yield escpos.bold(True)
    yield from _row(words["own"], result)
    yield escpos.bold(False) + _columns(*words["head"])
    yield from _kinds(words, rows)
    yield _columns(words["debit"], steps["debits"], _money(steps["debit_fen"]))
    yield _columns(words["credit"], steps["credits"], _money(-steps["credit_fen"]))
    yield b"-" * escpos.COLUMNS + b"\n"
    yield from _row(words["foreign"], words["none"])
    if steps.get("balanced") != 1:
        yield from _paragraph(words["unequal"])
    yield from _centred(words["test"], 2, 1)
    yield _END


def refused_slip(txn: dict, shop: str, words: dict = EN):
    """Yield the report of a transaction that was approved here and refused by the host."""
    yield escpos.INIT
    yield from _centred(words["test"], 2, 1)
    yield escpos.bold(True)
    yield from _centred(words["fault"])
    yield escpos.bold(False)
    yield from _head(words, txn, shop, ("merchant_id", "terminal_id", "operator", "pan"))
    yield from _row(words["kind"], words.get(txn["kind"]) or txn["kind"].upper())
    yield from _row(words["number"], "%06d" % txn["batch"])
    yield from _row(words["trace"], "%06d" % txn["trace"])
    yield from _row(words["rc"], txn.get("rc") or "")
    yield from _row(words["amount"], "RMB " + _money(txn["amount"]))
    yield from _paragraph(words["refused"])
    yield from _centred(words["test"], 2, 1)
    yield _END
