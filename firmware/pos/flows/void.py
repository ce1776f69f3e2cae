"""Voids of a sale, a completion or an instalment of this batch, without the card."""

from pos.acquirer.card_data import Card
from pos.store.seal import open_card

_NAMES = ("orig_batch", "orig_trace", "orig_date", "orig_rrn", "orig_auth", "amount", "org")


async def run(t, kind: str = "void") -> None:
    """Supervisor, trace number, the host; ``kind``: void, completion_void, instalment_void."""
    if not await t.tell("supervisor"):
        return
    original = await t.tell("original", kind)
    if not original:
        return
    txn = {name: original.get(name) for name in _NAMES}
    txn["kind"] = kind
    pan, expiry, _ = open_card(t.sealer(), original["card"])
    await t.tell("payment", txn, Card(pan, expiry))
