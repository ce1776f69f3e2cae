"""The MAC of the direct-POS dialect, on CPython and on MicroPython."""

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from golden import MESSAGES, mabs
from hypothesis import given
from hypothesis import strategies as st
from pos.crypto import mac
from psec import des as other

pytestmark = pytest.mark.filterwarnings(
    "ignore::cryptography.utils.CryptographyDeprecationWarning"
)
VECTORS = mabs()
MAK = st.binary(min_size=8, max_size=8) | st.binary(min_size=16, max_size=16)


@pytest.mark.parametrize("name", VECTORS)
def test_known_answers(name):
    mak, mab, answer = VECTORS[name]
    assert mac.pos_ecb(mak, mab) == answer
    assert mac.pos_ecb(mak, memoryview(bytearray(mab))) == answer


@given(MAK, st.binary(max_size=200))
def test_any_message_by_the_rule(mak, mab):
    padded = mab + bytes(-len(mab) % 8)
    x = 0
    for i in range(0, len(padded), 8):
        x ^= int.from_bytes(padded[i : i + 8], "big")
    text = f"{x:016X}".encode()
    key = mak * 2 if len(mak) == 8 else mak
    first = other.encrypt_tdes_ecb(key, text[:8])
    joined = bytes(a ^ b for a, b in zip(first, text[8:], strict=True))
    assert mac.pos_ecb(mak, mab) == other.encrypt_tdes_ecb(key, joined).hex().upper()[:8].encode()


@given(st.binary(min_size=16, max_size=16), st.binary(max_size=200))
def test_any_message_by_the_rule_with_sm4(mak, mab):
    padded = mab + bytes(-len(mab) % 16)
    x = 0
    for i in range(0, len(padded), 16):
        x ^= int.from_bytes(padded[i : i + 16], "big")
    text = f"{x:032X}".encode()
    cipher = Cipher(SM4(mak), modes.ECB())
    first = cipher.encryptor().update(text[:16])
    joined = bytes(a ^ b for a, b in zip(first, text[16:], strict=True))
    answer = cipher.encryptor().update(joined).hex().upper()[:8].encode()
    assert mac.pos_ecb(mak, mab, True) == answer
    assert mac.pos_ecb(mak, mab) != answer  # triple DES with the same key


def test_seal_and_verify_with_sm4():
    message = bytearray(MESSAGES["sale"].message)
    mak = b"a key of 16 byte"
    mac.seal(mak, message, True)
    assert mac.verify(mak, message, True)
    assert not mac.verify(mak, message)
    message[20] ^= 1
    assert not mac.verify(mak, message, True)


@pytest.mark.parametrize("name", ["sale", "reversal"])
def test_seal_and_verify(name):
    golden = MESSAGES[name].message
    mak = VECTORS[name][0]
    message = bytearray(golden[:-8] + bytes(8))
    assert not mac.verify(mak, message)
    mac.seal(mak, message)
    assert message == golden
    assert mac.verify(mak, memoryview(golden))
    assert not mac.verify(mak, golden[:-8] + golden[-8:].lower())
    assert not mac.verify(bytes(8), golden)


def test_any_changed_byte_is_seen():
    golden = MESSAGES["sale"].message
    mak = VECTORS["sale"][0]
    for i in range(len(golden)):
        changed = bytearray(golden)
        changed[i] ^= 0x10
        assert not mac.verify(mak, changed)


@pytest.mark.parametrize("name", ["sign_in", "settlement", "echo"])
def test_message_without_f64_is_not_verified(name):
    mak = VECTORS["sale"][0]
    forged = bytearray(MESSAGES[name].message)
    mac.seal(mak, forged)
    assert not mac.verify(mak, forged)


@pytest.mark.parametrize("size", range(18))
def test_too_short_to_hold_a_mac(size):
    assert not mac.verify(bytes(8), b"\xff" * size)


def test_the_same_on_micropython(mpy):
    golden = MESSAGES["sale"].message
    out = mpy(
        f"VECTORS = {VECTORS!r}\nGOLDEN = {golden!r}\n"
        + """
from pos.crypto import mac
for name, (mak, mab, answer) in VECTORS.items():
    print(mac.pos_ecb(mak, memoryview(mab)) == answer)
message = bytearray(GOLDEN)
message[-8:] = bytes(8)
mak = VECTORS["sale"][0]
print(mac.verify(mak, message))
mac.seal(mak, message)
print(message == GOLDEN, mac.verify(mak, memoryview(message)), mac.verify(bytes(8), message))
mac.seal(mak + mak, message, True)
print(bytes(message[-8:]).decode(), mac.verify(mak + mak, message, True))
"""
    )
    mak, mab, _ = VECTORS["sale"]
    with_sm4 = mac.pos_ecb(mak * 2, mab, True).decode()
    assert out.split() == [
        *(["True"] * len(VECTORS)),
        "False",
        "True",
        "True",
        "False",
        with_sm4,
        "True",
    ]
