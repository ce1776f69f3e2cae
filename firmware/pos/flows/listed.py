"""The black list of cards, which the host hands out, before anything is paid with one."""

from pos.store import blocked
from pos.words import say

_READ_MS = 10000
_GIVES_BACK = "VFctX"  # such a transaction takes no money from the card


async def run(t, pan: str, flags: str) -> bool:
    """Whether the card is not to be taken for a transaction with ``flags``; says so."""
    if any(flag in flags for flag in _GIVES_BACK) or not blocked.holds(t.root, pan):
        return False
    t.buzzer.bad()
    await t.show("message", "bad", say("declined"), say("card_listed"), _READ_MS)
    return True
