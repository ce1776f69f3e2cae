"""What changes an amount after the fact: a tip on a sale, an offline sale put right."""

from pos.acquirer.card_data import Card
from pos.store.seal import open_card
from pos.words import say

_READ_MS = 10000
_NAMES = ("orig_batch", "orig_trace", "orig_rrn", "orig_auth", "org")


async def run(t, kind: str) -> None:
    """``kind``: tip or adjust. Trace number, then the tip or the right amount."""
    tip = kind == "tip"
    if tip and not t.params["tips"]:
        await _refuse(t, kind, "tip_off")
        return
    original = await t.tell("original", kind)
    if not original:
        return
    base = original["amount"]
    sold = original.get("base", base)  # a further tip takes the place of the first
    limit = sold * t.params["tip_max"] // 100 if tip else None
    if tip and not limit:
        await _refuse(t, kind, "tip_small")
        return
    amount = await t.tell("amount", kind, None, limit)
    if not amount:
        return
    txn = {name: original.get(name) for name in _NAMES}
    txn["kind"] = kind
    txn["base"] = base
    txn["amount"] = amount
    if tip:
        txn["tip"] = amount
        txn["amount"] += sold
    if t.journal.waiting():  # the host has to know what is to be changed
        told = await t.tell("upload")
        now = t.journal.find(txn["orig_trace"])
        if not told or now["state"] != "approved":
            await _refuse(t, kind, "orig_declined" if told else "upload_first")
            return
        txn["orig_rrn"] = now.get("rrn")
    pan, expiry, _ = open_card(t.sealer(), original["card"])
    await t.tell("payment", txn, Card(pan, expiry))


async def _refuse(t, kind, why):
    t.buzzer.bad()
    await t.show("message", "bad", say(kind), say(why), _READ_MS)
