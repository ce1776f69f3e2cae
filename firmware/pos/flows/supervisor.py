"""The supervisor, operator 00, approves what gives money back, or ends a batch."""

from pos.words import say


async def run(t) -> bool:
    """Whether 00 has typed the right password; asks again until it is right or cancelled."""
    while True:
        proven = await t.tell("prove", "00", say("supervisor"))
        if proven is None:
            return False
        if proven:
            return True
