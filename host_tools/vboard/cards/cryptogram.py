"""The application cryptogram of the test cards, by the pyemv package.

UnionPay cryptogram version 01 as this project's test issuer does it. [M]: from memory, the order
of the data and the derivation of the session key are not confirmed against PBOC 3.0.
"""

from pyemv import ac, kd, tools

DATA_TAGS = ("9F02", "9F03", "9F1A", "95", "5F2A", "9A", "9C", "9F37", "82", "9F36")


def icc_key(imk: bytes, pan: str, psn: str) -> bytes:
    """The card's 16-byte master key (EMV Book 2 annex A1.4.1, option A)."""
    return kd.derive_icc_mk_a(imk, pan, psn)


def session_key(key: bytes, atc: bytes) -> bytes:
    """16 bytes: the 2-byte ``atc`` and its complement, each behind six zero bytes, encrypted."""
    other = bytes(b ^ 0xFF for b in atc)
    left = tools.encrypt_tdes_ecb(key, bytes(6) + atc)
    return left + tools.encrypt_tdes_ecb(key, bytes(6) + other)


def generate(key: bytes, values: dict[str, bytes], cvr: bytes) -> bytes:
    """The 8-byte cryptogram over the values of ``DATA_TAGS`` and the 4-byte CVR."""
    data = b"".join(values[tag] for tag in DATA_TAGS) + cvr
    return ac.generate_ac(session_key(key, values["9F36"]), data, ac.PaddingType.EMV)
