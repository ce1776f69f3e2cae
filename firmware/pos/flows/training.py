"""Training begins and ends: the supervisor's to say. The terminal starts anew both times.

It does not begin while the host has still to hear of something: nobody would tell it meanwhile.
"""

import os

from pos.store import training
from pos.words import say

_ASK_MS = 60000
_READ_MS = 10000


async def run(t) -> None:
    """Ask, then switch; does not return once it is agreed to."""
    if not await t.tell("supervisor"):
        return
    title = say("menu_training")
    if t.training:
        words, kind = say("training_end"), "info"
    elif _owes(t):
        t.buzzer.bad()
        await t.show("message", "bad", title, say("training_later"), _READ_MS)
        return
    else:
        words, kind = say("training_begin"), "warn"
    if await t.show("message", kind, title, words, _ASK_MS, "CE") == "E":
        await t.show("working", title, "")
        if not t.training:
            training.prepare(t.home, t.home + "/train", t.sealer())
        training.switch(t.home, not t.training)
        t.restart()


def _owes(t) -> bool:
    """Whether something is open that is to be finished first."""
    journal = t.journal
    return (
        journal.pending() is not None
        or journal.waiting() is not None
        or len(journal.settling) > 0
        or any(journal.unprinted(t.params["copies"]))
        or "script" in os.listdir(t.root)
    )
