"""The TEST certification authority: what it signs is opened as a terminal opens it."""

import math
from hashlib import sha1

import certificate_bench as bench
import pytest
from certificate_bench import Public

from host_tools.emv import ca, make_keys
from host_tools.emv.keys import TEST_KEYS, CaKey, KeyFileError, RsaKey, load_keys

KEYS = load_keys()
CHAINS = [("unionpay", "621234"), ("visa", "412345"), ("mastercard", "512345")]
STATIC = bytes(range(60)) + b"\x19\x80"


def public(key: RsaKey) -> Public:
    return Public(key.modulus, key.exponent)


def pan_of(bin_: str) -> str:
    return f"{bin_}0000000000"


def chain(name: str, bin_: str, icc: RsaKey) -> dict[str, bytes]:
    issuer = KEYS.issuers[bin_]
    return ca.issuer_certificate(KEYS.ca[name], issuer, bin_) | ca.icc_certificate(
        issuer, icc, pan_of(bin_), STATIC
    )


@pytest.mark.parametrize(("name", "bin_"), CHAINS)
@pytest.mark.parametrize("icc", ["visa_phone", "mastercard_cda"])
def test_the_chain_leads_to_the_cards_key(name: str, bin_: str, icc: str) -> None:
    card = chain(name, bin_, KEYS.icc[icc])
    assert card["8F"] == bytes([KEYS.ca[name].index])
    issuer = bench.issuer_key(public(KEYS.ca[name].key), card, pan_of(bin_))
    assert issuer == public(KEYS.issuers[bin_])
    found = bench.icc_key(issuer, card, pan_of(bin_), STATIC)
    assert found == public(KEYS.icc[icc])


def test_keys_come_with_and_without_remainders() -> None:
    cards = {name: chain(name, bin_, KEYS.icc["mastercard_cda"]) for name, bin_ in CHAINS}
    # 176 bytes of modulus, 36 fewer fit into a certificate of 176
    assert len(cards["visa"]["92"]) == 36
    assert "92" not in cards["unionpay"] and "92" not in cards["mastercard"]
    assert [len(card["9F48"]) for card in cards.values()] == [42, 10, 42]
    assert "9F48" not in chain("visa", "412345", KEYS.icc["visa_phone"])
    assert {key.key.e for key in KEYS.ca.values()} == {3, 65537}


@pytest.mark.parametrize("tag", ["90", "9F32", "9F46", "9F47", "9F48"])
def test_a_changed_bit_is_found(tag: str) -> None:
    card = chain("unionpay", "621234", KEYS.icc["mastercard_cda"])
    card[tag] = card[tag][:-1] + bytes([card[tag][-1] ^ 1])
    with pytest.raises(AssertionError):
        issuer = bench.issuer_key(public(KEYS.ca["unionpay"].key), card, pan_of("621234"))
        bench.icc_key(issuer, card, pan_of("621234"), STATIC)


def test_the_static_data_is_signed() -> None:
    issuer = KEYS.issuers["512345"]
    card = chain("mastercard", "512345", KEYS.icc["mastercard_cda"])
    with pytest.raises(AssertionError, match="hash"):
        bench.icc_key(public(issuer), card, pan_of("512345"), STATIC[:-1] + b"\x81")
    message = bench.opened(public(issuer), ca.static_signature(issuer, STATIC)["93"], STATIC)
    assert message == b"\x03\x01\xda\xc0" + b"\xbb" * (issuer.size - 26)


def test_fdda_covers_number_amount_currency_and_card() -> None:
    icc = KEYS.icc["unionpay_offline"]
    parts = [b"\x11\x22\x33\x44", bytes(6), b"\x01\x56", b"\x01" + bytes(6)]
    signature = ca.fdda_signature(icc, b"\x00\x07", *parts)
    assert bench.dynamic_data(public(icc), signature, b"".join(parts)) == b"\x02\x00\x07"
    for at in range(4):
        other = list(parts)
        other[at] = bytes([other[at][0] ^ 1]) + other[at][1:]
        with pytest.raises(AssertionError, match="hash"):
            bench.dynamic_data(public(icc), signature, b"".join(other))


def test_cda_carries_the_cryptogram_and_the_hash_of_the_transaction() -> None:
    icc, un = KEYS.icc["mastercard_cda"], b"\x11\x22\x33\x44"
    signature = ca.cda_signature(icc, bytes(8), b"\x80", b"ABCDEFGH", b"the transaction", un)
    found = bench.dynamic_data(public(icc), signature, un)
    assert found[:18] == b"\x08" + bytes(8) + b"\x80" + b"ABCDEFGH"
    assert found[18:] == sha1(b"the transaction").digest()


def test_only_a_whole_block_is_signed() -> None:
    with pytest.raises(ValueError, match="a block of 128 bytes is signed, not of 3"):
        KEYS.icc["visa_phone"].sign(b"abc")


def test_keys_are_marked_and_never_shown() -> None:
    text = TEST_KEYS.read_text(encoding="utf-8")
    assert text.startswith("# TEST KEYS")
    shown = repr(KEYS)
    for key in (*KEYS.issuers.values(), *KEYS.icc.values(), *(c.key for c in KEYS.ca.values())):
        assert str(key.p) not in shown and f"{key.p:X}" not in shown


def test_keys_are_rsa_keys_of_the_sizes_said() -> None:
    sizes = {name: key.key.size * 8 for name, key in KEYS.ca.items()}
    assert sizes == {"unionpay": 1984, "visa": 1408, "mastercard": 1984}
    for key in (*KEYS.issuers.values(), *KEYS.icc.values()):
        assert math.gcd(key.e, (key.p - 1) * (key.q - 1)) == 1
        assert pow(2, (key.p - 1) * (key.q - 1), key.n) == 1


def test_a_key_is_found_by_rid_and_index() -> None:
    rid = bytes.fromhex("A000000333")
    assert KEYS.ca_of(rid) is KEYS.ca["unionpay"] is KEYS.ca_of(rid, 0x92)
    assert KEYS.ca_of(rid, 0x91) is None


def test_check_value() -> None:
    key = CaKey(bytes.fromhex("A000000333"), 0x92, "20391231", RsaKey(0xFB, 0xF1, 3))
    n = (0xFB * 0xF1).to_bytes(2, "big")
    assert key.check_value == sha1(bytes.fromhex("A00000033392") + n + b"\x03").digest()


def test_only_missing_keys_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    monkeypatch.setattr(make_keys, "_pair", lambda bits, e: made.append(bits) or {"p": "1"})
    whole = make_keys.make({})
    assert len(made) == len(KEYS.ca) + len(KEYS.issuers) + len(KEYS.icc)
    made.clear()
    del whole["icc"]["forged"]
    assert make_keys.make(whole)["icc"]["forged"] == {"p": "1"}
    assert made == [1152]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("issuers:", "others:", "it has the sections ca, icc, issuers"),
        ('rid: "A0', 'rid: "X0', "unionpay: rid, index or expires is wrong"),
        ('p: "', 'p: "X', "unionpay: p, q and e are hex"),
        ('e: "03"', 'e: "04"', "unionpay: no RSA key of whole bytes"),
    ],
)
def test_a_wrong_key_file_is_told(tmp_path, old: str, new: str, sentence: str) -> None:
    path = tmp_path / "keys.yaml"
    path.write_text(TEST_KEYS.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(KeyFileError) as caught:
        load_keys(path)
    assert str(caught.value) == f"keys.yaml: {sentence}"
