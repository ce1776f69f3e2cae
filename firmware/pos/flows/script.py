"""The result of an issuer's scripts goes to the host, before anything else that goes online."""

from pos import log
from pos.acquirer import financial
from pos.acquirer.card_data import Card
from pos.acquirer.session import HostError
from pos.flows import online
from pos.store import scripts
from pos.store.seal import open_card
from pos.words import say


async def run(t) -> bool:
    """Returns whether nothing is left to tell; says why when the host cannot be told.

    What the host refuses is told all the same: nobody could do more about it.
    """
    waiting = scripts.get(t.root)
    if not waiting:
        return True
    trace, own, result = waiting
    txn = t.journal.find(trace)
    if txn and txn.get("card"):
        try:
            answer = await _ask(t, txn, own, result)
        except HostError as error:
            await online.explain(t, say("menu_host"), error)
            return False
        if answer[39] != "00":
            log.warn("script", "%d: %s", trace, answer[39])
    scripts.told(t.root)
    return True


async def _ask(t, txn, own, result) -> dict:
    await t.show("working", say("menu_host"), "")
    pan, expiry, psn = open_card(t.sealer(), txn["card"])
    line = online.Line(t)
    mak = line.mak()
    message = financial.script(t.params, txn, Card(pan, expiry, psn), own, result)
    try:
        return await line.ask(line.session.request(*message, mak), mak)
    finally:
        await line.session.close()
