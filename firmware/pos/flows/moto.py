"""Mail or telephone order: the card is not there, its number is typed."""


async def run(t, kind: str) -> None:
    """``kind``: sale or preauth."""
    amount = await t.tell("amount", kind)
    card = amount and await t.tell("typed_card", kind)
    if card:
        await t.tell("payment", {"kind": kind, "amount": amount, "absent": 1}, card)
