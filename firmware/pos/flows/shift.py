"""A shift: an operator logs in, works, logs off. The outermost story; it never ends."""

import os

from micropython import const

_MANY = const(10)  # uploads, or slips: what the status bar can tell
_AWAY_MS = const(30000)  # how often the idle screen looks after what is pending
_MINUTE = const(60)
_COUNTS = const(20)  # slips and cards that are counted in memory; the power may take them


async def run(t) -> None:
    """Log in, then idle and sell until the operator logs off; again for ever."""
    while True:
        t.operator = await t.tell("login")
        t.ui.set_status(operator=t.operator)
        await t.tell("sign_in")
        await _look_after(t, True)
        await t.tell("care")
        await _work(t)
        await t.tell("care", "off")
        await t.network.close()
        t.operator = ""
        t.ui.set_status(operator="")


async def _work(t):
    last = t.uptime()
    while True:
        t.ui.set_status(waiting=sum(t.journal.owed(t.params["copies"], _MANY)))
        await t.tell("power")
        key = await t.tell("idle", _AWAY_MS)
        if key is None:
            await _look_after(t)
            await t.network.close()
            least = t.params["lock_min"] * _MINUTE
            if least and t.uptime() - last >= least:
                await _lock(t)
                last = t.uptime()
            continue
        if key == "M":
            if await _choose(t):
                return
        elif key.isdigit():
            await t.tell("sale", key)
        last = t.uptime()
        if t.unsure:
            reason, t.unsure = t.unsure, ""
            await t.tell("reversal", reason)
            t.reports = True  # an advice may be approved now
        if t.reports:
            t.reports = False
            await t.tell("printing")
        if t.owed == 1:
            await t.tell("settled")


async def _lock(t):
    """Wait for who may open it. What is pending is looked after meanwhile, the shift goes on."""
    while not await t.tell("unlock", _AWAY_MS):
        await _look_after(t)


async def _look_after(t, begins=False):
    """Finish what waits: nobody is at the keys, or the shift ``begins``."""
    if t.action:
        await t.tell("obey")
    if t.journal.settling:
        await t.tell("settle", "resume")
    elif begins:
        await t.tell("settled", "resume")
    if t.journal.pending():
        await t.tell("reversal")
    if "script" in os.listdir(t.root) and t.signed_in and not t.journal.pending():
        await t.tell("script")
    if t.journal.waiting() and t.signed_in and not t.journal.pending():
        await t.tell("upload")
    how = "" if begins or t.reports else "quiet"
    t.reports = False
    if await t.tell("printing", how) and t.owed:
        await t.tell("settled")
    if t.used[0] + t.used[2] >= _COUNTS:
        await t.tell("care", "off")


async def _choose(t) -> bool:
    """Returns whether the operator logs off."""
    story = await t.tell("menu")
    if story == "log_off":
        return True
    if story == "lock":
        await _lock(t)
    elif story:
        name, _, given = story.partition(":")
        await t.tell(name, *((given,) if given else ()))
    return False
