"""Cardholder verification by the card's CVM list, for kernel 2 (C-2, CVM; EMV Book 3, 10.5).

The list (8E) holds the amounts X and Y, 4 bytes each, then rules of two bytes: what to do (b7:
go on with the next rule when it cannot be done), and on which condition.
"""

from micropython import const

from pos.emv import action, outcome, tags
from pos.protocol import bcd
from pos.protocol.errors import BadBytes

_AIP_CVM = const(0x10)  # byte 1

_ICC_DATA_MISSING = const(0x20)  # TVR byte 1
_NOT_SUCCESSFUL = const(0x80)  # TVR byte 3
_UNRECOGNISED = const(0x40)
_PIN_ENTERED = const(0x04)

# CVM codes without b7 (EMV Book 3, Annex C3)
_FAIL = const(0x00)
_ONLINE_PIN = const(0x02)
_LAST_OFFLINE_PIN = const(0x05)
_SIGNATURE = const(0x1E)
_NO_CVM = const(0x1F)
_NEXT = const(0x40)

# Terminal capabilities (9F33) byte 2
_HAS_ONLINE_PIN = const(0x40)
_HAS_SIGNATURE = const(0x20)
_HAS_NO_CVM = const(0x08)

_CASH = const(0x01)
_CASHBACK = const(0x09)
_DISBURSEMENT = const(0x17)

# CVM results (9F34)
_NONE_UNKNOWN = b"\x3f\x00\x00"
_NONE_FAILED = b"\x3f\x00\x01"
_NONE_DONE = b"\x3f\x00\x02"
_DEVICE_DONE = b"\x01\x00\x02"


def select(card: dict, terminal: dict, tvr, device: bool, required: bool) -> int:
    """The CVM, one of outcome.NO_CVM ...; 9F34 goes into ``terminal``, what went wrong into TVR.

    ``device``: card and reader know on-device verification; ``required``: the amount is above the
    reader's CVM limit. 9F33 in ``terminal`` is complete. Raises BadBytes for a malformed list.
    """
    if device:
        terminal[0x9F34] = _DEVICE_DONE if required else _NONE_DONE
        return outcome.CDCVM if required else outcome.NO_CVM
    terminal[0x9F34] = _NONE_UNKNOWN
    if not card[0x82][0] & _AIP_CVM:
        return outcome.NO_CVM
    rules = card.get(0x8E, b"")
    n = len(rules)
    if n == 0 or n == 8:
        tvr[0] |= _ICC_DATA_MISSING
        return outcome.NO_CVM
    if n < 8 or n & 1:
        raise BadBytes("8E", 0, "length {}".format(n))
    return _by_rules(rules, card, terminal, tvr)


def _by_rules(rules, card, terminal, tvr) -> int:
    capabilities = terminal[0x9F33][1]
    results = _NONE_FAILED
    for i in range(8, len(rules), 2):
        code = rules[i] & 0x3F
        if not _applies(rules[i + 1], code, rules, card, terminal):
            continue
        if _supported(code, capabilities):
            done = 2 if code == _NO_CVM else 0  # whether PIN or signature are good comes later
            terminal[0x9F34] = bytes((rules[i], rules[i + 1], done))
            if code == _ONLINE_PIN:
                tvr[2] |= _PIN_ENTERED
                return outcome.ONLINE_PIN
            return outcome.SIGNATURE if code == _SIGNATURE else outcome.NO_CVM
        if code > _LAST_OFFLINE_PIN and code != _SIGNATURE and code != _NO_CVM:
            tvr[2] |= _UNRECOGNISED
        if not rules[i] & _NEXT or i + 2 == len(rules):
            if code == _FAIL:
                results = bytes((rules[i], rules[i + 1], 1))
            break
    tvr[2] |= _NOT_SUCCESSFUL
    terminal[0x9F34] = results
    return outcome.NO_CVM


def _supported(code: int, capabilities: int) -> bool:
    """Whether the reader can do it; an offline PIN never, as the card is gone by then."""
    if code == _ONLINE_PIN:
        return capabilities & _HAS_ONLINE_PIN != 0
    if code == _SIGNATURE:
        return capabilities & _HAS_SIGNATURE != 0
    return code == _NO_CVM and capabilities & _HAS_NO_CVM != 0


def _applies(condition: int, code: int, rules, card, terminal) -> bool:
    """Whether a rule's condition is known and fulfilled (EMV Book 3, Annex C3, Table 44)."""
    if condition == 0:
        return True
    if condition == 3:  # to fail is always possible
        return code == _FAIL or _supported(code, terminal[0x9F33][1])
    if condition > 5:
        return condition < 10 and _amount_fits(condition, rules, card, terminal)
    kind = terminal[0x9C][0]
    unattended = action.terminal_type(terminal) & 0x0F > 3
    if condition == 1:
        return kind == _CASH and unattended
    if condition == 2:
        return kind not in (_CASH, _CASHBACK, _DISBURSEMENT)
    if condition == 4:
        return kind == _DISBURSEMENT or (kind == _CASH and not unattended)
    return kind == _CASHBACK


def _amount_fits(condition: int, rules, card, terminal) -> bool:
    """06 under X, 07 over X, 08 under Y, 09 over Y, all in the card's currency (9F42)."""
    if 0x9F42 not in card or tags.sized(card, 0x9F42, 2, 2) != terminal[0x5F2A]:
        return False
    at = 4 if condition > 7 else 0
    bound = int.from_bytes(rules[at : at + 4], "big")
    amount = int(bcd.unpack(terminal[0x9F02]))
    return amount > bound if condition & 1 else amount < bound
