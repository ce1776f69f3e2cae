"""The first start: nobody has told this terminal yet which language to speak and where to join.

Or what it was told is for another board.
"""

from pos.words import say

_READ_MS = 10000


async def run(t) -> None:
    """Ask for what has never been chosen. The network may wait until the next start."""
    while "language" not in t.params:
        await t.tell("language")
    if "network" in t.params and t.params["network"] not in t.ways:
        await t.show("message", "bad", say("menu_network"), say("net_lacks"), _READ_MS)
    await t.tell("network")
