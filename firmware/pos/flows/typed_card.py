"""A card whose number is typed, where the merchant may do so."""

from pos.acquirer.card_data import Card
from pos.words import say

_READ_MS = 10000


async def run(t, kind: str):
    """The ``Card`` for a transaction of ``kind``; None: cancelled, or not allowed (is said)."""
    if not t.params["manual"]:
        t.buzzer.bad()
        await t.show("message", "bad", say(kind), say("manual_off"), _READ_MS)
        return None
    pan = await t.tell("ask", "pan", kind)
    expiry = pan and await t.tell("ask", "expiry", kind)
    return Card(pan, expiry) if expiry else None
