"""Opens EMV certificates and signatures as a terminal does, written for the tests alone.

EMV Book 2: the public key gives the block back (annex A2.1.3), the hash tells if it is genuine.
"""

from hashlib import sha1
from typing import NamedTuple


class Public(NamedTuple):
    """A public key: modulus and exponent, most significant byte first."""

    modulus: bytes
    exponent: bytes


def opened(key: Public, block: bytes, also_hashed: bytes) -> bytes:
    """The message between header and hash; AssertionError when it is not genuine."""
    assert len(block) == len(key.modulus), "as long as the key"
    number = pow(
        int.from_bytes(block, "big"),
        int.from_bytes(key.exponent, "big"),
        int.from_bytes(key.modulus, "big"),
    )
    clear = number.to_bytes(len(key.modulus), "big")
    assert (clear[0], clear[-1]) == (0x6A, 0xBC), "header and trailer"
    message, digest = clear[1:-21], clear[-21:-1]
    assert sha1(message + also_hashed).digest() == digest, "hash"
    return message


def issuer_key(ca: Public, card: dict[str, bytes], pan: str) -> Public:
    """EMV Book 2, 6.3."""
    rest, exponent = card.get("92", b""), card["9F32"]
    message = opened(ca, card["90"], rest + exponent)
    assert message[0] == 2
    assert pan.startswith(message[1:5].hex().upper().rstrip("F"))
    assert message[10:12] == b"\x01\x01"
    return _public(message, 12, rest, exponent)


def icc_key(issuer: Public, card: dict[str, bytes], pan: str, static: bytes) -> Public:
    """EMV Book 2, 6.4."""
    rest, exponent = card.get("9F48", b""), card["9F47"]
    message = opened(issuer, card["9F46"], rest + exponent + static)
    assert message[0] == 4
    assert message[1:11].hex().upper().rstrip("F") == pan
    assert message[16:18] == b"\x01\x01"
    return _public(message, 18, rest, exponent)


def _public(message: bytes, at: int, rest: bytes, exponent: bytes) -> Public:
    size = message[at]
    assert message[at + 1] == len(exponent)
    inside = message[at + 2 :]
    modulus = (inside + rest)[:size] if rest else inside[:size]
    assert not rest or len(modulus) == len(inside) + len(rest)
    assert not set(inside[size:]) - {0xBB}
    return Public(modulus, exponent)


def dynamic_data(icc: Public, signature: bytes, terminal: bytes) -> bytes:
    """ICC dynamic data of 9F4B: EMV Book 2, 6.5.2 and 6.6.2."""
    message = opened(icc, signature, terminal)
    assert message[:2] == b"\x05\x01"
    data = message[3 : 3 + message[2]]
    assert not set(message[3 + message[2] :]) - {0xBB}
    return data
