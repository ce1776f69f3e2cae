"""A cryptogram of the virtual cards is accepted by the issuer, once it is the right amount's."""

import pytest
from client import pin_block
from pyemv import tlv

from host_tools.vboard.cards.loader import load_account, load_card

AMOUNT = 128_000
# What the terminal puts in, by the order of the cards' PDOL.
TERMINAL = {"9F66": "24004000", "9F02": f"{AMOUNT:012d}", "9F03": "0" * 12, "9F1A": "0156"}
TERMINAL |= {"95": "0000000000", "5F2A": "0156", "9A": "261123", "9C": "00", "9F37": "0BADCAFE"}


def tap(name: str) -> dict[str, str]:
    """SELECT and GET PROCESSING OPTIONS, as field 55 needs their results."""
    card = load_card(name)
    aid = "A000000333010101"
    assert card.exchange(bytes.fromhex(f"00A4040008{aid}00"))[-2:] == b"\x90\x00"
    pdol = "".join(TERMINAL.values())
    size = len(pdol) // 2
    command = f"80A80000{size + 2:02X}83{size:02X}{pdol}00"
    answer = card.exchange(bytes.fromhex(command))
    assert answer[-2:] == b"\x90\x00"
    tags = {tag: value.hex() for tag, value in tlv.decode(answer[:-2], flatten=True).items()}
    return {tag: tags[tag] for tag in ("9F26", "9F27", "9F10", "9F36", "82") if tag in tags}


@pytest.mark.parametrize("name", ["unionpay_debit", "unionpay_second", "type_b"])
def test_sale_with_a_virtual_card(host, client, name):
    tags = {"9F27": "80"} | tap(name) | {k: v for k, v in TERMINAL.items() if k != "9F66"}
    icc = "".join(f"{tag}{len(value) // 2:02X}{value}" for tag, value in tags.items())
    account = load_account(name)
    fields = {"f2": account.pan, "f14": account.expiry, "f23": f"0{account.psn}", "f55": icc}
    fields["f52"] = pin_block(client.pik, account.pin, account.pan)
    before = host.ledger.balance(account.pan)
    reply = client.sale(AMOUNT, **fields)
    assert reply[39] == "00"
    assert host.ledger.balance(account.pan) == before - AMOUNT
    assert client.sale(AMOUNT + 100, **fields)[39] == "05"
