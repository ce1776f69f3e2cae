"""The part of a card that offline data authentication is about: certificates, key, signatures."""

import functools
import hashlib
from dataclasses import dataclass

from host_tools.emv import ca
from host_tools.emv.keys import CaKey, RsaKey, load_keys

Records = dict[tuple[int, int], dict[str, bytes]]

# Where the certificates lie; a card file keeps its own records elsewhere.
SFI = 2
DYNAMIC = (3, 1)  # of fDDA: 9F69 and 9F4B, made anew for every transaction


@dataclass(frozen=True, repr=False, eq=False)
class Oda:
    """Key and certificate records of one application; ``in_gpo``: fDDA's signature is there."""

    icc: RsaKey
    records: Records
    in_gpo: bool = False

    def number(self, atc: bytes, size: int) -> bytes:
        """A number that nobody foresees who has not the key; the same in every run of a test."""
        return hashlib.sha256(self.icc.q.to_bytes(self.icc.size, "big") + atc).digest()[:size]

    def fast(self, values: dict[str, bytes], ctq: bytes) -> dict[str, bytes]:
        """9F69 and 9F4B of fDDA version 01 (C-3, annex C; C-7).

        9F69 is version, the card's unpredictable number and the CTQ.
        """
        card = b"\x01" + self.number(values["9F36"], 4) + ctq
        signature = ca.fdda_signature(
            *(self.icc, values["9F36"], values["9F37"], values["9F02"], values["5F2A"], card)
        )
        return {"9F69": card, "9F4B": signature}

    def combined(self, atc: bytes, cid: bytes, ac: bytes, transaction: bytes, un: bytes) -> bytes:
        """9F4B of CDA (EMV Book 2, 6.6.1); ``transaction`` as in ``ca.cda_signature``."""
        return ca.cda_signature(self.icc, self.number(atc, 8), cid, ac, transaction, un)


def personalise(
    key: str, rid: bytes, pan: str, static: bytes, *, forged: bool = False, in_gpo: bool = False
) -> Oda:
    """Certify the TEST key ``key`` for a card whose static data to be authenticated is ``static``.

    ``forged``: it is signed by somebody who is not the issuer. Raises KeyError with the name of
    what there is no key for.
    """
    keys = load_keys()
    authority = keys.ca_of(rid)
    if authority is None:
        raise KeyError(f"RID {rid.hex().upper()}")
    for name, known in ((f"BIN {pan[:6]}", keys.issuers.get(pan[:6])), (key, keys.icc.get(key))):
        if known is None:
            raise KeyError(name)
    issuer, icc = keys.issuers[pan[:6]], keys.icc[key]
    first = _issuer(authority, issuer, pan[:6])
    second = _icc(keys.icc["forged"] if forged else issuer, icc, pan, static)
    records: Records = {
        (SFI, 1): {"90": first.pop("90")},
        (SFI, 2): first,
        (SFI, 3): {"9F46": second.pop("9F46")},
        (SFI, 4): second,
    }
    return Oda(icc, records, in_gpo)


def _issuer(authority: CaKey, issuer: RsaKey, bin_: str) -> dict[str, bytes]:
    return dict(_issuer_certificate(authority, issuer, bin_))


def _icc(issuer: RsaKey, icc: RsaKey, pan: str, static: bytes) -> dict[str, bytes]:
    return dict(_icc_certificate(issuer, icc, pan, static))


# Signing takes a while, and the same card is loaded over and over again
_issuer_certificate = functools.cache(ca.issuer_certificate)
_icc_certificate = functools.cache(ca.icc_certificate)
