"""A number that the cashier reads off a slip or a card."""

from pos.ui import typed


async def run(t, what: str, kind: str):
    """``what`` is one of ``typed.FIELDS``, for a transaction of ``kind``; None: cancelled."""
    return await typed.ask(t.ui, what, kind)
