"""A sale with a card at the reader."""


async def run(t, first_key=None) -> None:
    """Ask the amount and sell; ``first_key`` is the digit that was typed on the idle screen."""
    amount = await t.tell("amount", "sale", first_key)
    if amount:
        await t.tell("payment", {"kind": "sale", "amount": amount})
