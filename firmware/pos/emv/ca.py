"""Public keys of certification authorities, as the direct-POS dialect downloads them.

A record is a row of TLV: 9F06 RID, 9F22 index, DF05 expiry, DF06 and DF07 algorithms, DF02
modulus, DF04 exponent, DF03 check value; DF8F01 is our own: the certificates that are revoked.
"""

from pos.crypto import rsa
from pos.emv import tags
from pos.protocol import bcd, tlv
from pos.protocol.errors import BadBytes


class CaPublicKey:
    """A key that issuer certificates are checked with (EMV Book 2, 5.2).

    ``modulus``: bytes, big endian; ``exponent``: 3 or 65537; ``revoked``: serial numbers of
    revoked certificates, 3 bytes each, one after the other (EMV Book 2, 5.1.2 [M]);
    ``expiry``: the last day of the key, "YYMMDD", or empty when it has none.
    """

    def __init__(self, modulus, exponent: int, revoked: bytes = b"", expiry: str = ""):
        self.modulus = modulus
        self.exponent = exponent
        self.revoked = revoked
        self.expiry = expiry


def _expiry(data: dict) -> str:
    """DF05 as "YYMMDD": 8 ASCII digits YYYYMMDD, or the same in 4 bytes of BCD; optional."""
    if 0xDF05 not in data:
        return ""
    value = bytes(tags.sized(data, 0xDF05, 4, 8))
    if len(value) == 8 and value.isdigit():
        text = value.decode()
    elif len(value) == 4:
        text = bcd.unpack(value)
    else:
        raise BadBytes("DF05", 0, "not a date")
    if not ("01" <= text[4:6] <= "12" and "01" <= text[6:] <= "31"):
        raise BadBytes("DF05", 0, "not a date")
    return text[2:]


def parse(record) -> CaPublicKey:
    """The key of one record: the value of a template E2, what the kernel is given.

    The check value DF03 is SHA-1 over RID, index, modulus and exponent, the exponent without
    leading zeros (EMV Book 2, 11.2.2 [M]). Raises BadBytes.
    """
    view = memoryview(record)
    data = {}
    for tag, i, n in tlv.walk(record):
        if tag in data:
            raise BadBytes("{:02X}".format(tag), i, "twice")
        data[tag] = view[i : i + n]
    for tag in (0xDF06, 0xDF07):  # SHA-1, RSA
        if tags.sized(data, tag, 1, 1)[0] != 1:
            raise BadBytes("{:02X}".format(tag), 0, "unknown algorithm")
    exponent = int.from_bytes(tags.sized(data, 0xDF04, 1, 4), "big")
    if exponent != 3 and exponent != 65537:
        raise BadBytes("DF04", 0, "neither 3 nor 65537")
    modulus = bytes(tags.sized(data, 0xDF02, 64, 248))
    check = rsa.digest(
        tags.sized(data, 0x9F06, 5, 5),
        tags.sized(data, 0x9F22, 1, 1),
        modulus,
        b"\x03" if exponent == 3 else b"\x01\x00\x01",
    )
    if check != tags.sized(data, 0xDF03, 20, 20):
        raise BadBytes("DF03", 0, "not the check value")
    revoked = bytes(data.get(0xDF8F01, b""))
    if len(revoked) % 3:
        raise BadBytes("DF8F01", 0, "length {}".format(len(revoked)))
    return CaPublicKey(modulus, exponent, revoked, _expiry(data))
