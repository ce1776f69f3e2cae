"""The message authentication code of the direct-POS dialect ("POS ECB").

The blocks of the message are joined by exclusive or; the hex text of the result goes through DES
in two halves, chained, and the first 8 hex digits of what comes out are F64.
"""

from binascii import hexlify

from pos.crypto.des import Des


def pos_ecb(mak, mab) -> bytes:
    """The 8 ASCII bytes of F64 for ``mab``: the message from the MTI to the field before F64.

    ``mak`` has 8 bytes; 16 where an acquirer asks for triple DES. Bit 64 of the bitmap is set.
    """
    x = bytearray(8)
    for i in range(len(mab)):
        x[i & 7] ^= mab[i]
    text = hexlify(x).upper()
    des = Des(mak)
    try:
        r = bytearray(des.encrypt(text[:8]))
        for i in range(8):
            r[i] ^= text[8 + i]
        return hexlify(des.encrypt(r)).upper()[:8]
    finally:
        des.wipe()


def seal(mak, message: bytearray):
    """Put the MAC into the last 8 bytes of a packed message, its F64."""
    n = len(message) - 8
    message[n:] = pos_ecb(mak, memoryview(message)[:n])


def verify(mak, message) -> bool:
    """Whether the last 8 bytes of a message with F64 are its MAC (upper case or not)."""
    n = len(message) - 8
    if n < 10 or not message[9] & 1:  # MTI and bitmap, bit 64
        return False
    view = memoryview(message)
    return bytes(view[n:]) == pos_ecb(mak, view[:n])
