"""Terminal keys and what is done with them: wrapping, check values, MAC, PIN block, track.

DES by ``cryptography``, the PIN block's format by ``psec``. Keys are 8 (single DES) or 16 bytes
(3DES, EDE2); nothing here puts key, PIN or track into a text.
"""

import hmac
import secrets
from dataclasses import dataclass

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from psec import des, pinblock

# The sizes of PIK, MAK and TDK that sign-in (F60.3) hands out. MAK stays single length in 3DES
# mode, so the MAC is single DES. A PAN-less PIN block counts twelve zeros as the PAN.
KEY_SIZES = {"001": (8, 8, 0), "003": (16, 8, 0), "004": (16, 8, 16)}
KCV_SIZE = 4
_ZEROS = bytes(8)
_NO_PAN = "0" * 16


class PinBlockError(ValueError):
    """The PIN block does not open to an ISO 9564 format 0 block (wrong PIK, damaged)."""


@dataclass(frozen=True, repr=False)
class WorkingKeys:
    """PIK, MAK and TDK (empty when the terminal encrypts no tracks) of one sign-in, in clear."""

    pik: bytes
    mak: bytes
    tdk: bytes = b""


def _ecb(key: bytes) -> Cipher:
    return Cipher(TripleDES(key * 3 if len(key) == 8 else key + key[:8]), modes.ECB())


def encrypt(key: bytes, data: bytes) -> bytes:
    """ECB with an 8 or 16 byte key; ``data`` is a multiple of 8 bytes (else ValueError)."""
    context = _ecb(key).encryptor()
    return context.update(data) + context.finalize()


def decrypt(key: bytes, data: bytes) -> bytes:
    """The inverse of :func:`encrypt`."""
    context = _ecb(key).decryptor()
    return context.update(data) + context.finalize()


def kcv(key: bytes) -> bytes:
    """Key check value: the first 4 bytes of eight encrypted zeros."""
    return encrypt(key, _ZEROS)[:KCV_SIZE]


def new_key(size: int) -> bytes:
    """A random key with odd parity; of 16 bytes its halves differ."""
    key = des.adjust_key_parity(secrets.token_bytes(size))
    return new_key(size) if size == 16 and key[:8] == key[8:] else key


def new_working_keys(code: str) -> WorkingKeys:
    """Random keys for network code F60.3 001, 003 or 004 (KeyError for another)."""
    return WorkingKeys(*(new_key(size) if size else b"" for size in KEY_SIZES[code]))


def wrap_working_keys(tmk: bytes, keys: WorkingKeys) -> bytes:
    """Field 62 of the sign-in answer: 24 (single), 40 (3DES) or 60 bytes (3DES with TDK).

    Each key encrypted under the TMK and followed by its check value; in the 3DES forms the single
    length MAK is filled up to 16 bytes with zeros after encryption.
    """
    fill = _ZEROS if len(keys.pik) == 16 else b""
    field = encrypt(tmk, keys.pik) + kcv(keys.pik)
    field += encrypt(tmk, keys.mak) + fill + kcv(keys.mak)
    return field + (encrypt(tmk, keys.tdk) + kcv(keys.tdk) if keys.tdk else b"")


def mac(mak: bytes, mab: bytes) -> bytes:
    """The "POS ECB" MAC over ``mab``: 8 ASCII hex characters.

    Zero padding to whole blocks, XOR of all blocks, its hex form in two halves encrypted one after
    the other; the first half of the result in hex. ``mak`` of 16 bytes: the same with 3DES.
    """
    folded = 0
    for at in range(0, len(mab), 8):
        folded ^= int.from_bytes(mab[at : at + 8].ljust(8, b"\0"), "big")
    text = b"%016X" % folded
    first = encrypt(mak, text[:8])
    second = encrypt(mak, bytes(a ^ b for a, b in zip(first, text[8:], strict=True)))
    return second.hex().upper()[:8].encode()


def mac_fits(mak: bytes, mab: bytes, value: bytes) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(mac(mak, mab), value)


def open_pin_block(pik: bytes, block: bytes, pan: str | None) -> str:
    """The PIN digits of an encrypted ISO format 0 block; ``pan`` None when made without PAN.

    Raises PinBlockError (without the block) when the clear block has not that format.
    """
    try:
        return pinblock.decode_pinblock_iso_0(decrypt(pik, block), pan or _NO_PAN)
    except ValueError:
        raise PinBlockError("PIN block does not open") from None


def decrypt_track(tdk: bytes, track: str) -> str:
    """Undo the encryption of the 8 bytes that end before the last byte of a packed track.

    ``track`` as in a Message (``=`` for the nibble D), so is the result. Raises ValueError when
    shorter than 17 nibbles.
    """
    nibbles = track.replace("=", "D")
    start = len(nibbles) - (17 if len(nibbles) & 1 else 18)
    if start < 0:
        raise ValueError("track too short to be encrypted")
    clear = decrypt(tdk, bytes.fromhex(nibbles[start : start + 16])).hex().upper()
    return (nibbles[:start] + clear + nibbles[start + 16 :]).replace("D", "=")
