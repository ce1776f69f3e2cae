"""The pre-authorisation and what may follow it: more of it, its void, its completion.

The hold is named by its trace number where it is in this batch's journal, else by authorisation
code and date off its slip. A hold by telephone is followed up without the card too.
"""

from pos.acquirer.card_data import Card
from pos.store.seal import open_card


async def run(t, kind: str) -> None:
    """``kind``: preauth, preauth_add, preauth_void, completion, notice."""
    if kind == "preauth_void" and not await t.tell("supervisor"):
        return
    txn: dict = {"kind": kind}
    card = None
    if kind != "preauth":
        hold = await t.tell("original", kind)
        if hold is None or not await _name(t, txn, hold):
            return
        if hold.get("absent"):
            txn["absent"] = 1
            card = Card(*open_card(t.sealer(), hold["card"])[:2])
    if "amount" not in txn:
        txn["amount"] = await t.tell("amount", kind)
    if txn["amount"]:
        await t.tell("payment", txn, card)


async def _name(t, txn, hold) -> bool:
    """Say in ``txn`` which hold is meant; False: cancelled."""
    kind = txn["kind"]
    if hold:
        for name in ("orig_batch", "orig_trace", "orig_auth", "orig_date"):
            txn[name] = hold[name]
        if kind == "preauth_void":  # all of it, or nothing
            txn["amount"] = hold["amount"]
        return True
    for what in ("auth",) if kind == "preauth_add" else ("auth", "date"):
        value = await t.tell("ask", what, kind)
        if value is None:
            return False
        txn["orig_" + what] = value
    return True
