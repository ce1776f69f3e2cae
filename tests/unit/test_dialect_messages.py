"""Golden messages of all kinds: the firmware's on both interpreters, read by other libraries."""

import re

import pytest
import write_dialect
import yaml
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from dialect_messages import MAK, PAN, PIK, PIN, SM4_KEY, TDK, kinds, made
from dialect_oracle import encode, read
from golden import unhex
from pos.protocol import unionpay
from psec import pinblock
from pyemv import tlv

from host_tools.acquirer import dialect, wire
from host_tools.acquirer.handlers import find_route

TEXT = write_dialect.VECTORS.read_text(encoding="ascii")
GOLDEN = {
    name: (unhex(raw["frame"]), raw["mti"], raw["fields"])
    for name, raw in yaml.safe_load(TEXT).items()
}
# Reference, section 12
ORDER = (
    "9F26 9F27 9F10 9F37 9F36 95 9A 9C 9F02 5F2A 82 9F1A 9F03 9F33 9F34 9F35 9F1E 84 9F09 9F41 "
    "9F63"
)
# What the host calls those that have another name there
ROUTES = {
    "sign_in": "sign-in", "sign_off": "sign-off", "parameters_end": "parameters end",
    "capk": "CA key", "capk_end": "CA key end", "capk_query": "CA keys", "aid": "application",
    "aid_end": "application end", "aid_query": "applications", "blocked": "black list",
    "blocked_end": "black list end", "limits": "contactless", "limits_end": "contactless end",
    "script": "script result", "upload": "upload stripe",
}  # fmt: skip


def ecb(key: bytes, data: bytes, decrypt: bool = False, sm4: bool = False) -> bytes:
    longer = key * 3 if len(key) == 8 else key + key[:8]
    cipher = Cipher(SM4(key) if sm4 else TripleDES(longer), modes.ECB())
    context = cipher.decryptor() if decrypt else cipher.encryptor()
    return context.update(data) + context.finalize()


def mac(key: bytes, covered: bytes, sm4: bool) -> bytes:
    """POS ECB, told once more (reference, section 6)."""
    size = 16 if sm4 else 8
    folded = 0
    for at in range(0, len(covered), size):
        folded ^= int.from_bytes(covered[at : at + size].ljust(size, b"\0"), "big")
    text = folded.to_bytes(size, "big").hex().upper().encode()
    first = int.from_bytes(ecb(key, text[:size], sm4=sm4), "big")
    second = first ^ int.from_bytes(text[size:], "big")
    return ecb(key, second.to_bytes(size, "big"), sm4=sm4).hex().upper()[:8].encode()


def test_the_firmware_makes_these_bytes():
    assert write_dialect.text(made()) == TEXT, write_dialect.__doc__


def test_micropython_makes_these_bytes(mpy):
    folder = write_dialect.TESTS / "unit"
    out = mpy(
        f"sys.path.insert(0, {str(folder)!r})\n"
        "from dialect_messages import made\n"
        "for name, frame in made():\n"
        "    print(name, frame.hex(), sep='|')\n",
        heap="1m",
    )
    there = dict(line.split("|") for line in out.splitlines())
    assert {name: bytes.fromhex(frame) for name, frame in there.items()} == {
        name: frame for name, (frame, _, _) in GOLDEN.items()
    }


def test_all_kinds_are_there():
    rows = {row.split()[0] for row in unionpay.TRANSACTIONS.strip().split("\n")}
    assert rows - {re.sub(r" .*", "", name) for name in GOLDEN} == set()
    for kind, flags in kinds():
        assert (f"reversal {kind}" in GOLDEN) == ("R" in flags)
        assert (f"upload {kind}" in GOLDEN) == ("A" in flags)


@pytest.mark.parametrize("name", GOLDEN)
def test_others_read_and_make_them_too(name):
    """pyiso8583 by this directory's table, and by that of the host, which knows the kind."""
    frame, mti, fields = GOLDEN[name]
    assert int.from_bytes(frame[:2], "big") == len(frame) - 2
    assert frame[2:13].hex() == "6000030000" + "603100310000"
    assert read(frame) == (mti, fields)
    assert encode(mti, fields) == frame[13:]
    request = dialect.decode(wire.parse(frame[2:]).message)
    assert dialect.encode(request) == frame[13:]
    route = find_route(request)
    kind = name.removesuffix(" balanced").removesuffix(" unequal")
    if not kind.startswith("upload "):
        kind = kind.partition(" ")[0]
    wanted = ROUTES.get(kind, kind)
    assert route is not None and route.name == wanted
    assert route.mac == (64 in fields)
    for number in route.needs:
        request.need(number)


@pytest.mark.parametrize("name", [name for name, row in GOLDEN.items() if 64 in row[2]])
def test_the_mac_is_right(name):
    frame, _, fields = GOLDEN[name]
    sm4 = name.endswith("sm4")
    assert mac(SM4_KEY if sm4 else MAK, frame[13:-8], sm4) == frame[-8:]
    assert fields[64] == frame[-8:].hex().upper()


@pytest.mark.parametrize(
    "name, key", [("sale", PIK), ("balance", PIK), ("sale track", PIK), ("sale des", PIK[:8])]
)
def test_the_pin_block_opens(name, key):
    clear = ecb(key, bytes.fromhex(GOLDEN[name][2][52]), decrypt=True)
    assert pinblock.decode_pinblock_iso_0(clear, PAN) == PIN.decode()


def test_the_pin_block_of_sm4_opens():
    f59 = bytes.fromhex(GOLDEN["sale sm4"][2][59])
    assert f59[:5] == b"A1016" and len(f59) == 21
    clear = int.from_bytes(ecb(SM4_KEY, f59[5:], decrypt=True, sm4=True), "big")
    assert f"{clear ^ int(PAN[-13:-1], 16):032x}" == "06123456".ljust(32, "f")


def test_the_encrypted_track_opens():
    fields = GOLDEN["sale track"][2]
    whole = GOLDEN["sale"][2][35]
    assert fields[53] == "2610" + "0" * 12
    assert fields[35][:-18] == whole[:-18] and fields[35][-2:] == whole[-2:]
    block = ecb(TDK, bytes.fromhex(fields[35][-18:-2]), decrypt=True)
    assert block.hex().upper() == whole[-18:-2]


def test_chip_data_is_in_the_order_of_the_dialect():
    assert list(tlv.decode(bytes.fromhex(GOLDEN["sale"][2][55]))) == ORDER.split()
    assert list(tlv.decode(bytes.fromhex(GOLDEN["ec_sale"][2][55]))) == [*ORDER.split(), "8A"]
    assert set(tlv.decode(bytes.fromhex(GOLDEN["reversal sale"][2][55]))) == {
        "95",
        "9F1E",
        "9F10",
        "9F36",
    }


def test_no_secret_is_in_a_message_but_where_it_belongs():
    """No clear PIN block; in a reversal or an advice neither track nor PIN, nor F26, F53."""
    for name, (frame, mti, fields) in GOLDEN.items():
        assert bytes.fromhex("061217139876FEDC") not in frame, name
        if mti in ("0220", "0320", "0400", "0620"):
            assert not {26, 35, 36, 52, 53} & set(fields), name
