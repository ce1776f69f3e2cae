"""What all card transactions share: begun, the card, its holder, the host, the slip.

Whatever happens, the journal is true when it ends: closed, or pending and told so.
"""

from pos.acquirer.card_data import masked
from pos.emv.outcome import APPROVED, CDCVM, MSG_APPROVED, ONLINE, SIGNATURE
from pos.flows import online
from pos.protocol import unionpay
from pos.store.journal import JournalFull
from pos.store.seal import seal_card
from pos.ui.strings import say

_READ_MS = 10000
_VOUCHED = b"\x8a\x02Y1"  # F55 of what the card approved: 8A, approved offline
_SCHEMES = "4 VIS,5 MCC,2 MCC,35JCB,34AMX,37AMX"  # first digits of a PAN; others are CUP


async def run(t, txn: dict, card=None) -> None:
    """Carry ``txn`` to its end: ``kind``, ``amount``, and what its kind names besides.

    ``card``: a ``Card`` that was typed or is the original's; None: it is held to the reader.
    """
    flags = unionpay.transaction(txn["kind"])[5]
    if ("a" not in flags or t.journal.pending()) and not await online.ready(t):
        return
    if not await _begin(t, txn, flags):
        return
    if card:
        txn["pan"] = masked(card.pan)
        txn["cvm"] = "absent" if txn.get("absent") or "t" in flags else "signature"
        await _finish(t, txn, card, None, flags)
    else:
        result = await t.tell("card", txn)
        if result:
            await _go_on(t, txn, flags, *result)
    if "X" in flags:
        return
    if txn["state"] == "begun":
        txn["state"] = "cancelled"
        t.journal.close(txn)
    elif txn["state"] == "approved":
        await t.tell("printing")


async def _begin(t, txn, flags) -> bool:
    txn["trace"] = t.counters.next_stan()
    txn["when"] = t.now()
    txn["operator"] = t.operator
    txn["merchant_id"] = t.params["merchant_id"]
    txn["terminal_id"] = t.params["terminal_id"]
    txn["state"] = "begun"
    txn["batch"] = t.params["batch"]
    if "X" in flags:  # it moves no money: nothing of it is kept
        return True
    try:
        if t.journal.count >= t.params["batch_max"]:
            raise JournalFull
        t.journal.begin(txn)
    except JournalFull:
        await _refuse(t, txn, "batch_settles" if t.journal.settling else "journal_full")
        return False
    return True


async def _go_on(t, txn, flags, kind, message, cvm, tags):
    """What the card's outcome leads to: the host, an approval of its own, or a sentence."""
    offline = kind == APPROVED and txn["kind"] == "sale" and t.params["offline"]
    if kind != ONLINE and not offline:
        await _refuse(t, txn, "emv_%02X" % (MSG_APPROVED if kind == APPROVED else message))
        return
    card = await t.tell("holder", txn, tags)
    if not card:
        await _refuse(t, txn, "card_unreadable")
        return
    if offline:
        txn["kind"] = "ec_sale"
        txn["f55"] += _VOUCHED
        txn["cvm"] = {SIGNATURE: "signature", CDCVM: "cdcvm"}.get(cvm, "ec")
        await _vouch(t, txn, card)
        return
    if "A" in flags:
        card.track2 = ""  # the same request may have to be sent again, from the journal
    if "F" in flags:
        card.f55 = txn["f55"] = None  # the card only says whose account it is
        txn["org"] = _scheme(card.pan)
    pin = await t.tell("pin", txn, cvm)
    if pin is not None:
        await _finish(t, txn, card, pin, flags)


async def _finish(t, txn, card, pin, flags):
    """Ask the host; of what nobody knows how it ended the end is brought about at once."""
    if "a" in flags:
        await _vouch(t, txn, card)
        return
    reason = await t.tell("authorise", txn, card, pin)
    if not reason:
        return
    if "X" in flags:  # a silence costs nothing
        await _refuse(t, txn, "host_mac" if reason == "A0" else "host_silent")
    else:
        await t.tell("reversal", reason)


async def _vouch(t, txn, card):
    """Approved here; the host is told later."""
    txn["card"] = seal_card(t.sealer(), card.pan, card.expiry, card.psn)
    txn["entry"] = unionpay.entry_mode(card.mode, False)
    t.journal.approve(txn)
    await t.tell("approved", txn)


def _scheme(pan) -> str:
    for row in _SCHEMES.split(","):
        if pan.startswith(row[:2].strip()):
            return row[2:]
    return "CUP"


async def _refuse(t, txn, why):
    t.buzzer.bad()
    title = say("off").format(say(txn["kind"]))
    await t.show("message", "bad", title, say(why), _READ_MS)
