"""Application cryptograms as an issuer computes them: by scheme and version, which key and data.

Scheme by the RID of the application (84), version by 9F10; keys and MAC are pyemv's. UnionPay's is
this project's test issuer's, as remembered [M]; a real issuer may differ in derivation and data.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pyemv import ac, kd, sm, tools

# The data of every version, in order; some of 9F10 follows.
AC_TAGS = ("9F02", "9F03", "9F1A", "95", "5F2A", "9A", "9C", "9F37", "82", "9F36")

# Card status update of an approval: byte 2 bit 8, "issuer approves online transaction" [M].
STATUS_UPDATE = bytes.fromhex("00800000")

_UNIONPAY, _VISA, _MASTERCARD = "A000000333", "A000000003", "A000000004"


class UnknownCryptogram(ValueError):
    """9F10 is of no scheme and version that this issuer knows."""


@dataclass(frozen=True)
class _Version:
    """How one version is made; ``size`` is the least of 9F10, ``signed`` what of it is signed.

    ``answer``: the session key of the issuer's answer; ``status``: it is made by method 2, with a
    card status update, instead of method 1 (EMV Book 2, 8.2).
    """

    size: int
    signed: tuple[slice, ...]
    derive: Callable[[bytes, str, str], bytes]
    session: Callable[[bytes, bytes, bytes], bytes]  # of master key, ATC, unpredictable number
    padding: ac.PaddingType = ac.PaddingType.EMV
    answer: Callable[[bytes, bytes, bytes], bytes] | None = None  # None: as ``session``
    status: bool = False
    script: Callable[[bytes, bytes, bytes], bytes] | None = None  # of a script's MAC


def _of_counter(master: bytes, atc: bytes, _: bytes) -> bytes:
    """The 2-byte ATC and its complement, each behind six zeros, encrypted [M]."""
    left = bytes(6) + atc
    right = bytes(6) + tools.xor(atc, b"\xff\xff")
    return tools.encrypt_tdes_ecb(master, left) + tools.encrypt_tdes_ecb(master, right)


def _common(master: bytes, atc: bytes, _: bytes) -> bytes:
    """EMV common session key (EMV Book 2, A1.3)."""
    return kd.derive_common_sk(master, atc + bytes(6))


def _of_number(master: bytes, atc: bytes, number: bytes) -> bytes:
    """Mastercard's session key, with the terminal's unpredictable number."""
    return kd.derive_common_sk(master, atc + bytes(2) + number)


def _of_cryptogram(master: bytes, _: bytes, cryptogram: bytes) -> bytes:
    """EMV common session key for secure messaging, from the cryptogram (EMV Book 2, A1.3)."""
    return kd.derive_common_sk(master, cryptogram)


def _visa_script(master: bytes, atc: bytes, _: bytes) -> bytes:
    return kd.derive_visa_sm_sk(master, atc)


def _none(master: bytes, _: bytes, __: bytes) -> bytes:
    return master


_SHORT_CVR, _LONG_CVR, _COUNTERS = slice(3, 7), slice(2, 8), slice(10, 18)
_A, _B = kd.derive_icc_mk_a, kd.derive_icc_mk_b

# RID -> where the version stands in 9F10, and the versions
_SCHEMES: dict[str, tuple[int, dict[int, _Version]]] = {
    _UNIONPAY: (2, {0x01: _Version(7, (_SHORT_CVR,), _A, _of_counter, script=_of_counter)}),
    _VISA: (
        2,
        {
            0x0A: _Version(
                *(7, (_SHORT_CVR,), _A, _none, ac.PaddingType.VISA), script=_visa_script
            ),
            0x12: _Version(7, (slice(0, 32),), _B, _common, status=True, script=_visa_script),
        },
    ),
    _MASTERCARD: (
        1,
        {
            0x10: _Version(8, (_LONG_CVR,), _A, _of_number, answer=_none),
            0x11: _Version(18, (_LONG_CVR, _COUNTERS), _A, _of_number, answer=_none),
            0x14: _Version(8, (_LONG_CVR,), _A, _common),
            0x15: _Version(18, (_LONG_CVR, _COUNTERS), _A, _common),
        },
    ),
}


def expected(imk: bytes, pan: str, psn: str, icc: Mapping[str, bytes]) -> bytes:
    """The 8-byte cryptogram that the card of field 55 must have sent.

    ``icc`` has AC_TAGS and 9F10; without 84 it is UnionPay's. Raises UnknownCryptogram.
    """
    version = _version(icc)
    session = version.session(version.derive(imk, pan, psn), icc["9F36"], icc["9F37"])
    signed = b"".join(icc["9F10"][part] for part in version.signed)
    data = b"".join(icc[tag] for tag in AC_TAGS) + signed
    return ac.generate_ac(session, data, version.padding)


def answer(imk: bytes, pan: str, psn: str, icc: Mapping[str, bytes], arc: bytes) -> bytes:
    """Issuer authentication data (91) for the cryptogram 9F26: 10 bytes, or 8 by method 2.

    ``arc`` is the 2-byte response code; by method 2 an approval is a card status update of zeros
    but for "issuer approves" [M]. Raises UnknownCryptogram.
    """
    version = _version(icc)
    master = version.derive(imk, pan, psn)
    session = (version.answer or version.session)(master, icc["9F36"], icc["9F37"])
    if version.status:
        return ac.generate_arpc_2(session, icc["9F26"], STATUS_UPDATE) + STATUS_UPDATE
    return ac.generate_arpc_1(session, icc["9F26"], arc) + arc


def command_mac(imk: bytes, pan: str, psn: str, icc: Mapping[str, bytes], data: bytes) -> bytes:
    """The 8-byte MAC of a script's command: ``data`` is its header with Lc and its data.

    Counter and cryptogram of the transaction go between the two (EMV Book 2, 9.2, format 2). The
    issuer's key is that of its cryptograms [M]. Raises UnknownCryptogram.
    """
    version = _version(icc)
    master = version.derive(imk, pan, psn)
    session = (version.script or _of_cryptogram)(master, icc["9F36"], icc["9F26"])
    return sm.generate_command_mac(session, data[:5] + icc["9F36"] + icc["9F26"] + data[5:])


def _version(icc: Mapping[str, bytes]) -> _Version:
    rid = icc["84"][:5].hex().upper() if "84" in icc else _UNIONPAY
    iad = icc["9F10"]
    at, versions = _SCHEMES.get(rid, (0, {}))
    version = versions.get(iad[at]) if len(iad) > at else None
    if version is None or len(iad) < version.size or len(icc["9F36"]) != 2:
        raise UnknownCryptogram("9F10 or 9F36 is of no version that is known")
    return version
