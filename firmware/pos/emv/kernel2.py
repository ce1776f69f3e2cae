"""Kernel 2, Mastercard M/Chip contactless in EMV mode (EMV Contactless Book C-2).

The steps have their names and order from C-2's states (S1 to S9, S910), with GENERATE AC as the
card's last command. Certificates are checked after it, when the card may have left.

Left out: mag-stripe mode (such a card ends with a reason), the relay resistance protocol (its bits
in TVR byte 5 stay 0), recovery of torn transactions, integrated data storage and data exchange
(DSDOL among it), balance reading, and the reading of fewer records where no CDA is done. A limit
that is not configured does not exist here, where C-2 would take it as zero.

From memory of the book [M]: the numbers of its states and sections; that a missing 9F4A counts as
missing ICC data; the default action codes; that CVM code 1F needs "no CVM" among the capabilities;
that a phone is refused (AAC) only where CDA was wanted and cannot be.
"""

from micropython import const

from pos.emv import outcome, read, tags
from pos.emv.link import command
from pos.emv.outcome import Outcome
from pos.protocol import apdu, tlv
from pos.protocol.errors import BadBytes

# AIP (82)
_AIP_DEVICE = const(0x02)  # byte 1: on-device cardholder verification
_AIP_CDA = const(0x01)
_AIP_EMV = const(0x80)  # byte 2

# Kernel configuration (DF811B)
_NO_EMV_MODE = const(0x40)
_DEVICE = const(0x20)

_CDA = const(0x08)  # 9F33 byte 3
_CONTACT = const(0x20)  # 9F33 byte 1
_CDA_ALWAYS = const(0x01)  # 9F5D byte 2: over an AAC too

_NO_ODA = const(0x80)  # TVR byte 1
_ICC_DATA_MISSING = const(0x20)
_CDA_FAILED = const(0x04)
_OVER_FLOOR = const(0x80)  # TVR byte 4

# The kinds of cryptogram as the reference control parameter and the CID have them
_AAC = const(0x00)
_TC = const(0x40)
_ARQC = const(0x80)
_SIGN = const(0x10)  # reference control parameter: CDA signature requested
_KIND = const(0xC0)

_PHONE_MS = const(1300)

# Transaction types (9C): purchase, cash, purchase with cashback, cash disbursement
_PAYING = b"\x00\x01\x09\x17"

# Without these no certificate can be checked (C-2, S456.25): 8F 90 9F32 9F46 9F47 9F4A
_FOR_CDA = b"\x00\x8f\x00\x90\x9f\x32\x9f\x46\x9f\x47\x9f\x4a"
# Only the answer to GENERATE AC may say these: 9F10 9F26 9F27 9F36 9F4B
_ANSWERED = b"\x10\x26\x27\x36\x4b"


def _load() -> None:
    """Load, with this kernel, what only its decision needs: there the card waits."""
    from pos.emv import action, cvm_list  # noqa: F401


_load()


def run(fci, card: dict, terminal: dict):
    """The generator of one application: yields C-APDUs and requests, returns an Outcome.

    ``fci`` is the answer to SELECT; what the card says is gathered in ``card``; ``terminal`` holds
    the data of terminal and transaction, and C-2's configuration objects (DF8117 ...). 9F33, 9F34
    and 95 are made here. A card whose data is malformed ends the application.
    """
    state = _State()
    try:
        result = yield from _steps(state, fci, card, terminal)
    except BadBytes as error:
        result = Outcome(outcome.END, str(error))
    result.step = state.step
    result.oda = state.oda
    terminal[0x95] = bytes(state.tvr)
    read.drop_certificates(card)
    return result


class _State:
    """What is known of a transaction besides data objects."""

    def __init__(self):
        self.step = outcome.STEP_INITIATE
        self.oda = outcome.NO_ODA
        self.tvr = bytearray(5)
        self.device = False  # card and reader know on-device cardholder verification
        self.cda = False  # wanted
        self.key = None  # of the CA
        self.sent = b""  # values for the PDOL
        self.control = 0  # reference control parameter
        self.cvm = outcome.NO_CVM


def _steps(state, fci, card, terminal):
    terminal[0x9F33] = bytes((_byte(terminal, 0xDF8117), 0, _byte(terminal, 0xDF811F)))
    terminal[0x9F34] = bytes(3)
    terminal[0x9F7E] = b"\x01"  # C-2, 6.2.3: on-device verification is known here
    if 0x9F09 not in terminal:
        terminal[0x9F09] = b"\x00\x02"
    refused = yield from _initiate(state, fci, card, terminal)
    if refused is not None:
        return refused
    state.step = outcome.STEP_READ
    refused, signed = yield from read.records(card, terminal)
    if refused is not None:
        return refused
    state.step = outcome.STEP_COMPLETE
    if _over(terminal, 0xDF8125 if state.device else 0xDF8124):
        return Outcome(outcome.SELECT_NEXT, "over the limit")
    _mandatory(card)
    signed = yield from _prepare_cda(state, card, terminal, signed)
    _decide(state, card, terminal)
    state.step = outcome.STEP_CRYPTOGRAM
    return (yield from _cryptogram(state, card, terminal, signed))


def _byte(terminal, tag: int) -> int:
    """A configuration object of one byte, 00 where there is none (C-2, default values)."""
    return tags.sized(terminal, tag, 1, 1)[0] if tag in terminal else 0


def _over(terminal, tag: int) -> bool:
    """Whether the amount is above the limit ``tag``; n12 both."""
    return tag in terminal and terminal[0x9F02] > tags.sized(terminal, tag, 6, 6)


def _filled(card, tag: int, terminal) -> bytes:
    """The values for the card's list ``tag``; the terminal's word goes before the card's."""
    return tags.fill(card.get(tag, b""), terminal, card)


def _initiate(state, fci, card, terminal):
    """SELECT's answer, GET PROCESSING OPTIONS, EMV or mag-stripe mode (C-2, S1 and S3)."""
    try:
        tags.harvest(card, fci, terminal)
        tags.sized(card, 0x84, 5, 16)
    except BadBytes as error:
        return Outcome(outcome.SELECT_NEXT, str(error))
    state.sent = _filled(card, 0x9F38, terminal)
    answer, sw = yield from command(apdu.gpo(state.sent))
    if sw != 0x9000:
        return Outcome(outcome.SELECT_NEXT, "GPO {:04X}".format(sw))
    read.options(card, answer, terminal)
    aip = tags.sized(card, 0x82, 2, 2)
    tags.sized(card, 0x94, 4, 252)
    kernel = _byte(terminal, 0xDF811B)
    if kernel & _NO_EMV_MODE or not aip[1] & _AIP_EMV:
        return Outcome(outcome.END, "mag-stripe mode")
    state.device = aip[0] & _AIP_DEVICE != 0 and kernel & _DEVICE != 0
    return None


def _mandatory(card) -> None:
    """What the records must have said (C-2, S456.16): PAN, expiry and CDOL1, well-formed."""
    tags.sized(card, 0x8C, 2, 252)
    tags.sized(card, 0x5F24, 3, 3)
    tags.sized(card, 0x5A, 6, 10)


def _prepare_cda(state, card, terminal, signed):
    """Whether there will be CDA (C-2, S3R1.17 and S456.25); returns the static data for it."""
    tvr = state.tvr
    if not (card[0x82][0] & _AIP_CDA and terminal[0x9F33][2] & _CDA):
        tvr[0] |= _NO_ODA
        return b""
    state.cda = True
    state.step = outcome.STEP_ODA
    if card.get(0x9F4A, b"\x82") != b"\x82":
        raise BadBytes("9F4A", 0, "names more than the AIP")
    signed = read.static_data(card, signed)
    for i in range(0, len(_FOR_CDA), 2):
        if _FOR_CDA[i] << 8 | _FOR_CDA[i + 1] not in card:
            tvr[0] |= _ICC_DATA_MISSING | _CDA_FAILED
    index = card.get(0x8F)
    if index:
        state.key = yield outcome.CaKey(terminal[0x9F06][:5], index[0])
    if state.key is None:
        tvr[0] |= _CDA_FAILED
    return signed


def _decide(state, card, terminal) -> None:
    """From the restrictions to the cryptogram to ask for (C-2, S456.30 to 39 and GAC.20 to 27)."""
    from pos.emv import action, cvm_list  # no name of this module: they may go afterwards

    tvr = state.tvr
    state.step = outcome.STEP_RESTRICTIONS
    action.restrictions(card, terminal, tvr)
    state.step = outcome.STEP_CVM
    required = _over(terminal, 0xDF8126)
    capabilities = bytearray(terminal[0x9F33])
    capabilities[1] = _byte(terminal, 0xDF8118 if required else 0xDF8119)
    terminal[0x9F33] = bytes(capabilities)
    state.cvm = cvm_list.select(card, terminal, tvr, state.device, required)
    state.step = outcome.STEP_ACTION
    if _over(terminal, 0xDF8123):
        tvr[3] |= _OVER_FLOOR
    kind = action.analysis(card, terminal, tvr)
    for tag in [tag for tag in terminal if tag >= 0xDF8100]:
        del terminal[tag]  # the configuration has had its say
    sign = 0
    if state.cda:
        if tvr[0] & _CDA_FAILED:
            if state.device:
                kind = _AAC
        elif kind != _AAC or _cda_always(card):
            sign = _SIGN
    state.control = kind | sign


def _cda_always(card) -> bool:
    """Application capabilities information: CDA over TC, ARQC and AAC."""
    return 0x9F5D in card and tags.sized(card, 0x9F5D, 3, 3)[1] & _CDA_ALWAYS != 0


def _cryptogram(state, card, terminal, signed):
    """GENERATE AC and what becomes of its answer (C-2, S9 and S910)."""
    terminal[0x95] = bytes(state.tvr)
    values = _filled(card, 0x8C, terminal)
    for low in _ANSWERED:
        card.pop(0x9F00 | low, None)
    answer, sw = yield from command(apdu.generate_ac(state.control, values))
    if sw != 0x9000:
        return Outcome(outcome.END, "GENERATE AC {:04X}".format(sw))
    _take(card, answer, terminal)
    cid = tags.sized(card, 0x9F27, 1, 1)[0]
    tags.sized(card, 0x9F36, 2, 2)
    wanted, got = state.control & _KIND, cid & _KIND
    if got and got != wanted and (got != _ARQC or wanted != _TC):
        raise BadBytes("9F27", 0, "not what was asked for")
    if 0x9F4B in card:
        # the answer is signed as a whole: a copy of it stays, where it held its place until now
        del card[0x9F4B]
        answer = bytes(answer)
    else:
        answer = None
        tags.sized(card, 0x9F26, 8, 8)
        if state.control & _SIGN and (got or not wanted):
            state.tvr[0] |= _CDA_FAILED
            raise BadBytes("9F4B", 0, "missing")
    yield outcome.Ui(outcome.MSG_CARD_READ, outcome.CARD_READ)
    tags.account(card)  # C-2 has no such check: not while the card waits
    if answer is not None:
        why = _combined(state, card, terminal, signed, (state.sent, values), cid, answer)
        if why:
            state.tvr[0] |= _CDA_FAILED
            return Outcome(outcome.END, why)
        state.oda = outcome.CDA
    return (yield from _result(state, card, terminal, got))


def _take(card, answer, terminal) -> None:
    """One template 77 with everything, or 80: CID, ATC, cryptogram, issuer data (C-2, S9.18)."""
    end = 0
    for tag, i, n in tlv.walk(answer):
        if end or tag not in (0x77, 0x80):
            raise BadBytes("{:02X}".format(tag), i, "not an answer to GENERATE AC")
        end = i + n
        if tag == 0x77:
            tags.harvest(card, memoryview(answer)[i:end], terminal)
            continue
        if not 11 <= n <= 43:
            raise BadBytes("80", i, "length {}".format(n))
        card[0x9F27] = bytes(answer[i : i + 1])
        card[0x9F36] = bytes(answer[i + 1 : i + 3])
        card[0x9F26] = bytes(answer[i + 3 : i + 11])
        if n > 11:
            card[0x9F10] = bytes(answer[i + 11 : end])
    if 0x9F10 in card:
        tags.sized(card, 0x9F10, 1, 32)


def _combined(state, card, terminal, signed, values, cid: int, answer) -> str:
    """Combined data authentication (C-2, S910.1 to 4): "" or what is wrong."""
    state.step = outcome.STEP_ODA
    if not state.cda:
        return "9F4B at 0: not asked for"
    from pos.emv import oda  # only now, when the card may be gone

    un = terminal[0x9F37]
    return oda.cda(card, signed, state.key, terminal[0x9A], un, values, cid, answer)


def _result(state, card, terminal, got: int):
    """The card's decision becomes an outcome (C-2, S910.70 to 81)."""
    state.step = outcome.STEP_ACTION
    if 0xDF4B in card:
        info = tags.sized(card, 0xDF4B, 3, 3)
        if info[1] & 0x03 or info[2] & 0x0F:
            # The default phone message table; for a second tap alone it has no fitting words
            message = outcome.MSG_SEE_PHONE if info[1] & 0x0F else outcome.MSG_PRESENT_AGAIN
            yield outcome.Ui(message, outcome.NOT_READY, _PHONE_MS)
            return Outcome(outcome.TRY_AGAIN, "the card's holder has to act", message)
    if got == _TC:
        return Outcome(outcome.APPROVED, "", 0, state.cvm)
    if got == _ARQC:
        return Outcome(outcome.ONLINE, "", 0, state.cvm)
    why = "card declined" if state.control & _KIND else "terminal declined"
    if terminal[0x9C][0] not in _PAYING:
        return Outcome(outcome.END, why)
    if terminal[0x9F33][0] & _CONTACT and not _other_form(card):
        return Outcome(outcome.OTHER_INTERFACE, why)
    return Outcome(outcome.DECLINED, why)


def _other_form(card) -> bool:
    """Whether third party data (9F6E) says that it is no plastic card, which fits no contacts.

    Country (2 bytes), unique identifier (2), device type (2, "00" for a card) if b8 of the
    identifier is 0 (C-2, Third Party Data).
    """
    data = card.get(0x9F6E, b"")
    return len(data) >= 6 and not data[2] & 0x80 and bytes(data[4:6]) != b"00"
