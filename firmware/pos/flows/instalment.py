"""A sale that is paid by the month."""

from pos.ui import entry
from pos.words import say

_MONTHS = b"\x03\x06\x0c\x18"


async def run(t) -> None:
    """Amount, months, the card."""
    amount = await t.tell("amount", "instalment")
    if not amount:
        return
    items = [say("months").format(months) for months in _MONTHS]
    choice = await entry.choose(t.ui, say("instalment"), items)
    if choice is not None:
        txn = {"kind": "instalment", "amount": amount, "months": _MONTHS[choice]}
        await t.tell("payment", txn)
