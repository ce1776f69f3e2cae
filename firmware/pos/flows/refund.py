"""A refund: of a sale in a batch that is settled, named by reference number and date."""


async def run(t, typed: str = "") -> None:
    """Supervisor, amount, the original's reference number and date, the card.

    ``typed``: the card is not there (sales by mail or telephone), its number is typed.
    """
    if not await t.tell("supervisor"):
        return
    txn = {"kind": "refund", "amount": await t.tell("amount", "refund")}
    if not txn["amount"]:
        return
    for what in ("rrn", "date"):
        value = await t.tell("ask", what, "refund")
        if value is None:
            return
        txn["orig_" + what] = value
    card = None
    if typed:
        txn["absent"] = 1
        card = await t.tell("typed_card", "refund")
        if not card:
            return
    await t.tell("payment", txn, card)
