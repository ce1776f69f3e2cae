"""Encrypted tracks; a decoder that was written here for it, and `cryptography`, look at them."""

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from golden import MESSAGES, TRACK, unhex
from hypothesis import given, settings
from hypothesis import strategies as st
from pos.crypto import track
from pos.protocol import bcd

TDK = unhex(TRACK["tdk"])
TRACKS = st.text(st.sampled_from("0123456789="), min_size=1, max_size=104).filter(
    lambda text: text.strip("=")
)


def as_field(nibbles: str) -> str:
    return nibbles.replace("D", "=")


def decrypt(tdk: bytes, nibbles: str, sm4: bool) -> str:
    cipher = Cipher(SM4(tdk) if sm4 else TripleDES(tdk + tdk[:8]), modes.ECB())
    return cipher.decryptor().update(bytes.fromhex(nibbles)).hex().upper()


@pytest.mark.parametrize("name", ["odd", "even"])
def test_known_answers(name):
    vector = TRACK[name]
    assert track.encrypt(TDK, vector["clear"]) == as_field(vector["encrypted"])


def test_it_is_the_track_of_the_golden_sale():
    assert track.encrypt(TDK, TRACK["odd"]["clear"]) == MESSAGES["sale"].fields[35]


@settings(deadline=None)
@given(TRACKS, st.booleans())
def test_what_stays_and_what_is_encrypted(text, sm4):
    """Counted in bytes of the packed track, as the rule has it: the last byte stays clear."""
    size = 16 if sm4 else 8
    whole = text.rjust(2 * size + 1, "F")
    made = track.encrypt(TDK, text, False, sm4)
    assert len(made) == len(whole)
    packed = bcd.pack_track(made).hex().upper()
    before = bcd.pack_track(whole).hex().upper()
    at = len(packed) - 2 * size - 2
    assert at >= 0
    assert packed[:at] == before[:at] and packed[-2:] == before[-2:]
    assert decrypt(TDK, packed[at:-2], sm4) == before[at:-2]
    # and what the host reads from the wire
    assert bcd.unpack_track(bcd.pack_track(made), len(made)) == made


@settings(deadline=None)
@given(TRACKS, st.booleans())
def test_whole_track(text, sm4):
    size = 32 if sm4 else 16
    made = track.encrypt(TDK, text, True, sm4).replace("=", "D")
    assert len(made) % size == 0 and 0 <= len(made) - len(text) < size
    clear = text.replace("=", "D").ljust(len(made), "F")
    assert decrypt(TDK, made, sm4) == clear


def test_single_length_key():
    key = TDK[:8]
    assert track.encrypt(key, TRACK["odd"]["clear"]) == track.encrypt(
        key * 2, TRACK["odd"]["clear"]
    )


@pytest.mark.parametrize("text", ["", "=", "6212D30", "62123456F8901232=", "6212 345", "6212=A"])
def test_what_is_no_track_is_never_told(text):
    with pytest.raises(ValueError, match=r"^track$"):
        track.encrypt(TDK, text)


def test_the_key_is_wiped_when_it_fails(monkeypatch):
    made = []
    cipher = track.cipher

    def spy(*args):
        made.append(cipher(*args))
        made.append(made[0]._k)
        return made[0]

    monkeypatch.setattr(track, "cipher", spy)
    track.encrypt(TDK, "6212345678901232=3012")
    assert not made[0]._k and not any(made[1])


def test_the_same_on_micropython(mpy):
    cases = [TRACK["odd"]["clear"], TRACK["even"]["clear"], "1=2", "6212345678901232=3012201"]
    out = mpy(
        f"CASES = {cases!r}\nTDK = {TDK!r}\n"
        + """
from pos.crypto import track
for text in CASES:
    for whole in (False, True):
        for sm4 in (False, True):
            print(track.encrypt(TDK, text, whole, sm4))
try:
    track.encrypt(TDK, "62x")
except ValueError as error:
    print(error)
"""
    )
    assert out.split() == [
        *(
            track.encrypt(TDK, text, whole, sm4)
            for text in cases
            for whole in (False, True)
            for sm4 in (False, True)
        ),
        "track",
    ]
