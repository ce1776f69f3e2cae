"""Asking the host for what moves money. Every way out leaves the journal true."""

from pos import log
from pos.acquirer import messages
from pos.acquirer.session import HostError
from pos.flows import online
from pos.protocol import unionpay
from pos.protocol.errors import BadBytes
from pos.store.files import wipe
from pos.words import money, say

_READ_MS = 10000


async def run(t, txn: dict, card, pin):
    """Authorise ``txn`` for a ``Card``; ``pin`` is wiped, None or empty without one.

    The state of ``txn`` afterwards says how it ended: "begun" nothing was sent; "approved",
    "declined", of which nobody has been told yet; "sending" nobody knows: a reversal is due (of an
    advice the same request), and the reason for it (F39) is returned. Where the issuer wants to
    change the card, ``txn`` has the F55 of the answer as ``script``.
    """
    line = online.Line(t)
    mak = None
    t.buzzer.busy(True)
    try:
        request, mak = await t.tell("request", line, txn, card, pin)
        return await _exchange(t, line, txn, request, mak)
    except BadBytes as error:
        log.warn("host", "%s: %s", error.what, error.why)
        t.buzzer.bad()
        await t.show("message", "bad", say("card"), say("card_unreadable"), _READ_MS)
        return None
    finally:
        t.buzzer.busy(False)
        for secret in (pin, mak):
            if secret:
                wipe(secret)
        await line.session.close()


async def _exchange(t, line, txn, request, mak):
    """As ``run``, once it is known what to send."""
    await t.show("working", say("authorising"), txn["amount"] and money(txn["amount"]))
    try:
        await line.session.connect()
    except HostError as error:  # nothing was sent: there is nothing to take back
        await online.explain(t, say("off").format(say(txn["kind"])), error)
        return None
    keep = not unionpay.is_kind(txn["kind"], "X")  # of what moves no money nothing is kept
    if keep:
        t.journal.sending(txn)
    try:
        answer = await line.ask(request, mak)
    except HostError as error:
        return "A0" if error.why == "mac" else "98"
    messages.result(txn, answer)
    if keep:
        t.journal.close(txn)
        data = answer.get(55) or b""
        if 0x71 in data or 0x72 in data:  # perhaps scripts for the card, see ``update``
            txn["script"] = bytes(data)
    else:
        txn["balance"] = messages.balance(answer)
    return None
