"""Asking the host for a sale: PIN, request, answer. Every way out leaves the journal true."""

from pos.acquirer import messages
from pos.acquirer.session import HostError
from pos.crypto import pin_block
from pos.emv.outcome import CDCVM, ONLINE_PIN, SIGNATURE
from pos.flows import online
from pos.protocol import unionpay
from pos.protocol.errors import BadBytes
from pos.store.files import wipe
from pos.store.seal import seal_card
from pos.ui import entry as ask
from pos.ui import screens as show
from pos.ui.strings import money, say

_READ_MS = 10000
_METHODS = {SIGNATURE: "signature", CDCVM: "cdcvm"}


async def run(t, txn: dict, tags: dict, cvm: int) -> None:
    """Authorise ``txn`` with the card data ``tags``; its state afterwards says how it ended:

    "begun" nothing was sent; "approved", "declined"; "sending" a reversal has been tried.
    """
    line = online.Line(t)
    try:
        request, mak = await _request(t, line, txn, tags, cvm)
        tags.clear()
    except BadBytes:
        t.buzzer.bad()
        await show.message(t.ui, "bad", say("card"), say("card_unreadable"), _READ_MS)
        return
    if not request:
        return
    await show.working(t.ui, say("authorising"), money(txn["amount"]))
    try:
        await line.session.connect()
    except HostError as error:  # nothing was sent: there is nothing to take back
        wipe(mak)
        await online.explain(t, say("sale"), error)
        return
    t.journal.sending(txn)
    try:
        answer = await line.ask(request, mak)
    except HostError as error:
        await t.tell("reversal", "A0" if error.why == "mac" else "98")
        return
    messages.result(txn, answer)
    t.journal.close(txn)
    await line.session.close()
    if txn["state"] == "approved":
        await _approved(t, txn)
    else:
        await online.refused(t, say("declined"), txn["rc"])


async def _request(t, line, txn, tags, cvm) -> tuple:
    """(request, key for its answer), or (None, None) when the cardholder cancelled."""
    card = messages.card(tags)
    messages.describe(txn, card, tags)
    txn["card"] = seal_card(t.sealer, card.pan, card.expiry, card.psn)
    txn["cvm"] = _METHODS.get(cvm, "none")
    block = None
    if cvm == ONLINE_PIN:
        t.buzzer.ok()
        pin = await ask.pin(t.ui, txn["amount"], txn["pan"])
        if pin is None:
            return None, None
        if pin:
            txn["cvm"] = "pin"
            block = _encrypt(line.keys.pik(), pin, card.pan)
        else:
            txn["cvm"] = "signature"
    fields = messages.sale(t.params, txn, card, tags, block)
    mak = line.keys.mak()
    return line.session.request(*fields, mak), mak


def _encrypt(pik, pin, pan):
    try:
        return pin_block.encrypt(pik, pin, pan)
    finally:
        wipe(pik)
        wipe(pin)


async def _approved(t, txn):
    t.buzzer.ok()
    lines = (unionpay.response(txn["rc"])[1], txn["pan"], say("auth_code") + " " + txn["auth"])
    await show.result(t.ui, "ok", say("approved"), lines, txn["amount"])
