"""Asking the host for what moves money. Every way out leaves the journal true."""

from pos import log
from pos.acquirer import financial, messages
from pos.acquirer.session import HostError
from pos.crypto import pin_block
from pos.flows import online
from pos.protocol import unionpay
from pos.protocol.errors import BadBytes
from pos.store.files import wipe
from pos.store.seal import seal_card
from pos.words import money, say

_READ_MS = 10000
_DIGIT = {"001": "0", "003": "6", "004": "6", "005": "3"}  # of F53, what the keys are
_WITH_TDK = ("004", "005")


async def run(t, txn: dict, card, pin):
    """Authorise ``txn`` for a ``Card``; ``pin`` is wiped, None or empty without one.

    The state of ``txn`` afterwards says how it ended: "begun" nothing was sent; "approved",
    "declined"; "sending" nobody knows: a reversal is due (of an advice the same request), and the
    reason for it (F39) is returned. Where the issuer wants to change the card, ``txn`` has the
    F55 of the answer as ``script``.
    """
    line = online.Line(t)
    mak = None
    t.buzzer.busy(True)
    try:
        fields = _fields(t, line.keys, txn, card, pin)
        mak = line.mak()
        return await _exchange(t, line, txn, line.session.request(*fields, mak), mak)
    except BadBytes as error:
        log.warn("host", "%s: %s", error.what, error.why)
        t.buzzer.bad()
        await t.show("message", "bad", say("card"), say("card_unreadable"), _READ_MS)
        return None
    finally:
        t.buzzer.busy(False)
        if mak:
            wipe(mak)
        await line.session.close()


async def _exchange(t, line, txn, request, mak):
    """As ``run``, once it is known what to send."""
    await t.show("working", say("authorising"), txn["amount"] and money(txn["amount"]))
    try:
        await line.session.connect()
    except HostError as error:  # nothing was sent: there is nothing to take back
        await online.explain(t, say("off").format(say(txn["kind"])), error)
        return None
    keep = not unionpay.is_kind(txn["kind"], "X")  # of what moves no money nothing is kept
    if keep:
        t.journal.sending(txn)
    try:
        answer = await line.ask(request, mak)
    except HostError as error:
        return "A0" if error.why == "mac" else "98"
    messages.result(txn, answer)
    if keep:
        t.journal.close(txn)
        data = answer.get(55) or b""
        if 0x71 in data or 0x72 in data:  # perhaps scripts for the card, see ``update``
            txn["script"] = bytes(data)
    else:
        txn["balance"] = messages.balance(answer)
    await line.session.close()
    if txn["state"] == "approved":
        await t.tell("approved", txn)
    else:
        await online.refused(t, say("declined"), txn["rc"])
    return None


def _fields(t, keys, txn, card, pin):
    """MTI and fields of the request. Raises BadBytes for a card that is none; wipes ``pin``."""
    try:
        txn["card"] = seal_card(t.sealer(), card.pan, card.expiry, card.psn)
        block = _encrypt(keys, pin, card.pan) if pin else None
    finally:
        if pin:
            wipe(pin)
    track = _cover(keys, card)
    return financial.request(t.params, txn, card, block, _DIGIT[keys.mode()], track)


def _encrypt(keys, pin, pan):
    pik = keys.pik()
    try:
        return pin_block.encrypt(pik, pin, pan, keys.sm4())
    except ValueError:  # a PAN of less than 13 digits has no block
        raise BadBytes("PIN", 0, "no block")
    finally:
        wipe(pik)


def _cover(keys, card) -> bool:
    """Encrypt the card's track where the host has sent a key for it; whether it is encrypted."""
    if not card.track2 or keys.mode() not in _WITH_TDK:
        return False
    from pos.crypto import track

    tdk = keys.tdk()
    try:
        card.track2 = track.encrypt(tdk, card.track2, sm4=keys.sm4())
    except ValueError:
        raise BadBytes("57", 0, "no track")
    finally:
        wipe(tdk)
    return True
