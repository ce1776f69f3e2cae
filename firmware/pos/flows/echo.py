"""Echo test: is the host there?"""

from pos.acquirer import messages
from pos.acquirer.session import HostError
from pos.flows import online
from pos.words import say

_READ_MS = 10000


async def run(t) -> None:
    """Ask once and show the answer."""
    title = say("menu_echo")
    await t.show("working", title, "")
    line = online.Line(t)
    try:
        answer = await line.ask(line.session.request(*messages.plain(t.params, "echo")))
        await line.session.close()
    except HostError as error:
        await online.explain(t, title, error)
        return
    if answer[39] != "00":
        await t.tell("refused", title, answer[39])
        return
    await t.show("message", "ok", title, say("echo_ok"), _READ_MS)
