"""Status upload: the terminal tells the host how it is and which parameters it goes by."""

from pos.acquirer import downloads, messages
from pos.acquirer.session import HostError
from pos.flows import online
from pos.words import say

_READ_MS = 10000


async def run(t) -> bool:
    """Returns whether the host has it; says so on the screen."""
    title = say("menu_status")
    await t.show("working", title, "")
    line = online.Line(t)
    data = downloads.status(t.params, t.uptime() // 3600)
    try:
        message = messages.plain(t.params, "status", data)
        answer = await line.ask(line.session.request(*message))
        await line.session.close()
    except HostError as error:
        await online.explain(t, title, error)
        return False
    if answer[39] != "00":
        await t.tell("refused", title, answer[39])
        return False
    await t.show("message", "ok", title, say("status_sent"), _READ_MS)
    return True
