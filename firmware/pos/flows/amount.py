"""What is to be paid?"""

from pos.ui import entry
from pos.words import say

_WAIT_MS = 120000  # then it is as if nobody had begun


async def run(t, kind: str, first_key=None, limit=None):
    """The amount in fen of a transaction of ``kind``, at most ``limit``; None: cancelled.

    ``first_key`` is a digit that was typed already.
    """
    if limit is None:
        limit = t.params["amount_max"]
    return await entry.amount(t.ui, limit, first_key, _WAIT_MS, say(kind))
