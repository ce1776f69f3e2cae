"""What the terminal makes of a card that wants to be told: restrictions and action analysis.

Processing restrictions and terminal action analysis as kernel 2 has them (EMV Contactless Book
C-2, Procedures PRE and TAA; EMV Book 3, 10.4 and 10.7). Both work on the TVR, a bytearray(5).
"""

from micropython import const

from pos.emv import tags

# The kinds of cryptogram as the reference control parameter and the CID have them
AAC = const(0x00)
TC = const(0x40)
ARQC = const(0x80)

# Transaction types (9C)
_PURCHASE = const(0x00)
_CASH = const(0x01)
_CASHBACK = const(0x09)
_DISBURSEMENT = const(0x17)

# TVR byte 2
_OTHER_VERSION = const(0x80)
_EXPIRED = const(0x40)
_NOT_YET = const(0x20)
_SERVICE_NOT_ALLOWED = const(0x10)

# Application usage control (9F07), byte 1, then byte 2: at home, and abroad one bit lower
_CASH_AT_HOME = const(0x80)
_GOODS_OR_SERVICES_AT_HOME = const(0x28)
_AT_ATM = const(0x02)
_NOT_AT_ATM = const(0x01)
_CASHBACK_AT_HOME = const(0x80)

_OFFERS_CASH = const(0x80)  # 9F40 byte 1

# Terminal types (9F35) that are online only, offline only, and those an ATM may have
_ONLINE_ONLY = b"\x11\x21\x14\x24\x34"
_OFFLINE_ONLY = b"\x23\x26\x36\x13\x16"
_ATM = b"\x14\x15\x16"

# A terminal action code that the configuration does not have: without data authentication, after
# a failed one, and after a failed relay resistance protocol (C-2, default values)
_TAC = b"\x84\x00\x00\x00\x0c"
_CLEAN = bytes(5)  # a TVR without a bit


def terminal_type(terminal: dict) -> int:
    """9F35, 00 where it is not configured (C-2, default values)."""
    value = terminal.get(0x9F35)
    return value[0] if value else 0


def restrictions(card: dict, terminal: dict, tvr) -> None:
    """Processing restrictions (C-2, PRE): versions, dates, usage control. Raises BadBytes."""
    if 0x9F08 in card and card[0x9F08] != terminal[0x9F09]:
        tvr[1] |= _OTHER_VERSION
    today = tags.packed_order(terminal[0x9A])
    if today > tags.packed_order(tags.sized(card, 0x5F24, 3, 3)):
        tvr[1] |= _EXPIRED
    if 0x5F25 in card and today < tags.packed_order(tags.sized(card, 0x5F25, 3, 3)):
        tvr[1] |= _NOT_YET
    if 0x9F07 in card and not _allowed(tags.sized(card, 0x9F07, 2, 2), card, terminal):
        tvr[1] |= _SERVICE_NOT_ALLOWED


def _allowed(usage, card, terminal) -> bool:
    """Whether the card may be used for this kind of transaction, here."""
    atm = False
    if terminal_type(terminal) in _ATM:
        atm = terminal.get(0x9F40, b"\x00")[0] & _OFFERS_CASH != 0
    if not usage[0] & (_AT_ATM if atm else _NOT_AT_ATM):
        return False
    if 0x5F28 not in card:
        return True
    abroad = 0 if tags.sized(card, 0x5F28, 2, 2) == terminal[0x9F1A] else 1
    kind = terminal[0x9C][0]
    if kind == _CASH or kind == _DISBURSEMENT:
        if not usage[0] & _CASH_AT_HOME >> abroad:
            return False
    elif kind == _PURCHASE or kind == _CASHBACK:
        if not usage[0] & _GOODS_OR_SERVICES_AT_HOME >> abroad:
            return False
    if terminal[0x9F03] != bytes(6):
        return usage[1] & _CASHBACK_AT_HOME >> abroad != 0
    return True


def analysis(card: dict, terminal: dict, tvr) -> int:
    """Terminal action analysis (C-2, TAA): which cryptogram to ask for. Raises BadBytes."""
    if _hit(card, 0x9F0E, terminal, 0xDF8121, tvr, False):
        return AAC
    kind = terminal_type(terminal)
    if kind in _ONLINE_ONLY:
        return ARQC
    if kind in _OFFLINE_ONLY:
        return AAC if _hit(card, 0x9F0D, terminal, 0xDF8120, tvr, True) else TC
    return ARQC if _hit(card, 0x9F0F, terminal, 0xDF8122, tvr, True) else TC


def _hit(card, iac: int, terminal, tac: int, tvr, strict: bool) -> bool:
    """Whether the TVR has a bit of the issuer's or the acquirer's action code.

    An issuer's code that is absent has no bits, or all when ``strict`` (EMV Book 3, 10.7).
    """
    theirs = tags.sized(card, iac, 5, 5) if iac in card else None
    ours = tags.sized(terminal, tac, 5, 5) if tac in terminal else _TAC
    if tvr == _CLEAN:
        return False
    for i in range(5):
        mask = ours[i]
        if theirs is not None:
            mask |= theirs[i]
        elif strict:
            mask = 0xFF
        if tvr[i] & mask:
            return True
    return False
