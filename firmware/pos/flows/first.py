"""The first start: nobody has told this terminal yet which language to speak and where to join."""


async def run(t) -> None:
    """Ask for what has never been chosen. The network may wait until the next start."""
    while "language" not in t.params:
        await t.tell("language")
    await t.tell("network")
