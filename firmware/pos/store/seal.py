"""Sealing of small secrets under the device key: AES-256-CBC, then HMAC-SHA256 cut to 16 bytes.

A sealed blob is IV (16) | ciphertext (PKCS #7) | tag (16): 48 bytes for up to 15, 64 for up to 31.
The label says what the blob is for; a blob moved to another place does not open.
Temporaries are wiped where MicroPython allows: it has no way to wipe bytes objects nor the key
schedule inside cryptolib, which live until the heap reuses their place.
"""

from hashlib import sha256
from os import urandom

from cryptolib import aes
from micropython import const

from pos.store.files import Damaged, wipe

_BLOCK = const(16)
_TAG = const(16)
_CBC = const(2)


def hmac(key, *parts) -> bytes:
    """HMAC-SHA256 (RFC 2104), 32 bytes, of the parts in a row; ``key`` is up to 64 bytes."""
    pad = bytearray(64)
    pad[: len(key)] = key
    for i in range(64):
        pad[i] ^= 0x36
    inner = sha256(pad)
    for part in parts:
        inner.update(part)
    for i in range(64):
        pad[i] ^= 0x6A  # 36 xor 5C
    outer = sha256(pad)
    wipe(pad)
    outer.update(inner.digest())
    return outer.digest()


def equal(a, b) -> bool:
    """Whether two buffers are equal, in a time that does not tell where they differ."""
    if len(a) != len(b):
        return False
    differ = 0
    for i in range(len(a)):
        differ |= a[i] ^ b[i]
    return differ == 0


class Sealer:
    """Seals and opens under keys derived from the device key (16 or 32 bytes)."""

    def __init__(self, device_key):
        if len(device_key) not in (16, 32):
            raise ValueError("device key is 16 or 32 bytes")
        self._aes = hmac(device_key, b"TapTill seal AES")
        self._mac = hmac(device_key, b"TapTill seal MAC")

    def digest(self, label: str, *parts) -> bytes:
        """32 bytes that only this device can compute from the label and the parts."""
        return hmac(self._mac, bytes((len(label),)), label.encode(), *parts)

    def seal(self, label: str, plain) -> bytes:
        """A blob of ``plain`` (bytes-like, under 256 bytes) for the place called ``label``.

        The IV mixes random bytes with the content, so that a weak random source repeats no IV.
        """
        iv = self.digest("iv", urandom(_BLOCK), label.encode(), plain)[:_BLOCK]
        size = len(plain) // _BLOCK * _BLOCK + _BLOCK
        blob = bytearray(_BLOCK + size + _TAG)
        body = memoryview(blob)[_BLOCK : _BLOCK + size]
        body[: len(plain)] = plain
        for i in range(len(plain), size):
            body[i] = size - len(plain)
        aes(self._aes, _CBC, iv).encrypt(body, body)
        blob[:_BLOCK] = iv
        blob[-_TAG:] = self.digest(label, iv, body)[:_TAG]
        return bytes(blob)

    def open(self, label: str, blob) -> bytearray:
        """What was sealed, for the caller to wipe.

        Raises files.Damaged(label) when it was altered, cut, moved or sealed on another device.
        """
        view = memoryview(blob)
        size = len(blob) - _BLOCK - _TAG
        if size < _BLOCK or size % _BLOCK:
            raise Damaged(label)
        tag = self.digest(label, view[:-_TAG])[:_TAG]
        if not equal(tag, view[-_TAG:]):
            raise Damaged(label)
        padded = bytearray(view[_BLOCK:-_TAG])
        aes(self._aes, _CBC, view[:_BLOCK]).decrypt(padded, padded)
        plain = padded[: size - padded[-1]]
        wipe(padded)
        return plain


def seal_card(sealer: Sealer, pan: str, expiry: str = "", psn: str = "") -> bytes:
    """The ``card`` of a transaction, 64 bytes: PAN digits, expiry YYMM, sequence number digits."""
    plain = bytearray("{}={}={}".format(pan, expiry, psn).encode())
    blob = sealer.seal("card", plain)
    wipe(plain)
    return blob


def open_card(sealer: Sealer, blob) -> tuple:
    """(PAN, expiry, sequence number) of a transaction's ``card``; raises files.Damaged."""
    plain = sealer.open("card", blob)
    parts = tuple(bytes(plain).decode().split("="))
    wipe(plain)
    return parts
