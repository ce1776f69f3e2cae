"""Commands of the issuer at the virtual cards; the issuer is the acquiring host's own code."""

import pytest
from card_bench import GPO, PPSE, SELECT_ADF, TERMINAL, ask, objects
from pyemv import cvn, kd, tools

from host_tools.acquirer import cryptograms, scripts
from host_tools.build.image import ROOT
from host_tools.vboard.cards import issuing
from host_tools.vboard.cards.loader import load_card, load_issuers

UPDATABLE = ROOT / "tests" / "vectors" / "scenarios" / "cards" / "updatable.yaml"
CARDS = {"qpboc": UPDATABLE, "visa 10": "visa_online", "visa 18": "visa_offline"}
BLOCK, UNBLOCK, CARD_BLOCK = "841E000004", "8418000004", "8416000004"
PIN_UNBLOCK, PUT = "8424000004", "04DA9F790A000000005000"


class Issuer:
    """A card after an online transaction, and its issuer."""

    def __init__(self, name):
        self.card = load_card(CARDS[name])
        self.application = self.card.applications[0]
        self.pan, self.psn = self.application.pan, self.application.psn
        self.imk = load_issuers()[self.pan[:6]]
        self.select = f"00A40400{len(self.application.aid):02X}{self.application.aid.hex()}00"
        self.pay()

    def pay(self):
        for command in (PPSE, self.select):
            assert ask(self.card, command).endswith("9000")
        gpo = GPO.replace(TERMINAL["9F66"], "26800080", 1)
        number = bytes.fromhex(TERMINAL["9F37"])
        self.icc = {**objects(self.card, gpo), "84": self.application.aid, "9F37": number}
        self.again()

    def again(self):
        self.card.power_off()
        return ask(self.card, self.select)[-4:]

    def complete(self, command):
        def mac(head, data):
            return cryptograms.command_mac(self.imk, self.pan, self.psn, self.icc, head + data)

        size = len(command) // 2
        template = bytes.fromhex(f"72{size + 2:02X}86{size:02X}{command}")
        return scripts.complete(template, mac)[4:].hex()

    def say(self, command):
        return ask(self.card, self.complete(command))

    def answer(self):
        return cryptograms.answer(self.imk, self.pan, self.psn, self.icc, b"00")


@pytest.fixture(params=CARDS)
def issuer(request):
    return Issuer(request.param)


def test_the_issuers_answer_and_another_one(issuer):
    told = issuer.answer()
    assert ask(issuer.card, f"00820000{len(told):02X}{told.hex()}") == "9000"
    told = bytes([told[0] ^ 1]) + told[1:]
    assert ask(issuer.card, f"00820000{len(told):02X}{told.hex()}") == "6300"


def test_an_application_is_blocked_and_unblocked(issuer):
    assert issuer.say(BLOCK) == "9000"
    assert issuer.again() == "6283"
    assert issuer.say(UNBLOCK) == "9000"
    assert issuer.again() == "9000"


def test_a_card_is_blocked(issuer):
    assert issuer.say(CARD_BLOCK) == "9000"
    assert issuer.again() == "6A81" and ask(issuer.card, PPSE) == "6A81"


def test_pin_tries_and_a_new_pin(issuer):
    issued = issuer.application.issued
    issued.pin_tries = 0
    assert issuer.say(PIN_UNBLOCK) == "9000"
    assert issued.pin_tries == 3 and issued.pin == ""
    if issuer.application.kind == "qpboc":
        key = cryptograms._of_counter(
            kd.derive_icc_mk_a(issuer.imk, issuer.pan, issuer.psn), issuer.icc["9F36"], b""
        )
    else:
        visa = cvn.VisaCVN10(issuer.imk, issuer.imk, issuer.imk, issuer.pan, issuer.psn)
        key = kd.derive_visa_sm_sk(visa.icc_mk_smc, issuer.icc["9F36"])
    assert issuer.say("8424000214" + issuing.pin_data(key, "8642").hex()) == "9000"
    assert issued.pin == "8642"
    assert issuer.say("8424000214" + bytes(16).hex()) == "6988"
    garbage = tools.encrypt_tdes_ecb(key, b"\x08" + bytes(15))
    assert issuer.say("8424000214" + garbage.hex()) == "6988"


def test_put_data():
    issuer = Issuer("qpboc")
    assert issuer.say(PUT) == "9000"
    assert objects(issuer.card, "80CA9F7900")["9F79"].hex() == "000000005000"
    assert issuer.say(PUT.replace("9F79", "9F78")) == "6A88"


@pytest.mark.parametrize(
    ("spoil", "answer"),
    [
        (lambda command: command[:-2] + f"{int(command[-2:], 16) ^ 1:02X}", "6988"),
        (lambda command: command[:8] + "00", "6987"),
        (lambda command: command.replace("841e", "841f"), "6D00"),
        (lambda command: command.replace("841e", "041e"), "6E00"),
    ],
)
def test_a_command_that_is_not_the_issuers(issuer, spoil, answer):
    assert ask(issuer.card, spoil(issuer.complete(BLOCK))) in (answer, "6700")
    assert issuer.again() == "9000"


def test_a_mac_is_good_for_one_transaction(issuer):
    old = issuer.complete(BLOCK)
    issuer.pay()
    assert ask(issuer.card, old) == "6988"


def test_nothing_without_an_online_transaction():
    card = load_card(UPDATABLE)
    ask(card, PPSE), ask(card, SELECT_ADF)
    assert ask(card, BLOCK + "00000000") == "6985"
    assert ask(card, "008200000A" + "00" * 10) == "6985"
    card = load_card("mastercard_online")
    aid = card.applications[0].aid.hex()
    assert ask(card, f"00A40400{len(aid) // 2:02X}{aid}00").endswith("9000")
    assert ask(card, BLOCK + "00000000") == "6985"
