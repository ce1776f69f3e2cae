"""A sale that the bank has authorised by voice: approved here, the host is told later."""

from pos.ui import entry
from pos.words import say

_READ_MS = 10000


async def run(t) -> None:
    """Amount, the code that the bank has said, the card at the reader or its number typed."""
    if not t.params["offline"] or t.journal.waiting(t.params["offline_max"] - 1):
        t.buzzer.bad()
        why = "offline_full" if t.params["offline"] else "offline_off"
        await t.show("message", "bad", say("offline"), say(why), _READ_MS)
        return
    txn = {"kind": "offline", "amount": await t.tell("amount", "offline")}
    if not txn["amount"]:
        return
    txn["orig_auth"] = txn["auth"] = await t.tell("ask", "auth", "offline")
    if not txn["auth"]:
        return
    card = None
    if t.params["manual"]:
        choice = await entry.choose(t.ui, say("card"), (say("tap"), say("pan_type")))
        if choice is None:
            return
        if choice:
            card = await t.tell("typed_card", "offline")
            if not card:
                return
    await t.tell("payment", txn, card)
