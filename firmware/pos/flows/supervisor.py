"""The supervisor, operator 00, approves what gives money back, or ends a batch."""

from pos.store import users
from pos.store.files import wipe
from pos.ui import entry as ask
from pos.ui.strings import say

_READ_MS = 10000


async def run(t) -> bool:
    """Whether 00 has typed the right password; asks again until it is right or cancelled."""
    book = users.Users(t.root, t.sealer(), t.uptime)
    while True:
        pin = await ask.password(t.ui, say("supervisor"))
        if pin is None:
            return False
        verdict, number = book.check("00", pin)
        wipe(pin)
        if verdict == users.OK:
            return True
        t.buzzer.bad()
        words = say("login_wait" if verdict == users.LOCKED else "login_wrong").format(number)
        await t.show("message", "bad", say("supervisor"), words, _READ_MS)
