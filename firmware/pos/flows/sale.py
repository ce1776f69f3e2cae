"""A contactless sale, from the amount to the slip."""

from pos.emv.outcome import APPROVED, CDCVM, MSG_APPROVED, ONLINE, ONLINE_PIN, SIGNATURE
from pos.flows import online
from pos.store.journal import JournalFull
from pos.ui.strings import say

_READ_MS = 10000
_METHODS = {SIGNATURE: "signature", CDCVM: "cdcvm"}


async def run(t, first_key=None) -> None:
    """Ask the amount and sell; ``first_key`` is the digit that was typed on the idle screen."""
    amount = await t.tell("amount", first_key)
    if amount is None or not await online.ready(t):
        return
    try:
        txn = _begin(t, amount)
    except JournalFull:
        await _refuse(t, say("journal_full"))
        return
    result = await t.tell("card", txn)
    if result:
        await _go_on(t, txn, *result)
    if txn["state"] == "begun":
        txn["state"] = "cancelled"
        t.journal.close(txn)
    elif txn["state"] == "approved":
        await t.tell("printing")


async def _go_on(t, txn, kind, message, cvm, tags):
    """What the card's outcome leads to: the host, or a sentence."""
    if kind != ONLINE:
        # An offline approval is not taken: there is no way yet to tell the host of it
        await _refuse(t, say("emv_%02X" % (MSG_APPROVED if kind == APPROVED else message)))
        return
    holder = await t.tell("holder", txn, tags)
    if not holder:
        await _refuse(t, say("card_unreadable"))
        return
    txn["cvm"] = _METHODS.get(cvm, "none")
    pin = None
    if cvm == ONLINE_PIN:
        pin = await t.tell("pin", txn)
        if pin is None:
            return
        txn["cvm"] = "pin" if pin else "signature"
    reason = await t.tell("authorise", txn, holder, pin)
    if reason:
        await t.tell("reversal", reason)


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


async def _refuse(t, sentence):
    t.buzzer.bad()
    await t.show("message", "bad", say("sale_off"), sentence, _READ_MS)
