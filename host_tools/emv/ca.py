"""A TEST certification authority, issuer and chip: certificates and signatures of EMV Book 2.

All of them are blocks as long as the key that signs, with header 6A, trailer BC and a SHA-1 hash
(annex A2.1: the signature gives the message back). What does not fit in is the remainder. Results
are data objects: tag in hex -> value. A date of expiry is MMYY.
"""

import hashlib

from host_tools.emv.keys import CaKey, RsaKey

_SHA1 = b"\x01"
_RSA = b"\x01"
_ISSUER, _STATIC, _ICC, _DYNAMIC = b"\x02", b"\x03", b"\x04", b"\x05"
_PAD = b"\xbb"


def hash_of(data: bytes) -> bytes:
    """The 20 bytes of SHA-1, the only hash of EMV Book 2 (annex B3.1)."""
    return hashlib.sha1(data).digest()


def _signed(key: RsaKey, message: bytes, also_hashed: bytes) -> bytes:
    """6A, message, hash over it and what is not in the block, BC (annex A2.1.2)."""
    block = b"\x6a" + message + hash_of(message + also_hashed) + b"\xbc"
    return key.sign(block)


def _digits(text: str, size: int) -> bytes:
    """Digits packed, filled up with F to ``size`` bytes (format cn)."""
    return bytes.fromhex(text.ljust(2 * size, "F"))


def _certified(
    signer: RsaKey, head: bytes, key: RsaKey, also_hashed: bytes
) -> tuple[bytes, bytes]:
    """Certificate of ``key``, and the rest of its modulus that did not fit."""
    described = _SHA1 + _RSA + bytes([key.size, len(key.exponent)])
    room = signer.size - 22 - len(head) - len(described)
    inside, remainder = key.modulus[:room], key.modulus[room:]
    message = head + described + inside.ljust(room, _PAD)
    return _signed(signer, message, remainder + key.exponent + also_hashed), remainder


def issuer_certificate(
    ca: CaKey, issuer: RsaKey, bin_: str, expiry: str = "1239", serial: bytes = b"\x00\x00\x01"
) -> dict[str, bytes]:
    """8F, 90, 9F32 and, when the key is too long, 92 (EMV Book 2, 5.1 table 2, 6.1 table 10)."""
    head = _ISSUER + _digits(bin_, 4) + bytes.fromhex(expiry) + serial
    certificate, remainder = _certified(ca.key, head, issuer, b"")
    objects = {"8F": bytes([ca.index]), "90": certificate, "9F32": issuer.exponent}
    return {**objects, "92": remainder} if remainder else objects


def icc_certificate(
    issuer: RsaKey,
    icc: RsaKey,
    pan: str,
    static: bytes,
    expiry: str = "1239",
    serial: bytes = b"\x00\x00\x01",
) -> dict[str, bytes]:
    """9F46, 9F47 and, when the key is too long, 9F48 (EMV Book 2, 6.1 table 11).

    ``static`` is the static data to be authenticated (5.1.1): bodies of the records that the AFL
    marks, then the AIP when 9F4A asks for it.
    """
    head = _ICC + _digits(pan, 10) + bytes.fromhex(expiry) + serial
    certificate, remainder = _certified(issuer, head, icc, static)
    objects = {"9F46": certificate, "9F47": icc.exponent}
    return {**objects, "9F48": remainder} if remainder else objects


def static_signature(issuer: RsaKey, static: bytes, code: bytes = b"\xda\xc0") -> dict[str, bytes]:
    """93, signed static application data with a data authentication code (EMV Book 2, 5.1)."""
    message = (_STATIC + _SHA1 + code).ljust(issuer.size - 22, _PAD)
    return {"93": _signed(issuer, message, static)}


def dynamic_signature(icc: RsaKey, dynamic: bytes, terminal: bytes) -> bytes:
    """9F4B over the ICC dynamic data and the terminal's (EMV Book 2, 6.5.2 table 15)."""
    message = _DYNAMIC + _SHA1 + bytes([len(dynamic)]) + dynamic
    return _signed(icc, message.ljust(icc.size - 22, _PAD), terminal)


def fdda_signature(
    icc: RsaKey, number: bytes, un: bytes, amount: bytes, currency: bytes, card: bytes
) -> bytes:
    """9F4B of fDDA version 01 over 9F37, 9F02, 5F2A and 9F69 (C-3, annex C; C-7).

    ``number`` is the ICC dynamic number, for fDDA the ATC. [M]: signed data format 05.
    """
    dynamic = bytes([len(number)]) + number
    return dynamic_signature(icc, dynamic, un + amount + currency + card)


def cda_signature(
    icc: RsaKey, number: bytes, cid: bytes, cryptogram: bytes, transaction: bytes, un: bytes
) -> bytes:
    """9F4B of CDA (EMV Book 2, 6.6.1 tables 18 and 19).

    ``transaction`` is hashed: values of the PDOL, values of CDOL1, then tags, lengths and values
    of the answer to GENERATE AC in its order, without 9F4B.
    """
    dynamic = bytes([len(number)]) + number + cid + cryptogram + hash_of(transaction)
    return dynamic_signature(icc, dynamic, un)
