"""Slips of all transactions: a record becomes printer bytes, line by line.

The order follows the UnionPay sales slip (JR/T 0001, clause 8; 32 columns), in English; a further
language is a further table like ``EN``. A record is a dict; a line whose value is missing is left
out. Nothing here prints more of a PAN than the first 6 and the last 4 digits, whatever the record
holds.
"""

from pos.protocol import escpos
from pos.slips import lines
from pos.slips.lines import centred, paragraph, row, rows

MERCHANT = "merchant"
CARDHOLDER = "cardholder"

EN = {
    "title": "TAPTILL SALES SLIP",
    MERCHANT: "MERCHANT COPY",
    CARDHOLDER: "CARDHOLDER COPY",
    "test": "TEST - NOT VALID",
    "again": "*** DUPLICATED ***",
    "shop": "MERCHANT NAME",
    "merchant_id": "MERCHANT NO",
    "terminal_id": "TERMINAL NO",
    "operator": "OPERATOR NO",
    "issuer": "ISSUER",
    "acquirer": "ACQUIRER",
    "pan": "CARD NO",
    "kind": "TRANS TYPE",
    "sale": "SALE",
    "void": "VOID",
    "refund": "REFUND",
    "preauth": "PRE-AUTHORISATION",
    "preauth_void": "PRE-AUTH VOID",
    "preauth_add": "PRE-AUTH ADDED",
    "completion": "COMPLETION (REQUEST)",
    "completion_void": "COMPLETION VOID",
    "notice": "COMPLETION (NOTICE)",
    "offline": "OFFLINE SALE",
    "ec_sale": "EC SALE",
    "adjust": "OFFLINE ADJUSTED",
    "tip": "SALE WITH TIP",
    "instalment": "INSTALMENT SALE",
    "instalment_void": "INSTALMENT VOID",
    "orig_trace": "ORIG VOUCHER NO",
    "orig_rrn": "ORIG REF NO",
    "orig_auth": "ORIG AUTH CODE",
    "orig_date": "ORIG DATE",
    "base": "AMOUNT BEFORE",
    "sold": "AMOUNT",
    "tip_fen": "TIP",
    "total": "TOTAL",
    "asked": "REQUESTED",
    "open": "STILL TO BE PAID",
    "months": "INSTALMENTS",
    "first": "FIRST PAYMENT",
    "fee": "FEE",
    "batch": "BATCH NO",
    "trace": "VOUCHER NO",
    "auth": "AUTH CODE",
    "when": "DATE/TIME",
    "rrn": "REF NO",
    "rc": "RESPONSE",
    "amount": "AMOUNT",
    "arqc": "ARQC",
    "tc": "TC",
    "tvr": "TVR",
    "aid": "AID",
    "tsi": "TSI",
    "atc": "ATC",
    "label": "APP LABEL",
    "sign": "CARDHOLDER SIGNATURE",
    "agree": "I CONFIRM THE ABOVE TRANSACTION AND AGREE THAT IT IS ENTERED IN MY ACCOUNT.",
    "cvm_limit": "AMOUNT NOT OVER %s",
    "cvm_pin": "PIN VERIFIED ONLINE\nNO SIGNATURE REQUIRED",
    "cvm_pin_sign": "PIN VERIFIED ONLINE",
    "cvm_none": "NO PIN, NO SIGNATURE REQUIRED",
    "cvm_none_sign": "NO PIN REQUIRED",
    "cvm_cdcvm": "VERIFIED ON THE DEVICE\nNO SIGNATURE REQUIRED",
    "cvm_ec": "PAID OFFLINE BY THE CARD\nNO SIGNATURE REQUIRED",
    "cvm_absent": "CARD NOT PRESENT\nNO SIGNATURE REQUIRED",
    "fault": "*** FAULT REPORT ***",
    "declined": "*** DECLINED ***",
    "cancelled": "*** CANCELLED ***",
    "reversed": "*** REVERSED ***",
    "no_voucher": "THIS IS NOT A VOUCHER",
    "fault_why": "THE REVERSAL OF THIS %s WAS NOT CONFIRMED BY THE HOST AND IS SENT AGAIN. THE "
    "ACCOUNT MAY HAVE BEEN CHANGED: WHERE IT STAYS SO, SETTLE IT BY HAND WITH THE ACQUIRER.",
    "advice_why": "THE HOST HAS NOT ACKNOWLEDGED THIS %s. IT IS SENT AGAIN.",
    "declined_why": "THIS %s WAS NOT APPROVED. THE ACCOUNT IS AS BEFORE.",
    "cancelled_why": "THIS %s WAS NEVER SENT TO THE HOST. THE ACCOUNT IS AS BEFORE.",
    "reversed_why": "THIS %s WAS NOT COMPLETED AND HAS BEEN TAKEN BACK. THE ACCOUNT IS AS BEFORE.",
}

_HEAD = ("merchant_id", "terminal_id", "operator", "issuer", "acquirer")
_EMV = ("tvr", "aid", "tsi", "atc", "label")
_ENTRIES = "01 M,02 S,05 I,07 C,92 N,96 C"


def masked(pan: str) -> str:
    """``pan`` in groups of four, with at most the first 6 and the last 4 digits in clear."""
    n = len(pan)
    clear = [c if n > 10 and (i < 6 or i >= n - 4) else "*" for i, c in enumerate(pan)]
    return " ".join("".join(clear[i : i + 4]) for i in range(0, n, 4))


def money(fen: int) -> str:
    """An amount in fen as "RMB 1280.00", negative with the sign before the number."""
    return "RMB " + lines.money(fen)


def entry_letter(entry: str) -> str:
    """How the card was read, from field 22: C contactless, I inserted, S swiped, M typed, N
    reservation."""
    at = _ENTRIES.find(entry[:2] + " ") if len(entry) >= 2 else -1
    return _ENTRIES[at + 3] if at >= 0 else ""


def _amount(words, txn):
    """The amount, twice as wide as long as it fits: it is never cut and never broken.

    Before it what it is made of, after it what of the wish was not approved.
    """
    fen = txn["amount"]
    name = "amount"
    if txn.get("tip"):
        yield from row(words["sold"], money(fen - txn["tip"]))  # base may have another tip in it
        yield from row(words["tip_fen"], money(txn["tip"]))
        name = "total"
    elif txn.get("base"):
        yield from row(words["base"], money(txn["base"]))
    amount = money(-fen if txn["kind"] in lines.BACK else fen)
    wide = 2 if len(amount) <= escpos.COLUMNS // 2 else 1
    yield escpos.text(words[name]) + b":\n"
    yield escpos.bold(True) + escpos.size(wide, 2) + escpos.text(amount) + b"\n"
    yield escpos.size(1, 1) + escpos.bold(False)
    asked = txn.get("asked") or fen
    if asked != fen:
        yield from row(words["asked"], money(asked))
        yield from row(words["open"], money(asked - fen))


def _notes(words, txn):
    """What it is about: the original, the months. (A voice authorisation is the slip's own.)"""
    if txn.get("orig_trace"):
        yield from row(words["orig_trace"], "%06d" % txn["orig_trace"])
    names = ("orig_rrn", "orig_auth", "orig_date")
    yield from rows(words, txn, names if txn["kind"] != "offline" else ())
    if txn.get("months"):
        yield from row(words["months"], "%d" % txn["months"])
        for name in ("first", "fee"):
            if txn.get(name) is not None:
                yield from row(words[name], money(txn[name]))


def _card(words, txn):
    pan = txn.get("pan")
    if pan:
        line = masked(pan) + " " + entry_letter(txn.get("entry") or "")
        yield escpos.text(words["pan"]) + b":\n"
        yield escpos.size(1, 2) + escpos.text(line.rstrip(" ")) + b"\n"
        yield escpos.size(1, 1)


def _body(words, txn, shop):
    """The lines all slips share: shop, card, numbers, date, amount."""
    yield from row(words["shop"], shop)
    yield from rows(words, txn, _HEAD)
    yield from _card(words, txn)
    yield from row(words["kind"], words.get(txn["kind"], txn["kind"]))
    yield from row(words["batch"], "%06d" % txn["batch"])
    yield from row(words["trace"], "%06d" % txn["trace"])
    yield from rows(words, txn, ("auth",))
    yield from row(words["when"], lines.moment(txn["when"]))
    yield from rows(words, txn, ("rrn",))
    yield from _amount(words, txn)


def _verification(words, txn, copy):
    """How the cardholder agreed: the line to sign on the merchant's copy only, or why there is
    none. ``cvm`` says how, "_sign" that it is signed besides, and the limit (fen) that excused."""
    how, _, limit = (txn.get("cvm") or "none").partition(" ")
    if limit:
        yield from centred(words["cvm_limit"] % money(int(limit)))
    if how != "signature":
        yield from centred(words["cvm_" + how])
    if (how == "signature" or how.endswith("_sign")) and copy == MERCHANT:
        yield escpos.text(words["sign"]) + b":\n\n\n"
        yield b"-" * escpos.COLUMNS + b"\n"
        yield from paragraph(words["agree"])


def sale_slip(txn: dict, copy: str, shop: str, test: bool = False, words: dict = EN):
    """Yield the bytes of a copy (MERCHANT or CARDHOLDER) of a completed transaction.

    ``txn["copies"]`` counts the copies printed before, the merchant's first: a copy that was among
    them is marked as a duplicate. ``shop`` is the merchant's name. Each piece holds whole commands
    and at most one line.
    """
    yield escpos.INIT
    if test:
        yield from centred(words["test"], 2, 1)
    yield from centred(words["title"], 1, 2)
    yield from centred(words[copy])
    again = (txn.get("copies") or 0) > (0 if copy == MERCHANT else 1)
    if again:
        yield from centred(words["again"])
    yield from _body(words, txn, shop)
    yield from _notes(words, txn)
    if txn.get("arqc"):
        yield from row(words["tc" if txn["kind"] == "ec_sale" else "arqc"], txn["arqc"])
    yield from rows(words, txn, _EMV)
    yield from _verification(words, txn, copy)
    if again:
        yield from centred(words["again"])
    if test:
        yield from centred(words["test"], 2, 1)
    yield lines.END


def report(txn: dict, shop: str, test: bool = False, words: dict = EN):
    """Yield the slip of a transaction that is not approved: what it is, and what became of it.

    Of one that is still pending it is a fault report: somebody may have to act on it.
    """
    from pos.protocol import unionpay  # only here: other slips have no use for it

    which = why = txn["state"]
    if which not in words:
        which = why = "fault"
        if unionpay.is_kind(txn["kind"], "A"):
            why = "advice"
    kind = words.get(txn["kind"], txn["kind"])
    yield escpos.INIT
    if test:
        yield from centred(words["test"], 2, 1)
    yield escpos.bold(True)
    yield from centred("\n".join((words[which], kind, words["no_voucher"])))
    yield escpos.bold(False)
    yield from _body(words, txn, shop)
    yield from rows(words, txn, ("rc",))
    yield from paragraph(words[why + "_why"] % kind)
    if test:
        yield from centred(words["test"], 2, 1)
    yield lines.END
