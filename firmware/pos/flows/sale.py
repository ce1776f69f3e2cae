"""A contactless sale, from the amount to the slip."""

import os
import time

from pos.acquirer import messages
from pos.acquirer.session import HostError
from pos.crypto import pin_block
from pos.emv import outcome as emv
from pos.flows import card, online
from pos.flows.emv_data import request, terminal_data
from pos.protocol import unionpay
from pos.protocol.errors import BadBytes
from pos.store.files import wipe
from pos.store.journal import JournalError
from pos.store.seal import seal_card
from pos.ui import entry as ask
from pos.ui import screens as show
from pos.ui.strings import money, say

_READ_MS = 10000
_RESULT_MS = 30000


async def run(t, first_key=None) -> None:
    """Ask the amount and sell; ``first_key`` is the digit that was typed on the idle screen."""
    amount = await ask.amount(t.ui, t.params["amount_max"], first_key)
    if amount is None or not await online.ready(t):
        return
    try:
        txn = _begin(t, amount)
    except JournalError:
        await _stop(t, say("journal_full"))
        return
    sealed = await _prepare(t, txn)
    if sealed:
        await _send(t, txn, sealed)


def _begin(t, amount) -> dict:
    txn = {
        "kind": "sale",
        "trace": t.counters.next_stan(),
        "amount": amount,
        "when": t.now(),
        "operator": t.operator,
        "merchant_id": t.params["merchant_id"],
        "terminal_id": t.params["terminal_id"],
    }
    t.journal.begin(txn)
    return txn


async def _stop(t, sentence, kind="bad"):
    t.buzzer.bad()
    await show.message(t.ui, kind, say("sale"), sentence, _READ_MS)


def _cancel(t, txn):
    txn["state"] = "cancelled"
    t.journal.close(txn)


async def _prepare(t, txn):
    """From the card to the request that may be sent, or None: the sale is closed and explained."""
    sealed = None
    try:
        outcome = await card.read(t, terminal_data(t.params, t.serial), request(txn, os.urandom(4)))
        if outcome and outcome.kind == emv.ONLINE:
            sealed = await _request(t, txn, outcome)
        elif outcome:
            await _stop(t, say("emv_%02X" % outcome.message))
    except BadBytes:
        await _stop(t, say("card_unreadable"))
    if not sealed:
        _cancel(t, txn)
    return sealed


async def _request(t, txn, outcome):
    """The request and the key for its answer, or None when the cardholder cancelled."""
    holder = messages.card(outcome.tags)
    messages.describe(txn, holder, outcome.tags)
    txn["card"] = seal_card(t.sealer, holder.pan, holder.expiry, holder.psn)
    block = None
    txn["cvm"] = "signature" if outcome.cvm == emv.SIGNATURE else "none"
    if outcome.cvm == emv.ONLINE_PIN:
        t.buzzer.ok()
        pin = await ask.pin(t.ui, txn["amount"], txn["pan"])
        if pin is None:
            return None
        if pin:
            block = _encrypt(t, pin, holder.pan)
            txn["cvm"] = "pin"
        else:
            txn["cvm"] = "signature"
    fields = messages.sale(t.params, txn, holder, outcome.tags, block)
    mak = t.keys.mak()
    return t.session.request(*fields, mak), mak


def _encrypt(t, pin, pan):
    pik = t.keys.pik()
    try:
        return pin_block.encrypt(pik, pin, pan)
    finally:
        wipe(pik)
        wipe(pin)


async def _send(t, txn, sealed):
    message, mak = sealed
    await show.working(t.ui, say("authorising"), money(txn["amount"]))
    try:
        await t.session.connect()
    except HostError as error:  # nothing was sent: there is nothing to take back
        wipe(mak)
        _cancel(t, txn)
        await online.explain(t, say("sale"), error)
        return
    t.journal.sending(txn)
    try:
        answer = await online.ask_host(t, message, mak)
    except HostError as error:
        await t.tell("reversal", "A0" if error.why == "mac" else "98")
        return
    messages.result(txn, answer)
    t.journal.close(txn)
    await t.session.close()
    if txn["state"] == "approved":
        await _approved(t, txn)
    else:
        await online.refused(t, say("declined"), txn["rc"])


async def _approved(t, txn):
    t.buzzer.ok()
    lines = (unionpay.response(txn["rc"])[1], txn["pan"], say("auth_code") + " " + txn.get("auth", ""))
    await show.result(t.ui, "ok", say("approved"), lines, txn["amount"])
    await t.tell("printing")
    await show.acknowledge(t.ui, _RESULT_MS)
