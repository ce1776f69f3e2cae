"""Kernel 2 with cards that sign: combined data authentication, made by the issuer of oda_bench."""

import random
from hashlib import sha1

import pytest
from oda_bench import authority_record, certificate, keys, signature, tlv, unhex
from test_emv import PARTS, PLAYER, encoded, player

PAN = unhex("5413330089020011")
UN = unhex("11223344")
AC = unhex("C1C2C3C4C5C6C7C8")
NUMBER = unhex("A1A2A3A4A5A6A7A8")
AIP = unhex("1980")
RECORD = encoded("$mc_record DF811F[08]")
CDOL1 = "0000000000 1F0302 000808"  # what the terminal sends when all is well


class Card:
    """What a card with CDA says, from its records on; a test changes a part of it."""

    def __init__(self, control: str = "50", cid: int = 0x40, record: str = "$mc_data $mc_cdol"):
        self.authority, issuer, self.icc = (keys()[n] for n in ("176 e3", "144 e3", "128 e3"))
        self.control, self.cid, self.values = control, cid, CDOL1
        self.signed = unhex(encoded(record))
        self.issuer_certificate = certificate(self.authority, issuer, 2, unhex("541333FF"), b"")
        owner = PAN + b"\xff\xff"
        self.icc_certificate = certificate(issuer, self.icc, 4, owner, self.signed + AIP)
        self.answered = tlv(0x9F27, bytes((cid,))) + tlv(0x9F36, b"\x00\x12")
        self.answered += tlv(0x9F10, bytes(18))

    def signature(self, **change) -> bytes:
        """9F4B over the CID, the cryptogram, and the hash of values and answer."""
        said = sha1(unhex(encoded(self.values)) + self.answered).digest()
        body = bytes((len(NUMBER),)) + NUMBER + bytes((change.pop("cid", self.cid),)) + AC + said
        return signature(self.icc, body, change.pop("un", UN), **change)

    def answer(self, *more: bytes) -> str:
        return tlv(0x77, self.answered + b"".join(more)).hex().upper() + "9000"

    def signed_answer(self, **change) -> str:
        return self.answer(tlv(0x9F4B, self.signature(**change)))

    def records(self) -> list[str]:
        cert, rest, e = self.issuer_certificate
        issuer = tlv(0x8F, b"\xfa") + tlv(0x90, cert) + tlv(0x92, rest) + tlv(0x9F32, e)
        cert, rest, e = self.icc_certificate
        icc = tlv(0x9F46, cert) + tlv(0x9F48, rest) + tlv(0x9F47, e) + tlv(0x9F4A, b"\x82")
        bodies = (self.signed, issuer, icc)
        return [tlv(0x70, body).hex().upper() + "9000" for body in bodies]

    def exchanges(self, answer: str) -> list[tuple[str, str]]:
        script = [("$select_ppse", "$mc_ppse"), ("$mc_select", "$mc_fci")]
        # the first of three records is signed
        script.append(("$mc_gpo", f"77[82[{AIP.hex()}] 94[10010301]] 9000"))
        script += [(f"00B20{n + 1}1400", record) for n, record in enumerate(self.records())]
        script.append((f"80AE{self.control}000B {self.values} 00", answer))
        return [(encoded(a), encoded(b)) for a, b in script]

    @property
    def key(self) -> tuple:
        return self.authority.modulus, self.authority.e


def as_asked() -> tuple[Card, str]:
    card = Card()
    return card, card.signed_answer()


def rather_online() -> tuple[Card, str]:
    card = Card(cid=0x80)
    return card, card.signed_answer()


def declined_and_signed() -> tuple[Card, str]:
    card = Card(cid=0x00)
    return card, card.signed_answer()


def declined_unsigned() -> tuple[Card, str]:
    card = Card(cid=0x00)
    return card, card.answer(tlv(0x9F26, AC))


def unsigned() -> tuple[Card, str]:
    card = Card()
    return card, card.answer(tlv(0x9F26, AC))


def format_80() -> tuple[Card, str]:
    return Card(), "800B4000121122334455667788" + "9000"


def short_signature() -> tuple[Card, str]:
    card = Card()
    return card, card.answer(tlv(0x9F4B, card.signature()[:-1]))


def spoiled_signature() -> tuple[Card, str]:
    card = Card()
    return card, card.answer(tlv(0x9F4B, card.signature()[:-1] + b"\x00"))


def another_random_number() -> tuple[Card, str]:
    card = Card()
    return card, card.signed_answer(un=bytes(4))


def another_decision() -> tuple[Card, str]:
    card = Card()
    return card, card.signed_answer(cid=0x80)


def another_answer() -> tuple[Card, str]:
    card = Card()
    data = card.signature()
    card.answered = card.answered.replace(b"\x00\x12", b"\x00\x13")
    return card, card.answer(tlv(0x9F4B, data))


def another_tvr() -> tuple[Card, str]:
    card = Card()
    card.values = CDOL1.replace("1F0302", "420300")
    data = card.signature()
    card.values = CDOL1
    return card, card.answer(tlv(0x9F4B, data))


def another_record() -> tuple[Card, str]:
    card = Card()
    card.signed = card.signed.replace(unhex("301231"), unhex("311231"))
    return card, card.signed_answer()


def a_wider_aac() -> tuple[Card, str]:
    """CDA over an AAC too (9F5D), and the terminal denies this version of the application."""
    card = Card("10", 0x00, "$mc_data $mc_cdol 9F08[0009] 9F5D[200100]")
    card.values = CDOL1.replace("0000000000", "0080000000")
    return card, card.signed_answer()


def a_wider_aac_unsigned() -> tuple[Card, str]:
    card, _ = a_wider_aac()
    return card, card.answer(tlv(0x9F26, AC))


def an_aac() -> tuple[Card, str]:
    """When 9F5D does not say so, no signature is asked for."""
    card = Card("00", 0x00, "$mc_data $mc_cdol 9F08[0009] 9F5D[20FE00]")
    card.values = CDOL1.replace("0000000000", "0080000000")
    return card, card.answer(tlv(0x9F26, AC))


DENIES = RECORD + encoded("DF8121[0080000000]")
GOOD = {"oda": 3, "asked": ["CA A000000004 FA", "UI 17 2 0"]}
FAILED = {"kind": "END", "message": 0x1C, "oda": 0, "step": 5} | {"asked": GOOD["asked"]}
MISSING = {"kind": "END", "why": "9F4B at 0: missing", "oda": 0, "step": 8}
CASES = [
    (as_asked, RECORD, {"kind": "APPROVED", "message": 0x03, "step": 7} | GOOD, "0000000000"),
    (rather_online, RECORD, {"kind": "ONLINE", "message": 0x1B} | GOOD, "0000000000"),
    (declined_and_signed, RECORD, {"kind": "DECLINED"} | GOOD, "0000000000"),
    (declined_unsigned, RECORD, {"kind": "DECLINED", "oda": 0}, "0000000000"),
    (unsigned, RECORD, MISSING | {"asked": ["CA A000000004 FA"]}, "0400000000"),
    (format_80, RECORD, MISSING, "0400000000"),
    (short_signature, RECORD, FAILED | {"why": "9F4B at 0: length 127"}, "0400000000"),
    (spoiled_signature, RECORD, FAILED, "0400000000"),
    (another_random_number, RECORD, FAILED | {"why": "9F4B at 107: hash"}, "0400000000"),
    (another_decision, RECORD, FAILED | {"why": "9F4B at 13: not the CID of the answer"}, None),
    (another_answer, RECORD, FAILED | {"why": "9F4B at 22: hash of the transaction"}, None),
    (another_tvr, RECORD, FAILED | {"why": "9F4B at 22: hash of the transaction"}, None),
    (another_record, RECORD, FAILED | {"why": "9F46 at 123: hash"}, "0400000000"),
    (a_wider_aac, DENIES, {"kind": "DECLINED", "why": "terminal declined"} | GOOD, "0080000000"),
    (a_wider_aac_unsigned, DENIES, MISSING, "0480000000"),
    (an_aac, DENIES, {"kind": "DECLINED", "oda": 0}, "0080000000"),
]


def judge(want: dict, tvr: str | None, got: dict, data: dict) -> None:
    assert {name: got[name] for name in want} == want
    assert tvr is None or data["95"] == tvr
    if got["oda"]:
        assert (data["9F26"], data["9F4C"]) == (AC.hex().upper(), NUMBER.hex().upper())
    assert not {"90", "92", "9F46", "9F48", "9F4B"} & set(data)


@pytest.mark.parametrize(("made", "record", "want", "tvr"), CASES)
def test_combined_authentication(made, record, want, tvr):
    card, answer = made()
    key = authority_record(*card.key)
    judge(want, tvr, *player()["play"](card.exchanges(answer), key=key, kernel=2, record=record))


@pytest.mark.parametrize("tag", [0x8F, 0x90, 0x9F32, 0x9F46, 0x9F47, 0x9F4A])
def test_without_each_object_that_cda_needs(tag):
    card = Card("80", 0x80)
    card.values = CDOL1.replace("0000000000", "2400000000")  # ICC data missing, CDA failed
    script = []
    for sent, answer in card.exchanges(card.answer(tlv(0x9F26, AC))):
        body = unhex(answer)
        script.append((sent, without(body, tag).hex().upper() if body[0] == 0x70 else answer))
    key = authority_record(*card.key)
    got, data = player()["play"](script, key=key, kernel=2, record=RECORD)
    assert (got["kind"], got["oda"], data["95"]) == ("ONLINE", 0, "2400000000")
    assert got["asked"] == (["UI 17 2 0"] if tag == 0x8F else GOOD["asked"])


def without(record: bytes, tag: int) -> bytes:
    """A record (70, status word behind it) without the object ``tag``."""
    from pos.protocol.tlv import walk

    ((_, start, size),) = walk(record[:-2])
    objects = ((t, record[i : i + n]) for t, i, n in walk(record, start, start + size))
    return tlv(0x70, b"".join(tlv(t, value) for t, value in objects if t != tag)) + record[-2:]


def test_the_same_on_micropython(mpy):
    source = PLAYER
    for made, record, _, _ in CASES:
        card, answer = made()
        source += f"print(repr(play({card.exchanges(answer)!r}, key={authority_record(*card.key)!r}, "
        source += f"kernel=2, record={record!r})))\n"
    lines = mpy(source).splitlines()
    for line, (_, _, want, tvr) in zip(lines, CASES, strict=True):
        judge(want, tvr, *eval(line))


def test_a_reason_holds_no_card_data():
    for made, record, _, _ in CASES:
        card, answer = made()
        key = authority_record(*card.key)
        got, _ = player()["play"](card.exchanges(answer), key=key, kernel=2, record=record)
        assert "5413" not in got["why"] and "C1C2" not in got["why"]


def hurt(dice: random.Random, answers: list) -> list:
    """Copies of the answers of which one to three are damaged in one place."""
    answers = [bytearray(answer) for answer in answers]
    for _ in range(dice.randint(1, 3)):
        one = dice.choice(answers)
        at = dice.randrange(len(one)) if one else 0
        match dice.randint(0, 3):
            case 0 if one:
                one[at] = dice.randrange(256)
            case 1 if one:
                one[at] ^= 1 << dice.randint(0, 7)
            case 2:
                del one[at : at + dice.randint(1, 4)]
            case _:
                one[at:at] = dice.randbytes(dice.randint(1, 4))
    return answers


def ending(scope: dict, record: str, answers: list, key):
    """The outcome of a card that answers so, and leaves then; anything else is an error."""
    kernel = scope["entry"].transaction(scope["setting"](kernel=2, record=record), SALE)
    left = list(answers)
    try:
        step = next(kernel)
        for _ in range(60):
            if isinstance(step, scope["outcome"].CaKey):
                step = kernel.send(key)
            elif not isinstance(step, bytes):
                step = kernel.send(None)
            elif left:
                step = kernel.send(left.pop(0))
            else:
                step = kernel.throw(scope["apdu"].CardLost())
    except StopIteration as stop:
        assert isinstance(stop.value, scope["outcome"].Outcome)
        return stop.value
    raise AssertionError("goes on without a card")


SALE = player()["sale"](1280)


@pytest.mark.parametrize("seed", range(10))
def test_a_damaged_conversation_always_ends_in_an_outcome(seed):
    dice, scope = random.Random(seed), player()
    card, answer = as_asked()
    good = [unhex(said) for _, said in card.exchanges(answer)]
    key = authority_record(*card.key)
    assert ending(scope, RECORD, good, key).kind == scope["outcome"].APPROVED
    for _ in range(100):
        # as CDA signs nearly everything, an approval needs all of it
        result = ending(scope, RECORD, hurt(dice, good), key)
        if result.kind == scope["outcome"].APPROVED:
            assert result.oda == scope["outcome"].CDA


@pytest.mark.parametrize("seed", range(10))
def test_a_damaged_unsigned_conversation_too(seed):
    dice, scope = random.Random(100 + seed), player()
    names = ("$mc_ppse", "$mc_fci", "$mc_options", "$mc_all", "$mc_arqc")
    good = [unhex(encoded(name)) for name in names]
    assert ending(scope, encoded(PARTS["mc_record"]), good, None).kind == 3
    for _ in range(150):
        ending(scope, encoded(PARTS["mc_record"]), hurt(dice, good), None)
