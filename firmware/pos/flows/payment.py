"""What all card transactions share: begun, the card, its holder, the host, the slip.

Whatever happens, the journal is true when it ends: closed, or pending and told so. It stays in
the heap while a card is read: what each step needs is loaded by the step.
"""

from pos.emv.outcome import APPROVED, CDCVM, DECLINED, MSG_APPROVED, ONLINE, SIGNATURE
from pos.words import say

_READ_MS = 10000
_VOUCHED = b"\x8a\x02Y1"  # F55 of what the card approved: 8A, approved offline


async def run(t, txn: dict, card=None) -> None:
    """Carry ``txn`` to its end: ``kind``, ``amount``, and what its kind names besides.

    ``card``: a ``Card`` that was typed or is the original's; None: it is held to the reader.
    """
    flags = await t.tell("begin", txn)
    if flags is None:
        return
    if card:
        txn["pan"] = card.pan[:6] + "*" * (len(card.pan) - 10) + card.pan[-4:]
        txn["cvm"] = "absent" if txn.get("absent") or "t" in flags else "signature"
        if not await t.tell("listed", card.pan, flags):
            await _finish(t, txn, card, None, flags)
    else:
        result = await t.tell("card", txn)
        if result:
            t.used[2] += 1
            await _go_on(t, txn, flags, *result)
    if "X" in flags:
        return
    if txn["state"] == "begun":
        txn["state"] = "cancelled"
        t.journal.close(txn)
    elif txn["state"] == "approved":
        await t.tell("printing")


async def _go_on(t, txn, flags, kind, message, cvm, tags):
    """What the card's outcome leads to: the host, an approval of its own, or a sentence."""
    offline = kind == APPROVED and txn["kind"] == "sale" and t.params["offline"]
    if kind != ONLINE and not offline:
        if kind == DECLINED and txn["kind"] == "sale":
            card = await t.tell("holder", txn, tags)
            if card:
                await t.tell("vouch", txn, card)
        await _refuse(t, txn, "emv_%02X" % (MSG_APPROVED if kind == APPROVED else message))
        return
    card = await t.tell("holder", txn, tags)
    if not card:
        await _refuse(t, txn, "card_unreadable")
        return
    if await t.tell("listed", card.pan, flags):
        return
    if offline:
        txn["kind"] = "ec_sale"
        txn["f55"] += _VOUCHED
        txn["cvm"] = {SIGNATURE: "signature", CDCVM: "cdcvm"}.get(cvm, "ec")
        _scheme(txn, card)
        await t.tell("vouch", txn, card)
        return
    if t.journal.waiting() and "a" not in flags and not await t.tell("upload"):
        return
    pin = await t.tell("pin", txn, cvm)
    if pin is not None:
        await _finish(t, txn, card, pin, flags)


async def _finish(t, txn, card, pin, flags):
    """Ask the host."""
    _scheme(txn, card)
    if "a" in flags:
        await t.tell("vouch", txn, card)
        return
    if "A" in flags:
        card.track2 = ""  # the same request may have to be sent again, from the journal
    if "F" in flags:
        card.f55 = txn["f55"] = None  # the card only says whose account it is
    reason = await t.tell("authorise", txn, card, pin)
    # told when keys and messages have left the heap
    if txn["state"] == "approved":
        await t.tell("approved", txn)
    elif txn["state"] == "declined":
        await t.tell("refused", say("declined"), txn["rc"])
    if "script" in txn:
        await t.tell("update", txn)
    if not reason:
        return
    if "X" in flags:  # a silence costs nothing
        await _refuse(t, txn, "host_mac" if reason == "A0" else "host_silent")
    else:
        t.unsure = reason  # ``shift`` goes on, when the heap has got back what this story needs


def _scheme(txn, card):
    """Whose card it is, unless that is its original's; the host's answer may know better."""
    if not txn.get("org"):
        from pos.protocol import unionpay  # not while a card is read

        txn["org"] = unionpay.organisation(card.pan, txn.get("aid") or "")


async def _refuse(t, txn, why):
    t.buzzer.bad()
    title = say("off").format(say(txn["kind"]))
    await t.show("message", "bad", title, say(why), _READ_MS)
