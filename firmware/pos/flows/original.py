"""The transaction that another one is about: by its trace number, in this batch's journal."""

from pos.protocol import unionpay
from pos.words import money, say

_READ_MS = 10000
# What each kind is about; all others are about a pre-authorisation
_WANTED = {
    "void": "sale",
    "tip": "sale",
    "adjust": "offline",
    "completion_void": "completion",
    "instalment_void": "instalment",
}


async def run(t, kind: str):
    """The record of the original of a new transaction of ``kind``, confirmed by the cashier.

    Its amount is what counts today, after tip or adjustment (``base`` is then what it was; ``tip``
    the one in force). None:
    cancelled, or not possible, which has been said. Empty: nobody knows its trace number, which
    is possible with a pre-authorisation alone.
    """
    wanted = _WANTED.get(kind, "preauth")
    trace = await t.tell("ask", "hold" if wanted == "preauth" else "trace", kind)
    if not trace:
        return trace if trace is None else {}
    trace = int(trace)
    txn = t.journal.find(trace)
    why = _wrong(txn, wanted) or _since(t, txn, trace)
    if why:
        words = say(why).format(say(wanted))
        t.buzzer.bad()
        await t.show("message", "bad", say(kind), words, _READ_MS)
        return None
    lines = ["{} {:06d}".format(say(txn["kind"]), trace), txn["pan"]]
    if kind == "tip" and "tip" in txn:
        lines.append(say("tip_again").format(money(txn["tip"])))
    if not await t.show("confirm", say(kind), lines, txn["amount"]):
        return None
    txn["orig_batch"] = t.journal.batch
    txn["orig_trace"] = trace
    txn["orig_date"] = txn["when"][4:8]
    txn["orig_rrn"] = txn.get("rrn")
    txn["orig_auth"] = txn.get("auth")
    return txn


def _wrong(txn, wanted):
    """Why the transaction itself is none to be named; "" when nothing is wrong."""
    if not txn:
        return "orig_none"
    if txn["kind"] != wanted:
        return "orig_kind"
    return "" if txn["state"] == "approved" else "orig_declined"


def _since(t, txn, trace):
    """What has become of it since: voided is said, another amount goes into ``txn``."""
    for later in t.journal.transactions():
        if later.get("orig_trace") != trace or later["state"] != "approved":
            continue
        if later.get("orig_batch") != t.journal.batch:
            continue
        if later["kind"].endswith("void"):
            return "orig_voided"
        if unionpay.is_kind(later["kind"], "t"):
            txn.setdefault("base", txn["amount"])
            txn["amount"] = later["amount"]
            if "tip" in later:
                txn["tip"] = later["tip"]
    return ""
