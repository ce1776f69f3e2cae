"""SM4 against the standard and `cryptography`, and on MicroPython."""

import sys

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import SM4 as OTHER
from golden import SM4, unhex
from hypothesis import given, settings
from hypothesis import strategies as st
from pos.crypto import des, sm4

KEY = st.binary(min_size=16, max_size=16)
STANDARD = unhex("0123456789ABCDEFFEDCBA9876543210")  # GB/T 32907-2016, appendix A: key and text
ONCE = unhex("681EDF34D206965E86B3E94F536E4246")
MILLION = unhex("595298C7C6FD271F0402F804C33D3F66")


def oracle(key: bytes, data: bytes, decrypt: bool = False) -> bytes:
    cipher = Cipher(OTHER(key), modes.ECB())
    step = cipher.decryptor() if decrypt else cipher.encryptor()
    return step.update(data) + step.finalize()


def test_example_of_the_standard():
    ready = sm4.Sm4(STANDARD)
    assert ready.encrypt(STANDARD) == ONCE
    assert ready.decrypt(ONCE) == STANDARD


def test_the_oracle_knows_the_second_example_too():
    """A million times; here it would take minutes, so that it speaks for what we compare with."""
    step = Cipher(OTHER(STANDARD), modes.ECB()).encryptor()
    block = STANDARD
    for _ in range(1000000):
        block = step.update(block)
    assert block == MILLION


def test_key_of_the_reference():
    tmk, wrapped, clear = (unhex(SM4[name]) for name in ("tmk", "wrapped", "pik"))
    assert des.ecb_decrypt(tmk, wrapped, True) == clear
    assert des.ecb_encrypt(tmk, clear, True) == wrapped
    assert des.kcv(clear, True) == unhex(SM4["kcv"])[:4]


@settings(max_examples=150, deadline=None)
@given(KEY, st.integers(0, 3), st.data())
def test_any_key_and_data_as_cryptography(key, blocks, draw):
    data = draw.draw(st.binary(min_size=16 * blocks, max_size=16 * blocks))
    assert des.ecb_encrypt(key, data, True) == (oracle(key, data) if data else b"")
    assert des.ecb_decrypt(key, data, True) == (oracle(key, data, True) if data else b"")
    assert des.kcv(key, True) == oracle(key, bytes(16))[:4]


@pytest.mark.parametrize("bit", range(128))
def test_each_bit_of_key_and_block(bit):
    one = (1 << bit).to_bytes(16, "big")
    assert sm4.Sm4(one).encrypt(bytes(16)) == oracle(one, bytes(16))
    assert sm4.Sm4(STANDARD).decrypt(one) == oracle(STANDARD, one, True)


def test_each_value_of_the_s_box():
    for value in range(256):
        block = bytes((value,)) * 16
        assert sm4.Sm4(block).encrypt(block) == oracle(block, block)


def test_wrong_sizes():
    for n in (0, 8, 15, 17, 32):
        with pytest.raises(ValueError, match=f"key of {n} bytes"):
            sm4.Sm4(bytes(n))
        with pytest.raises(ValueError, match=f"block of {n} bytes"):
            sm4.Sm4(STANDARD).encrypt(bytes(n))
        with pytest.raises(ValueError, match=f"block of {n} bytes"):
            sm4.Sm4(STANDARD).decrypt(bytes(n))
    with pytest.raises(ValueError, match="data of 24 bytes"):
        des.ecb_encrypt(STANDARD, bytes(24), True)


def test_into_a_buffer_of_the_caller():
    block = bytearray(STANDARD)
    assert sm4.Sm4(STANDARD).encrypt(block, block) is block
    assert block == ONCE


def test_wipe_clears_the_schedule():
    ready = sm4.Sm4(STANDARD)
    upper, lower = ready._k, ready._m
    assert any(upper) and any(lower)
    ready.wipe()
    assert not any(upper) and not any(lower)
    ready.wipe()
    for use in (ready.encrypt, ready.decrypt):
        with pytest.raises(ValueError, match="wiped"):
            use(bytes(16))


def test_no_value_leaves_a_small_int_of_31_bits():
    largest = 0

    def look(frame, event, arg):
        nonlocal largest
        if frame.f_code.co_filename != sm4.__file__:
            return None
        for value in frame.f_locals.values():
            if isinstance(value, int):
                largest = max(largest, abs(value))
        return look

    before = sys.gettrace()
    sys.settrace(look)
    try:
        for key in (b"\xff" * 16, bytes(16), STANDARD):
            des.ecb_decrypt(key, des.ecb_encrypt(key, b"\xff" * 16, True), True)
    finally:
        sys.settrace(before)
    # Halves of 16 bits; those shifted by up to 13 have no name and stay below 2^29
    assert (1 << 15) <= largest < 1 << 16


@settings(max_examples=5, deadline=None)
@given(st.lists(st.tuples(KEY, KEY), min_size=5, max_size=5))
def test_the_same_on_micropython(mpy, cases):
    cases = [*cases, (STANDARD, STANDARD), (b"\xff" * 16, b"\xff" * 16)]
    out = mpy(
        f"CASES = {cases!r}\n"
        + """
from pos.crypto import des, sm4
for key, block in CASES:
    d = sm4.Sm4(memoryview(key))
    print((bytes(d.encrypt(memoryview(block))), bytes(d.decrypt(bytearray(block)))))
    assert des.ecb_decrypt(key, des.ecb_encrypt(key, block, True), True) == block
    assert des.kcv(key, True) == d.encrypt(bytes(16))[:4]
    d.wipe()
    try:
        d.encrypt(block)
    except ValueError as e:
        assert str(e) == "key was wiped"
    else:
        raise AssertionError
"""
    )
    assert [eval(line) for line in out.splitlines()] == [
        (oracle(key, block), oracle(key, block, True)) for key, block in cases
    ]
