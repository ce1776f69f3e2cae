"""DES and triple DES against published answers and `cryptography`, and on MicroPython."""

import sys
import warnings

import pytest
from golden import KEYS, MAC, unhex
from hypothesis import given, settings
from hypothesis import strategies as st
from pos.crypto import des, des_portable

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # single DES and two keys: that is what the dialect uses
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    from cryptography.hazmat.primitives.ciphers import Cipher, modes

TMK = unhex(KEYS["tmk"])
WRAPPED = [{name: unhex(text) for name, text in key.items()} for key in KEYS["wrapped"].values()]
KEY = st.binary(min_size=8, max_size=8) | st.binary(min_size=16, max_size=16)
BLOCK = st.binary(min_size=8, max_size=8)


def oracle(key: bytes, data: bytes, decrypt: bool = False) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cipher = Cipher(TripleDES(key * 3 if len(key) == 8 else key + key[:8]), modes.ECB())
        step = cipher.decryptor() if decrypt else cipher.encryptor()
        return step.update(data) + step.finalize()


@pytest.mark.parametrize(
    ("key", "clear", "encrypted"),
    [  # SP 800-17 and the textbook example
        ("133457799BBCDFF1", "0123456789ABCDEF", "85E813540F0AB405"),
        ("0101010101010101", "8000000000000000", "95F8A5E5DD31D900"),
        ("8001010101010101", "0000000000000000", "95A8D72813DAA94D"),
        ("7CA110454A1A6E57", "01A1D6D039776742", "690F5B0D9A26939B"),
        ("FFFFFFFFFFFFFFFF", "FFFFFFFFFFFFFFFF", "7359B2163E4EDC58"),
    ],
)
def test_published_answers(key, clear, encrypted):
    ready = des.Des(unhex(key))
    assert ready.encrypt(unhex(clear)) == unhex(encrypted)
    assert ready.decrypt(unhex(encrypted)) == unhex(clear)


@pytest.mark.parametrize("key", WRAPPED, ids=list(KEYS["wrapped"]))
def test_working_keys_of_a_sign_in(key):
    assert des.ecb_encrypt(TMK, key["clear"]) == key["encrypted"]
    assert des.ecb_decrypt(TMK, key["encrypted"]) == key["clear"]
    assert des.kcv(key["clear"]) == key["kcv"]


def test_field_62_is_these_keys():
    pik, mak, tdk = ((key["encrypted"].ljust(16, b"\0"), key["kcv"]) for key in WRAPPED)
    assert unhex(KEYS["field62"]) == b"".join((*pik, *mak, *tdk))


def test_key_of_the_published_mac():
    raw = MAC["published"]
    assert des.ecb_decrypt(unhex(raw["tmk"]), unhex(raw["encrypted"])) == unhex(raw["mak"])


@settings(max_examples=150, deadline=None)
@given(KEY, st.integers(0, 4), st.data())
def test_any_key_and_data_as_cryptography(key, blocks, draw):
    data = draw.draw(st.binary(min_size=8 * blocks, max_size=8 * blocks))
    assert des.ecb_encrypt(key, data) == (oracle(key, data) if data else b"")
    assert des.ecb_decrypt(key, data) == (oracle(key, data, decrypt=True) if data else b"")
    assert des.kcv(key) == oracle(key, bytes(8))[:4]


@pytest.mark.parametrize("bit", range(64))
def test_each_bit_of_key_and_block(bit):
    one = (1 << bit).to_bytes(8, "big")
    assert des.ecb_encrypt(one, bytes(8)) == oracle(one, bytes(8))
    assert des.ecb_encrypt(TMK, one) == oracle(TMK, one)


def test_parity_bits_are_ignored():
    odd = bytes(b ^ 1 for b in TMK)
    assert des.ecb_encrypt(odd, bytes(8)) == des.ecb_encrypt(TMK, bytes(8))


def test_wrong_sizes():
    for n in (0, 7, 9, 15, 24):
        with pytest.raises(ValueError, match=f"key of {n} bytes"):
            des.Des(bytes(n))
    ready = des.Des(TMK)
    for n in (0, 7, 9, 16):
        with pytest.raises(ValueError, match=f"block of {n} bytes"):
            ready.encrypt(bytes(n))
        with pytest.raises(ValueError, match=f"block of {n} bytes"):
            ready.decrypt(bytes(n))
    with pytest.raises(ValueError, match="data of 12 bytes"):
        des.ecb_encrypt(TMK, bytes(12))


def test_into_a_buffer_of_the_caller():
    block = bytearray(b"12345678")
    ready = des.Des(TMK)
    answer = ready.encrypt(bytes(block))
    assert ready.encrypt(block, block) is block
    assert block == answer
    assert ready.decrypt(block, block) == b"12345678"


@pytest.mark.parametrize("sm4", [False, True])
def test_more_blocks_leave_no_schedule_behind(monkeypatch, sm4):
    made = []
    cipher = des.cipher

    def spy(key, sm4):
        made.append(cipher(key, sm4))
        made.append(made[0]._k)
        return made[0]

    monkeypatch.setattr(des, "cipher", spy)
    des.ecb_decrypt(TMK, bytes(32), sm4)
    assert made[1] and not any(made[1]) and not made[0]._k


def test_the_cipher_that_is_asked_for():
    assert type(des.cipher(TMK)) is des.Des
    assert type(des.cipher(TMK, True)).__name__ == "Sm4"


def test_wipe_clears_the_schedule():
    for key in (TMK, TMK[:8]):
        ready = des.Des(key)
        schedule = ready._k
        assert any(b & 0x3F for b in schedule)
        ready.wipe()
        assert not any(schedule)
        ready.wipe()
        for use in (ready.encrypt, ready.decrypt):
            with pytest.raises(ValueError, match="wiped"):
                use(bytes(8))


def test_no_value_leaves_a_small_int_of_31_bits():
    largest = 0

    def look(frame, event, arg):
        nonlocal largest
        if frame.f_code.co_filename != des_portable.__file__:
            return None
        for value in frame.f_locals.values():
            if isinstance(value, int):
                largest = max(largest, abs(value))
        return look

    before = sys.gettrace()
    sys.settrace(look)
    try:
        for key in (b"\xff" * 16, bytes(16), TMK):
            des.ecb_decrypt(key, des.ecb_encrypt(key, b"\xff" * 8))
    finally:
        sys.settrace(before)
    assert (1 << 27) <= largest < 1 << 28  # the key halves; rotated by two bits they fit too


def test_tables_are_the_size_they_may_be():
    from pos.crypto import des_tables

    assert len(des_tables.PLANES) == 8 * 256


_MACHINE = "print(sys.implementation._mpy >> 10)"


def test_which_arithmetic_is_taken(mpy):
    assert des.crypt is des_portable.crypt
    taken = "native" if int(mpy(_MACHINE)) else "portable"
    mpy(f"""
from pos.crypto import des
from pos.crypto import des_{taken} as core
assert des.crypt is core.crypt and des.expand is core.expand
assert len([name for name in sys.modules if name.startswith("pos.crypto.des_")]) == 2
""")


@settings(max_examples=5, deadline=None)
@given(st.lists(st.tuples(KEY, BLOCK), min_size=5, max_size=5))
def test_machine_code_and_bytecode_do_the_same(mpy, cases):
    """Schedules and blocks, in place too, in the interpreter of the board."""
    cases = [*cases, (b"\xff" * 16, b"\xff" * 8), (bytes(16), bytes(8))]
    if not int(mpy(_MACHINE)):
        pytest.skip("this interpreter takes no machine code")
    out = mpy(
        f"CASES = {cases!r}\n"
        + """
from pos.crypto import des_native, des_portable
for key, block in CASES:
    told = []
    for core in (des_native, des_portable):
        n = len(key) >> 3
        k = bytearray(128 * n)
        for i in range(n):
            core.expand(k, 128 * i, memoryview(key)[8 * i :])
        told.append(bytes(k))
        for mode in range(2 * n - 2, 2 * n):
            out = bytearray(block)
            core.crypt(k, mode, out, out)
            told.append(bytes(out))
    assert told[:3] == told[3:], (key, block)
    print(told[1] == block)
"""
    )
    assert len(out.split()) == len(cases)


@settings(max_examples=5, deadline=None)
@given(st.lists(st.tuples(KEY, BLOCK), min_size=5, max_size=5))
def test_the_same_on_micropython(mpy, cases):
    cases = cases + [(TMK, key["clear"][:8]) for key in WRAPPED]
    out = mpy(
        f"CASES = {cases!r}\nWRAPPED = {WRAPPED!r}\nTMK = {TMK!r}\n"
        + """
from pos.crypto import des, des_portable
for key, block in CASES:
    d = des.Des(key)
    print((d.encrypt(memoryview(block)), d.decrypt(bytearray(block))))
    d.wipe()
    try:
        d.encrypt(block)
    except ValueError as e:
        assert str(e) == "key was wiped"
for key in WRAPPED:
    assert des.ecb_encrypt(TMK, key["clear"]) == key["encrypted"]
    assert des.ecb_decrypt(TMK, memoryview(key["encrypted"])) == key["clear"]
    assert des.kcv(key["clear"]) == key["kcv"]
"""
    )
    assert [eval(line) for line in out.splitlines()] == [
        (oracle(key, block), oracle(key, block, decrypt=True)) for key, block in cases
    ]
