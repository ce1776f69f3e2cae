"""Reversal: the host takes back what nobody knows whether it was booked.

Due whenever the journal has a transaction that was sent and not closed: also after a power cut. It
is repeated until the host acknowledges it, and nothing else goes online before. An advice is not
taken back: it is sent again.
"""

from pos.acquirer import financial
from pos.acquirer.card_data import Card
from pos.acquirer.session import HostError
from pos.flows import online
from pos.protocol import unionpay
from pos.store.seal import open_card
from pos.words import money, say

_READ_MS = 10000
_TAKEN_BACK = ("00", "12", "25")  # reversed; or the host has no such sale
NO_ANSWER = "98"


async def run(t, reason: str = NO_ANSWER) -> bool:
    """Returns whether nothing is due any more; ``reason`` is F39: 98 no answer, A0 bad MAC."""
    txn = t.journal.pending()
    if not txn:
        return True
    if unionpay.is_kind(txn["kind"], "A"):
        return await t.tell("advice", txn)
    title = say("reversal")
    t.ui.set_status(pending=True)
    if txn["state"] == "sending":
        t.journal.reversal(txn["trace"], reason)
    else:
        reason = txn.get("reason", reason)
    await t.show("working", title, say("reversal_hint"))
    for _ in range(t.params["reversal_tries"]):
        if not t.signed_in and not await t.tell("sign_in"):
            return False
        try:
            code = await _ask(t, txn, reason)
        except HostError:
            await t.show("working", title, say("reversal_again"))
            continue
        if code in _TAKEN_BACK:
            t.journal.reversed(txn["trace"], code)
            t.ui.set_status(pending=False)
            kind = txn["kind"]
            name = "reversal_done" if kind == "sale" else "reversal_undone"
            text = say(name).format(money(txn["amount"]), say(kind))
            await t.show("message", "warn", title, text, _READ_MS)
            return True
    t.buzzer.bad()
    await t.show("message", "bad", title, say("reversal_waits"), _READ_MS)
    t.reports = True  # of a fault: somebody may have to act, reference section 9
    return False


async def _ask(t, txn, reason) -> str:
    card = Card(*open_card(t.sealer(), txn["card"]))
    fields = financial.reversal(t.params, txn, card, reason)
    return (await online.Line(t).sealed(*fields))[39]
