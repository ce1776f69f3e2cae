"""Offline data authentication: is the card what its issuer made (EMV Book 2, 5 and 6).

`sda`, `fdda` and `cda` return "" for an authentic card, else a short reason that names the
object, the place in it (for a certificate: in what was recovered from it) and what is wrong there,
and holds no data of the card. Nothing a card says makes them raise.

What they have in common: ``card`` maps tags to values; ``signed`` is the static data to be
authenticated (EMV Book 3, 10.3); ``key`` is the record of the CA key (see ``ca``), or None
when the reader has no such key; ``today`` is the date as in 9A, 3 bytes of BCD.
"""

from binascii import hexlify

from micropython import const

from pos.crypto import rsa
from pos.emv import ca, tags
from pos.protocol import bcd, tlv
from pos.protocol.errors import BadBytes

# Formats of what is signed (EMV Book 2, 5.1, 5.2, 6.1)
_ISSUER = const(0x02)
_STATIC = const(0x03)
_ICC = const(0x04)
_DYNAMIC = const(0x05)

_HASH = const(20)


def _name(tag: int) -> str:
    return "{:02X}".format(tag)


def _recovered(tag: int, data, key: tuple, form: int) -> bytes:
    """What the owner of ``key`` (modulus, exponent) has signed; header, format, trailer hold."""
    size = len(key[0])
    if len(data) != size:
        raise BadBytes(_name(tag), 0, "length {}".format(len(data)))
    text = rsa.recover(data, *key)
    if text[size - 1] != 0xBC:
        raise BadBytes(_name(tag), size - 1, "trailer")
    if text[0] != 0x6A:
        raise BadBytes(_name(tag), 0, "header")
    if text[1] != form:
        raise BadBytes(_name(tag), 1, "format")
    return text


def _check_hash(tag: int, text, *more) -> None:
    """The hash in ``text`` is that over its middle and ``more``, in this order."""
    end = len(text) - _HASH - 1
    if rsa.digest(memoryview(text)[1:end], *more) != text[end : end + _HASH]:
        raise BadBytes(_name(tag), end, "hash")


def _months(year: str, month: str) -> int:
    """Months since 1950: two-digit years from 50 on are 19xx (EMV Book 4, 6.7.3 [M])."""
    return (int(year) + 50) % 100 * 12 + int(month)


def _check_key(tag: int, text, at: int, today) -> None:
    """The part of a certificate from its expiry (MMYY) at ``at`` on: 2 bytes, 3 of serial number,
    algorithms of hash and key. It is good to the end of its month.
    """
    expiry = hexlify(text[at : at + 2]).decode()
    if not expiry.isdigit() or not "01" <= expiry[:2] <= "12":
        raise BadBytes(_name(tag), at, "not a month")
    now = bcd.unpack(today)
    if _months(expiry[2:], expiry[:2]) < _months(now[:2], now[2:4]):
        raise BadBytes(_name(tag), at, "expired")
    if text[at + 5] != 1:
        raise BadBytes(_name(tag), at + 5, "hash algorithm")
    if text[at + 6] != 1:
        raise BadBytes(_name(tag), at + 6, "key algorithm")


def _key(card: dict, tag: int, text, at: int, rest: int, exponent: int, static) -> tuple:
    """(modulus, exponent) of the certificate ``text``, whose hash holds.

    ``at``: offset of the modulus' length, the exponent's follows, then the modulus as far as it
    fits; ``rest``: tag of the remainder, ``exponent``: tag of the exponent; ``static``: what is
    hashed besides.
    """
    start = at + 2
    room = len(text) - _HASH - 1 - start
    size = text[at]
    if not 64 <= size <= len(text):
        raise BadBytes(_name(tag), at, "modulus of {} bytes".format(size))
    e = tags.sized(card, exponent, 1, 3)
    if text[at + 1] != len(e):
        raise BadBytes(_name(tag), at + 1, "length of the exponent")
    more = b""
    if size > room:
        more = tags.sized(card, rest, size - room, size - room)
    elif rest in card:
        more = card[rest]  # not needed, but hashed when it is there
    _check_hash(tag, text, more, e, static)
    e = int.from_bytes(e, "big")
    if e != 3 and e != 65537:
        raise BadBytes(_name(exponent), 0, "neither 3 nor 65537")
    modulus = memoryview(text)[start : start + min(size, room)]
    if size > room:
        whole = bytearray(size)
        whole[:room] = modulus
        whole[room:] = more
        modulus = whole
    return modulus, e


def _pan(card: dict) -> str:
    """The digits of the PAN, from 5A, or from track 2 when there is none."""
    if 0x5A in card:
        return _digits(tags.sized(card, 0x5A, 1, 10))
    return tags.account(card)[0]


def _digits(value) -> str:
    """Compressed numeric: digits, left aligned, padded with F."""
    return hexlify(value).decode().rstrip("f")


def _issuer(card: dict, key, today) -> tuple:
    """The issuer's public key (EMV Book 2, 5.3)."""
    if key is None:
        raise BadBytes("8F", 0, "no such CA key")
    authority = ca.parse(key)
    if authority.expiry:
        now = bcd.unpack(today)
        last = _months(authority.expiry[:2], authority.expiry[2:4]) * 100
        last += int(authority.expiry[4:])
        if last < _months(now[:2], now[2:4]) * 100 + int(now[4:]):
            raise BadBytes("8F", 0, "CA key expired")
    data = tags.sized(card, 0x90, 64, 248)
    text = _recovered(0x90, data, (authority.modulus, authority.exponent), _ISSUER)
    owner = _digits(text[2:6])
    if not (3 <= len(owner) and owner.isdigit() and _pan(card).startswith(owner)):
        raise BadBytes("90", 2, "not of this PAN")
    _check_key(0x90, text, 6, today)
    for i in range(0, len(authority.revoked), 3):
        if authority.revoked[i : i + 3] == text[8:11]:
            raise BadBytes("90", 8, "revoked")
    return _key(card, 0x90, text, 13, 0x92, 0x9F32, b"")


def _icc(card: dict, signed, key, today) -> tuple:
    """The card's own public key (EMV Book 2, 6.4)."""
    issuer = _issuer(card, key, today)
    text = _recovered(0x9F46, tags.sized(card, 0x9F46, 64, 248), issuer, _ICC)
    if _digits(text[2:12]) != _pan(card):
        raise BadBytes("9F46", 2, "not of this PAN")
    _check_key(0x9F46, text, 12, today)
    _check_list(card)
    return _key(card, 0x9F46, text, 19, 0x9F48, 0x9F47, signed)


def _check_list(card: dict) -> None:
    """The list of what is signed besides records may hold the AIP alone (EMV Book 3, 10.3)."""
    if card.get(0x9F4A, b"\x82") != b"\x82":
        raise BadBytes("9F4A", 0, "not the AIP alone")


def _dynamic(data, key: tuple, more: int) -> tuple:
    """(recovered 9F4B, end of the dynamic number): its hash is not yet checked.

    ICC dynamic data: the length of the ICC dynamic number, 2 to 8, the number, and at least
    ``more`` bytes (EMV Book 2, 6.5.2 and 6.6.2).
    """
    text = _recovered(0x9F4B, data, key, _DYNAMIC)
    if text[2] != 1:
        raise BadBytes("9F4B", 2, "hash algorithm")
    size = text[3]
    if size > len(text) - 25:
        raise BadBytes("9F4B", 3, "dynamic data of {} bytes".format(size))
    n = text[4]
    if not 2 <= n <= 8 or n + 1 + more > size:
        raise BadBytes("9F4B", 4, "dynamic number of {} bytes".format(n))
    return text, 5 + n


def sda(card: dict, signed, key, today) -> str:
    """Static data authentication (EMV Book 2, 5.4); card[0x9F45]: data authentication code."""
    try:
        _check_list(card)
        issuer = _issuer(card, key, today)
        text = _recovered(0x93, tags.sized(card, 0x93, 64, 248), issuer, _STATIC)
        if text[2] != 1:
            raise BadBytes("93", 2, "hash algorithm")
        _check_hash(0x93, text, signed)
        card[0x9F45] = text[3:5]
    except BadBytes as fault:
        return str(fault)
    return ""


def fdda(card: dict, signed, key, today, terminal: dict) -> str:
    """Fast dynamic data authentication (C-3, Annex C [M]; C-7); card[0x9F4C]: ICC dynamic number.

    Only version 01, which signs the transaction: 9F37, 9F02, 5F2A of ``terminal`` and the card's
    9F69. Version 00 signs nothing but 9F37 and fails.
    """
    try:
        related = tags.sized(card, 0x9F69, 5, 16)
        if related[0] != 1:
            raise BadBytes("9F69", 0, "version {:02X}".format(related[0]))
        data = tags.sized(card, 0x9F4B, 64, 248)
        text, end = _dynamic(data, _icc(card, signed, key, today), 0)
        _check_hash(0x9F4B, text, terminal[0x9F37], terminal[0x9F02], terminal[0x5F2A], related)
        card[0x9F4C] = text[5:end]
    except BadBytes as fault:
        return str(fault)
    return ""


def _inside(answer) -> tuple:
    """(start, end) of the objects of an answer to GENERATE AC: one template 77."""
    found = None
    for tag, i, n in tlv.walk(answer):
        if tag != 0x77 or found is not None:
            raise BadBytes(_name(tag), i, "not one template 77")
        found = i, i + n
    if found is None:
        raise BadBytes("77", 0, "missing")
    return found


def _answered(answer, transaction_data) -> tuple:
    """(9F4B of the answer, hash over the transaction data and the answer's other objects)."""
    view = memoryview(answer)
    start, end = _inside(answer)
    parts = list(transaction_data)
    data = None
    for tag, i, n in tlv.walk(answer, start, end):
        while not answer[start]:  # padding
            start += 1
        if tag != 0x9F4B:
            parts.append(view[start : i + n])
        elif data is None:
            data = view[i : i + n]
        else:
            raise BadBytes("9F4B", i, "twice")
        start = i + n
    if data is None:
        raise BadBytes("9F4B", 0, "missing")
    return data, rsa.digest(*parts)


def cda(card: dict, signed, key, today, un, transaction_data, cid: int, answer) -> str:
    """Combined data authentication (EMV Book 2, 6.6.2).

    ``un``: 9F37, 4 bytes; ``transaction_data``: the values that were sent for PDOL and CDOL1;
    ``cid``: 9F27 as a number; ``answer``: the data of the answer to GENERATE AC, a template 77
    with 9F4B. card[0x9F4C]: ICC dynamic number, card[0x9F26]: the cryptogram that was signed.
    """
    try:
        data, said = _answered(answer, transaction_data)
        text, at = _dynamic(data, _icc(card, signed, key, today), 1 + 8 + _HASH)
        # CID, cryptogram (8 bytes) and hash over the transaction follow the number
        if text[at] != cid:
            raise BadBytes("9F4B", at, "not the CID of the answer")
        _check_hash(0x9F4B, text, un)
        if text[at + 9 : at + 9 + _HASH] != said:
            raise BadBytes("9F4B", at + 9, "hash of the transaction")
        card[0x9F4C] = text[5:at]
        card[0x9F26] = text[at + 1 : at + 9]
    except BadBytes as fault:
        return str(fault)
    return ""
