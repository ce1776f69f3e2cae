"""PIN blocks of format 0 (ISO 9564-1, ANSI X9.8) and their encipherment. Nothing is kept."""

from pos.crypto.des import Des


def iso0(pin, pan: str | None) -> bytearray:
    """The clear block of 8 bytes; the caller wipes it.

    ``pin`` holds 4 to 12 ASCII digits in a bytearray, ``pan`` all digits of the card number with
    its check digit, or is None where no PAN takes part. Raises ValueError, which does not tell
    the PIN. A PIN that was skipped has no block.
    """
    n = len(pin)
    if not 4 <= n <= 12:
        raise ValueError("PIN length")
    block = bytearray(b"\x00\xff\xff\xff\xff\xff\xff\xff")
    block[0] = n
    for i in range(n):
        d = pin[i] ^ 0x30
        if d > 9:
            block[:] = bytes(8)
            raise ValueError("PIN digit")
        block[1 + (i >> 1)] ^= (d ^ 0x0F) << (0 if i & 1 else 4)
    if pan is not None:
        digits = pan[-13:-1]
        if len(digits) != 12 or not digits.isdigit():
            block[:] = bytes(8)
            raise ValueError("PAN")
        for i in range(12):
            block[2 + (i >> 1)] ^= int(digits[i]) << (0 if i & 1 else 4)
    return block


def encrypt(pik, pin, pan: str | None) -> bytes:
    """F52: the block of `iso0` under the PIN key ``pik`` (16 bytes, or 8). Raises as `iso0`."""
    block = iso0(pin, pan)
    try:
        des = Des(pik)
        try:
            return des.encrypt(block)
        finally:
            des.wipe()
    finally:
        block[:] = bytes(8)
