"""How much is on the card's account. It moves no money: nothing is kept, nothing printed."""


async def run(t) -> None:
    """Card, PIN, the answer on the screen."""
    await t.tell("payment", {"kind": "balance", "amount": 0})
