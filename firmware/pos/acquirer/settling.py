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
_FOREIGN = "0" * 31  # all cards count as own ones
_RESULTS = (30, 61)  # places of the result digits in the F48 of an answer
_ERROR = 3
_ITEM = "00%06d%s%012d"  # own card, trace, PAN in 20 digits, amount
_CHIP = "610000%012d156"  # F62 of a chip transaction that went through
_CHIPS = ("05", "07")  # F22: a chip that was asked


def totals(transactions, rows=None) -> dict:
    """``debits``, ``debit_fen``, ``credits``, ``credit_fen`` of what the host has booked.

    What was voided counts, and so does its void; a tip or adjustment changes the amount of what it
    names. ``rows``, a dict, gets [count, fen] of each kind.
    """
    result = {"debits": 0, "debit_fen": 0, "credits": 0, "credit_fen": 0}
    for txn in transactions:
        side, fen = _side(txn), txn["amount"]
        if not side:
            continue
        if side == "t":
            fen -= txn["base"]
            result["debit_fen"] += fen
        else:
            name = "debit" if side == "d" else "credit"
            result[name + "s"] += 1
            result[name + "_fen"] += fen
        if rows is not None:
            row = rows.setdefault(txn["kind"], [0, 0])
            row[0] += 1
            row[1] += fen
    return result


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
    if len(text) != len(_FOREIGN):
        raise BadBytes("F48", 0, "totals too large")
    mti, fields = _message(params, "settlement", trace, text + _FOREIGN)
    fields[49] = params["currency"]
    fields[63] = operator + " "
    return mti, fields


def verdict(f48) -> int:
    """What the answer's F48 says: 1 balanced, 2 not, 3 error. A half without a digit of its own
    counts as balanced when it is that of foreign cards, as an error otherwise."""
    if len(f48 or "") <= _RESULTS[1]:
        return _ERROR
    own, foreign = [int(f48[at]) for at in _RESULTS]
    worst = max(own or _ERROR, foreign)
    return min(worst, _ERROR)


def plan(transactions) -> tuple:
    """(traces in the order of their upload, how many of them go one by one under their own F60.1,
    how many then in F48, {trace: amount} of what a tip or adjustment has changed)."""
    own, typed, chips = array("I"), array("I"), array("I")
    changed = {}
    for txn in transactions:
        side = _side(txn)
        if not side:
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
    return (own,) + counts + (changed,)


def advice(params, txn: dict, card) -> tuple[str, dict]:
    """(MTI, fields) that upload a notice, refund or offline sale once more, as itself."""
    txn.pop("asked", None)
    return "0320", financial.request(params, txn, card)[1]


def item(txn: dict, pan: str) -> str:
    """The 40 digits of F48 for what was typed, swiped or is a void."""
    return _ITEM % (txn["trace"], "0" * (20 - len(pan)) + pan, txn["amount"])


def upload(params, trace: int, items: str) -> tuple[str, dict]:
    """(MTI, fields) that upload up to ITEMS ``item`` texts in a row."""
    return _message(params, "upload", trace, "%02d" % (len(items) // 40) + items)


def chip(params, txn: dict, card, balanced: bool) -> tuple[str, dict]:
    """(MTI, fields) that upload a chip transaction which the host has approved."""
    fields = {
        2: card.pan,
        4: "%012d" % txn["amount"],
        22: txn["entry"],
        23: "%03d" % int(card.psn) if card.psn else None,
        55: card.f55,
        62: (_CHIP % txn["amount"]).encode(),
    }
    return _message(params, "upload", txn["trace"], None, "203" if balanced else "205", fields)


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
