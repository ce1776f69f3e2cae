"""A new password: typed twice, and none that is guessed at once."""

from pos.store import users
from pos.store.files import wipe
from pos.ui import entry
from pos.words import say

_READ_MS = 10000


async def run(t, operator: str = "") -> bool:
    """A new password for ``operator`` (two digits), who need not exist; whether it is stored.

    Without ``operator`` it is one's own, for which the old one is asked.
    """
    title = say("menu_password")
    own = not operator
    if own:
        operator = t.operator
        proven = False
        while not proven:
            proven = await t.tell("prove", operator, title)
            if proven is None:
                return False
    book = users.Users(t.root, t.sealer(), t.uptime, t.waits)
    while True:
        pin = await _new(t, book, operator, title)
        if pin is None:
            return False
        again = await _ask(t, title, operator, say("password_again"))
        same = again == pin
        if again is not None:
            wipe(again)
        if same:
            book.set_pin(operator, pin)
        wipe(pin)
        if same:
            break
        if again is None:
            return False
        await _bad(t, title, say("password_differs"))
    t.buzzer.ok()
    await t.show("message", "ok", title, say("password_done").format(operator), _READ_MS)
    return True


async def _new(t, book, operator, title):
    """One that is not weak, for the caller to wipe; None: cancelled."""
    least = t.params["password_min"]
    while True:
        pin = await _ask(t, title, operator, say("password_new").format(least))
        if pin is None:
            return None
        why = book.weak(operator, pin, least)
        if not why:
            return pin
        wipe(pin)
        await _bad(t, title, say("weak_" + why).format(least))


async def _ask(t, title, operator, hint):
    return await entry.password(t.ui, title, 0, say("operator_is").format(operator), hint)


async def _bad(t, title, words):
    t.buzzer.bad()
    await t.show("message", "bad", title, words, _READ_MS)
