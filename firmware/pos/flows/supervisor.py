"""The supervisor, operator 00, approves what gives money back, ends a batch, or sets things up."""

from pos.words import say

_WAIT_MS = 120000


async def run(t, who: str = "00") -> bool:
    """Whether ``who`` has typed the right password; asks until it is right or cancelled."""
    while True:
        proven = await t.tell("prove", who, say("supervisor"), _WAIT_MS)
        if proven is None:
            return False
        if proven:
            return True
