"""Asking the host for what moves money. Every way out leaves the journal true."""

from pos import log
from pos.acquirer import financial, messages
from pos.acquirer.session import HostError
from pos.crypto import pin_block
from pos.flows import online
from pos.protocol import unionpay
from pos.protocol.errors import BadBytes
from pos.store.files import wipe
from pos.store.seal import seal_card
from pos.ui.strings import money, say

_READ_MS = 10000


async def run(t, txn: dict, card, pin):
    """Authorise ``txn`` for a ``Card``; ``pin`` is wiped, None or empty without one.

    The state of ``txn`` afterwards says how it ended: "begun" nothing was sent; "approved",
    "declined"; "sending" nobody knows: a reversal is due (of an advice the same request), and the
    reason for it (F39) is returned.
    """
    line = online.Line(t)
    try:
        txn["card"] = seal_card(t.sealer(), card.pan, card.expiry, card.psn)
        block = _encrypt(line.keys.pik(), pin, card.pan) if pin else None
        fields = financial.request(t.params, txn, card, block)
        mak = line.keys.mak()
        request = line.session.request(*fields, mak)
    except BadBytes as error:
        log.warn("host", "%s: %s", error.what, error.why)
        t.buzzer.bad()
        await t.show("message", "bad", say("card"), say("card_unreadable"), _READ_MS)
        return None
    del fields, card
    await t.show("working", say("authorising"), txn["amount"] and money(txn["amount"]))
    try:
        await line.session.connect()
    except HostError as error:  # nothing was sent: there is nothing to take back
        wipe(mak)
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
    else:
        txn["balance"] = messages.balance(answer)
    await line.session.close()
    if txn["state"] == "approved":
        await t.tell("approved", txn)
    else:
        await online.refused(t, say("declined"), txn["rc"])
    return None


def _encrypt(pik, pin, pan):
    try:
        return pin_block.encrypt(pik, pin, pan)
    finally:
        wipe(pik)
        wipe(pin)
