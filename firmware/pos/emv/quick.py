"""What kernels 3 and 7 share: one GPO with the cryptogram, the card's wishes in its CTQ.

Kernel 7 (UnionPay, Book C-7) was made after kernel 3 (Visa, Book C-3): the steps, the TTQ and the
CTQ are the same. Where the two differ is said in ``kernel3`` and ``kernel7``.
"""

from binascii import unhexlify

from micropython import const

from pos.emv import outcome, read, tags
from pos.emv.link import command
from pos.emv.outcome import Outcome
from pos.protocol import apdu, bcd
from pos.protocol.errors import BadBytes

# TTQ (9F66)
_CONTACT = const(0x10)  # byte 1
_OFFLINE_ONLY = const(0x08)
_READER_ONLINE_PIN = const(0x04)
_READER_SIGNATURE = const(0x02)
_ODA_FOR_ONLINE = const(0x01)
_CRYPTOGRAM_REQUIRED = const(0x80)  # byte 2
_CVM_REQUIRED = const(0x40)

# CTQ (9F6C)
_CARD_ONLINE_PIN = const(0x80)  # byte 1
_CARD_SIGNATURE = const(0x40)
_ONLINE_IF_ODA_FAILS = const(0x20)
_CONTACT_IF_ODA_FAILS = const(0x10)
_ONLINE_IF_EXPIRED = const(0x08)
_CDCVM_DONE = const(0x80)  # byte 2

_AAC = const(0)
_TC = const(1)
_ARQC = const(2)

_TVR_NO_ODA = const(0x80)  # byte 1
_TVR_SDA_FAILED = const(0x40)
_TVR_DDA_FAILED = const(0x08)
_TVR_EXPIRED = const(0x40)  # byte 2
_TVR_NOT_YET = const(0x20)

_AIP_SDA = const(0x40)  # byte 1
_AIP_DDA = const(0x20)

_SEE_PHONE_MS = const(1300)


def run(fci, card: dict, terminal: dict, sda: bool):
    """The generator of one application: yields C-APDUs and requests, returns an Outcome.

    ``fci`` is the answer to SELECT; what the card says is gathered in ``card``; ``terminal`` holds
    the data of terminal and transaction, 9F66 prepared; ``sda``: static data authentication serves
    too. 95 and the derived 9F27 are updated. Raises BadBytes.
    """
    state = _State()
    try:
        result = yield from _steps(state, fci, card, terminal, sda)
    except BadBytes as error:
        result = Outcome(outcome.END, str(error))
    result.step = state.step
    result.oda = state.oda
    read.drop_certificates(card)
    return result


class _State:
    def __init__(self):
        self.step = outcome.STEP_INITIATE
        self.oda = outcome.NO_ODA


def _steps(state, fci, card, terminal, sda):
    # Initiate Application Processing: without a PDOL that asks for the TTQ the card is none of
    # these schemes' contactless cards. The label and the DF name are kept for the receipt.
    tags.harvest(card, fci, terminal)
    pdol = card.get(0x9F38)
    if pdol is None or not tags.lists(pdol, 0x9F66):
        return Outcome(outcome.SELECT_NEXT, "PDOL without 9F66")
    answer, sw = yield from command(apdu.gpo(tags.fill(pdol, terminal)))
    if sw != 0x9000:
        return (yield from _gpo_refused(sw))
    read.options(card, answer, terminal)
    state.step = outcome.STEP_READ
    refused, signed = yield from read.records(card, terminal)
    if refused is not None:
        return refused
    yield outcome.Ui(outcome.MSG_CARD_READ, outcome.CARD_READ)
    state.step = outcome.STEP_COMPLETE
    return (yield from _after_card(state, card, terminal, sda, signed))


def _gpo_refused(sw: int):
    """Initiate Application Processing: what the status words of GPO lead to."""
    why = "GPO {:04X}".format(sw)
    if sw == 0x6984:
        return Outcome(outcome.OTHER_INTERFACE, why)
    if sw == 0x6986:
        # a phone that wants its owner to do something first
        yield outcome.Ui(outcome.MSG_SEE_PHONE, outcome.NOT_READY, _SEE_PHONE_MS)
        return Outcome(outcome.TRY_AGAIN, why, outcome.MSG_SEE_PHONE)
    return Outcome(outcome.SELECT_NEXT, why)


def _after_card(state, card, terminal, sda, signed):
    """From complete card data to the outcome; the card may be gone."""
    decision = _mandatory(card)
    pan, expiry = tags.account(card)
    if 0x5A not in card:
        card[0x5A] = unhexlify(pan + "F" if len(pan) & 1 else pan)
    ttq = terminal[0x9F66]
    if decision == _AAC:
        state.step = outcome.STEP_ACTION
        return Outcome(outcome.DECLINED, "card declined")
    if decision not in (_TC, _ARQC):
        raise BadBytes("9F27", 0, "no such decision")
    if decision == _TC and ttq[1] & _CRYPTOGRAM_REQUIRED:
        state.step = outcome.STEP_ACTION
        return Outcome(outcome.DECLINED, "offline although asked to go online")
    tvr = bytearray(5)
    tvr[0] = _TVR_NO_ODA
    online = decision == _ARQC
    state.step = outcome.STEP_RESTRICTIONS
    if _restricted(card, terminal, expiry, tvr):
        if not _ctq(card) & _ONLINE_IF_EXPIRED or ttq[0] & _OFFLINE_ONLY:
            return Outcome(outcome.DECLINED, "card expired")
        online = True
    state.step = outcome.STEP_ODA
    if not online or (decision == _ARQC and ttq[0] & _ODA_FOR_ONLINE):
        why = yield from _authenticate(state, card, terminal, sda and online, signed, tvr)
        if why and not online:
            refused = _unauthentic(card, ttq, why)
            if refused is not None:
                return refused
            online = True
    # The TVR that the card has signed (PDOL with 95) is left as it was sent: the issuer checks the
    # cryptogram over it.
    if not tags.lists(card[0x9F38], 0x95):
        terminal[0x95] = bytes(tvr)
    state.step = outcome.STEP_CVM
    return _verification(card, terminal, decision, online)


def _mandatory(card: dict) -> int:
    """Check what an authorisation cannot do without; returns the card's decision.

    Card Read Complete: AIP, ATC, AC, issuer application data and the account. The decision is in
    the CID, or where there is none in the CVR within 9F10 (byte 5, b6 and b5).
    """
    tags.sized(card, 0x82, 2, 2)
    tags.sized(card, 0x9F36, 2, 2)
    tags.sized(card, 0x9F26, 8, 8)
    issuer = tags.sized(card, 0x9F10, 1, 32)
    if 0x9F6C in card:
        tags.sized(card, 0x9F6C, 2, 2)
    if 0x9F27 in card:
        return tags.sized(card, 0x9F27, 1, 1)[0] >> 6
    if len(issuer) < 5:
        raise BadBytes("9F10", 0, "no CVR, and no 9F27")
    decision = issuer[4] >> 4 & 3
    card[0x9F27] = bytes((decision << 6,))
    return decision


def _ctq(card) -> int:
    """Byte 1 of the card's CTQ, 0 without one."""
    return card[0x9F6C][0] if 0x9F6C in card else 0


def _restricted(card: dict, terminal: dict, expiry: str, tvr) -> bool:
    """Processing Restrictions: whether the card has expired; what was found goes into the TVR."""
    today = bcd.unpack(terminal[0x9A])
    if tags.order(expiry) < tags.order(today[:4]):
        tvr[1] |= _TVR_EXPIRED
    if 0x5F25 in card:
        since = bcd.unpack(tags.sized(card, 0x5F25, 3, 3))
        if tags.order(since) > tags.order(today):
            tvr[1] |= _TVR_NOT_YET
    return tvr[1] & _TVR_EXPIRED != 0


def _authenticate(state, card, terminal, sda, signed, tvr):
    """Offline Data Authentication: "" when the card is authentic, else the reason.

    fDDA where the card can (AIP byte 1, b6); static authentication only where ``sda`` allows it,
    for a card that goes online all the same.
    """
    dynamic = card[0x82][0] & _AIP_DDA
    if not dynamic and not (sda and card[0x82][0] & _AIP_SDA):
        return "no data authentication"
    index = card.get(0x8F)
    key = None
    if index:
        key = yield outcome.CaKey(terminal[0x9F06][:5], index[0])
    tvr[0] &= ~_TVR_NO_ODA & 0xFF
    if key is None:
        why = "no CA key" if index else "8F missing"
    else:
        from pos.emv import oda  # only now, when the card may be gone

        static = read.static_data(card, signed)
        if dynamic:
            why = oda.fdda(card, static, key, terminal[0x9A], terminal)
        else:
            why = oda.sda(card, static, key, terminal[0x9A])
    if why:
        tvr[0] |= _TVR_DDA_FAILED if dynamic else _TVR_SDA_FAILED
    else:
        state.oda = outcome.FDDA if dynamic else outcome.SDA
    return why


def _unauthentic(card, ttq, why):
    """What the card wants when it has approved and is not authentic; None: to go online."""
    ctq = _ctq(card)
    if ctq & _ONLINE_IF_ODA_FAILS and not ttq[0] & _OFFLINE_ONLY:
        return None
    if ctq & _CONTACT_IF_ODA_FAILS and ttq[0] & _CONTACT:
        return Outcome(outcome.OTHER_INTERFACE, why)
    return Outcome(outcome.DECLINED, why)


def _verification(card: dict, terminal: dict, decision: int, online: bool) -> Outcome:
    """Cardholder Verification: the card's choice (CTQ) among what the reader can do (TTQ)."""
    ttq = terminal[0x9F66]
    required = ttq[1] & _CVM_REQUIRED
    if 0x9F6C not in card:
        cvm = _without_ctq(ttq) if required else outcome.NO_CVM
    else:
        ctq = card[0x9F6C]
        cvm = None
        if ctq[0] & _CARD_ONLINE_PIN and ttq[0] & _READER_ONLINE_PIN:
            cvm = outcome.ONLINE_PIN
        elif ctq[1] & _CDCVM_DONE:
            if not _confirmed(card, ctq, decision):
                return Outcome(outcome.DECLINED, "CDCVM not confirmed")
            cvm = outcome.CDCVM
        elif ctq[0] & _CARD_SIGNATURE and ttq[0] & _READER_SIGNATURE:
            cvm = outcome.SIGNATURE
        elif not required:
            cvm = outcome.NO_CVM
    if cvm is None:
        return Outcome(outcome.DECLINED, "no common CVM")
    if cvm == outcome.ONLINE_PIN:
        online = True  # the PIN can only be checked by the host
    return Outcome(outcome.ONLINE, "", 0, cvm) if online else Outcome(outcome.APPROVED, "", 0, cvm)


def _without_ctq(ttq):
    """A card without CTQ has no wishes: signature, else online PIN, whichever the reader has."""
    if ttq[0] & _READER_SIGNATURE:
        return outcome.SIGNATURE
    return outcome.ONLINE_PIN if ttq[0] & _READER_ONLINE_PIN else None


def _confirmed(card, ctq, decision) -> bool:
    """Card authentication related data (9F69), when there, repeats the CTQ in bytes 6 and 7.

    Without it only a cryptogram that the host checks can stand for the CTQ.
    """
    signed = card.get(0x9F69)
    if signed is None:
        return decision == _ARQC
    return signed[5:7] == ctq
