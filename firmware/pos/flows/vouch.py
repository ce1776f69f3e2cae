"""Approved here, by the card or by a voice: the host is told later."""

from pos.protocol import unionpay
from pos.store.seal import seal_card


async def run(t, txn: dict, card) -> None:
    """Keep what the host will have to be told of ``txn``, and show that it is approved."""
    txn["card"] = seal_card(t.sealer(), card.pan, card.expiry, card.psn)
    txn["entry"] = unionpay.entry_mode(card.mode, False)
    t.journal.approve(txn)
    await t.tell("approved", txn)
