"""Slips of all transactions: a record becomes printer bytes, line by line.

The order follows the UnionPay sales slip (JR/T 0001, clause 8; 32 columns). A record is a dict; a
line whose value is missing is left out. Nothing here prints more of a PAN than the first 6 and the
last 4 digits, whatever the record holds, nor when the card expires.
"""

from pos.protocol import escpos, unionpay
from pos.slips import lines
from pos.slips.lines import centred, masked, paragraph, row, rows, tested, word

MERCHANT = "merchant"
CARDHOLDER = "cardholder"

_HEAD = ("merchant_id", "terminal_id", "operator", "issuer", "acquirer")
_EMV = ("tvr", "aid", "tsi", "atc", "label")
_ENDS = ("declined", "cancelled", "reversed")
_ENTRIES = "01 M,02 S,05 I,07 C,92 N,96 C"


def money(fen: int) -> str:
    """An amount in fen as "RMB 1280.00", negative with the sign before the number."""
    return "RMB " + lines.money(fen)


def entry_letter(entry: str) -> str:
    """How the card was read, from field 22: C contactless, I inserted, S swiped, M typed, N
    reservation."""
    at = _ENTRIES.find(entry[:2] + " ") if len(entry) >= 2 else -1
    return _ENTRIES[at + 3] if at >= 0 else ""


def _amount(txn):
    """The amount, twice as wide as long as it fits: it is never cut and never broken.

    Before it what it is made of, after it what of the wish was not approved.
    """
    fen = txn["amount"]
    name = "amount"
    if txn.get("tip"):
        yield from row(word("sold"), money(fen - txn["tip"]))
        yield from row(word("tip_fen"), money(txn["tip"]))
        name = "total"
    elif txn.get("base"):
        yield from row(word("base"), money(txn["base"]))
    amount = money(-fen if txn["kind"] in lines.BACK else fen)
    wide = 2 if len(amount) <= escpos.COLUMNS // 2 else 1
    yield escpos.text(word(name)) + b":\n"
    yield escpos.bold(True) + escpos.size(wide, 2) + escpos.text(amount) + b"\n"
    yield escpos.size(1, 1) + escpos.bold(False)
    asked = txn.get("asked") or fen
    if asked != fen:
        yield from row(word("asked"), money(asked))
        yield from row(word("open"), money(asked - fen))


def _notes(txn):
    """What it is about: the original, the months. (A voice authorisation is the slip's own.)"""
    if txn.get("orig_trace"):
        yield from row(word("orig_trace"), "%06d" % txn["orig_trace"])
    names = ("orig_rrn", "orig_auth", "orig_date")
    yield from rows(txn, names if txn["kind"] != "offline" else ())
    if txn.get("months"):
        yield from row(word("months"), "%d" % txn["months"])
        for name in ("first", "fee"):
            if txn.get(name) is not None:
                yield from row(word(name), money(txn[name]))


def _card(txn):
    pan = txn.get("pan")
    if pan:
        line = masked(pan) + " " + entry_letter(txn.get("entry") or "")
        yield escpos.text(word("pan")) + b":\n"
        yield escpos.size(1, 2) + escpos.text(line.rstrip(" ")) + b"\n"
        yield escpos.size(1, 1)


def _body(txn, shop):
    """The lines all slips share: shop, card, numbers, date, amount."""
    yield from row(word("shop"), shop)
    yield from rows(txn, _HEAD)
    yield from _card(txn)
    yield from row(word("kind"), word(txn["kind"]))
    yield from row(word("batch"), "%06d" % txn["batch"])
    yield from row(word("trace"), "%06d" % txn["trace"])
    yield from rows(txn, ("auth",))
    yield from row(word("when"), lines.moment(txn["when"]))
    yield from rows(txn, ("rrn",))
    yield from _amount(txn)


def _verification(txn, copy):
    """How the cardholder agreed: the line to sign on the merchant's copy only, or why there is
    none. ``cvm`` says how, "_sign" that it is signed besides, and the limit (fen) that excused."""
    how, _, limit = (txn.get("cvm") or "none").partition(" ")
    if limit:
        yield from centred(word("cvm_limit").format(money(int(limit))))
    if how != "signature":
        yield from centred(word("cvm_" + how))
    if (how == "signature" or how.endswith("_sign")) and copy == MERCHANT:
        yield escpos.text(word("sign")) + b":\n\n\n"
        yield lines.rule()
        yield from paragraph(word("agree"))


def sale_slip(txn: dict, copy: str, shop: str, test: bool = False):
    """Yield the bytes of a copy (MERCHANT or CARDHOLDER) of a completed transaction.

    ``txn["copies"]`` counts the copies printed before, the merchant's first: a copy that was among
    them is marked as a duplicate. ``shop`` is the merchant's name. Each piece holds whole commands
    and at most one line.
    """
    yield escpos.INIT
    yield from tested(test)
    yield from centred(word("title"), 1, 2)
    yield from centred(word(copy))
    again = (txn.get("copies") or 0) > (0 if copy == MERCHANT else 1)
    if again:
        yield from centred(word("again"))
    yield from _body(txn, shop)
    yield from _notes(txn)
    if txn.get("arqc"):
        yield from row(word("tc" if txn["kind"] == "ec_sale" else "arqc"), txn["arqc"])
    yield from rows(txn, _EMV)
    yield from _verification(txn, copy)
    if again:
        yield from centred(word("again"))
    yield from tested(test)
    yield lines.END


def report(txn: dict, shop: str, test: bool = False, again: bool = False):
    """Yield the slip of a transaction that is not approved: what it is, and what became of it.

    Of one that is still pending it is a fault report: somebody may have to act on it. ``again``:
    it is on paper already, or may be.
    """
    which = why = txn["state"]
    if which not in _ENDS:
        which = why = "fault"
        if unionpay.is_kind(txn["kind"], "A"):
            why = "advice"
    kind = word(txn["kind"])
    yield escpos.INIT
    yield from tested(test)
    yield escpos.bold(True)
    yield from centred("|".join((word(which), kind, word("no_voucher"))))
    yield escpos.bold(False)
    if again:
        yield from centred(word("again"))
    yield from _body(txn, shop)
    yield from rows(txn, ("rc",))
    yield from paragraph(word(why + "_why").format(kind))
    yield from tested(test)
    yield lines.END
