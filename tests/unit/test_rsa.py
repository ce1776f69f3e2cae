"""The public-key operation against `cryptography`, and on MicroPython."""

from hashlib import sha1

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa as oracle
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given, settings
from hypothesis import strategies as st
from oda_bench import keys
from pos.crypto import rsa
from pos.protocol.errors import BadBytes

# what PKCS #1 v1.5 puts before a SHA-256 hash (RFC 8017, 9.2)
SHA256_INFO = bytes.fromhex("3031300D060960864801650304020105000420")
MESSAGE = b"TapTill"
KEYS = keys()


def private(key) -> oracle.RSAPrivateKey:
    parts = (
        oracle.rsa_crt_dmp1(key.d, key.p),
        oracle.rsa_crt_dmq1(key.d, key.q),
        oracle.rsa_crt_iqmp(key.p, key.q),
    )
    public = oracle.RSAPublicNumbers(key.e, key.n)
    return oracle.RSAPrivateNumbers(key.p, key.q, key.d, *parts, public).private_key()


def signed(key) -> tuple[bytes, bytes]:
    """(signature by `cryptography`, what the operation must make of it)."""
    signature = private(key).sign(MESSAGE, PKCS1v15(), SHA256())
    info = SHA256_INFO + private(key).public_key().recover_data_from_signature(
        signature, PKCS1v15(), SHA256()
    )
    return signature, b"\0\1" + b"\xff" * (key.size - len(info) - 3) + b"\0" + info


LARGE = [name for name, key in KEYS.items() if key.size >= 128]  # `cryptography` knows no others


@pytest.mark.parametrize("name", LARGE)
def test_signatures_of_another_implementation(name):
    signature, encoded = signed(KEYS[name])
    assert rsa.recover(signature, KEYS[name].modulus, KEYS[name].e) == encoded


@pytest.mark.parametrize("name", KEYS)
def test_it_undoes_the_private_key(name):
    key = KEYS[name]
    for block in (bytes(key.size), b"\0" + b"\xa5" * (key.size - 1), b"\x6a" * key.size):
        assert rsa.recover(key.sign(block), key.modulus, key.e) == block


def test_on_micropython(mpy):
    want = {name: signed(KEYS[name]) for name in LARGE}
    source = "from pos.crypto import rsa\n"
    for name, (signature, _) in want.items():
        for view in ("{}", "memoryview(bytearray({}))"):
            data = view.format(repr(signature)), view.format(repr(KEYS[name].modulus))
            source += f"print(rsa.recover({', '.join(data)}, {KEYS[name].e}))\n"
    source += "print(rsa.digest(), rsa.digest(b'a', memoryview(b'xbc')[1:], bytearray()))\n"
    source += """
for data, modulus, e in (
    (bytes(63), bytes(62) + b"\\1", 3), (bytes(249), bytes(248) + b"\\1", 3),
    (bytes(63), bytes(63) + b"\\1", 3), (bytes(64), bytes(63) + b"\\1", 5),
    (bytes(64), bytes(64), 3), (bytes(64), bytes(63) + b"\\1", 3),
):
    try:
        print(rsa.recover(data, modulus, e) == bytes(64))
    except ValueError as fault:
        print(type(fault).__name__, fault)
"""
    lines = mpy(source).splitlines()
    for name in want:
        assert [eval(lines.pop(0)) for _ in range(2)] == [want[name][1]] * 2
    assert lines[0] == f"{sha1().digest()} {sha1(b'abc').digest()}"
    assert lines[1:] == [
        "BadBytes RSA at 0: modulus of 63 bytes",
        "BadBytes RSA at 0: modulus of 249 bytes",
        "BadBytes RSA at 0: 63 bytes under 64",
        "BadBytes RSA at 0: exponent",
        "BadBytes RSA at 0: even modulus",
        "True",
    ]


@pytest.mark.parametrize(
    ("data", "modulus", "exponent", "why"),
    [
        (63, 63, 3, "modulus of 63 bytes"),
        (249, 249, 3, "modulus of 249 bytes"),
        (0, 0, 3, "modulus of 0 bytes"),
        (127, 128, 3, "127 bytes under 128"),
        (129, 128, 3, "129 bytes under 128"),
        (0, 128, 3, "0 bytes under 128"),
        (128, 128, 0, "exponent"),
        (128, 128, 1, "exponent"),
        (128, 128, 17, "exponent"),
        (128, 128, 65539, "exponent"),
    ],
)
def test_what_it_refuses(data, modulus, exponent, why):
    with pytest.raises(BadBytes, match=f"RSA at 0: {why}$"):
        rsa.recover(b"\1" * data, b"\xff" * modulus, exponent)


def test_an_even_modulus():
    for modulus in (bytes(64), b"\xff" * 63 + b"\xfe"):
        with pytest.raises(BadBytes, match="even modulus"):
            rsa.recover(bytes(64), modulus, 3)


@settings(max_examples=100, deadline=None)
@given(
    st.binary(min_size=60, max_size=70),
    st.binary(min_size=60, max_size=70),
    st.sampled_from([3, 65537, 2]),
)
def test_any_bytes(data, modulus, exponent):
    try:
        assert len(rsa.recover(data, modulus, exponent)) == len(modulus)
    except BadBytes:
        pass


def test_published_digests():
    """FIPS 180-1, appendix A and B."""
    abc, long = (
        "A9993E364706816ABA3E25717850C26C9CD0D89D",
        "84983E441C3BD26EBAAE4AA1F95129E5E54670F1",
    )
    assert rsa.digest(b"a", b"", memoryview(b"bc")) == bytes.fromhex(abc)
    assert rsa.digest(b"abcdbcdecdefdefgefgh", b"fghighijhijkijkljklmklmnlmnomnopnopq") == (
        bytes.fromhex(long)
    )
