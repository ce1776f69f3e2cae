"""PIN blocks of format 0; `psec` is the other opinion. On CPython and on MicroPython."""

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import SM4 as Sm4
from golden import PIN, SM4, unhex
from hypothesis import given
from hypothesis import strategies as st
from pos.crypto import pin_block
from psec import des as other_des
from psec import pinblock as other

pytestmark = pytest.mark.filterwarnings(
    "ignore::cryptography.utils.CryptographyDeprecationWarning"
)
PIK = unhex(PIN["pik"])
DIGIT = st.sampled_from("0123456789")
PINS = st.text(DIGIT, min_size=4, max_size=12)
PANS = st.text(DIGIT, min_size=13, max_size=19)


def ascii_pin(pin: str) -> bytearray:
    return bytearray(pin.encode())


@pytest.mark.parametrize("vector", PIN["vectors"], ids=str)
def test_known_answers(vector):
    pin, pan = ascii_pin(vector["pin"]), vector["pan"]
    assert pin_block.iso0(pin, pan) == unhex(vector["clear"])
    assert pin_block.encrypt(PIK, pin, pan) == unhex(vector["block"])
    assert pin == ascii_pin(vector["pin"])  # the caller wipes its own


def test_known_answer_with_sm4():
    vector, pik = SM4["pin"], unhex(SM4["pik"])
    pin, pan = ascii_pin(vector["pin"]), vector["pan"]
    assert pin_block.iso0(pin, pan, 16) == unhex(vector["clear"])
    block = pin_block.encrypt(pik, pin, pan, True)
    assert block == unhex(vector["block"])
    assert type(block) is bytes


@given(PINS, PANS, st.binary(min_size=16, max_size=16))
def test_any_pin_and_pan_with_sm4(pin, pan, pik):
    """The PIN's half is that of a block without a PAN, the PAN's digits stand at the end."""
    typed = f"0{len(pin):X}{pin}".ljust(32, "F")
    digits = int(pan[-13:-1], 16)
    clear = (int(typed, 16) ^ digits).to_bytes(16, "big")
    assert pin_block.iso0(ascii_pin(pin), pan, 16) == clear
    made = pin_block.encrypt(pik, ascii_pin(pin), pan, True)
    assert made == Cipher(Sm4(pik), modes.ECB()).encryptor().update(clear)


@given(PINS, PANS)
def test_any_pin_and_pan_as_psec(pin, pan):
    block = pin_block.iso0(ascii_pin(pin), pan)
    assert block == other.encode_pinblock_iso_0(pin, pan)
    assert pin_block.encrypt(PIK, ascii_pin(pin), pan) == other_des.encrypt_tdes_ecb(
        PIK, bytes(block)
    )


@given(PINS, PANS)
def test_psec_finds_the_pin(pin, pan):
    clear = other_des.decrypt_tdes_ecb(PIK, pin_block.encrypt(PIK, ascii_pin(pin), pan))
    assert other.decode_pinblock_iso_0(clear, pan) == pin


@given(PINS)
def test_without_pan_as_with_a_pan_of_zeros(pin):
    assert pin_block.iso0(ascii_pin(pin), None) == pin_block.iso0(ascii_pin(pin), "0" * 16)


@pytest.mark.parametrize("pin", ["", "123", "1234567890123"])
def test_pin_length(pin):
    with pytest.raises(ValueError, match=r"^PIN length$"):
        pin_block.iso0(ascii_pin(pin), None)


@pytest.mark.parametrize("pin", ["12a4", "12 4", "12:4", "/234", "123\x00"])
def test_pin_digits_alone_and_never_told(pin):
    with pytest.raises(ValueError, match=r"^PIN digit$"):
        pin_block.encrypt(PIK, ascii_pin(pin), None)


@pytest.mark.parametrize("pan", ["", "621234567890", "62123456789012=2", "621234567890x232"])
def test_pan_that_is_none(pan):
    with pytest.raises(ValueError, match=r"^PAN$"):
        pin_block.iso0(ascii_pin("1234"), pan)


def test_the_clear_block_is_wiped(monkeypatch):
    made = []
    iso0 = pin_block.iso0
    monkeypatch.setattr(pin_block, "iso0", lambda *args: made.append(iso0(*args)) or made[-1])
    pin_block.encrypt(PIK, ascii_pin("123456"), None)
    with pytest.raises(ValueError):
        pin_block.encrypt(bytes(3), ascii_pin("123456"), None)
    pin_block.encrypt(PIK, ascii_pin("123456"), None, True)
    assert made == [bytes(8), bytes(8), bytes(16)]


def test_the_same_on_micropython(mpy):
    cases = [
        (ascii_pin(v["pin"]), v["pan"], unhex(v["clear"]), unhex(v["block"]))
        for v in PIN["vectors"]
    ]
    v = SM4["pin"]
    with_sm4 = (
        ascii_pin(v["pin"]),
        v["pan"],
        unhex(SM4["pik"]),
        unhex(v["clear"]),
        unhex(v["block"]),
    )
    out = mpy(
        f"CASES = {cases!r}\nPIK = {PIK!r}\nSM4 = {with_sm4!r}\n"
        + """
from pos.crypto import pin_block
for pin, pan, clear, block in CASES:
    print(pin_block.iso0(pin, pan) == clear, pin_block.encrypt(PIK, pin, pan) == block)
for pin, pan, pik, clear, block in (SM4,):
    print(pin_block.iso0(pin, pan, 16) == clear, pin_block.encrypt(pik, pin, pan, True) == block)
for pin, pan in ((b"123", None), (b"12a4", None), (b"1234", "6212")):
    try:
        print("no error", pin_block.iso0(bytearray(pin), pan))
    except ValueError as e:
        print(e)
"""
    )
    assert out.splitlines() == ["True True"] * (len(cases) + 1) + [
        "PIN length",
        "PIN digit",
        "PAN",
    ]
