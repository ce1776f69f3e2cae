"""The entry point: which application of the card and which kernel (EMV Contactless Book B, 3).

Left out: extended selection (9F29), which a reader need not support; Start D, as no kernel here
has anything to do with the card after the host has answered. A card without PPSE ends here, as
Book B wants it.
"""

from micropython import const

from pos.emv import config, outcome, tags
from pos.emv.link import command
from pos.emv.outcome import Outcome
from pos.protocol import apdu, tlv
from pos.protocol.errors import BadBytes

_KERNELS = b"\x02\x03\x07"

_OFFLINE_ONLY = const(0x08)  # TTQ byte 1
_CRYPTOGRAM_REQUIRED = const(0x80)  # TTQ byte 2
_CVM_REQUIRED = const(0x40)


def prepared_ttq(aid, amount: int):
    """The TTQ for this amount (fen), or None where contactless is not allowed.

    Book B, 3.1.1 (pre-processing): the limits decide the two requirement bits of byte 2.
    """
    ttq = bytearray(aid.ttq)
    ttq[1] &= ~(_CRYPTOGRAM_REQUIRED | _CVM_REQUIRED) & 0xFF
    if aid.limit is not None and amount >= aid.limit:
        return None
    online = aid.status_check and amount == 100
    if amount == 0:
        # a zero amount is asked of the host, which an offline-only reader has not
        if not aid.zero or ttq[0] & _OFFLINE_ONLY:
            return None
        online = True
    if aid.floor is not None and amount > aid.floor:
        online = True
    if online:
        ttq[1] |= _CRYPTOGRAM_REQUIRED
    if aid.cvm is not None and amount >= aid.cvm:
        ttq[1] |= _CVM_REQUIRED
    return bytes(ttq)


def _kernel_wanted(name, kernel_id) -> int:
    """The kernel an entry of the directory asks for: 0 any, -1 none that exists (3.3.2.5)."""
    if kernel_id is None:
        return config.default_kernel(name)
    if len(kernel_id) == 0:
        return -1
    if kernel_id[0] & 0x80 == 0:
        return kernel_id[0]
    # a domestic or proprietary kernel: three bytes, and none of ours
    return -1


def _whole(tag, i, n):
    """Nothing to do with an object but to have seen it."""


def _entry(buf):
    """(ADF name, kernel wanted, priority) of a directory entry, or None when it is no use."""
    tlv.each_leaf(buf, _whole)
    name = tlv.find(buf, 0x4F)
    if name is None or not 5 <= len(name) <= 16:
        return None
    priority = tlv.find(buf, 0x87)
    rank = priority[0] & 0x0F if priority else 0
    return bytes(name), _kernel_wanted(name, tlv.find(buf, 0x9F2A)), rank or 16


def candidates(fci, aids) -> list:
    """Directory entries that the terminal supports, the preferred first: (rank, ADF name, index).

    ``fci`` is the answer to SELECT PPSE, ``aids`` the combinations; index points into them.
    Book B, 3.3.2: priority 1 is the highest, 0 and none the lowest, then the card's order. An
    entry that is damaged in itself is skipped; BadBytes when the directory cannot be walked.
    """
    found = []
    directory = tlv.find(fci, 0xBF0C)
    if directory is None:
        return found
    for tag, i, n in tlv.walk(directory):
        if tag != 0x61:
            continue
        try:
            entry = _entry(directory[i : i + n])
        except BadBytes:
            continue
        if entry is None:
            continue
        name, kernel, priority = entry
        for k in range(len(aids)):
            if aids[k].takes(name, kernel):
                found.append((priority << 8 | len(found), name, k))
    found.sort()
    return found


def _kernel(number):
    """The kernel's module: loaded when a card has asked for it, and only that one."""
    if number == 7:
        from pos.emv import kernel7 as kernel
    elif number == 3:
        from pos.emv import kernel3 as kernel
    else:
        from pos.emv import kernel2 as kernel
    return kernel.run


def _application(known, aid, ttq, name):
    """Final selection and kernel activation (Book B, 3.3.3 and 3.4); returns the outcome.

    ``known`` is the data of terminal and transaction; that of the application is added to it.
    """
    run = _kernel(aid.kernel)
    terminal = config.kernel_data(aid, known)
    fci, sw = yield from command(apdu.select(name))
    if sw != 0x9000:
        return Outcome(outcome.SELECT_NEXT, "SELECT {:04X}".format(sw))
    terminal[0x9F66] = ttq
    terminal[0x9F06] = aid.aid
    card = {}
    result = yield from run(fci, card, terminal)
    # What the card said stays apart from what the terminal knows until the kernel has ended.
    card.update(terminal)
    result.tags = card
    result.aid = name
    return result


def _selection(known, aids, ttqs):
    """From the PPSE through the candidates, until a kernel wants none of the others."""
    fci, sw = yield from command(apdu.select(apdu.PPSE))
    found = candidates(fci, aids) if sw == 0x9000 else []
    why = "PPSE {:04X}".format(sw) if sw != 0x9000 else "no common application"
    while found:
        _, name, k = found.pop(0)
        aid, ttq, data = aids[k], ttqs[k], known
        if found:
            data = known.copy()
        else:  # the last one: no other combination will be wanted
            aids.clear()
            ttqs.clear()
        try:
            result = yield from _application(data, aid, ttq, name)
        except BadBytes as error:
            result = Outcome(outcome.END, str(error))
            result.aid = name
        result.kernel = aid.kernel
        if result.kind != outcome.SELECT_NEXT:
            return result
        why = result.why
    # Book B, 3.3.2.7 and 3.3.3: nothing (more) to select
    return Outcome(outcome.END, why)


def _combinations(cfg, txn) -> tuple:
    """The combinations that may be used for this amount, and the TTQ of each."""
    aids = []
    ttqs = []
    for aid in cfg["aids"]:
        ttq = prepared_ttq(aid, txn["amount"]) if aid.kernel in _KERNELS else None
        if ttq is not None:
            aids.append(aid)
            ttqs.append(ttq)
    return aids, ttqs


def _known(cfg, txn) -> dict:
    """The data of terminal and transaction. What is on the stack here does not stay on it."""
    known = dict(cfg["terminal"])
    known.update(tags.transaction_data(txn))
    return known


def transaction(cfg: dict, txn: dict):
    """Talk to one card (Start A), return an Outcome; card data never raises.

    Yields C-APDUs, to be answered by the R-APDU, and requests: outcome.Ui, answered by None, and
    outcome.CaKey, answered by the record of that key or None. ``cfg``: "terminal" maps tags to the
    terminal's data (9F1A, 5F2A, 9F33, 9F35, 9F1E ...), "aids" is a list of Aid. ``txn`` as in
    tags.transaction_data. Thrown in, CardLost and CardUnreadable become TRY_AGAIN, Collision too
    (one card only); ReaderFault passes through.
    """
    aids, ttqs = _combinations(cfg, txn)
    if not aids:
        return Outcome(outcome.OTHER_INTERFACE, "amount not allowed contactless")
    # made before the card is asked for anything: its time is not for this
    known = _known(cfg, txn)
    del cfg, txn  # this frame is here as long as the card is
    try:
        return (yield from _selection(known, aids, ttqs))
    except BadBytes as error:
        return Outcome(outcome.END, str(error))
    except apdu.CardLost:
        return Outcome(outcome.TRY_AGAIN, "card lost")
    except apdu.Collision:
        return Outcome(outcome.TRY_AGAIN, "two cards", outcome.MSG_ONE_CARD_ONLY)
    except apdu.CardUnreadable:
        return Outcome(outcome.TRY_AGAIN, "card unreadable")
