"""A cryptogram of the virtual cards is accepted by the issuer, once it is the right amount's."""

import pytest
import yaml
from client import pin_block
from pyemv import tlv

from host_tools.vboard.cards.card import Card
from host_tools.vboard.cards.loader import CARDS, card_names, load_account, load_card

AMOUNT = 128_000
# What the terminal knows; TTQ: the cryptogram has to go online
TERMINAL = {"9F66": "26800080", "9F02": f"{AMOUNT:012d}", "9F03": "0" * 12, "9F1A": "0156"}
TERMINAL |= {"95": "0000000000", "5F2A": "0156", "9A": "261123", "9C": "00", "9F37": "0BADCAFE"}
TERMINAL |= {"9F35": "22", "9F34": "020300"}
# "unreadable" never gets so far
ONLINE = [name for name in card_names() if load_account(name) and name != "unreadable"]
SENT = ("9F02", "9F03", "9F1A", "95", "5F2A", "9A", "9C", "9F37")


def filled(dol: bytes) -> str:
    """The values that a data object list asks for; zeros for what is not known."""
    out, at = "", 0
    while at < len(dol):
        size = 2 if dol[at] & 0x1F == 0x1F else 1
        tag, length = dol[at : at + size].hex().upper(), dol[at + size]
        out += TERMINAL.get(tag, "00" * length)
        at += size + 1
    return out


def ask(card: Card, command: str) -> dict[str, bytes]:
    answer = card.exchange(bytes.fromhex(command))
    assert answer is not None and answer[-2:] == b"\x90\x00", command[:8]
    return tlv.decode(answer[:-2], flatten=True)


def tap(card: Card) -> dict[str, str]:
    """From SELECT to the cryptogram: what field 55 needs of the card."""
    aid = card.applications[0].aid.hex()
    told = ask(card, f"00A40400{len(aid) // 2:02X}{aid}00")
    pdol = filled(told["9F38"])
    size = len(pdol) // 2
    told |= ask(card, f"80A80000{size + 2:02X}83{size:02X}{pdol}00")
    if "9F26" not in told:
        for command in ("00B2010C00", "00B2020C00"):
            told |= ask(card, command)
        cdol = filled(told["8C"])
        told |= ask(card, f"80AE8000{len(cdol) // 2:02X}{cdol}00")
    # without 9F27 its decision is in the CVR
    told.setdefault("9F27", bytes([(told["9F10"][4] << 2) & 0xC0]))
    tags = ("9F26", "9F27", "9F10", "9F36", "82", "84")
    return {tag: told[tag].hex().upper() for tag in tags}


def fields(client, name: str, tags: dict[str, str]) -> dict[str, str]:
    account = load_account(name)
    assert account is not None
    whole = tags | {tag: TERMINAL[tag] for tag in SENT if tag not in tags}
    icc = "".join(f"{tag}{len(value) // 2:02X}{value}" for tag, value in whole.items())
    said = {"f2": account.pan, "f14": account.expiry, "f23": f"0{account.psn}", "f55": icc}
    return said | {"f52": pin_block(client.pik, account.pin, account.pan)}


def test_every_scheme_goes_online() -> None:
    assert {load_card(name).applications[0].aid.hex()[:10] for name in ONLINE} == {
        *("a000000333", "a000000003", "a000000004")
    }


@pytest.mark.parametrize("name", ONLINE)
def test_sale_with_a_virtual_card(host, client, name):
    account = load_account(name)
    sent = fields(client, name, tap(load_card(name)))
    before = host.ledger.balance(account.pan)
    reply = client.sale(AMOUNT, **sent)
    assert reply[39] == "00"
    assert host.ledger.balance(account.pan) == before - AMOUNT
    assert client.sale(AMOUNT + 100, **sent)[39] == "05"


@pytest.mark.parametrize("name", ["unionpay_debit", "visa_online", "visa_offline"])
@pytest.mark.parametrize("tag", ["9F26", "9F36", "82", "95", "9F37"])
def test_a_flipped_bit_is_refused(host, client, name, tag):
    tags = tap(load_card(name))
    value = tags.get(tag) or TERMINAL[tag]
    tags[tag] = value[:-1] + f"{int(value[-1], 16) ^ 1:X}"
    assert client.sale(AMOUNT, **fields(client, name, tags))[39] == "05"


@pytest.mark.parametrize("name", ["mastercard_online", "mastercard_cda"])
@pytest.mark.parametrize("at", [2, 7, 17])
def test_the_verification_results_are_signed(host, client, name, at):
    """CVR in bytes 3 to 8 of 9F10; the counters at its end only in version 17."""
    tags = tap(load_card(name))
    iad = bytearray.fromhex(tags["9F10"])
    assert iad[1] == {"mastercard_online": 20, "mastercard_cda": 17}[name]
    iad[at] ^= 1
    tags["9F10"] = iad.hex().upper()
    signed = at < 8 or name == "mastercard_cda"
    expected = "05" if signed else "00"
    assert client.sale(AMOUNT, **fields(client, name, tags))[39] == expected


@pytest.mark.parametrize(
    ("name", "tag", "old", "new"),
    [
        ("visa_online", "9F10", "06010A", "060111"),  # a version that nobody knows
        ("visa_online", "9F10", "06010A03A00000", "06010A"),
        ("mastercard_cda", "9F10", "0111", "0119"),
        ("mastercard_cda", "9F10", "00000000000000FF", ""),  # without its counters
        ("unionpay_debit", "9F10", "070101", "070102"),
        ("unionpay_debit", "84", "A000000333", "A000000999"),
    ],
)
def test_an_unknown_version_is_a_bad_format(host, client, name, tag, old, new):
    tags = tap(load_card(name))
    assert old in tags[tag]
    tags[tag] = tags[tag].replace(old, new)
    assert client.sale(AMOUNT, **fields(client, name, tags))[39] == "30"


def test_the_version_is_read_as_the_scheme_has_it(host, client):
    tags = tap(load_card("visa_offline"))
    tags["84"] = "A0000000041010"
    assert client.sale(AMOUNT, **fields(client, "visa_offline", tags))[39] == "30"


@pytest.mark.parametrize("version", [16, 21])
def test_the_other_versions_of_mastercard(host, client, tmp_path, version):
    document = yaml.safe_load((CARDS / "mastercard_cda.yaml").read_text())
    document["card"]["applications"][0]["cvn"] = version
    path = tmp_path / "card.yaml"
    path.write_text(yaml.safe_dump(document))
    tags = tap(load_card(path))
    assert client.sale(AMOUNT, **fields(client, "mastercard_cda", tags))[39] == "00"
    tags["9F37"] = "0BADCAFF"
    assert client.sale(AMOUNT, **fields(client, "mastercard_cda", tags))[39] == "05"
