"""Entry point and kernels against hand-written conversations, on CPython and on MicroPython."""

import random
from pathlib import Path

import pytest
import yaml

from host_tools.vboard.cards import notation

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "emv"
PARTS = yaml.safe_load((VECTORS / "parts.yaml").read_text())
FILES = ("online", "offline", "cvm", "selection", "refused", "visa")
FILES += ("mchip_flow", "mchip_cvm", "mchip_risk", "mchip_refused")


def whole(script: dict) -> dict:
    """A script with what it goes on from: ``after`` names a piece with record and exchanges."""
    if "after" not in script:
        return script
    start = PARTS[script["after"]]
    return start | script | {"exchanges": start["exchanges"] + script["exchanges"]}


SCRIPTS = {
    f"{name}: {script['name']}": whole(script)
    for name in FILES
    for script in yaml.safe_load((VECTORS / f"{name}.yaml").read_text())
}
LIMITS = yaml.safe_load((VECTORS / "limits.yaml").read_text())

# Runs under both interpreters: plays a card from a list of (C-APDU, R-APDU or exception name).
PLAYER = """
from binascii import hexlify, unhexlify
from pos.emv import config, entry, outcome
from pos.protocol import apdu

TERMINAL = {0x9F1A: b"\\x01\\x56", 0x5F2A: b"\\x01\\x56", 0x9F33: b"\\xe0\\xe1\\xc8",
            0x9F35: b"\\x22", 0x9F1E: b"12345678"}
AIDS = {2: "A0000000041010", 3: "A0000000031010", 7: "A0000003330101"}

def setting(ttq="26004000", kernel=7, record=None):
    if record is None:
        record = ("9F0607" + AIDS.get(kernel, AIDS[7]) + "9F2A01%02X" % kernel
                  + "9F6604" + ttq + "9F09020030DF2006000000500000DF2106000000100000")
    return {"terminal": TERMINAL, "aids": [config.aid(unhexlify(record))]}

def sale(amount, type=0, other=0):
    return {"amount": amount, "date": "261123", "time": "091502", "un": b"\\x11\\x22\\x33\\x44",
            "stan": 42, "type": type, "other": other}

def play(exchanges, amount=1280, key=None, type=0, other=0, **terms):
    kernel = entry.transaction(setting(**terms), sale(amount, type, other))
    left = list(exchanges)
    asked = []
    try:
        step = next(kernel)
        while True:
            if isinstance(step, outcome.Ui):
                asked.append("UI %02X %d %d" % (step.message, step.status, step.hold_ms))
                step = kernel.send(None)
                continue
            if isinstance(step, outcome.CaKey):
                asked.append("CA %s %02X" % (hexlify(step.rid).decode().upper(), step.index))
                step = kernel.send(key)
                continue
            if not left:
                raise AssertionError("not in the script: " + hexlify(step).decode())
            want, answer = left.pop(0)
            got = hexlify(step).decode().upper()
            if got != want:
                raise AssertionError("sent " + got + " instead of " + want)
            if answer.startswith("C"):
                step = kernel.throw(getattr(apdu, answer)())
            else:
                step = kernel.send(memoryview(bytearray(unhexlify(answer))))
    except StopIteration as stop:
        result = stop.value
    if left:
        raise AssertionError("left over: %d" % len(left))
    data = {"%02X" % tag: hexlify(value).decode().upper() for tag, value in result.tags.items()}
    kinds = ("", "APPROVED", "DECLINED", "ONLINE", "TRY_AGAIN", "SELECT_NEXT", "OTHER_INTERFACE",
             "END")
    cvms = ("NO_CVM", "SIGNATURE", "ONLINE_PIN", "CDCVM")
    return {"kind": kinds[result.kind], "message": result.message, "cvm": cvms[result.cvm],
            "start": result.start, "why": result.why, "step": result.step, "oda": result.oda,
            "kernel": result.kernel, "asked": asked,
            "aid": hexlify(result.aid).decode().upper()}, data
"""


def encoded(text: str) -> str:
    """Hex of the notation of the vectors, with the pieces of this directory."""
    return notation.encoded(text, PARTS)


def exchanges(script: dict) -> list[tuple[str, str]]:
    return [
        (encoded(want), answer if answer.startswith("C") else encoded(answer))
        for want, answer in script["exchanges"]
    ]


def setting(script: dict) -> dict:
    terms = {
        key: script[key] for key in ("amount", "ttq", "kernel", "type", "other") if key in script
    }
    if "record" in script:
        terms["record"] = encoded(script["record"])
    return terms


def judge(script: dict, got: dict, data: dict) -> None:
    assert {key: got[key] for key in script["outcome"]} == script["outcome"]
    want = {str(tag): value for tag, value in script.get("tags", {}).items()}
    assert {tag: data.get(tag) for tag in want} == want


def player() -> dict:
    scope: dict = {}
    exec(PLAYER, scope)
    return scope


@pytest.mark.parametrize("name", SCRIPTS)
def test_script(name):
    script = SCRIPTS[name]
    judge(script, *player()["play"](exchanges(script), **setting(script)))


@pytest.mark.parametrize("file", FILES)
def test_all_scripts_on_micropython(mpy, file):
    scripts = [script for name, script in SCRIPTS.items() if name.startswith(file + ":")]
    source = PLAYER
    for script in scripts:
        source += f"print(repr(play({exchanges(script)!r}, **{setting(script)!r})))\n"
    lines = mpy(source).splitlines()
    assert len(lines) == len(scripts)
    for line, script in zip(lines, scripts, strict=True):
        judge(script, *eval(line))


@pytest.mark.parametrize("case", LIMITS, ids=str)
def test_limits(case):
    from pos.emv.config import Aid
    from pos.emv.entry import prepared_ttq

    limits = {key: case[key] for key in ("floor", "cvm", "limit") if key in case}
    aid = Aid(bytes(5), 7, bytes.fromhex(case.get("base", "26E04000")), **limits)
    aid.zero = case.get("zero", True)
    aid.status_check = case.get("status_check", False)
    ttq = prepared_ttq(aid, case["amount"])
    assert (ttq and ttq.hex().upper()) == case["ttq"]


def test_an_amount_over_the_limit_never_asks_the_card():
    got, _ = player()["play"]([], amount=500000)
    assert (got["kind"], got["message"]) == ("OTHER_INTERFACE", 0x18)


@pytest.mark.parametrize("missing", ["82", "9F36", "9F26", "9F10", "57"])
def test_each_mandatory_object(missing):
    names = {"82": "$aip", "9F36": "$atc", "9F26": "$ac", "9F10": "$iad", "57": "$track2"}
    there = " ".join(part for tag, part in names.items() if tag != missing)
    script = [("$select_ppse", "$ppse"), ("$select", "$fci"), ("$gpo", f"77[{there} $arqc] 9000")]
    got, _ = player()["play"]([(encoded(a), encoded(b)) for a, b in script])
    assert got["kind"] == "END" and got["message"] == 0x1C
    assert got["why"].startswith(f"{missing} at 0: missing")


def test_a_card_that_talks_without_end_is_cut_short():
    talk = "70[" + "".join(f"DF{i:02X}[{'00' * 80}]" for i in range(1, 3)) + "] 9000"
    script = [("$select_ppse", "$ppse"), ("$select", "$fci")]
    script.append(("$gpo", "77[$aip 94[08012000]] 9000"))
    script += [(f"00B2{n:02X}0C00", talk.replace("DF", f"DF{n + 0x80:02X}")) for n in range(1, 20)]
    got, _ = player()["play"]([(encoded(a), encoded(b)) for a, b in script])
    assert got["kind"] == "END" and "over 3072 bytes" in got["why"]


def test_a_list_is_filled_by_format():
    from pos.emv import tags

    data = {0x5A: b"\x62\x12", 0x9F02: b"\x12\x80", 0x9F37: b"\x11\x22", 0x9F1E: b"ABCD"}
    dol = bytes.fromhex("5A04 9F0203 9F3704 9F0201 9F1E02 E102 9F2002")
    want = "6212FFFF 001280 11220000 80 4142 0000 0000"  # 9F20 is not there: zeros, no padding
    assert tags.fill(dol, {**data, 0xE1: b"xx"}) == bytes.fromhex(want)


def test_a_reason_never_holds_card_data():
    script = SCRIPTS["refused: two different PANs"]
    got, data = player()["play"](exchanges(script))
    assert data["57"].startswith("6212") and "6212" not in got["why"]


def test_a_broken_reader_is_not_the_cards_fault():
    from pos.emv import entry
    from pos.protocol.apdu import ReaderFault

    scope = player()
    kernel = entry.transaction(scope["setting"](), scope["sale"](1280))
    next(kernel)
    with pytest.raises(ReaderFault):
        kernel.throw(ReaderFault())


def _survives(scope: dict, answers) -> None:
    """Feed answers to a transaction until it ends; anything but an outcome is an error."""
    kernel = scope["entry"].transaction(scope["setting"](), scope["sale"](1280))
    try:
        step = next(kernel)
        for answer in answers:
            while not isinstance(step, bytes):
                step = kernel.send(None)
            step = kernel.send(answer)
        while not isinstance(step, bytes):
            step = kernel.send(None)
        kernel.throw(scope["apdu"].CardLost())
    except StopIteration as stop:
        assert isinstance(stop.value, scope["outcome"].Outcome)
    else:
        raise AssertionError("goes on without a card")


@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_conversation_always_ends_in_an_outcome(seed):
    dice, scope = random.Random(seed), player()
    good = [bytes.fromhex(encoded(part)) for part in ("$ppse", "$fci", "$options", "$record")]
    for _ in range(150):
        answers = [bytearray(answer) for answer in good]
        for _ in range(dice.randint(1, 3)):
            hurt = dice.choice(answers)
            how = dice.randint(0, 3)
            at = dice.randrange(len(hurt)) if hurt else 0
            if how == 0 and hurt:
                hurt[at] = dice.randrange(256)
            elif how == 1 and hurt:
                hurt[at] ^= 1 << dice.randint(0, 7)
            elif how == 2:
                del hurt[at : at + dice.randint(1, 4)]
            else:
                hurt[at:at] = dice.randbytes(dice.randint(1, 4))
        _survives(scope, answers)


@pytest.mark.parametrize("seed", range(5))
def test_nonsense_always_ends_in_an_outcome(seed):
    dice, scope = random.Random(1000 + seed), player()
    for _ in range(100):
        answers = [
            dice.randbytes(dice.randint(0, 60)) + dice.choice([b"", b"\x90\x00"]) for _ in range(6)
        ]
        _survives(scope, answers)


def with_card(name: str, amount: int = 1280):
    """The kernel with the card model, whose notion of TLV is its own."""
    from host_tools.vboard.cards.loader import load_card

    scope, card = player(), load_card(name)
    kernel = scope["entry"].transaction(scope["setting"](), scope["sale"](amount))
    try:
        step = next(kernel)
        while True:
            if isinstance(step, bytes):
                answer = card.exchange(step)
                step = kernel.send(answer) if answer is not None else kernel.throw(_lost(scope))
            else:
                step = kernel.send(None)
    except StopIteration as stop:
        return card, stop.value


def _lost(scope: dict) -> Exception:
    return scope["apdu"].CardLost()


def test_the_card_model_agrees_and_its_cryptogram_covers_what_the_host_will_get():
    from host_tools.vboard.cards import cryptogram

    card, result = with_card("unionpay_debit", amount=128000)
    assert (result.kind, result.cvm, result.message) == (3, 2, 0x1B)
    data = result.tags
    assert data[0x5A].hex() == "6212345678901232" and data[0x84] == result.aid
    assert data[0x9F36] == (1).to_bytes(2, "big")
    values = {f"{tag:02X}": value for tag, value in data.items()}
    application = card.applications[0]
    ac = cryptogram.generate(application.key, values, data[0x9F10][3:7])
    assert ac == data[0x9F26]


@pytest.mark.parametrize(("name", "kind"), [("no_common_aid", "END"), ("type_b", "ONLINE")])
def test_the_other_card_models(name, kind):
    from pos.emv import outcome

    _, result = with_card(name)
    assert result.kind == getattr(outcome, kind)


@pytest.mark.parametrize(
    ("asi", "name", "kernel", "taken"),
    [
        ("", "A000000333010101", 7, True),  # partial match is the default
        ("DF010100", "A000000333010101", 0, True),  # 0: any kernel will do
        ("DF010100", "A0000003330101", 7, True),
        ("DF010101", "A0000003330101", 7, True),
        ("DF010101", "A000000333010101", 7, False),  # exact match
        ("DF010100", "A000000333010101", 3, False),  # the card wants another kernel
        ("DF010100", "A0000003330102", 7, False),
    ],
)
def test_which_names_an_application_takes(asi, name, kernel, taken):
    from pos.emv import config

    aid = config.aid(bytes.fromhex("9F0607A0000003330101" + asi))
    assert aid.takes(bytes.fromhex(name), kernel) is taken
