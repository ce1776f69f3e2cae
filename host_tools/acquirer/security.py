"""Terminal keys and what is done with them: wrapping, check values, MAC, PIN block, track.

DES and SM4 by ``cryptography``, the PIN block's format by ``psec``. Keys are 8 (single DES) or 16
bytes (3DES, EDE2; SM4); nothing here puts key, PIN or track into a text.
"""

import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from psec import des, pinblock

from host_tools.acquirer.dialect import FormatError

SINGLE_DES, TRIPLE_DES, WITH_TRACK, SM = "001", "003", "004", "005"
# The sizes of PIK, MAK and TDK that sign-in (F60.3) hands out; 005 is this project's number [M].
# MAK stays single length in 3DES mode, so the MAC is single DES, unless the host is told to give
# out 16 bytes. A PAN-less PIN block counts twelve zeros as the PAN.
KEY_SIZES = {
    SINGLE_DES: (8, 8, 0),
    TRIPLE_DES: (16, 8, 0),
    WITH_TRACK: (16, 8, 16),
    SM: (16, 16, 16),
}
KCV_SIZE = 4
_DES_BLOCK, _SM4_BLOCK = 8, 16
_NO_PAN = "0" * 16
_SM_PIN = "A1"  # the tag of the SM4 PIN block in F59


class PinBlockError(ValueError):
    """The PIN block does not open to an ISO 9564 format 0 block (wrong PIK, damaged)."""


@dataclass(frozen=True, repr=False)
class WorkingKeys:
    """PIK, MAK and TDK (empty when the terminal encrypts no tracks) of one sign-in, in clear.

    ``sm4``: they are SM4 keys; else DES.
    """

    pik: bytes
    mak: bytes
    tdk: bytes = b""
    sm4: bool = False


def _ecb(key: bytes, sm4: bool) -> Cipher[modes.ECB]:
    if sm4:
        return Cipher(SM4(key), modes.ECB())
    return Cipher(TripleDES(key * 3 if len(key) == 8 else key + key[:8]), modes.ECB())


def encrypt(key: bytes, data: bytes, sm4: bool = False) -> bytes:
    """ECB with an 8 or 16 byte key; ``data`` is whole blocks of 8 bytes, SM4 16 (ValueError)."""
    context = _ecb(key, sm4).encryptor()
    return context.update(data) + context.finalize()


def decrypt(key: bytes, data: bytes, sm4: bool = False) -> bytes:
    """The inverse of :func:`encrypt`."""
    context = _ecb(key, sm4).decryptor()
    return context.update(data) + context.finalize()


def kcv(key: bytes, sm4: bool = False) -> bytes:
    """Key check value: the first 4 bytes of an encrypted block of zeros."""
    return encrypt(key, bytes(_SM4_BLOCK if sm4 else _DES_BLOCK), sm4)[:KCV_SIZE]


def new_key(size: int) -> bytes:
    """A random key with odd parity; of 16 bytes its halves differ."""
    key = des.adjust_key_parity(secrets.token_bytes(size))
    return new_key(size) if size == 16 and key[:8] == key[8:] else key


def new_working_keys(code: str, double_mak: bool = False) -> WorkingKeys:
    """Random keys for network code F60.3 001, 003, 004 or 005 (KeyError for another).

    ``double_mak``: a MAK of 16 bytes also in the 3DES modes, so that the MAC is 3DES.
    """
    pik, mak, tdk = KEY_SIZES[code]
    if code == SM:
        random = secrets.token_bytes
        return WorkingKeys(random(pik), random(mak), random(tdk), sm4=True)
    sizes = (pik, 16 if double_mak and pik == 16 else mak, tdk)
    pik_key, mak_key, tdk_key = (new_key(size) if size else b"" for size in sizes)
    return WorkingKeys(pik_key, mak_key, tdk_key)


def wrap_working_keys(tmk: bytes, keys: WorkingKeys) -> bytes:
    """Field 62 of the sign-in answer: 24 (single), 40 (3DES) or 60 bytes (3DES with TDK; SM4).

    Each key encrypted under the TMK and followed by its check value; in the 3DES forms a single
    length MAK is filled up to 16 bytes with zeros after encryption.
    """
    field = b""
    for key in (keys.pik, keys.mak, keys.tdk):
        if key:
            wrapped = encrypt(tmk, key, keys.sm4).ljust(len(keys.pik), b"\0")
            field += wrapped + kcv(key, keys.sm4)
    return field


def mac(mak: bytes, mab: bytes, sm4: bool = False) -> bytes:
    """The "POS ECB" MAC over ``mab``: 8 ASCII hex characters.

    Zero padding to whole blocks, XOR of all blocks, its hex form in two halves encrypted one after
    the other; the first half of the result in hex. ``mak`` of 16 bytes: the same with 3DES, or
    with SM4 and its blocks of 16 bytes (the first 8 characters are sent).
    """
    size = _SM4_BLOCK if sm4 else _DES_BLOCK
    folded = 0
    for at in range(0, len(mab), size):
        folded ^= int.from_bytes(mab[at : at + size].ljust(size, b"\0"), "big")
    text = folded.to_bytes(size, "big").hex().upper().encode()
    first = encrypt(mak, text[:size], sm4)
    mixed = bytes(a ^ b for a, b in zip(first, text[size:], strict=True))
    return encrypt(mak, mixed, sm4).hex().upper()[:8].encode()


def mac_fits(mak: bytes, mab: bytes, value: bytes, sm4: bool = False) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(mac(mak, mab, sm4), value)


def has_pin(fields: Mapping[int, Any]) -> bool:
    """Whether a request brings a PIN block, in F52 or as A1 of F59. FormatError: F59 is broken."""
    return 52 in fields or _SM_PIN in _field59(fields)


def open_pin(keys: WorkingKeys, fields: Mapping[int, Any], pan: str) -> str:
    """The PIN digits of a request's block: F52 under DES, A1 of F59 under SM4.

    F53 (first digit) says whether the PAN is in it. Raises FormatError when there is no block or
    F59 is broken, PinBlockError when it does not open or is not of the keys' kind.
    """
    if not has_pin(fields):
        raise FormatError("52", 0, "mandatory field is absent")
    if (52 in fields) == keys.sm4 or not keys.pik:
        raise PinBlockError("PIN block is not of the kind of the last sign-in")
    bound_to = pan if fields.get(53, "2")[:1] == "2" else None
    if not keys.sm4:
        return open_pin_block(keys.pik, fields[52], bound_to)
    return open_sm4_pin_block(keys.pik, _field59(fields)[_SM_PIN].encode("latin-1"), bound_to)


def _field59(fields: Mapping[int, Any]) -> dict[str, str]:
    """The parts of F59: tag 2, decimal length 3, value. FormatError when they do not add up."""
    text, at, found = fields.get(59, ""), 0, {}
    while at < len(text):
        size = text[at + 2 : at + 5]
        end = at + 5 + int(size) if len(size) == 3 and size.isascii() and size.isdigit() else 0
        if not at < end <= len(text):
            raise FormatError("59", at, "not parts of tag 2, length 3, value")
        found[text[at : at + 2]] = text[at + 5 : end]
        at = end
    return found


def open_pin_block(pik: bytes, block: bytes, pan: str | None) -> str:
    """The PIN digits of an encrypted ISO format 0 block; ``pan`` None when made without PAN.

    Raises PinBlockError (without the block) when the clear block has not that format.
    """
    return _open_format_0(lambda: decrypt(pik, block), pan)


def open_sm4_pin_block(pik: bytes, block: bytes, pan: str | None) -> str:
    """The same of an SM4 block: 16 bytes, format 0 with more filling, PAN part at the right."""

    def clear() -> bytes:
        if len(block) != _SM4_BLOCK:
            raise ValueError("not a block")
        opened = decrypt(pik, block, sm4=True)
        # The PAN is in the right half. The left one looks like format 0 without a PAN, the right
        # one is all filling: only 14 digits fit before it.
        twelve = bytes.fromhex((pan or _NO_PAN)[-13:-1].rjust(16, "0"))
        if bytes(a ^ b for a, b in zip(opened[8:], twelve, strict=True)) != b"\xff" * 8:
            raise ValueError("right half is not filling")
        return opened[:8]

    return _open_format_0(clear, None)


def _open_format_0(clear: Callable[[], bytes], pan: str | None) -> str:
    try:
        return pinblock.decode_pinblock_iso_0(clear(), pan or _NO_PAN)
    except ValueError:
        raise PinBlockError("PIN block does not open") from None


def decrypt_track(tdk: bytes, track: str, sm4: bool = False) -> str:
    """Undo the encryption of the block that ends before the last byte of a packed track.

    The block is 8 bytes, under SM4 16 [M]. ``track`` as in a Message (``=`` for the nibble D), so
    is the result. Raises ValueError when it is shorter than block and last byte, or without key.
    """
    nibbles = track.replace("=", "D")
    size = 2 * (_SM4_BLOCK if sm4 else _DES_BLOCK)
    start = len(nibbles) - size - (1 if len(nibbles) & 1 else 2)
    if start < 0 or not tdk:
        raise ValueError("track too short to be encrypted, or no key for it")
    clear = decrypt(tdk, bytes.fromhex(nibbles[start : start + size]), sm4).hex().upper()
    return (nibbles[:start] + clear + nibbles[start + size :]).replace("D", "=")
