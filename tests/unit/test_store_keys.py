"""Key slots with the known answers of the dialect, and nothing secret in clear on the flash."""

import pytest
from golden import SM4

TMK = "11111111111111112222222222222222"
PIK = "0123456789ABCDEFFEDCBA9876543210"
MAK = "0123456789ABCDEF"
TDK = "89ABCDEF0123456776543210FEDCBA98"
F62 = (
    "CB4AB541CD5AD4FC256A882726936A5A08D7B4FB"
    "CB4AB541CD5AD4FC0000000000000000D5D44FF7"
    "D0D7CB5B1A70AC6A75E0431E2A75B492EB7A8DF9"
)

START = f"""
sys.path.append("tests/power")
import blockdev
from pos.store.files import Damaged
from pos.store.keys import KeyCheck, Keys, NoKey
from pos.store.seal import Sealer
ram = blockdev.Ram(64)
blockdev.mount(ram)
F62 = bytes.fromhex("{F62}")
PART1, PART2 = b"\\xA5" * 16, bytes(b ^ 0xA5 for b in bytes.fromhex("{TMK}"))
sealer = Sealer(b"TEST device key.")
def error(call, *args):
    try:
        call(*args)
    except (KeyCheck, NoKey, Damaged) as error:
        return type(error).__name__ + " " + error.args[0]
    raise AssertionError("no error")
keys = Keys("/data", sealer)
"""


@pytest.fixture
def run(mpy):
    return lambda source: mpy(START + source, heap="4m")


def test_known_answers_before_and_after_a_restart(run):
    out = run("""
print(keys.set_tmk(PART1, PART2).hex())
keys.load_working(F62)
blockdev.remount(ram)
keys = Keys("/data", sealer)
assert keys.ready()
print(keys.tmk_kcv().hex())
for key in (keys.pik(), keys.mak(), keys.tdk()):
    assert isinstance(key, bytearray)
    print(key.hex())
""").split()
    assert out[0] == out[1] == "d2b91cc5"
    assert [key.upper() for key in out[2:]] == [PIK, MAK, TDK]


def test_forms_of_field_62(run):
    """40 bytes: no TDK. 24 bytes: single length keys. A MAK of 16 bytes stays double."""
    out = run("""
from pos.crypto.des import ecb_encrypt, kcv
keys.set_tmk(PART1, PART2)
keys.load_working(F62[:40])
assert error(keys.tdk) == "NoKey TDK"
print(keys.pik().hex(), keys.mak().hex())
tmk = bytes.fromhex("11111111111111112222222222222222")
def wrapped(key):
    return ecb_encrypt(tmk, key) + kcv(key)
keys.load_working(wrapped(b"single p") + wrapped(b"single m"), "001")
assert (keys.pik(), keys.mak()) == (b"single p", b"single m")
assert error(keys.tdk) == "NoKey TDK"
keys.load_working(wrapped(b"p" * 16) + wrapped(b"double len mak 2"))
assert keys.mak() == b"double len mak 2"
""").split()
    assert [key.upper() for key in out] == [PIK, MAK]


def test_mode_is_kept_with_the_keys(run):
    run("""
from pos.crypto.des import ecb_encrypt, kcv
assert error(keys.mode) == "NoKey PIK"
keys.set_tmk(PART1, PART2)
assert error(keys.mode) == "NoKey PIK" and error(keys.sm4) == "NoKey PIK"
tmk = bytes.fromhex("11111111111111112222222222222222")
single = b"".join(ecb_encrypt(tmk, key) + kcv(key) for key in (b"single p", b"single m"))
for mode, f62 in (("001", single), ("003", F62[:40]), ("003", F62), ("004", F62)):
    keys.load_working(f62, mode)
    blockdev.remount(ram)
    keys = Keys("/data", sealer)
    assert keys.mode() == mode and not keys.sm4()
    assert len(keys.pik()) == (8 if mode == "001" else 16) and len(keys.mak()) == 8
# what is less than was asked for, or unknown, is refused and changes nothing
for mode, f62 in (("001", F62), ("001", F62[:40]), ("003", single), ("004", F62[:40]),
                  ("004", single), ("005", F62[:40]), ("005", single), ("002", F62), ("", F62)):
    assert error(keys.load_working, f62, mode) == "KeyCheck F62", mode
assert error(keys.load_working, F62, "005") == "KeyCheck PIK"  # other check values
assert keys.mode() == "004" and len(keys.tdk()) == 16
""")


def test_keys_for_sm4(run):
    """The PIN key of the reference, section 7; the others in the same form."""
    out = run(f"""
from pos.crypto.des import ecb_encrypt, kcv
tmk = bytes.fromhex("{SM4["tmk"]}")
part = bytes(b ^ 0x5A for b in tmk)
value = keys.set_tmk(part, b"\\x5A" * 16, kcv(tmk, True)[:3], True)
assert value == kcv(tmk, True) == keys.tmk_kcv() != kcv(tmk)
def wrapped(key):
    return ecb_encrypt(tmk, key, True) + kcv(key, True)
pik = bytes.fromhex("{SM4["wrapped"]}" + "{SM4["kcv"]}"[:8])
mak = b"eight\\0\\0\\0" + bytes(8)  # sixteen bytes all the same
f62 = pik + wrapped(mak) + wrapped(b"track key 16 byt")
keys.load_working(f62, "005")
blockdev.remount(ram)
keys = Keys("/data", sealer)
assert keys.mode() == "005" and keys.sm4()
assert keys.mak() == mak and keys.tdk() == b"track key 16 byt"
print(keys.pik().hex())
for at, name in ((0, "PIK"), (19, "PIK"), (21, "MAK"), (39, "MAK"), (59, "TDK")):
    spoiled = bytearray(f62)
    spoiled[at] ^= 1
    assert error(keys.load_working, spoiled, "005") == "KeyCheck " + name, at
assert error(keys.load_working, f62, "004") == "KeyCheck PIK"
half = f62[:28] + bytes(8) + f62[36:]  # zeros make no short key of it, as they do with DES
assert error(keys.load_working, half, "005") == "KeyCheck MAK"
""")
    assert out.strip().upper() == SM4["pik"]


def test_keys_that_look_like_production_are_refused(run):
    """By the first three bytes of the check value; a TMK by that of either cipher."""
    run("""
from pos.crypto.des import kcv
from pos.store import files
def refuse(*values):
    files.save("/data/refused_kcv", b"".join(values))
keys.set_tmk(PART1, PART2)
keys.load_working(F62[:40])
pik = keys.pik()
for name, value in (("PIK", "08D7B4"), ("MAK", "D5D44F"), ("TDK", "EB7A8D")):
    refuse(b"abc", bytes.fromhex(value), b"def")
    try:
        keys.load_working(F62)
    except KeyCheck as refused:
        assert refused.args == (name, "refused"), refused.args
    else:
        raise AssertionError(name)
    assert error(keys.tdk) == "NoKey TDK" and keys.pik() == pik  # what was there stays
tmk = bytes.fromhex("11111111111111112222222222222222")
for value in (kcv(tmk)[:3], kcv(tmk, True)[:3]):
    refuse(value)
    for sm4 in (False, True):
        try:
            keys.set_tmk(PART1, PART2, None, sm4)
        except KeyCheck as refused:
            assert refused.args == ("TMK", "refused"), refused.args
        else:
            raise AssertionError(value)
assert keys.ready() and keys.pik() == pik
refuse(b"\x08\xd7\xb5", b"\xd7\xb4\xfb")  # near ones, and the bytes at another place
keys.load_working(F62)
assert keys.tdk()
# wrong is said before refused, and a damaged list is not an empty one
spoiled = bytearray(F62)
spoiled[16] ^= 1
assert error(keys.load_working, spoiled) == "KeyCheck PIK"
with open("/data/refused_kcv", "wb") as file:
    file.write(b"no list")
assert error(keys.load_working, F62) == "Damaged /data/refused_kcv"
""")


def test_wrong_check_values_keep_the_old_keys(run):
    run("""
assert error(keys.load_working, F62) == "NoKey TMK"
assert error(keys.tmk_kcv) == "NoKey TMK"
assert error(keys.mak) == "NoKey MAK" and not keys.ready()
keys.set_tmk(PART1, PART2, bytes.fromhex("D2B91C"))
assert error(keys.mak) == "NoKey MAK" and not keys.ready()
keys.load_working(F62)
for at, name in ((0, "PIK"), (15, "PIK"), (16, "PIK"), (20, "MAK"), (39, "MAK"), (40, "TDK"),
                 (59, "TDK")):
    spoiled = bytearray(F62)
    spoiled[at] ^= 0x80
    assert error(keys.load_working, spoiled) == "KeyCheck " + name, at
for size in (0, 23, 41, 59, 61):
    assert error(keys.load_working, bytes(size)) == "KeyCheck F62"
assert error(keys.set_tmk, PART1, PART2, bytes(4)) == "KeyCheck TMK"
assert error(keys.set_tmk, PART1, PART1) == "KeyCheck TMK"
assert error(keys.set_tmk, PART1[:8], PART2) == "KeyCheck TMK"
for k in (keys, Keys("/data", sealer)):
    assert k.mak() == bytes.fromhex("0123456789ABCDEF") and k.tmk_kcv().hex() == "d2b91cc5"
""")


def test_new_tmk_and_dropping_end_the_working_keys(run):
    run("""
keys.drop_working()
keys.set_tmk(PART1, PART2)
keys.load_working(F62)
keys.drop_working()
for k in (keys, Keys("/data", sealer)):
    assert not k.ready() and error(k.pik) == "NoKey PIK" and k.tmk_kcv().hex() == "d2b91cc5"
keys.load_working(F62)
keys.set_tmk(PART2, bytes(16))
assert not Keys("/data", sealer).ready()
""")


def test_another_device_cannot_open_them(run):
    run("""
keys.set_tmk(PART1, PART2)
keys.load_working(F62)
other = Keys("/data", Sealer(b"another device!!"))
assert error(other.mak) == "Damaged TMK"
assert error(other.load_working, F62) == "Damaged TMK"
data = bytearray(open("/data/keys", "rb").read())
data[71] ^= 1
with open("/data/keys", "wb") as file:
    file.write(data)
assert error(Keys, "/data", sealer) == "Damaged /data/keys"
""")


def test_clear_keys_are_wiped_after_use(run):
    run("""
class Spy(Sealer):
    def open(self, label, blob):
        seen.append(super().open(label, blob))
        return seen[-1]
    def seal(self, label, plain):
        seen.append(plain)
        return super().seal(label, plain)
seen = []
keys = Keys("/data", Spy(b"TEST device key."))
keys.set_tmk(PART1, PART2)
keys.load_working(F62)
keys.mak()
spoiled = bytearray(F62)
spoiled[0] ^= 0x80
assert error(keys.load_working, spoiled) == "KeyCheck PIK"
assert len(seen) == 6 and not any(any(key) for key in seen)
""")


def forms(secret: str):
    """A secret of hex digits in each form that it might be stored in."""
    yield secret.encode()
    yield secret.upper().encode()
    yield secret.lower().encode()
    yield secret.encode().hex().encode()
    if len(secret) % 2 == 0:
        yield bytes.fromhex(secret)
    # packed and shifted by a nibble, without the half bytes at the ends
    inner = secret[1:] if len(secret) % 2 == 0 else secret
    yield bytes.fromhex(inner[: len(inner) // 2 * 2])
    yield bytes.fromhex(inner[len(inner) % 2 :])


def test_no_secret_is_on_the_flash_in_clear(mpy, tmp_path):
    """The raw image, deleted and old blocks included, after a day with each secret."""
    image = tmp_path / "flash.bin"
    mpy(
        START
        + f"""
from pos.store.journal import Journal
from pos.store.params import Counters, Params
from pos.store.seal import open_card, seal_card
from pos.store.users import Users
Params("/data").update(terminal_id="87654321", merchant_id="898100012340001")
keys.set_tmk(PART1, PART2)
keys.load_working(F62)
keys.pik(), keys.mak(), keys.tdk()
users = Users("/data", sealer, lambda: 0)
users.set_pin("07", "73915208")
users.check("07", "60482917")
users.check("07", "73915208")
journal = Journal("/data", 1)
journal.open()
for trace in range(1, 30):
    txn = dict(trace=trace, kind="sale", amount=100)
    journal.begin(txn)
    txn.update(pan="621234******1232", card=seal_card(sealer, "6212345678901232", "3012", "01"))
    journal.sending(txn)
    open_card(sealer, journal.pending()["card"])
    journal.reversal(trace, "98")
    journal.reversed(trace, "00")
open({str(image)!r}, "wb").write(ram.image)
""",
        heap="4m",
    )
    raw = image.read_bytes()
    for there in (b"621234******1232", b"87654321", bytes.fromhex(F62)):
        assert there in raw  # what may be there is found, so the search works
    secrets = ["6212345678901232", "73915208", "60482917", TMK, TMK[:16], PIK, PIK[16:], MAK, TDK]
    secrets += ["A5" * 16, "".join(f"{int(b, 16) ^ 0xA5:02X}" for b in (TMK[:2], TMK[-2:])) * 4]
    for secret in secrets:
        for form in forms(secret):
            assert form not in raw, secret
    for pin in (b"123456", b"99999999"):  # the initial ones
        assert pin not in raw


def test_the_forms_searched_for_are_all_forms():
    assert set(forms("6212345678")) >= {
        b"6212345678",
        b"36323132333435363738",
        b"\x62\x12\x34\x56\x78",
        b"\x21\x23\x45\x67",
    }
