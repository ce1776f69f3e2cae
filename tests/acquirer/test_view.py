"""The packet view: what it prints of an exchange, what it hides, how it explains a wrong MAC."""

import asyncio
import io

import pytest
from client import EXPIRY, PAN, Client, pos_mac

from host_tools.acquirer.app import open_ledger
from host_tools.acquirer.dialect import Message
from host_tools.acquirer.log import show_fields
from host_tools.acquirer.server import AcquiringHost
from host_tools.acquirer.view import View


def seen(talk):
    """What the view prints while ``talk(client)`` goes on, and the client."""

    async def serve():
        ledger, out = open_ledger(), io.StringIO()
        host = AcquiringHost(ledger, packets=View(out))
        port = await host.start()
        client = Client(port)
        try:
            await asyncio.to_thread(lambda: (client.connect(), talk(client), client.close()))
        finally:
            await host.stop()
            ledger.close()
        return out.getvalue(), client

    return asyncio.run(serve())


def test_an_exchange_is_printed_masked():
    def talk(client):
        client.sign_in()
        assert client.sale(12800)[39] == "00"

    text, client = seen(talk)
    for piece in ("F11  trace", "621234******1232", "entry 07, PIN 1", "0210 answers 00", "9F26"):
        assert piece in text
    for secret in (PAN, EXPIRY + "\n", client.mak.hex().upper(), client.pik.hex().upper()):
        assert secret not in text
    assert "computed" not in text


def test_a_wrong_mac_is_explained_without_giving_the_card_away():
    sent = {}

    def talk(client):
        client.sign_in()
        fields = client.sale_fields(12800)
        frame = client.pack("0200", fields, mac=True)
        sent["right"], sent["mab"] = frame[-8:].decode(), frame[13:-8]
        client.send(frame[:-8] + b"00000000")
        assert client.receive()[39] == "A0"

    text, client = seen(talk)
    assert f"computed           {sent['right']}" in text
    assert "received           00000000" in text
    assert f"MAC over {len(sent['mab'])} bytes" in text
    assert pos_mac(client.mak, sent["mab"]) == sent["right"]
    assert "first encryption" in text and "XOR" not in text
    assert PAN not in text and client.mak.hex().upper() not in text


def test_the_xor_is_shown_where_there_is_no_card():
    from host_tools.acquirer.view import mac_steps

    mak, raw = bytes.fromhex("0123456789ABCDEF"), bytes(10) + b"\x01" * 8 + b"12345678"
    lines = mac_steps(mak, raw, Message("0620", {64: b"12345678"}))
    assert any(line.startswith("  XOR of 3 blocks  0101010101010101") for line in lines)
    assert lines[-2].split() == ["computed", pos_mac(mak, raw[:-8])]


def test_no_key_no_mac():
    def talk(client):
        client.mak = bytes(8)
        assert client.sale(12800, pin=None)[39] == "A0"

    assert "the terminal is not signed in" in seen(talk)[0]


@pytest.mark.parametrize(("mti", "shown"), [("0220", "000000000500"), ("0320", "<12>")])
def test_totals_are_open_but_not_the_cards_of_a_batch(mti, shown):
    assert show_fields(Message(mti, {48: "000000000500"}))["48"] == shown
