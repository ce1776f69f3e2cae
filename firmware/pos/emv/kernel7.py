"""Kernel 7, UnionPay quickPass (EMV Contactless Book C-7): as far as an online sale needs it.

Offline data authentication is not part of it: a card that approves offline is declined. What
is marked [M] is from memory of the book and of qPBOC (JR/T 0025.12).
"""

from binascii import unhexlify

from micropython import const

from pos.emv import outcome, tags
from pos.emv.link import command
from pos.emv.outcome import Outcome
from pos.protocol import apdu, bcd, tlv
from pos.protocol.errors import BadBytes

# TTQ (9F66)
_READER_ONLINE_PIN = const(0x04)  # byte 1
_READER_SIGNATURE = const(0x02)
_CVM_REQUIRED = const(0x40)  # byte 2

# CTQ (9F6C)
_CARD_ONLINE_PIN = const(0x80)  # byte 1
_CARD_SIGNATURE = const(0x40)
_ONLINE_IF_EXPIRED = const(0x08)
_CDCVM_DONE = const(0x80)  # byte 2

_AAC = const(0)
_TC = const(1)
_ARQC = const(2)

_TVR_NO_ODA = const(0x80)  # byte 1
_TVR_EXPIRED = const(0x40)  # byte 2
_TVR_NOT_YET = const(0x20)

_MAX_RECORDS = const(32)


def run(fci, card: dict, terminal: dict):
    """The generator of one application: yields C-APDUs, returns an Outcome, raises BadBytes.

    ``fci`` is the answer to SELECT; what the card says is gathered in ``card``; ``terminal`` holds
    the data of terminal and transaction, 9F66 prepared. 95 and the derived 9F27 are updated.
    """
    # C-7, Initiate Application Processing: without a PDOL that asks for the TTQ the card is no
    # quickPass card. The label and the DF name are kept for the receipt.
    tags.harvest(card, fci, terminal)
    pdol = card.get(0x9F38)
    if pdol is None or not tags.lists(pdol, 0x9F66):
        return outcome.select_next("PDOL without 9F66")
    answer, sw = yield from command(apdu.gpo(tags.fill(pdol, terminal)))
    if sw != 0x9000:
        return _gpo_refused(sw)
    _options(card, answer, terminal)
    # C-7, Read Application Data
    refused = yield from _records(card, terminal)
    if refused is not None:
        return refused
    return _decision(card, terminal)


def _gpo_refused(sw: int) -> Outcome:
    """C-7, GET PROCESSING OPTIONS: what the status words lead to [M]."""
    why = "GPO {:04X}".format(sw)
    if sw == 0x6984:
        return outcome.other_interface(why)
    if sw == 0x6986:
        # a phone that wants its owner to do something first
        return outcome.try_again(why, outcome.MSG_SEE_PHONE)
    return outcome.select_next(why)


def _options(card: dict, answer, terminal: dict) -> None:
    """AIP and AFL in format 1 (80), everything in format 2 (77) (EMV Book 3, 6.5.8.4)."""
    for tag, i, n in tlv.walk(answer):
        if tag == 0x80:
            if n < 6 or (n - 2) & 3:
                raise BadBytes("80", i, "length {}".format(n))
            card[0x82] = bytes(answer[i : i + 2])
            card[0x94] = bytes(answer[i + 2 : i + n])
            return
        if tag == 0x77:
            tags.harvest(card, memoryview(answer)[i : i + n], terminal)
            return
        raise BadBytes("{:02X}".format(tag), i, "not a GPO answer")
    raise BadBytes("GPO", 0, "empty")


def _records(card: dict, terminal: dict):
    """READ RECORD all that the AFL names (EMV Book 3, 10.2); an Outcome when the card refuses."""
    afl = card.get(0x94, b"")
    if len(afl) & 3:
        raise BadBytes("94", 0, "length {}".format(len(afl)))
    count = 0
    for i in range(0, len(afl), 4):
        sfi, first, last, signed = afl[i] >> 3, afl[i + 1], afl[i + 2], afl[i + 3]
        if afl[i] & 7 or not 1 <= sfi <= 30 or not 1 <= first <= last:
            raise BadBytes("94", i, "no such record")
        if signed > last - first + 1:
            raise BadBytes("94", i + 3, "more signed than there are")
        count += last - first + 1
        if count > _MAX_RECORDS:
            raise BadBytes("94", i, "over {} records".format(_MAX_RECORDS))
        for record in range(first, last + 1):
            answer, sw = yield from command(apdu.read_record(sfi, record))
            if sw != 0x9000:
                return outcome.end("READ RECORD {:04X}".format(sw))
            _record(card, sfi, answer, terminal)


def _record(card: dict, sfi: int, answer, terminal: dict) -> None:
    """Files 1 to 10 hold one template 70 a record (EMV Book 3, 5.3.2); others are the issuer's."""
    if sfi > 10:
        return
    count = 0
    for tag, i, n in tlv.walk(answer):
        count += 1
        if tag != 0x70 or count > 1:
            raise BadBytes("{:02X}".format(tag), i, "not one template 70")
        tags.harvest(card, memoryview(answer)[i : i + n], terminal)
    if not count:
        raise BadBytes("70", 0, "missing")


def _mandatory(card: dict) -> int:
    """Check what an online authorisation cannot do without; returns the card's decision.

    C-7, Card Read Complete: AIP, ATC, AC, issuer application data and the account. The decision is
    in the CID, or where there is none in the CVR within 9F10 (byte 5, b6 and b5).
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


def _decision(card: dict, terminal: dict) -> Outcome:
    """From complete card data to the outcome."""
    decision = _mandatory(card)
    pan, expiry = tags.account(card)
    if 0x5A not in card:
        card[0x5A] = unhexlify(pan + "F" if len(pan) & 1 else pan)
    # C-7, Card Action: the card may refuse, and asks for the host otherwise
    if decision == _AAC:
        return outcome.declined("card declined")
    if decision == _TC:
        return outcome.declined("offline approval without data authentication")
    if decision != _ARQC:
        raise BadBytes("9F27", 0, "no such decision")
    ctq = card.get(0x9F6C, b"\x00\x00")
    refused = _restrictions(card, terminal, expiry, ctq)
    if refused is not None:
        return refused
    return _verification(card, terminal, ctq)


def _order(date: str) -> int:
    """A date YYMM or YYMMDD as a number that grows with time: years from 50 on are 19xx."""
    return int(date) + (-50 if date[:2] >= "50" else 50) * (100 if len(date) == 4 else 10000)


def _restrictions(card: dict, terminal: dict, expiry: str, ctq):
    """C-7, Processing Restrictions: an expired card goes online only when its CTQ says so.

    The TVR that the card has signed (PDOL with 95) is left as it was sent: the issuer checks the
    cryptogram over it.
    """
    today = terminal[0x9A]
    tvr = bytearray(5)
    tvr[0] = _TVR_NO_ODA
    if _order(expiry) < _order(bcd.unpack(today)[:4]):
        tvr[1] |= _TVR_EXPIRED
    if 0x5F25 in card:
        since = bcd.unpack(tags.sized(card, 0x5F25, 3, 3))
        if _order(since) > _order(bcd.unpack(today)):
            tvr[1] |= _TVR_NOT_YET
    if not tags.lists(card[0x9F38], 0x95):
        terminal[0x95] = bytes(tvr)
    if tvr[1] & _TVR_EXPIRED and not ctq[0] & _ONLINE_IF_EXPIRED:
        return outcome.declined("card expired")
    return None


def _verification(card: dict, terminal: dict, ctq) -> Outcome:
    """C-7, Cardholder Verification: the card's choice (CTQ) among what the reader can do (TTQ)."""
    ttq = terminal[0x9F66]
    required = ttq[1] & _CVM_REQUIRED
    cvm = None
    if 0x9F6C not in card:
        if required and ttq[0] & _READER_SIGNATURE:
            cvm = outcome.SIGNATURE
        elif required and ttq[0] & _READER_ONLINE_PIN:
            cvm = outcome.ONLINE_PIN
    elif ctq[0] & _CARD_ONLINE_PIN and ttq[0] & _READER_ONLINE_PIN:
        cvm = outcome.ONLINE_PIN
    elif ctq[1] & _CDCVM_DONE:
        # Card authentication related data, when there, repeats the CTQ in bytes 6 and 7.
        signed = card.get(0x9F69)
        if signed is not None and signed[5:7] != ctq:
            return outcome.declined("CDCVM not confirmed")
        cvm = outcome.CDCVM
    elif ctq[0] & _CARD_SIGNATURE and ttq[0] & _READER_SIGNATURE:
        cvm = outcome.SIGNATURE
    if cvm is None:
        if required:
            return outcome.declined("no common CVM")
        cvm = outcome.NO_CVM
    return Outcome(outcome.ONLINE, outcome.MSG_AUTHORISING, "", "", cvm)
