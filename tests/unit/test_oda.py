"""Card authentication: published data of the schemes, and cards of our own that are spoiled."""

import re
from types import SimpleNamespace

import oda_bench as bench
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from oda_bench import (
    CID,
    CODE,
    CRYPTOGRAM,
    NUMBER,
    PAN,
    STATIC,
    UN,
    VECTORS,
    case,
    keys,
    tlv,
    unhex,
)
from pos.emv import ca, oda
from pos.store import emv_files
from pos.protocol.errors import BadBytes

SPOILED = yaml.safe_load((VECTORS / "oda_spoiled.yaml").read_text())
PUBLISHED = yaml.safe_load((VECTORS / "oda_published.yaml").read_text())
METHODS = ("sda", "fdda", "cda")
GOOD = {"sda": (CODE, None, None), "fdda": (None, NUMBER, None), "cda": (None, NUMBER, CRYPTOGRAM)}
# CA, issuer, ICC: without remainder, with the issuer's, with the ICC's, with both, and 64 bytes
CHAINS = [
    ("248 e3", "176 e3", "128 e3"),
    ("176 e3", "144 e3", "64 e3"),
    ("248 e3", "144 e3", "128 e3"),
    ("248 e3", "248 e3", "248 e3"),
    ("144 e65537", "128 e65537", "128 e65537"),
    ("248 e65537", "176 e65537", "144 e65537"),
    ("176 e65537", "176 e3", "64 e65537"),
    ("128 e3", "64 e65537", "64 e3"),
]

_scope: dict = {}
exec(bench.RUN, _scope)
run = _scope["run"]


def published(text: str) -> bytes:
    return unhex("".join(text.split()))


def spoiled(entry: dict) -> bench.Case:
    """The case of one line of oda_spoiled.yaml."""
    made = case(
        **{
            part: {name: unhex(v) if isinstance(v, str) else v for name, v in change.items()}
            for part, change in entry.get("sign", {}).items()
        }
    )
    for tag, value in entry.get("card", {}).items():
        if value is None:
            del made.card[int(str(tag), 16)]
        else:
            made.card[int(str(tag), 16)] = unhex(value)
    for tag, size in [entry["cut"]] if "cut" in entry else []:
        made.card[int(tag, 16)] = made.card[int(tag, 16)][:size]
    for tag, at in [entry["flip"]] if "flip" in entry else []:
        value = bytearray(made.card[int(tag, 16)])
        value[at] ^= 1
        made.card[int(tag, 16)] = bytes(value)
    _arguments(made, entry.get("other", {}))
    return made


def _arguments(made: bench.Case, other: dict) -> None:
    """Arguments of the terminal that are not those of the card."""
    un, (pdol, cdol1), cid, answer = made.more["cda"]
    (terminal,) = made.more["fdda"]
    for name, value in other.items():
        match name:
            case "key":
                made.key = value
            case "today":
                made.today = unhex(value)
            case "signed":
                made.signed = unhex(value)
            case "un":
                un = unhex(value)
            case "pdol":
                pdol = unhex(value)
            case "cdol1":
                cdol1 = unhex(value)
            case "cid":
                cid = value
            case "answer":
                answer = unhex(value)
            case "replace":
                old, new = map(unhex, value)
                inside = answer[3:].replace(old, new)  # behind 77 81 and the length
                assert inside != answer[3:]
                answer = tlv(0x77, inside)
            case tag:
                terminal[int(str(tag), 16)] = unhex(value)
    made.more["cda"] = un, (pdol, cdol1), cid, answer


@pytest.mark.parametrize("chain", CHAINS, ids=" > ".join)
@pytest.mark.parametrize("method", METHODS)
def test_authentic(method, chain):
    assert run(*case(chain).arguments(method)) == ("", GOOD[method])


def test_the_chains_have_all_kinds_of_remainders():
    kinds = {tuple(tag in case(chain).card for tag in (0x92, 0x9F48)) for chain in CHAINS}
    assert kinds == {(False, False), (False, True), (True, False), (True, True)}


@pytest.mark.parametrize("entry", SPOILED, ids=lambda entry: entry["name"])
def test_spoiled(entry):
    assert run(*spoiled(entry).arguments(entry["by"])) == (entry["why"], (None, None, None))


def test_a_reason_holds_no_card_data():
    for entry in SPOILED:
        assert not re.search(r"6212|3412|A1A2|[0-9A-F]{9}", entry["why"])


def test_the_same_on_micropython(mpy):
    want = [case(chain).arguments(method) for chain in CHAINS for method in METHODS]
    good = len(want)
    want += [spoiled(entry).arguments(entry["by"]) for entry in SPOILED]
    lines = []
    for start in range(0, len(want), 30):  # a command line takes 128 KB
        calls = (f"print(repr(run(*{arguments!r})))\n" for arguments in want[start : start + 30])
        lines += [eval(line) for line in mpy(bench.RUN + "".join(calls)).splitlines()]
    assert lines[:good] == [("", GOOD[method]) for _ in CHAINS for method in METHODS]
    assert lines[good:] == [(entry["why"], (None, None, None)) for entry in SPOILED]


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("issuer", {"expiry": unhex("1126")}),  # to the end of this month
        ("issuer", {"expiry": unhex("1249")}),  # the last year of this century
        ("issuer", {"expiry": unhex("0127")}),
        ("issuer", {"owner": unhex("621FFFFF")}),
        ("issuer", {"owner": unhex("62123456")}),
        ("icc", {"expiry": unhex("1126")}),
        ("dynamic", {"length": 128 - 25}),  # no room is left
    ],
    ids=str,
)
def test_just_good_enough(part, change):
    assert run(*case(**{part: change}).arguments("fdda")) == ("", GOOD["fdda"])


@pytest.mark.parametrize("number", [NUMBER[:2], NUMBER[:5], NUMBER], ids=len)
def test_dynamic_numbers(number):
    made = case(dynamic={"number": number}, combined={"number": number})
    assert run(*made.arguments("fdda")) == ("", (None, number, None))
    assert run(*made.arguments("cda")) == ("", (None, number, CRYPTOGRAM))


def test_dynamic_data_may_hold_more():
    made = case(dynamic={"length": 60}, combined={"length": 60})
    assert run(*made.arguments("fdda"))[0] == ""
    assert run(*made.arguments("cda"))[0] == ""


def test_a_remainder_that_is_not_needed_is_hashed():
    chain = ("248 e3", "176 e3", "128 e3")
    made = case(chain, issuer={"rest": b"\x01\x02"}, icc={"rest": b"\x03"})
    assert run(*made.arguments("fdda")) == ("", GOOD["fdda"])
    made.card[0x92] = b"\x01\x03"
    assert run(*made.arguments("fdda"))[0] == "90 at 227: hash"


@pytest.mark.parametrize("digits", ["6212345678901234567", "62123456789012", "621234567890123"])
def test_other_lengths_of_the_pan(digits):
    padded = unhex(digits.ljust(20, "F"))
    made = case(icc={"owner": padded})
    made.card[0x5A] = padded[: (len(digits) + 1) // 2]
    assert run(*made.arguments("fdda"))[0] == ""


def test_the_pan_of_track_2_will_do():
    made = case()
    del made.card[0x5A]
    made.card[0x57] = PAN + unhex("D30122200000000F")
    assert run(*made.arguments("fdda"))[0] == ""


def test_a_ca_key_is_good_to_its_last_day():
    made = case(issuer={"expiry": unhex("1231")}, icc={"expiry": unhex("1231")})
    made.today = unhex("301231")
    assert run(*made.arguments("fdda")) == ("", GOOD["fdda"])


def test_a_modulus_that_just_fits_has_no_remainder():
    made = case(icc={"modulus": keys()["128 e3"].modulus[: 144 - 42 - 1] + b"\x01"})
    assert 0x9F48 not in made.card
    # the certificate is accepted; the signature is that of another key
    assert run(*made.arguments("fdda"))[0] == "9F4B at 0: length 128"


def test_an_even_modulus():
    even = keys()["128 e3"].modulus[:-1] + b"\x02"
    assert run(*case(icc={"modulus": even}).arguments("fdda"))[0] == "RSA at 0: even modulus"


def test_padding_in_the_answer_is_not_hashed():
    made = case(combined={"before": b"\x00\x00", "between": b"\x00"})
    assert run(*made.arguments("cda")) == ("", GOOD["cda"])


def test_the_signature_in_the_answer_counts_and_not_that_of_a_record():
    made = case()
    made.card[0x9F4B] = bytes(128)
    assert run(*made.arguments("cda")) == ("", GOOD["cda"])


def test_buffers_of_any_kind():
    made = case()
    un, transaction, cid, answer = made.more["cda"]
    made.more["cda"] = un, tuple(map(memoryview, transaction)), cid, memoryview(bytearray(answer))
    made.signed = memoryview(bytearray(made.signed))
    assert run(*made.arguments("cda")) == ("", GOOD["cda"])


# published data


def record(key: dict, **change) -> bytes:
    """A CA key in the form that is downloaded; ``change`` replaces or drops (None) objects."""
    data = {
        "9F06": unhex(key["rid"]),
        "9F22": unhex(key["index"]),
        "DF05": b"20491231",
        "DF06": b"\x01",
        "DF07": b"\x01",
        "DF02": published(key["modulus"]),
        "DF04": b"\x03",
        "DF03": unhex(key["check"]),
        **change,
    }
    return b"".join(tlv(int(tag, 16), value) for tag, value in data.items() if value is not None)


KEYS = {key["name"]: key for key in PUBLISHED["keys"]}


@pytest.mark.parametrize("name", KEYS)
def test_published_keys(name):
    key = ca.parse(record(KEYS[name]))
    assert key.modulus == published(KEYS[name]["modulus"]) and key.exponent == 3
    assert key.expiry == "491231" and key.revoked == b""
    spoiled = bytearray(record(KEYS[name]))
    spoiled[spoiled.index(key.modulus) + 40] ^= 1
    with pytest.raises(BadBytes, match="DF03 at 0: not the check value"):
        ca.parse(spoiled)


@pytest.mark.parametrize(
    ("scheme", "authority", "today", "method"),
    [
        ("visa", "Visa test 94", "221201", "fdda"),
        ("mastercard", "Mastercard test F1", "250506", "fdda"),
    ],
)
def test_published_certificates(scheme, authority, today, method):
    """All but the hashes over records, which are not known, and those must be what fails."""
    facts = SimpleNamespace(**PUBLISHED[scheme])
    facts.__dict__.update({"cert": PUBLISHED[scheme]["90"], "icc_cert": PUBLISHED[scheme]["9F46"]})
    key, today = record(KEYS[authority]), unhex(today)
    card = {0x5A: unhex(facts.pan), 0x90: published(facts.cert), 0x9F32: b"\x03"}
    modulus, exponent = oda._issuer(card, key, today)
    assert bytes(modulus) == published(facts.issuer) and exponent == 3
    card.update({0x9F46: published(facts.icc_cert), 0x9F47: b"\x03", 0x9F69: bench.RELATED})
    card.update({0x9F48: published(PUBLISHED[scheme]["9F48"]), 0x9F4B: bytes(128)})
    end = len(modulus) - 21
    assert oda.fdda(card, b"", key, today, {}) == f"9F46 at {end}: hash"
    text = oda._recovered(0x9F46, card[0x9F46], (modulus, exponent), 4)
    assert text[end:-1] == published(facts.icc_hash)
    assert text[21:end] + card[0x9F48] == published(facts.icc)  # both have a remainder
    if scheme == "visa":
        card[0x93] = published(PUBLISHED[scheme]["93"])
        assert oda.sda(card, b"", key, today) == f"93 at {end}: hash"
        text = oda._recovered(0x93, card[0x93], (modulus, exponent), 3)
        assert text[3:5] == unhex(facts.dac) and text[end:-1] == published(facts.static_hash)


def test_published_signature():
    facts = PUBLISHED["mastercard"]
    key = published(facts["icc"]), 3
    text, end = oda._dynamic(published(facts["9F4B"]), key, 29)
    oda._check_hash(0x9F4B, text, unhex(facts["un"]))
    assert text[5:end] == unhex(facts["number"]) and text[end] == facts["cid"]
    assert text[end + 1 : end + 9] == unhex(facts["ac"])
    assert text[end + 9 : end + 29] == unhex(facts["transaction_hash"])


# the store of CA keys

V95 = KEYS["Visa test 95"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"9F06": b"\xa0\0\0\0\4"}, "DF03 at 0: not the check value"),
        ({"9F06": None}, "9F06 at 0: missing"),
        ({"9F06": bytes(6)}, "9F06 at 0: length 6"),
        ({"9F22": b"\x94"}, "DF03 at 0: not the check value"),
        ({"9F22": None}, "9F22 at 0: missing"),
        ({"DF02": None}, "DF02 at 0: missing"),
        ({"DF02": bytes(63)}, "DF02 at 0: length 63"),
        ({"DF02": bytes(249)}, "DF02 at 0: length 249"),
        ({"DF03": None}, "DF03 at 0: missing"),
        ({"DF03": bytes(19)}, "DF03 at 0: length 19"),
        ({"DF04": b"\x01\x00\x01"}, "DF03 at 0: not the check value"),
        ({"DF04": b"\x05"}, "DF04 at 0: neither 3 nor 65537"),
        ({"DF04": None}, "DF04 at 0: missing"),
        ({"DF06": b"\x02"}, "DF06 at 0: unknown algorithm"),
        ({"DF06": None}, "DF06 at 0: missing"),
        ({"DF07": b"\x04"}, "DF07 at 0: unknown algorithm"),
        ({"DF07": None}, "DF07 at 0: missing"),
        ({"DF05": b"2049123"}, "DF05 at 0: not a date"),
        ({"DF05": b"20491331"}, "DF05 at 0: not a date"),
        ({"DF05": b"20491200"}, "DF05 at 0: not a date"),
        ({"DF05": b"2049123\xb1"}, "DF05 at 0: not a date"),
        ({"DF05": b"\x20\x4a\x12\x31"}, "BCD at 1: not a decimal digit"),
        ({"DF8F01": bytes(4)}, "DF8F01 at 0: length 4"),
    ],
    ids=str,
)
def test_bad_records(change, why):
    with pytest.raises(BadBytes) as caught:
        ca.parse(record(V95, **change))
    assert str(caught.value) == why


def test_twice_in_a_record():
    with pytest.raises(BadBytes, match="DF05 at 209: twice"):
        ca.parse(record(V95) + tlv(0xDF05, b"20491231"))


def test_what_a_record_may_hold():
    assert ca.parse(record(V95, DF05=None)).expiry == ""
    assert ca.parse(record(V95, DF05=unhex("20290131"))).expiry == "290131"
    assert ca.parse(record(V95, DF04=b"\0\0\3")).exponent == 3  # as some hosts send it
    assert ca.parse(record(V95, DF8F01=b"abcdef")).revoked == b"abcdef"
    assert ca.parse(memoryview(bytearray(record(V95)))).exponent == 3


def test_an_exponent_of_65537():
    key = keys()["128 e65537"]
    data = {"rid": "A000000333", "index": "01", "modulus": key.modulus.hex()}
    check = bench.sha1(unhex("A00000033301") + key.modulus + b"\1\0\1").hexdigest()
    assert ca.parse(record(data | {"check": check}, DF04=b"\1\0\1")).exponent == 65537


def test_find():
    rows = b"".join(tlv(0xE2, record(key)) for key in KEYS.values())
    for key in KEYS.values():
        found = emv_files.find(rows, unhex(key["rid"]), int(key["index"], 16))
        assert isinstance(found, memoryview) and ca.parse(found).modulus == published(
            key["modulus"]
        )
    assert emv_files.find(rows, unhex("A000000003"), 0xEF) is None
    assert emv_files.find(rows, unhex("A000000333"), 0x94) is None
    assert emv_files.find(b"", unhex("A000000003"), 0x94) is None


def test_find_goes_past_records_that_are_not_keys():
    other = tlv(0xE1, tlv(0x9F22, b"\x95") + tlv(0x9F06, unhex("A000000003")))
    empty = tlv(0xE2, b"") + tlv(0xE2, tlv(0x9F22, b"\x95")) + tlv(0xE2, tlv(0x9F22, b"\x95\x95"))
    # its modulus is damaged, but nobody asks for it
    broken = tlv(0xE2, tlv(0x9F22, b"\x01") + tlv(0x9F06, bytes(5)) + unhex("DF02F8"))
    rows = other + empty + broken + tlv(0xE2, record(V95))
    assert ca.parse(emv_files.find(rows, unhex("A000000003"), 0x95)).expiry == "491231"


def test_store_on_micropython(mpy):
    rows = b"".join(tlv(0xE2, record(key)) for key in KEYS.values())
    source = f"from pos.emv import ca\nfrom pos.store import emv_files\nrows = {rows!r}\n"
    for key in KEYS.values():
        source += f"k = emv_files.find(rows, {unhex(key['rid'])!r}, 0x{key['index']})\n"
        source += "k = ca.parse(k)\nprint(repr((k.modulus, k.exponent, k.revoked, k.expiry)))\n"
    source += "print(emv_files.find(rows, bytes(5), 0x94))\n"
    lines = [eval(line) for line in mpy(source).splitlines()]
    assert lines.pop() is None
    assert lines == [(published(key["modulus"]), 3, b"", "491231") for key in KEYS.values()]


# any bytes

PARTS = {
    "sda": [0x90, 0x92, 0x93, 0x9F32],
    "fdda": [0x90, 0x92, 0x9F32, 0x9F46, 0x9F48, 0x9F47, 0x9F4B, 0x9F69],
    "cda": [0x90, 0x92, 0x9F32, 0x9F46, 0x9F48, 0x9F47],
}
BYTES = st.binary(max_size=40) | st.binary(min_size=120, max_size=260)


@settings(max_examples=250, deadline=None)
@given(data=st.data(), method=st.sampled_from(METHODS))
def test_any_bytes_are_never_authentic(data, method):
    made = case()
    tag = data.draw(st.sampled_from(PARTS[method]))
    old = made.card[tag]
    flipped = st.integers(0, len(old) * 8 - 1).map(
        lambda bit: (int.from_bytes(old, "big") ^ 1 << bit).to_bytes(len(old), "big")
    )
    made.card[tag] = data.draw(BYTES | flipped | st.integers(0, len(old)).map(lambda n: old[:n]))
    why, left = run(*made.arguments(method))
    if made.card[tag] != old:
        assert why and left == (None, None, None)


@settings(max_examples=250, deadline=None)
@given(data=st.data())
def test_any_bytes_that_are_signed_never_raise(data):
    made = case()
    tag, signer, form = data.draw(
        st.sampled_from(
            [
                (0x90, "authority", 2),
                (0x93, "issuer", 3),
                (0x9F46, "issuer", 4),
                (0x9F4B, "icc", 5),
            ]
        )
    )
    key = made.signers[signer]
    middle = data.draw(st.binary(min_size=key.size - 3, max_size=key.size - 3))
    made.card[tag] = key.sign(bytes((0x6A, form)) + middle + b"\xbc")
    un, transaction, cid, _ = made.more["cda"]
    answer = tlv(0x77, tlv(0x9F4B, made.card[0x9F4B]))
    made.more["cda"] = un, transaction, cid, answer
    for method in METHODS:
        why, _ = run(*made.arguments(method))
        assert isinstance(why, str)


@settings(max_examples=250, deadline=None)
@given(
    card=st.dictionaries(st.sampled_from([*PARTS["fdda"], 0x93, 0x5A, 0x57, 0x9F4A]), BYTES),
    answer=BYTES | BYTES.map(lambda value: tlv(0x77, value)),
    signed=BYTES,
)
def test_any_card_never_raises(card, answer, signed):
    made = case()
    made.card.update(card)
    made.signed = signed
    made.more["cda"] = UN, bench.TRANSACTION, CID, answer
    for method in METHODS:
        why, _ = run(*made.arguments(method))
        assert isinstance(why, str)
    assert why  # an answer that is not the card's own


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | st.integers(0, len(record(V95))).map(lambda n: record(V95)[:n]))
def test_any_record_is_a_key_or_bad_bytes(value):
    for use in (ca.parse, lambda rows: emv_files.find(rows, unhex("A000000003"), 0x95)):
        try:
            use(value)
        except BadBytes:
            continue


def test_the_bench_signs_what_it_should():
    """The static data of the bench hold the PAN and the AIP, or the cases say nothing."""
    assert PAN in STATIC and STATIC.endswith(unhex("7C00"))
