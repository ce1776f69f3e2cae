"""An advice that nobody has answered is sent again: refund, notice of a completion, uploads.

The host knows it by batch and trace, so that it counts once however often it comes. It has neither
PIN nor track: what the journal keeps is enough.
"""

from pos.acquirer import financial, messages
from pos.acquirer.card_data import Card
from pos.acquirer.session import HostError
from pos.flows import online
from pos.protocol import unionpay
from pos.store.seal import open_card
from pos.words import money, say

_READ_MS = 10000


async def run(t, txn: dict) -> bool:
    """Returns whether ``txn``, which is pending, has an answer now; shows what it was."""
    title = say(txn["kind"])
    t.ui.set_status(pending=True)
    await t.show("working", title, say("advice_hint"))
    for _ in range(t.params["reversal_tries"]):
        if not t.signed_in and not await t.tell("sign_in"):
            return False
        try:
            answer = await _ask(t, txn)
        except HostError:
            await t.show("working", title, say("reversal_again"))
            continue
        if unionpay.response(answer[39])[0] == "S":  # keys were no good: it was not looked at
            continue
        messages.result(txn, answer)
        t.journal.close(txn)
        t.ui.set_status(pending=False)
        if txn["state"] == "approved":
            text = say("advice_done").format(money(txn["amount"]))
            await t.show("message", "ok", title, text, _READ_MS)
        else:
            await t.tell("refused", title, txn["rc"])
        return True
    t.buzzer.bad()
    await t.show("message", "bad", title, say("advice_waits"), _READ_MS)
    return False


async def _ask(t, txn) -> dict:
    card = Card(*open_card(t.sealer(), txn["card"]), f55=txn.get("f55"))
    return await online.Line(t).sealed(*financial.request(t.params, txn, card))
