"""What the host is asked for money with. Keys and card are in the heap only until it is sealed."""

from pos.acquirer import financial
from pos.crypto import pin_block
from pos.protocol.errors import BadBytes
from pos.store.files import wipe
from pos.store.seal import seal_card

_DIGIT = {"001": "0", "003": "6", "004": "6", "005": "3"}  # of F53, what the keys are
_WITH_TDK = ("004", "005")


async def run(t, line, txn: dict, card, pin):
    """The request of ``txn`` as ``line`` takes it, and the clear MAC key for the caller to wipe.

    ``card``: a ``Card``; ``pin`` is wiped, None or empty without one. Raises BadBytes for a card
    that is none.
    """
    keys = line.keys()
    fields = _fields(t, keys, txn, card, pin)
    mak = line.mak(keys)
    return line.session.request(*fields, mak), mak


def _fields(t, keys, txn, card, pin):
    """MTI and fields of the request; wipes ``pin``."""
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
