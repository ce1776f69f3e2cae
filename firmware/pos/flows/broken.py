"""What is stored cannot be trusted: no default may take its place, so nothing is done at all."""

from pos import log
from pos.words import say


async def run(t, what: str) -> None:
    """Say so, for ever; ``what`` is the file."""
    log.error("terminal", "damaged: %s", what)
    await t.show("result", "bad", say("broken"), (say("broken_hint").format(what),))
    while True:
        await t.ui.key()
