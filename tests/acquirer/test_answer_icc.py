"""The issuer's answer to the chip (F55: 91, and scripts), and what payments cost the merchant."""

import pytest
from client import PAN, Client, chip_data, des
from pyemv import cvn, kd, sm, tlv, tools
from test_virtual_card import AMOUNT, fields, tap
from test_void import SHOP

from host_tools.acquirer import seed
from host_tools.acquirer.booking import half_up
from host_tools.vboard.cards.loader import load_account, load_card, load_issuers

ARC = b"00"
SCRIPT = "72189F180400000001860F04DA9F790A000000000100A1B2C3D4"


def answered(done) -> dict[str, bytes]:
    return tlv.decode(bytes.fromhex(done.reply[55]), flatten=True)


def keys_of(name: str) -> dict:
    account = load_account(name)
    return {"pan": account.pan, "psn": account.psn, "imk": load_issuers()[account.pan[:6]]}


def card_of(name: str, kind: type):
    """pyemv's own card of that version, with every issuer key the same."""
    keys = keys_of(name)
    imk = keys["imk"]
    return kind(iss_mk_ac=imk, iss_mk_smi=imk, iss_mk_smc=imk, pan=keys["pan"], psn=keys["psn"])


def told(name: str, tags: dict[str, str]) -> bytes:
    """What the card has to be told, by pyemv's own classes and by hand for UnionPay."""
    arqc, atc, version = (bytes.fromhex(tags[tag]) for tag in ("9F26", "9F36", "9F10"))
    if name == "unionpay_debit":
        keys = keys_of(name)
        master = kd.derive_icc_mk_a(keys["imk"], keys["pan"], keys["psn"])
        session = tools.encrypt_tdes_ecb(master, bytes(6) + atc)
        session += tools.encrypt_tdes_ecb(master, bytes(6) + tools.xor(atc, b"\xff\xff"))
        return des(session, tools.xor(arqc, ARC + bytes(6))) + ARC
    if name == "visa_online":
        csu = bytes.fromhex("00800000")
        if version[2] == 0x0A:
            return card_of(name, cvn.VisaCVN10).generate_arpc(arqc, ARC) + ARC
        return card_of(name, cvn.VisaCVN18).generate_arpc(arqc, atc, csu) + csu
    if name == "mastercard_cda":
        return card_of(name, cvn.MasterCardCVN17).generate_arpc(arqc, ARC) + ARC
    return card_of(name, cvn.MasterCardCVN20).generate_arpc(arqc, atc, ARC) + ARC


@pytest.mark.parametrize(
    "name", ["unionpay_debit", "visa_online", "mastercard_cda", "mastercard_online"]
)
def test_each_scheme_is_answered(client, name):
    tags = tap(load_card(name))
    reply = client.sale(AMOUNT, **fields(client, name, tags))
    assert reply[39] == "00" and reply["mac_ok"]
    assert tlv.decode(bytes.fromhex(reply[55])) == {"91": told(name, tags)}


@pytest.mark.parametrize("kind", ["sale", "preauth", "preauth_add", "instalment", "balance"])
def test_each_kind_with_a_chip_is_answered(client, kind):
    first = client.do("preauth", 1000) if kind == "preauth_add" else None
    done = client.do(kind, 1000, first)
    sent = tlv.decode(bytes.fromhex(done.fields[55]))
    tags = {tag: sent[tag].hex() for tag in ("9F26", "9F36", "9F10")}
    assert answered(done) == {"91": told("unionpay_debit", tags)}


def test_no_answer_without_chip_or_without_approval(client):
    assert 55 not in client.do("sale", 1000, moto=True).reply
    assert 55 not in client.do("sale", 1057).reply
    assert 55 not in client.do("sale", 1000, f55=chip_data(1100)).reply
    assert 55 not in client.do("ec_sale", 1000).reply


def test_a_script_is_sent_until_its_result_comes(host, client):
    host.ledger.queue_script(PAN, SCRIPT)
    host.ledger.queue_script(PAN, SCRIPT.replace("72189F18", "71189F18"))
    result = bytes.fromhex("2000000001")
    with host.ledger.begin() as work:
        assert not work.script_done(PAN, result)  # none was sent
    assert 55 not in client.do("sale", 1057).reply
    for _ in range(2):
        assert client.do("sale", 1000).reply[55].upper().endswith(SCRIPT)
    with host.ledger.begin() as work:
        assert work.script_done(PAN, result)
    assert client.do("sale", 1000).reply[55].upper().endswith("71" + SCRIPT[2:])
    with host.ledger.begin() as work:
        assert work.script_done(PAN, result)
        assert not work.script_done(PAN, result)
        assert not work.script_done("6212349999999999", result)
    assert set(answered(client.do("sale", 1000))) == {"91"}


def test_a_script_that_did_not_reach_the_card_waits_on(host, client):
    host.ledger.queue_script(PAN, SCRIPT)
    client.do("sale", 1000)
    with host.ledger.begin() as work:
        assert work.script_done(PAN, bytes.fromhex("0000000001"))
    assert client.do("sale", 1000).reply[55].upper().endswith(SCRIPT)
    with host.ledger.begin() as work:
        assert work.script_done(PAN, bytes.fromhex("1100000001"))
    assert set(answered(client.do("sale", 1000))) == {"91"}


def test_a_command_without_mac_gets_one(host, client):
    host.ledger.queue_script(PAN, "720C8605841E00000886039F1804")
    done = client.do("sale", 1000)
    sent = tlv.decode(bytes.fromhex(done.fields[55]))
    keys = keys_of("unionpay_debit")
    master = kd.derive_icc_mk_a(keys["imk"], keys["pan"], keys["psn"])
    session = tools.encrypt_tdes_ecb(master, bytes(6) + sent["9F36"])
    session += tools.encrypt_tdes_ecb(master, bytes(6) + tools.xor(sent["9F36"], b"\xff\xff"))
    head = bytes.fromhex("841E000008")
    mac = sm.generate_command_mac(session, head + sent["9F36"] + sent["9F26"])
    whole = "7214860D841E000008" + mac.hex() + "86039F1804"
    assert done.reply[55].upper().endswith(whole.upper())


@pytest.mark.parametrize("template", ["", "72", "9F180400000001", "zz", SCRIPT + "00", "72FF"])
def test_what_is_no_script(host, template):
    with pytest.raises(ValueError):
        host.ledger.queue_script(PAN, template)


def test_a_script_for_nobody(host):
    with pytest.raises(KeyError) as error:
        host.ledger.queue_script("6212349999999999", SCRIPT)
    assert "9999" not in str(error.value)


# --- fees ---


@pytest.mark.parametrize(("amount", "fee"), [(99, 0), (100, 1), (300, 2), (12_300, 62), (20, 0)])
def test_fees_are_rounded_half_up(host, client, amount, fee):
    host.ledger.set_fees(SHOP, 50, 0)
    with host.ledger.begin() as work:
        work.add_merchant(SHOP, "no cents here")
    assert client.do("sale", amount).code == "00"
    assert host.ledger.fees(SHOP) == fee
    assert host.ledger.merchant_balance(SHOP) == amount - fee


def test_a_debit_cards_fee_has_a_cap_a_credit_cards_has_none(host, client):
    assert client.do("sale", 1_000_000).code == "00"
    assert host.ledger.fees(SHOP) == 2000
    name = "visa_online"
    reply = client.sale(AMOUNT, **fields(client, name, tap(load_card(name))))
    assert reply[39] == "00"
    assert host.ledger.fees(SHOP) == 2000 + AMOUNT * 60 // 10_000


def test_what_was_charged_is_taken_back_whatever_the_rate_is_now(host, client):
    first, second = (client.do("sale", 10_000) for _ in range(2))
    assert host.ledger.fees(SHOP) == 100
    host.ledger.set_fees(SHOP, 100, 100)
    assert client.do("void", 10_000, first).code == "00"
    assert host.ledger.fees(SHOP) == 50
    assert client.do("refund", 5000, second).code == "00"
    assert host.ledger.fees(SHOP) == 25
    tipped = client.do("sale", 10_000)
    host.ledger.set_fees(SHOP, 50, 50)
    assert client.do("tip", 11_000, tipped, f48="000000001000").code == "00"
    assert host.ledger.fees(SHOP) == 25 + 55


def test_rates_that_cannot_be(host):
    for rates in ((-1, 0, 0), (0, 10_001, 0), (0, 0, -1)):
        with pytest.raises(ValueError):
            host.ledger.set_fees(SHOP, *rates)
    with pytest.raises(KeyError):
        host.ledger.set_fees("898100012340009", 0, 0)


def test_starting_again_keeps_the_rates(host, client):
    host.ledger.set_fees(SHOP, 0, 0)
    seed.seed(host.ledger)
    assert client.do("sale", 10_000).code == "00"
    assert host.ledger.fees(SHOP) == 0


def test_half_up():
    assert [half_up(n, 2) for n in range(4)] == [0, 1, 1, 2]
    assert [half_up(n, 3) for n in range(6)] == [0, 0, 1, 1, 1, 2]


def test_the_fees_of_one_merchant_are_not_anothers(host, client):
    with host.ledger.begin() as work:
        work.add_merchant("898100012340002", "SECOND")
        work.set_fees("898100012340002", 100, 100)
        work.add_terminal("22222222", "898100012340002", bytes.fromhex("11" * 8 + "22" * 8))
    with Client(host.port, terminal="22222222", merchant="898100012340002") as other:
        other.sign_in()
        assert other.do("sale", 10_000).code == "00"
    assert (host.ledger.fees(SHOP), host.ledger.fees("898100012340002")) == (0, 100)
