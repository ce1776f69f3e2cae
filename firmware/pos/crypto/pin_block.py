"""PIN blocks of format 0 (ISO 9564-1, ANSI X9.8) and their encipherment. Nothing is kept."""

from pos.crypto.des import cipher


def iso0(pin, pan: str | None, size: int = 8) -> bytearray:
    """The clear block of 8 bytes, or of ``size`` 16 for SM4; the caller wipes it.

    ``pin`` holds 4 to 12 ASCII digits in a bytearray, ``pan`` all digits of the card number with
    its check digit, or is None where no PAN takes part. Raises ValueError, which does not tell
    the PIN. A PIN that was skipped has no block. The digits of the PAN stand at the block's end,
    whatever its size (reference, section 7).
    """
    n = len(pin)
    if not 4 <= n <= 12:
        raise ValueError("PIN length")
    block = bytearray(b"\xff" * size)
    block[0] = n
    for i in range(n):
        d = pin[i] ^ 0x30
        if d > 9:
            block[:] = bytes(size)
            raise ValueError("PIN digit")
        block[1 + (i >> 1)] ^= (d ^ 0x0F) << (0 if i & 1 else 4)
    if pan is not None:
        digits = pan[-13:-1]
        if len(digits) != 12 or not digits.isdigit():
            block[:] = bytes(size)
            raise ValueError("PAN")
        for i in range(12):
            block[size - 6 + (i >> 1)] ^= int(digits[i]) << (0 if i & 1 else 4)
    return block


def encrypt(pik, pin, pan: str | None, sm4: bool = False) -> bytes:
    """F52: the block of `iso0` under the PIN key ``pik`` (16 bytes, or 8); with ``sm4`` the 16
    bytes that go into F59 instead. Raises as `iso0`."""
    block = iso0(pin, pan, 16 if sm4 else 8)
    try:
        ready = cipher(pik, sm4)
        try:
            return bytes(ready.encrypt(block))
        finally:
            ready.wipe()
    finally:
        block[:] = bytes(len(block))
