"""Sign-off: the working keys end, at the host and here."""

from pos.acquirer import messages
from pos.acquirer.session import HostError
from pos.flows import online
from pos.words import say

_READ_MS = 10000


async def run(t) -> bool:
    """Returns whether the terminal is signed off; what is pending goes to the host before."""
    title = say("menu_sign_off")
    if not t.signed_in:
        await t.show("message", "ok", title, say("signed_off"), _READ_MS)
        return True
    if not await online.ready(t, False):
        return False
    await t.show("working", title, "")
    line = online.Line(t)
    trace = t.counters.next_stan()
    try:
        message = messages.plain(t.params, "sign_off", None, trace)
        answer = await line.ask(line.session.request(*message))
        await line.session.close()
    except HostError as error:
        await online.explain(t, title, error)
        return False
    if answer[39] != "00":
        await t.tell("refused", title, answer[39])
        return False
    t.signed_in = False
    line.keys().drop_working()
    await t.show("message", "ok", title, say("signed_off"), _READ_MS)
    return True
