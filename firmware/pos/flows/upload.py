"""What was approved here goes to the host, oldest first: offline sales, chip approvals.

The host knows each by batch and trace, so one that is sent twice is booked once. What it refuses
is declined in the journal too: nobody is charged, and a fault slip tells the merchant so.
"""

from pos.acquirer import financial, messages
from pos.acquirer.card_data import Card
from pos.acquirer.session import HostError
from pos.flows import online
from pos.protocol import unionpay
from pos.store.seal import open_card
from pos.words import money, say

_READ_MS = 10000
_KEPT = ("state", "rc", "rrn", "auth", "issuer", "acquirer", "org")


async def run(t) -> bool:
    """Returns whether nothing waits any more; says why when the host cannot be told."""
    if not await online.ready(t, False, False):
        return False
    title, tries = say("upload"), 2
    while True:
        txn = t.journal.waiting()
        if not txn:
            return True
        await t.show("working", title, money(txn["amount"]))
        try:
            answer = await _ask(t, txn)
        except HostError as error:
            await online.explain(t, title, error)
            return False
        group = unionpay.response(answer[39])[0]
        if group in "SR" and tries:  # new keys first; or the host cannot just now
            tries -= 1
            if group == "R" or await t.tell("sign_in"):
                continue
        if group == "S":
            await t.tell("refused", title, answer[39])
            return False
        messages.result(txn, answer)
        t.journal.uploaded(txn["trace"], {n: txn[n] for n in _KEPT if n in txn})
        if txn["state"] == "declined":
            await t.tell("refused", title, txn["rc"])
            await t.show("message", "bad", title, say("upload_refused"), _READ_MS)
            t.reports = True


async def _ask(t, txn) -> dict:
    """The answer, after as many tries as a reversal has. Raises HostError."""
    tries = t.params["reversal_tries"]
    while True:
        card = Card(*open_card(t.sealer(), txn["card"]), f55=txn.get("f55"))
        try:
            return await online.Line(t).sealed(*financial.request(t.params, txn, card))
        except HostError:
            tries -= 1
            if not tries:
                raise
