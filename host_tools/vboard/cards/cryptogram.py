"""The application cryptogram of the test cards, by the pyemv package.

UnionPay cryptogram version 01 as this project's test issuer does it. [M]: from memory, the order
of the data and the derivation of the session key are not confirmed against PBOC 3.0. Those of Visa
and Mastercard are pyemv's.
"""

from collections.abc import Callable, Mapping

from pyemv import ac, cvn, kd, tools

DATA_TAGS = ("9F02", "9F03", "9F1A", "95", "5F2A", "9A", "9C", "9F37", "82", "9F36")
VERSIONS = {"qpboc": range(256), "qvsdc": (10, 18), "mchip": (16, 17, 20, 21)}

Maker = Callable[[Mapping[str, bytes], bytes], bytes]


def icc_key(imk: bytes, pan: str, psn: str) -> bytes:
    """The card's 16-byte master key (EMV Book 2 annex A1.4.1, option A)."""
    return kd.derive_icc_mk_a(imk, pan, psn)


def session_key(key: bytes, atc: bytes) -> bytes:
    """16 bytes: the 2-byte ``atc`` and its complement, each behind six zero bytes, encrypted."""
    other = bytes(b ^ 0xFF for b in atc)
    left = tools.encrypt_tdes_ecb(key, bytes(6) + atc)
    return left + tools.encrypt_tdes_ecb(key, bytes(6) + other)


def generate(key: bytes, values: Mapping[str, bytes], cvr: bytes) -> bytes:
    """The 8-byte cryptogram over the values of ``DATA_TAGS`` and the 4-byte CVR."""
    data = b"".join(values[tag] for tag in DATA_TAGS) + cvr
    return ac.generate_ac(session_key(key, values["9F36"]), data, ac.PaddingType.EMV)


def maker(kind: str, version: int, imk: bytes, pan: str, psn: str) -> Maker:
    """What makes the cryptogram from the values of ``DATA_TAGS`` and 9F10; it keeps no issuer key.

    ``kind`` and ``version`` as in VERSIONS; CVR and counters are taken from 9F10.
    """
    if kind == "qpboc":
        key = icc_key(imk, pan, psn)
        return lambda values, iad: generate(key, values, iad[3:7])
    keys = (imk, imk, imk, pan, psn)
    if kind == "qvsdc":
        if version == 10:
            visa10 = cvn.VisaCVN10(*keys)
            return lambda values, iad: visa10.generate_ac(**_data(values), cvr=iad[3:7])
        visa18 = cvn.VisaCVN18(*keys)
        return lambda values, iad: visa18.generate_ac(**_data(values), tag_9f10=iad)
    # M/Chip, 9F10: key, version, CVR (6), dynamic number (2), counters (8)
    if version in (16, 20):
        short = cvn.MasterCardCVN16(*keys) if version == 16 else cvn.MasterCardCVN20(*keys)
        return lambda values, iad: short.generate_ac(**_data(values), cvr=iad[2:8])
    long = cvn.MasterCardCVN17(*keys) if version == 17 else cvn.MasterCardCVN21(*keys)
    return lambda values, iad: long.generate_ac(**_data(values), cvr=iad[2:8], counters=iad[10:18])


def _data(values: Mapping[str, bytes]) -> dict[str, bytes]:
    """The arguments that all of pyemv's cryptogram versions have."""
    return {f"tag_{tag.lower()}": values[tag] for tag in DATA_TAGS}
