"""RSA TEST keys from ``test_keys.yaml``: of certification authorities, issuers and cards.

``make_keys`` makes them. They protect nothing and nobody; a production key never comes near here.
"""

import functools
import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from host_tools import yaml_text

TEST_KEYS = Path(__file__).with_name("test_keys.yaml")


class KeyFileError(ValueError):
    """A key file is wrong; the sentence says where and repeats no value."""


@dataclass(frozen=True, repr=False)
class RsaKey:
    """An RSA key with its primes; ``size`` in bytes."""

    p: int
    q: int
    e: int

    @property
    def n(self) -> int:
        """The modulus as a number."""
        return self.p * self.q

    @property
    def size(self) -> int:
        """Bytes of the modulus."""
        return (self.n.bit_length() + 7) // 8

    @property
    def modulus(self) -> bytes:
        """The modulus, most significant byte first."""
        return self.n.to_bytes(self.size, "big")

    @property
    def exponent(self) -> bytes:
        """The public exponent in 1 or 3 bytes (EMV Book 2, 11.2.1.2: 3 or 65537)."""
        return self.e.to_bytes((self.e.bit_length() + 7) // 8, "big")

    def sign(self, block: bytes) -> bytes:
        """``block``, as long as the modulus, under the private key (EMV Book 2, A2.1)."""
        if len(block) != self.size:
            raise ValueError(f"a block of {self.size} bytes is signed, not of {len(block)}")
        d = pow(self.e, -1, math.lcm(self.p - 1, self.q - 1))
        return pow(int.from_bytes(block, "big"), d, self.n).to_bytes(self.size, "big")

    def __repr__(self) -> str:
        return f"<RsaKey {self.n.bit_length()} bits>"


@dataclass(frozen=True)
class CaKey:
    """A certification authority's key: RID (5 bytes), index (0..255), end as YYYYMMDD."""

    rid: bytes
    index: int
    expires: str
    key: RsaKey

    @property
    def check_value(self) -> bytes:
        """SHA-1 over RID, index, modulus and exponent (EMV Book 2, 11.2.2)."""
        named = self.rid + bytes([self.index])
        return hashlib.sha1(named + self.key.modulus + self.key.exponent).digest()


@dataclass(frozen=True)
class TestKeys:
    """Everything in a key file: ``ca`` and ``icc`` by name, ``issuers`` by BIN (six digits)."""

    __test__ = False  # nothing for pytest

    ca: dict[str, CaKey]
    issuers: dict[str, RsaKey]
    icc: dict[str, RsaKey]

    def ca_of(self, rid: bytes, index: int | None = None) -> CaKey | None:
        """The (first) key of a RID, or the one with this index."""
        for key in self.ca.values():
            if key.rid == rid and index in (None, key.index):
                return key
        return None


@functools.cache
def load_keys(path: Path = TEST_KEYS) -> TestKeys:
    """Read a key file. Raises KeyFileError."""
    document = yaml_text.load(path.read_text(encoding="utf-8"))
    sections = {"ca", "issuers", "icc"}
    if not isinstance(document, dict) or set(document) != sections:
        raise KeyFileError(f"{path.name}: it has the sections {', '.join(sorted(sections))}")
    ca = {}
    for name, entry in document["ca"].items():
        key = _key(path, name, entry)
        try:
            rid = bytes.fromhex(entry["rid"])
            ca[name] = CaKey(rid, int(entry["index"], 16), entry["expires"], key)
        except (KeyError, TypeError, ValueError):
            raise KeyFileError(f"{path.name}: {name}: rid, index or expires is wrong") from None
    return TestKeys(
        ca=ca,
        issuers={name: _key(path, name, entry) for name, entry in document["issuers"].items()},
        icc={name: _key(path, name, entry) for name, entry in document["icc"].items()},
    )


def _key(path: Path, name: str, entry: Any) -> RsaKey:
    try:
        key = RsaKey(*(int(entry[part], 16) for part in "pqe"))
    except (KeyError, TypeError, ValueError):
        raise KeyFileError(f"{path.name}: {name}: p, q and e are hex") from None
    if math.gcd(key.e, (key.p - 1) * (key.q - 1)) != 1 or key.n.bit_length() % 8:
        raise KeyFileError(f"{path.name}: {name}: no RSA key of whole bytes")
    return key
