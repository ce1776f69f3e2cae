"""Somebody proves by a password who they are; three wrong tries cost a wait."""

from pos.store import users
from pos.store.files import wipe
from pos.ui import entry
from pos.words import say

_READ_MS = 10000


async def run(t, operator: str, title: str, timeout_ms: int = 0):
    """Whether ``operator`` (two digits) has; None: cancelled. Says on the screen why not."""
    book = users.Users(t.root, t.sealer(), t.uptime, t.waits)
    wait = book.wait(operator)
    if wait:
        await _refuse(t, title, "login_wait", wait)
        return False
    pin = await entry.password(t.ui, title, timeout_ms)
    if pin is None:
        return None
    verdict, number = book.check(operator, pin)
    wipe(pin)
    if verdict == users.OK:
        return True
    if verdict == users.LOCKED:
        await _refuse(t, title, "login_wait", number)
    elif verdict == users.WRONG:
        await _refuse(t, title, "login_wrong", number)
    else:
        await _refuse(t, title, "login_unknown", 0)
    return False


async def _refuse(t, title, why, number):
    t.buzzer.bad()
    await t.show("message", "bad", title, say(why).format(number), _READ_MS)
