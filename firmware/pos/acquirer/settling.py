"""Settlement and batch upload: totals, what is uploaded how, the messages; pure, no I/O.

Reference, sections 3 and 4. Transactions are the dicts of a journal, oldest first. None of these
messages carries a MAC. Amounts are in fen.
"""

from array import array

from pos.acquirer import financial
from pos.acquirer.messages import base
from pos.protocol import unionpay
from pos.protocol.errors import BadBytes

ITEMS = 8  # in the F48 of one message
_HALF = "%012d%03d%012d%03d0"  # debit amount and count, credit amount and count, result
_NONE = "0" * 31  # a half of it: own cards, then foreign ones
_ERROR = 3
_ITEM = "%s%06d%s%012d"  # own or foreign card, trace, PAN in 20 digits, amount
_CHIP = "61%s00%012d156"  # F62 of a chip transaction that went through: own or foreign card
_REFUSED = "710011%012d15610"  # F62 of one that the chip has refused (AAC)
_CHIPS = ("05", "07")  # F22: a chip that was asked


def totals(transactions, rows=None) -> dict:
    """``debits``, ``debit_fen``, ``credits``, ``credit_fen`` of what the host has booked of own
    cards; ``foreign``: of the others, as a half of F48 (see ``half``).

    What was voided counts, and so does its void; a tip or adjustment changes the amount of what it
    names. ``rows``, a dict of own cards and one of foreign ones, get [count, fen] of each kind.
    """
    sums = [0] * 8  # of own cards, then of foreign ones, each in the order of F48
    for txn in transactions:
        side, fen = _side(txn), txn["amount"]
        if not side:
            continue
        foreign = unionpay.foreign(txn.get("org"))
        at = 4 * foreign + (2 if side == "c" else 0)
        if side == "t":
            fen -= txn["base"]
        else:
            sums[at + 1] += 1
        sums[at] += fen
        if rows is not None:
            row = rows[foreign].setdefault(txn["kind"], [0, 0])
            row[0] += 1
            row[1] += fen
    return {
        "debit_fen": sums[0],
        "debits": sums[1],
        "credit_fen": sums[2],
        "credits": sums[3],
        "foreign": _HALF % tuple(sums[4:]),
    }


def half(text: str) -> tuple:
    """(debit fen, count, credit fen, count, result) of a half of F48."""
    return int(text[:12]), int(text[12:15]), int(text[15:27]), int(text[27:30]), int(text[30])


def _side(txn) -> str:
    """d, c or t as `unionpay.TRANSACTIONS` has it; empty for what does not count."""
    if txn["state"] == "approved":
        flags = unionpay.transaction(txn["kind"])[5]
        for side in "dct":
            if side in flags:
                return side
    return ""


def settlement(params, trace: int, operator: str, sums: dict) -> tuple[str, dict]:
    """(MTI, fields) of the settlement, 0500; ``sums`` as ``totals`` makes them.

    Raises BadBytes when they do not fit the digits of F48.
    """
    text = _HALF % (sums["debit_fen"], sums["debits"], sums["credit_fen"], sums["credits"])
    foreign = sums.get("foreign") or _NONE
    if len(text) != len(_NONE) or len(foreign) != len(_NONE):
        raise BadBytes("F48", 0, "totals too large")
    mti, fields = _message(params, "settlement", trace, text + foreign[:30] + "0")
    fields[49] = params["currency"]
    fields[63] = operator + " "
    return mti, fields


def verdict(f48, sums: dict) -> dict:
    """What the answer's F48 says, as the next step of the journal: ``balanced`` of own cards (1
    balanced, 2 not, 3 error), and the same as the last digit of ``foreign``.

    A half without a digit of its own is an error, but for foreign cards where there are none.
    """
    f48 = f48 or ""
    whole = len(f48) >= 2 * len(_NONE)
    own, other = [int(f48[at]) if whole else _ERROR for at in (30, 61)]
    foreign = (sums.get("foreign") or _NONE)[:30]
    if not other and not int(foreign):
        other = 1
    own, other = [min(result or _ERROR, _ERROR) for result in (own, other)]
    return {"balanced": own, "foreign": foreign + str(other)}


def even(steps: dict) -> bool:
    """Whether the host has the same totals, by the steps of a settlement."""
    return steps.get("balanced") == 1 and (steps.get("foreign") or "1")[-1] == "1"


def plan(transactions) -> tuple:
    """(traces in the order of their upload, how many of them go one by one under their own F60.1,
    how many then in F48, {trace: amount} of what a tip or adjustment has changed).

    Behind these come chips one by one, at the end those that have refused a sale."""
    own, typed, chips, refused = array("I"), array("I"), array("I"), array("I")
    changed = {}
    for txn in transactions:
        side = _side(txn)
        if not side:
            # the host has said nothing to it: it was the chip
            if txn["state"] == "declined" and txn.get("f55") and not txn.get("rc"):
                refused.append(txn["trace"])
            continue
        if side == "t":
            changed[txn["orig_trace"]] = txn["amount"]
        if unionpay.is_kind(txn["kind"], "A"):
            own.append(txn["trace"])
        elif side == "d" and txn.get("f55") and txn["entry"][:2] in _CHIPS:
            chips.append(txn["trace"])
        else:
            typed.append(txn["trace"])
    counts = len(own), len(typed)
    own.extend(typed)
    own.extend(chips)
    own.extend(refused)
    return (own,) + counts + (changed,)


def advice(params, txn: dict, card) -> tuple[str, dict]:
    """(MTI, fields) that upload a notice, refund or offline sale once more, as itself."""
    txn.pop("asked", None)
    return "0320", financial.request(params, txn, card)[1]


def item(txn: dict, pan: str) -> str:
    """The 40 digits of F48 for what was typed, swiped or is a void."""
    return _ITEM % (_whose(txn), txn["trace"], "0" * (20 - len(pan)) + pan, txn["amount"])


def _whose(txn) -> str:
    return "01" if unionpay.foreign(txn.get("org")) else "00"


def upload(params, trace: int, items: str) -> tuple[str, dict]:
    """(MTI, fields) that upload up to ITEMS ``item`` texts in a row."""
    return _message(params, "upload", trace, "%02d" % (len(items) // 40) + items)


def chip(params, txn: dict, card, balanced: bool) -> tuple[str, dict]:
    """(MTI, fields) that upload what the host has approved for a chip, or the chip refused."""
    code, what = 203, _CHIP % (_whose(txn), txn["amount"])
    if txn["state"] == "declined":
        code, what = 204, _REFUSED % txn["amount"]
    if not balanced:
        code += 2
    fields = {
        2: card.pan,
        4: "%012d" % txn["amount"],
        22: txn["entry"],
        23: "%03d" % int(card.psn) if card.psn else None,
        55: card.f55,
        62: what.encode(),
    }
    return _message(params, "upload", txn["trace"], None, str(code), fields)


def end(params, trace: int, count: int, balanced: bool) -> tuple[str, dict]:
    """(MTI, fields) that end the upload of ``count`` transactions."""
    return _message(params, "upload", trace, "%04d" % count, "207" if balanced else "202")


def _message(params, kind, trace, f48, code="", fields=None):
    mti, _, _, f60, usual, _ = unionpay.transaction(kind)
    fields = fields or {}
    fields[11] = "%06d" % trace
    fields[48] = f48
    fields[60] = unionpay.field60(f60, params["batch"], code or usual)
    return mti, base(params, fields)


def after(batch: int) -> int:
    """The batch after this one: 1..999998, then 1 again."""
    return batch + 1 if batch < 999998 else 1
