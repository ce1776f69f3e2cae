"""The public-key half of RSA, and SHA-1, as EMV certificates use them (EMV Book 2, B2.1 and B3.1).

SHA-1 is broken for new designs; the books know no other hash for RSA certificates of cards.
"""

from hashlib import sha1

from micropython import const

from pos.protocol.errors import BadBytes

_MIN = const(64)  # bytes of a modulus
_MAX = const(248)


def digest(*parts) -> bytes:
    """SHA-1 over buffers, one after the other, without joining them: 20 bytes."""
    running = sha1()
    for part in parts:
        running.update(part)
    return running.digest()


def recover(data, modulus, exponent: int) -> bytes:
    """``data`` to the power of ``exponent`` modulo ``modulus``, big endian, as long as that.

    ``data`` and ``modulus`` are buffers of the same length, 64 to 248 bytes; ``exponent`` is 3 or
    65537 (EMV Book 2, B2.1). Raises BadBytes for anything else.
    """
    size = len(modulus)
    if not _MIN <= size <= _MAX:
        raise BadBytes("RSA", 0, "modulus of {} bytes".format(size))
    if len(data) != size:
        raise BadBytes("RSA", 0, "{} bytes under {}".format(len(data), size))
    if exponent != 3 and exponent != 65537:
        raise BadBytes("RSA", 0, "exponent")
    if not modulus[size - 1] & 1:  # no product of two primes, and 0 would stop the interpreter
        raise BadBytes("RSA", 0, "even modulus")
    n = int.from_bytes(modulus, "big")
    return pow(int.from_bytes(data, "big"), exponent, n).to_bytes(size, "big")
