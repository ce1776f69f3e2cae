"""The start of a transaction: nothing else is pending, and the journal knows of it."""

from pos.flows import online
from pos.protocol import unionpay
from pos.store.journal import JournalFull
from pos.words import say

_READ_MS = 10000


async def run(t, txn: dict):
    """Begin ``txn`` (kind, amount ...): gives it a trace, the date, its 9C as ``type``.

    Returns what is true of its kind (``unionpay.TRANSACTIONS``), or None when it cannot begin.
    What moves no money is not in the journal.
    """
    _, f3, _, _, _, flags = unionpay.transaction(txn["kind"])
    if not await t.tell("power"):  # it could not be ended, let alone printed
        t.buzzer.bad()
        title = say("off").format(say(txn["kind"]))
        await t.show("message", "bad", title, say("battery_low"), _READ_MS)
        return None
    if "a" not in flags or t.journal.pending():
        # a sale may do without the host: what waits for it is told when the card wants it asked
        if not await online.ready(t, True, txn["kind"] != "sale"):
            return None
    txn["type"] = int(f3[:2], 16)
    txn["trace"] = t.counters.next_stan()
    txn["when"] = t.now()
    txn["operator"] = t.operator
    txn["merchant_id"] = t.params["merchant_id"]
    txn["terminal_id"] = t.params["terminal_id"]
    txn["state"] = "begun"
    txn["batch"] = t.journal.batch
    if "X" in flags:
        return flags
    try:
        if t.journal.count >= t.params["batch_max"]:
            raise JournalFull
        t.journal.begin(txn)
    except JournalFull:
        t.buzzer.bad()
        why = "batch_settles" if t.journal.settling else "journal_full"
        title = say("off").format(say(txn["kind"]))
        await t.show("message", "bad", title, say(why), _READ_MS)
        return None
    return flags
