"""A screen of facts, each with its name: what about a terminal, or a transaction, is so."""

from pos.ui import listing


async def show(ui, title: str, pairs, timeout_ms: int = 0):
    """Pairs of name and value, three lines a page; the key that ends it, "C" after the time."""
    return await listing.table(ui, title, pairs, "CE", timeout_ms)
