"""The EMV configuration: what is wrong is told, what is right is packed for the terminal."""

from hashlib import sha1

import pytest

from host_tools.build.emv_data import (
    ConfigError,
    build_emv,
    load_config,
    pack_aids,
    pack_ca_keys,
)
from host_tools.build.image import build_firmware
from host_tools.emv.config import TERMINAL
from host_tools.emv.keys import load_keys

TEXT = TERMINAL.read_text(encoding="utf-8")
# nobody's key: 64 bytes and an exponent are all that the loader looks at
KEY = {"rid": "A000000333", "index": "93", "exponent": "03", "expires": "20301231"}
MODULUS = "C1" * 64


def rows(data: bytes, template: int) -> list[dict[str, bytes]]:
    """The templates of a packed file, each as tag -> value."""
    found, at = [], 0
    while at < len(data):
        assert data[at] == template
        head, size = 2, data[at + 1]
        if size > 0x80:
            head, size = (
                2 + size - 0x80,
                int.from_bytes(data[at + 2 : at + 2 + size - 0x80], "big"),
            )
        body = data[at + head : at + head + size]
        assert len(body) == size
        found.append(flat(body))
        at += head + size
    return found


def flat(body: bytes) -> dict[str, bytes]:
    """Tag -> value, tags of one to three bytes."""
    found, at = {}, 0
    while at < len(body):
        end = at + 1
        if body[at] & 0x1F == 0x1F:
            while body[end] & 0x80:
                end += 1
            end += 1
        tag = body[at:end].hex().upper()
        assert tag not in found
        size = body[end]
        if size > 0x80:
            count = size - 0x80
            size, end = int.from_bytes(body[end + 1 : end + 1 + count], "big"), end + count
        found[tag] = body[end + 1 : end + 1 + size]
        at = end + 1 + size
    assert at == len(body)
    return found


def config(tmp_path, text: str):
    path = tmp_path / "own.yaml"
    path.write_text(text, encoding="utf-8")
    return load_config(path)


def test_applications_as_the_terminal_reads_them() -> None:
    found = rows(pack_aids(load_config().aids), 0xE1)
    kernels = {row["9F06"].hex().upper(): row["9F2A"][0] for row in found}
    assert kernels == {
        "A0000003330101": 7,
        "A0000000031010": 3,
        "A0000000032010": 3,
        "A0000000041010": 2,
        "A0000000043060": 2,
    }
    unionpay, mastercard = found[0], found[3]
    assert unionpay["9F66"].hex() == "2600c080"
    assert unionpay["DF01"] == b"\x00"
    assert unionpay["DF19"] == bytes(6)
    assert unionpay["DF21"].hex() == "000000100000"
    assert "DF20" not in unionpay  # no limit
    assert unionpay["DF8F02"] == b"\x00"
    assert "9F66" not in mastercard
    assert mastercard["DF11"] == mastercard["DF12"] == bytes.fromhex("F45084800C")
    assert mastercard["DF13"] == bytes(5)
    small = {t: v.hex().upper() for t, v in mastercard.items() if t > "DF8116" and len(v) == 1}
    small.pop("DF8F02")
    assert small == {
        "DF8117": "E0",
        "DF8118": "60",
        "DF8119": "08",
        "DF811B": "A0",
        "DF811F": "08",
    }


def test_ca_keys_as_the_terminal_reads_them() -> None:
    found = rows(pack_ca_keys(load_config().ca_keys), 0xE2)
    assert [(row["9F06"].hex().upper(), row["9F22"].hex().upper()) for row in found] == [
        ("A000000333", "92"),
        ("A000000003", "92"),
        ("A000000004", "F1"),
    ]
    for row, key in zip(found, load_keys().ca.values(), strict=True):
        assert row["DF02"] == key.key.modulus
        assert int.from_bytes(row["DF04"], "big") == key.key.e
        named = row["9F06"] + row["9F22"] + row["DF02"] + row["DF04"]
        assert row["DF03"] == sha1(named).digest() == key.check_value
        assert (row["DF05"], row["DF06"], row["DF07"]) == (b"20391231", b"\x01", b"\x01")


def test_no_private_key_gets_into_the_image() -> None:
    data = pack_ca_keys(load_config().ca_keys)
    for key in load_keys().ca.values():
        for prime in (key.key.p, key.key.q):
            assert prime.to_bytes((prime.bit_length() + 7) // 8, "big") not in data


def test_same_input_same_files(tmp_path) -> None:
    build_emv(tmp_path / "a")
    build_emv(tmp_path / "b")
    for name in ("aids", "capks"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert {path.name for path in (tmp_path / "a").iterdir()} == {"aids", "capks"}


def test_options_and_limits(tmp_path) -> None:
    text = TEXT.replace("    floor: 0\n", "    zero_amount: false\n    status_check: true\n", 1)
    text = text.replace("    cvm_limit: 100000\n", "    contactless_limit: 500001\n", 1)
    (first, *_) = rows(pack_aids(config(tmp_path, text).aids), 0xE1)
    assert first["DF8F02"] == b"\x03"
    assert first["DF20"].hex() == "000000500001"
    assert "DF19" not in first and "DF21" not in first
    text = TEXT.replace('      DF811F: "08"', '      DF8125: "000000999999"\n      DF811F: "08"')
    mastercard = rows(pack_aids(config(tmp_path, text).aids), 0xE1)[3]
    assert mastercard["DF8125"].hex() == "000000999999"  # another limit for phones


def test_a_transaction_for_a_script(tmp_path) -> None:
    found = config(
        tmp_path,
        """
date: "261123"
time: "091502"
amount: 1280
other: 0
currency: "156"
country: "156"
un: "11223344"
type: "09"
terminal: {9F35: "21", DF8104: "00"}
ca_keys: []
""",
    )
    assert (found.date, found.time, found.amount, found.other) == ("261123", "091502", 1280, 0)
    assert (found.currency, found.country, found.type) == ("156", "156", 9)
    assert found.un == b"\x11\x22\x33\x44"
    assert found.terminal == {"9F35": b"\x21", "DF8104": b"\x00"}
    assert found.ca_keys == ()
    assert found.aids == load_config().aids  # not said: the terminal's own


def test_what_is_not_said_is_left_open() -> None:
    found = load_config()
    assert (found.date, found.amount, found.un, found.type) == (None, None, None, None)


def test_a_ca_key_of_a_script(tmp_path) -> None:
    named = bytes.fromhex(KEY["rid"] + KEY["index"] + MODULUS + KEY["exponent"])
    lines = "".join(f'    {name}: "{value}"\n' for name, value in KEY.items())
    text = f'ca_keys:\n  - modulus: "{MODULUS}"\n{lines}    revoked: ["000102", "A0B0C0"]\n'
    text += f'    check_value: "{sha1(named).hexdigest()}"\n'
    (row,) = rows(pack_ca_keys(config(tmp_path, text).ca_keys), 0xE2)
    assert row["DF8F01"].hex() == "000102a0b0c0"
    assert row["DF03"] == sha1(named).digest()
    with pytest.raises(ConfigError, match="check_value is wrong: it is SHA-1 over RID"):
        config(tmp_path, text.replace(KEY["rid"], "A000000334"))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("A0000003330101", "A0000003", "aids, entry 1: aid is wrong: it has 5 to 16 bytes"),
        ("match: partial", "match: some", "match is wrong: it is one of partial, exact"),
        ("kernel: 7", "kernel: 0", "aids, entry 1: kernel is wrong: it is 1 to 255"),
        ("kernel: 7", 'kernel: "7"', "kernel is wrong: it is a whole number"),
        ('"0030"', '"00"', "version is wrong: it has 2 bytes, here 1"),
        ('    ttq: "2600C080"', "    #", "ttq is wrong: it is there for kernel 7"),
        ("default:", "defaults:", "aids, entry 1, tac: default is missing"),
        ('denial: "0010000000"', 'denial: "00"', "tac: denial is wrong: it has 5 bytes"),
        ("floor: 0", "floor: -1", "floor is wrong: it is an amount in fen"),
        ("floor: 0", "floor: 0.5", "floor is wrong: it is a whole number"),
        ("floor: 0", "flour: 0", "aids, entry 1: flour: not known here"),
        ("DF8119:", "DF811A:", "entry 4: tags DF8119 is wrong: it is there for kernel 2"),
        ("DF8117:", "DF11:", "tags DF11 is wrong: it has an entry of its own"),
        ("DF8119:", "DF81:", "tags DF81 is wrong: it is no tag"),
        ("A0000000032010", "A0000000031010", "entry 3: the same AID and kernel twice"),
        ("test_key: visa", "test_key: amex", "test_key is wrong: it is one of unionpay, visa"),
        ("test_key: visa", "test_key: unionpay", "entry 2: the same RID and index twice"),
        ("test_key: visa", "rid: A0", "ca_keys, entry 2: rid is wrong: it has 5 bytes, here 1"),
        ("terminal:\n", 'date: "261323"\nterminal:\n', "date is wrong: it is YYMMDD"),
        ("terminal:\n", "time: 91502\nterminal:\n", "time is wrong: it is text in quotes"),
        ("terminal:\n", 'un: "11"\nterminal:\n', "un is wrong: it has 4 bytes, here 1"),
        ("terminal:\n", 'currency: "CNY"\nterminal:\n', "currency is wrong: it has 3 digits"),
        ("terminal:\n", "amount: 1000000000000\nterminal:\n", "amount is wrong: it is an amount"),
        ("terminal:\n", "colour: red\nterminal:\n", "colour: not known here"),
        ("aids:\n", "aids: [\n", "no YAML"),
        ("  - test_key: visa\n", "  - visa\n", "ca_keys, entry 2 is missing or no mapping"),
    ],
)
def test_sentence(tmp_path, old: str, new: str, sentence: str) -> None:
    assert old in TEXT
    with pytest.raises(ConfigError) as caught:
        config(tmp_path, TEXT.replace(old, new, 1))
    assert str(caught.value).startswith("own.yaml: ")
    assert sentence in str(caught.value)


def test_a_key_of_a_script_is_checked(tmp_path) -> None:
    for name, value, sentence in [
        ("modulus", "00" + "C1" * 63, "modulus is wrong: it has 64 to 248 bytes and no zeros"),
        ("exponent", "05", "exponent is wrong: it is 03 or 010001"),
        ("expires", "20301301", "expires is wrong: it is YYYYMMDD"),
    ]:
        fields = {**KEY, "modulus": MODULUS, name: value}
        lines = "\n".join(f'    {key}: "{text}"' for key, text in fields.items())
        with pytest.raises(ConfigError, match=sentence):
            config(tmp_path, "ca_keys:\n  -\n" + lines)
    with pytest.raises(ConfigError, match="revoked is wrong: it lists serial numbers of 3 bytes"):
        config(tmp_path, "ca_keys:\n  - test_key: visa\n    revoked: [12]\n")


def test_no_such_file(tmp_path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: cannot be read: No such file"):
        load_config(tmp_path / "none.yaml")


def test_the_files_are_in_the_image() -> None:
    image, config = build_firmware().path.read_bytes(), load_config()
    for name, data in (("aids", pack_aids(config.aids)), ("capks", pack_ca_keys(config.ca_keys))):
        at = image.index(data)
        assert name.encode() in image[at - 9 : at]  # the record's head: name, kind, length
