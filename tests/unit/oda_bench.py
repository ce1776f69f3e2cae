"""An issuer for tests: certificates and signatures made straight from the layouts of EMV Book 2.

Nothing of the firmware and of the host tools is used here, so that a mistake is not made twice.
"""

from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha1
from pathlib import Path

import yaml

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "emv"
PAN = bytes.fromhex("6212345678901232")
TODAY = bytes.fromhex("261125")
STATIC = bytes.fromhex("5A0862123456789012325F24033012317C00")  # a record and the AIP
UN = bytes.fromhex("11223344")
NUMBER = bytes.fromhex("A1A2A3A4A5A6A7A8")  # ICC dynamic number
CRYPTOGRAM = bytes.fromhex("C1C2C3C4C5C6C7C8")
CODE = bytes.fromhex("DAC0")  # data authentication code
CID = 0x40  # TC
RELATED = bytes.fromhex("01AABBCCDD008000")  # 9F69
TRANSACTION = (bytes.fromhex("26004000 000000001280 11223344"), bytes.fromhex("000000001280 0156"))

# Runs under both interpreters; the key is a CA key's record, or None.
RUN = """
from pos.emv import oda

def run(method, card, signed, key, *more):
    why = getattr(oda, method)(card, signed, key, *more)
    return why, tuple([card.get(tag) for tag in (0x9F45, 0x9F4C, 0x9F26)])
"""


def unhex(text: str) -> bytes:
    return bytes.fromhex(text)


@dataclass(frozen=True)
class Key:
    """A test key: the private half too."""

    n: int
    e: int
    d: int
    p: int
    q: int

    @property
    def size(self) -> int:
        return (self.n.bit_length() + 7) // 8

    @property
    def modulus(self) -> bytes:
        return self.n.to_bytes(self.size, "big")

    @property
    def exponent(self) -> bytes:
        return self.e.to_bytes((self.e.bit_length() + 7) // 8, "big")

    def sign(self, block: bytes) -> bytes:
        assert len(block) == self.size
        m = int.from_bytes(block, "big")
        a, b = pow(m, self.d % (self.p - 1), self.p), pow(m, self.d % (self.q - 1), self.q)
        s = b + (a - b) * pow(self.q, -1, self.p) % self.p * self.q
        return s.to_bytes(self.size, "big")


@cache
def keys() -> dict[str, Key]:
    found = {}
    for name, value in yaml.safe_load((VECTORS / "oda_keys.yaml").read_text()).items():
        p, q = (int("".join(value[prime].split()), 16) for prime in "pq")
        e = value["e"]
        found[name] = Key(p * q, e, pow(e, -1, (p - 1) * (q - 1)), p, q)
    return found


def block(
    size: int, form: int, body: bytes, *hashed: bytes, header=0x6A, trailer=0xBC, digest=b""
) -> bytes:
    """A block to sign: header, format, body, BB, SHA-1 over these and ``hashed``, trailer."""
    middle = bytes((form,)) + body.ljust(size - 23, b"\xbb")
    assert len(middle) == size - 22
    digest = digest or sha1(middle + b"".join(hashed)).digest()
    return bytes((header,)) + middle + digest + bytes((trailer,))


def certificate(signer: Key, key: Key, form: int, owner: bytes, static: bytes, /, **change):
    """(certificate, remainder, exponent) of ``key``; ``change`` replaces single parts of it."""
    modulus = change.get("modulus", key.modulus)
    exponent = change.get("exponent", key.exponent)
    head = change.get("owner", owner) + change.get("expiry", unhex("1230"))
    head += change.get("serial", unhex("000A0B"))
    head += bytes((change.get("hash_algorithm", 1), change.get("key_algorithm", 1)))
    head += bytes((change.get("key_length", len(modulus)),))
    head += bytes((change.get("exponent_length", len(exponent)),))
    room = signer.size - 23 - len(head)
    rest = change.get("rest", modulus[room:])
    parts = (head + modulus[:room], rest, exponent, static)
    text = block(signer.size, change.get("form", form), *parts, **ends(change))
    return signer.sign(text), rest, exponent


def ends(change: dict) -> dict:
    return {name: change[name] for name in ("header", "trailer", "digest") if name in change}


def tlv(tag: int, value: bytes) -> bytes:
    name = tag.to_bytes((tag.bit_length() + 7) // 8, "big")
    n = len(value)
    length = (
        bytes((n,)) if n < 128 else b"\x81" + bytes((n,)) if n < 256 else b"\x82" + n.to_bytes(2)
    )
    return name + length + value


@dataclass
class Case:
    """A card with everything that its authentication takes; a test spoils one thing of it."""

    card: dict
    signed: bytes
    key: tuple | None
    more: dict
    today: bytes = TODAY
    signers: dict = field(default_factory=dict)

    def arguments(self, method: str) -> tuple:
        key = self.key and authority_record(*self.key)
        return (method, dict(self.card), self.signed, key, self.today, *self.more[method])


def authority_record(modulus: bytes, exponent: int, revoked: bytes = b"", expiry="") -> bytes:
    """A CA key as the terminal stores it; ``expiry`` YYMMDD."""
    e = exponent.to_bytes(3, "big").lstrip(b"\0")
    check = sha1(b"\xa0\0\0\3\x33" + b"\x92" + modulus + e).digest()
    parts = {0x9F06: b"\xa0\0\0\3\x33", 0x9F22: b"\x92", 0xDF06: b"\1", 0xDF07: b"\1"}
    parts |= {0xDF02: modulus, 0xDF04: e, 0xDF03: check, 0xDF8F01: revoked}
    if expiry:
        parts[0xDF05] = b"20" + expiry.encode()
    return b"".join(tlv(tag, value) for tag, value in parts.items())


def answer(signer: Key, transaction=TRANSACTION, before=b"", between=b"", **change) -> tuple:
    """(9F4B, answer to GENERATE AC with it) for combined data authentication."""
    rest = tlv(0x9F27, bytes((CID,))), tlv(0x9F36, b"\x00\x12"), tlv(0x9F10, bytes(18))
    said = sha1(b"".join(transaction) + b"".join(rest)).digest()
    number = change.get("number", NUMBER)
    body = bytes((change.get("number_length", len(number)),)) + number
    body += bytes((change.get("cid", CID),)) + CRYPTOGRAM + change.get("said", said)
    data = signature(signer, body, UN, **change)
    inside = before + rest[0] + rest[1] + between + tlv(0x9F4B, data) + rest[2]
    return data, tlv(0x77, inside)


def signature(signer: Key, body: bytes, *hashed: bytes, **change) -> bytes:
    """Signed dynamic application data."""
    head = bytes((change.get("hash_algorithm", 1), change.get("length", len(body))))
    form = change.get("form", 5)
    return signer.sign(block(signer.size, form, head + body, *hashed, **ends(change)))


@cache
def _good(chain: tuple) -> Case:
    return _made(chain, {})


def case(chain=("176 e3", "144 e3", "128 e3"), **parts) -> Case:
    """A good card under three keys; ``parts``: changes to issuer, icc, static, dynamic, combined.

    The default chain needs a remainder for both certificates.
    """
    return _made(chain, parts) if parts else deepcopy(_good(chain))


def _made(chain: tuple, parts: dict) -> Case:
    authority, issuer, icc = (keys()[name] for name in chain)
    names = ("issuer", "icc", "static", "dynamic", "combined")
    change = {name: parts.get(name, {}) for name in names}
    cert, rest, exponent = certificate(
        authority, issuer, 2, unhex("621234FF"), b"", **change["issuer"]
    )
    card = {0x5A: PAN, 0x90: cert, 0x92: rest, 0x9F32: exponent, 0x9F69: RELATED, 0x9F27: b"\x40"}
    cert, rest, exponent = certificate(issuer, icc, 4, PAN + b"\xff\xff", STATIC, **change["icc"])
    card.update({0x9F46: cert, 0x9F48: rest, 0x9F47: exponent, 0x9F4A: b"\x82"})
    static = change["static"]
    body = bytes((static.get("hash_algorithm", 1),)) + CODE
    text = block(issuer.size, static.get("form", 3), body, STATIC, **ends(static))
    card[0x93] = issuer.sign(text)
    terminal = {0x9F37: UN, 0x9F02: unhex("000000001280"), 0x5F2A: unhex("0156")}
    number = change["dynamic"].get("number", NUMBER)
    body = bytes((change["dynamic"].get("number_length", len(number)),)) + number
    hashed = (*terminal.values(), RELATED)
    card[0x9F4B] = signature(icc, body, *hashed, **change["dynamic"])
    _, said = answer(icc, **change["combined"])
    card = {tag: value for tag, value in card.items() if value}
    more = {"sda": (), "fdda": (terminal,), "cda": (UN, TRANSACTION, CID, said)}
    key = (authority.modulus, authority.e, unhex("000001 0F0F0F"), "301231")
    return Case(
        card, STATIC, key, more, signers={"authority": authority, "issuer": issuer, "icc": icc}
    )
