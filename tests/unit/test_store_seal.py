"""Sealing against independent libraries, and every way to spoil a blob or a small file."""

import hashlib
import hmac

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

MOUNT = """
sys.path.append("tests/power")
import blockdev
ram = blockdev.Ram(32)
blockdev.mount(ram)
"""


def test_hmac_as_in_rfc_4231(mpy):
    out = mpy("""
from pos.store.seal import hmac
print(hmac(b"\\x0b" * 20, b"Hi There").hex())
print(hmac(b"Jefe", b"what do ya want ", b"for nothing?").hex())
print(hmac(bytes(range(64)), b"a key of one block").hex())
""").split()
    assert out[0] == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    assert out[1] == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert out[2] == hmac.digest(bytes(range(64)), b"a key of one block", "sha256").hex()


def test_blob_is_what_the_text_says(mpy):
    """IV, AES-256-CBC with PKCS #7, HMAC-SHA256 over label, IV, ciphertext, by other libraries."""
    out = mpy("""
from pos.store.seal import Sealer
print(Sealer(b"TEST device key.").seal("card", b"6212345678901232=3012=01").hex())
""")
    blob = bytes.fromhex(out)
    assert len(blob) == 64
    iv, body, tag = blob[:16], blob[16:-16], blob[-16:]
    key = hmac.digest(b"TEST device key.", b"TapTill seal AES", "sha256")
    mac = hmac.digest(b"TEST device key.", b"TapTill seal MAC", "sha256")
    decryptor = Cipher(algorithms.AES256(key), modes.CBC(iv)).decryptor()
    plain = decryptor.update(body) + decryptor.finalize()
    assert plain == b"6212345678901232=3012=01" + bytes([8]) * 8
    assert tag == hmac.digest(mac, b"\x04card" + iv + body, hashlib.sha256)[:16]


def test_every_length_opens_and_no_two_blobs_are_equal(mpy):
    mpy("""
from pos.store.seal import Sealer
sealer = Sealer(bytes(32))
seen = set()
for n in range(70):
    plain = bytes(range(n))
    for _ in range(2):
        blob = sealer.seal("x", plain)
        assert blob not in seen
        seen.add(blob)
        assert sealer.open("x", blob) == plain
""")


def test_spoiled_blobs_do_not_open(mpy):
    mpy("""
from pos.store.files import Damaged
from pos.store.seal import Sealer, open_card, seal_card
sealer = Sealer(bytes(16))
blob = sealer.seal("TMK", b"secret")
spoiled = [blob[:n] for n in range(len(blob))] + [blob + b"x", blob[16:] + blob[:16]]
for i in range(len(blob)):
    flipped = bytearray(blob)
    flipped[i] ^= 1
    spoiled.append(flipped)
def opens(sealer, label, blob):
    try:
        return sealer.open(label, blob)
    except Damaged as error:
        assert error.args == (label,)
assert opens(sealer, "TMK", blob) == b"secret"
assert not any(opens(sealer, "TMK", b) for b in spoiled)
assert opens(sealer, "card", blob) is None
assert opens(Sealer(b"another device!!"), "TMK", blob) is None
card = seal_card(sealer, "6212345678901232", "3012", "01")
assert open_card(sealer, card) == ("6212345678901232", "3012", "01")
assert open_card(sealer, seal_card(sealer, "62123456789012345")) == ("62123456789012345", "", "")
for size in (0, 15, 17, 33):
    try:
        Sealer(bytes(size))
        raise AssertionError(size)
    except ValueError:
        pass
""")


def test_files_are_old_or_new_and_never_wrong(mpy):
    mpy(
        MOUNT
        + """
import os
from pos.store import files
assert files.load("/data/a") is None
for write in (files.save, files.put):
    for n in (1, 3, 100, 5000):
        write("/data/a", bytes(n))
        assert files.load("/data/a") == bytes(n)
assert os.listdir("/data") == ["a"]
files.save("/data/a", b"some bytes")
raw = open("/data/a", "rb").read()
spoiled = [raw[:n] for n in range(1, len(raw))] + [raw + b"x"]
for i in range(len(raw)):
    spoiled.append(raw[:i] + bytes((raw[i] ^ 0x40,)) + raw[i + 1:])
for data in spoiled:
    with open("/data/a", "wb") as file:
        file.write(data)
    try:
        print(data, files.load("/data/a"))
        raise AssertionError(data)
    except files.Damaged as error:
        assert error.args == ("/data/a",)
with open("/data/a", "wb"):
    pass
assert files.load("/data/a") is None  # the first put was cut off
"""
    )
