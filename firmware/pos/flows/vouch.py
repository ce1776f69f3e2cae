"""Decided here, by the card or by a voice: the host is told later, of a refusal by settlement."""

from pos.protocol import tlv, unionpay
from pos.store.seal import seal_card

_AAC = 0  # the card's decision, 9F27


async def run(t, txn: dict, card) -> None:
    """Keep what the host will have to be told of ``txn``; an approval is shown.

    A sale that the card has refused with its cryptogram (AAC) is declined from now on.
    """
    txn["card"] = seal_card(t.sealer(), card.pan, card.expiry, card.psn)
    txn["entry"] = unionpay.entry_mode(card.mode, False)
    decision = tlv.find(txn.get("f55") or b"", 0x9F27)
    if txn["kind"] != "sale":
        t.journal.approve(txn)
        await t.tell("approved", txn)
    elif decision and decision[0] >> 6 == _AAC:
        txn["state"] = "declined"
        t.journal.close(txn)
