"""The message authentication code of the direct-POS dialect ("POS ECB").

The blocks of the message are joined by exclusive or; the hex text of the result goes through the
cipher in two halves, chained, and the first 8 hex digits of what comes out are F64. Blocks have
8 bytes with DES and triple DES, which the length of the key decides, and 16 with SM4.
"""

from binascii import hexlify

from pos.crypto.des import cipher


def pos_ecb(mak, mab, sm4: bool = False) -> bytes:
    """The 8 ASCII bytes of F64 for ``mab``: the message from the MTI to the field before F64.

    ``mak`` has 8 bytes; 16 where an acquirer asks for triple DES, and with ``sm4``. Bit 64 of the
    bitmap is set.
    """
    n = 16 if sm4 else 8
    x = bytearray(n)
    for i in range(len(mab)):
        x[i % n] ^= mab[i]
    text = hexlify(x).upper()
    ready = cipher(mak, sm4)
    try:
        r = ready.encrypt(text[:n])
        for i in range(n):
            r[i] ^= text[n + i]
        return hexlify(ready.encrypt(r)[:4]).upper()
    finally:
        ready.wipe()


def seal(mak, message: bytearray, sm4: bool = False):
    """Put the MAC into the last 8 bytes of a packed message, its F64."""
    n = len(message) - 8
    message[n:] = pos_ecb(mak, memoryview(message)[:n], sm4)


def verify(mak, message, sm4: bool = False) -> bool:
    """Whether the last 8 bytes of a message with F64 are its MAC, in upper case."""
    n = len(message) - 8
    if n < 10 or not message[9] & 1:  # MTI and bitmap, bit 64
        return False
    view = memoryview(message)
    return bytes(view[n:]) == pos_ecb(mak, view[:n], sm4)
