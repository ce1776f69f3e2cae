"""An operator proves who they are: number and password; three wrong tries cost a wait."""

from pos.store import users
from pos.store.files import wipe
from pos.ui import entry as ask
from pos.ui.strings import say

_READ_MS = 10000


async def run(t) -> str:
    """Returns the operator's number; does not end without one."""
    book = users.Users(t.root, t.sealer(), t.uptime)
    while True:
        operator = await ask.operator(t.ui)
        if operator is None:
            continue
        wait = book.wait(operator)
        if wait:
            await _refuse(t, say("login_wait").format(wait))
            continue
        pin = await ask.password(t.ui, say("login"))
        if pin is None:
            continue
        verdict, number = book.check(operator, pin)
        wipe(pin)
        if verdict == users.OK:
            return operator
        if verdict == users.LOCKED:
            await _refuse(t, say("login_wait").format(number))
        elif verdict == users.WRONG:
            await _refuse(t, say("login_wrong").format(number))
        else:
            await _refuse(t, say("login_unknown"))


async def _refuse(t, sentence):
    t.buzzer.bad()
    await t.show("message", "bad", say("login"), sentence, _READ_MS)
