"""Out of the data of a card: what the request needs, and what the journal may keep."""

from pos import log
from pos.acquirer import card_data
from pos.emv import update
from pos.protocol.errors import BadBytes


async def run(t, txn: dict, tags: dict):
    """The ``Card`` of the EMV ``tags``, or None when they are no card; ``tags`` is emptied."""
    try:
        holder = card_data.card(tags)
        card_data.describe(txn, tags, holder.f55)
        txn["pan"] = card_data.masked(holder.pan)
        if update.possible(tags):
            txn["again"] = True  # the card may be presented once more, for its issuer
        return holder
    except BadBytes as error:
        log.warn("card", "%s: %s", error.what, error.why)
        return None
    finally:
        tags.clear()
