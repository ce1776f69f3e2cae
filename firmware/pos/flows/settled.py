"""The slips of the batch that was settled last: copies of its transactions, then its own."""

import os

from micropython import const

from pos.words import say

_READ_MS = 10000
_CLOSED = const(3)  # step of the journal: the host has closed the batch
_PRINTED = const(4)  # nothing is due any more


async def run(t, what: str = "") -> None:
    """Print what is due. ``what``: "resume" after a start: it may be on paper already; "reprint":
    its own is wanted once more; "waiting": what is due of this batch too, said if nothing is.

    What is put off is due as long as ``owed`` of the terminal says so, and after the next start.
    """
    if what != "waiting":
        await _papers(t, what == "reprint", what == "resume")
        return
    owed = t.owed
    if owed:
        await _papers(t, False)
    await t.tell("printing", "" if owed else what)


def _journal(t):
    """The journal of the batch that was settled last, or None."""
    number = t.params["settled"]
    if not number or "%06d.jnl" % number not in os.listdir(t.root + "/batch"):
        return None
    old = t.batch(number)
    old.open()
    return old


async def _papers(t, again, doubtful=False):
    """Slips that the settled batch still owes: copies of its transactions, then its own.

    ``again``: its own is wanted once more; ``doubtful``: what is due may be on paper already. What
    is not printed now is due at the next log-in.
    """
    if not again:
        t.owed = 0
    old = _journal(t)
    if not old or old.settling.get("step", 0) < _CLOSED:
        if again:
            await t.show("message", "warn", say("menu_settle"), say("settle_none"), _READ_MS)
        return
    if old.settling["step"] == _PRINTED:
        if again and await t.tell("paper", old, True):
            await _listed(t, old)
        return
    t.owed = 2  # unless it is printed now
    if await _copies(t, old, doubtful) and await t.tell("paper", old, doubtful):
        t.owed = 0
        old.settle(step=_PRINTED)
        await _listed(t, old)


async def _listed(t, old):
    """The list of the batch, where the merchant wants it with each settlement."""
    if t.params["details"]:
        await t.tell("paper", old, False, "detail")


async def _copies(t, old, doubtful) -> bool:
    """Print the copies that are due in an old journal; returns whether none is due any more."""
    due = [txn["trace"] for txn in old.unprinted(t.params["copies"])]
    if not due:
        return True
    if doubtful:
        t.doubtful += due
    now, t.journal = t.journal, old
    try:
        await t.tell("printing")
    finally:
        t.journal = now
    return not any(old.unprinted(t.params["copies"]))
