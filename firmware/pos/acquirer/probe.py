"""Is the host there, layer by layer: which one is broken, and why."""

import socket
from time import ticks_diff, ticks_ms

from pos.acquirer import messages
from pos.acquirer.session import HostError


async def run(params, session, note) -> str:
    """The name of the layer that is broken, empty when all is well.

    ``note(layer, ok, detail, ms)`` hears of each. Details are addresses, or why it is broken.
    """
    began = ticks_ms()

    def told(layer, ok, detail=""):
        nonlocal began
        now = ticks_ms()
        note(layer, ok, detail, ticks_diff(now, began))
        began = now
        return "" if ok else layer

    host = params["host"]
    try:
        found = socket.getaddrinfo(host, params["port"])
    except OSError as error:
        return told("name", False, str(error))
    told("name", True, str(found[0][-1][0]))
    try:
        await session.connect()
    except HostError as error:
        if not session.reached:
            return told("tcp", False, session.failed or "silent")
        told("tcp", True)
        return told("tls", False, error.why if error.why != "connect" else "silent")
    told("tcp", True)
    if params["tls"]:
        told("tls", True)
    try:
        answer = await session.exchange(session.request(*messages.plain(params, "echo")))
    except HostError as error:
        return told("echo", False, error.why)
    finally:
        await session.close()
    return told("echo", answer[39] == "00", answer[39])
