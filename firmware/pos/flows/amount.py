"""What is to be paid?"""

from pos.ui import entry


async def run(t, first_key=None):
    """The amount in fen, or None; ``first_key`` is a digit that was typed already."""
    return await entry.amount(t.ui, t.params["amount_max"], first_key)
