"""Talking to a virtual card in tests: commands in hex, a TLV reader, the issuer's sum."""

from pathlib import Path

import yaml
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from pyemv import ac, kd

from host_tools.vboard.cards.card import Card
from host_tools.vboard.cards.loader import CARDS

PPSE = "00A404000E325041592E5359532E444446303100"
AID = "A000000333010101"
SELECT_ADF = "00A4040008" + AID + "00"
PDOL = "9F66049F02069F03069F1A0295055F2A029A039C019F3704"
# TTQ, amounts 1280.00 and 0, country, TVR, currency, date, type, unpredictable number
TERMINAL = {
    "9F66": "26000080",
    "9F02": "000000128000",
    "9F03": "000000000000",
    "9F1A": "0156",
    "95": "0000000000",
    "5F2A": "0156",
    "9A": "261123",
    "9C": "00",
    "9F37": "11223344",
}
GPO = "80A8000023 8321" + "".join(TERMINAL.values()) + "00"


def ask(card: Card, capdu: str) -> str:
    answer = card.exchange(bytes.fromhex(capdu))
    assert answer is not None
    return answer.hex().upper()


def tree(data: bytes) -> dict[str, bytes]:
    """Tag -> value, templates opened; written for the test alone."""
    found: dict[str, bytes] = {}
    at = 0
    while at < len(data):
        size = 2 if data[at] & 0x1F == 0x1F else 1
        tag, constructed = data[at : at + size].hex().upper(), data[at] & 0x20
        at += size
        length = data[at]
        at += 1
        if length > 0x80:
            count = length & 0x7F
            length = int.from_bytes(data[at : at + count], "big")
            at += count
        assert at + length <= len(data), f"{tag} runs past the end"
        found[tag] = data[at : at + length]
        if constructed:
            found.update(tree(found[tag]))
        at += length
    return found


def objects(card: Card, capdu: str) -> dict[str, bytes]:
    answer = card.exchange(bytes.fromhex(capdu))
    assert answer is not None
    assert answer[-2:] == b"\x90\x00", answer[-2:].hex()
    return tree(answer[:-2])


def des3(key: bytes, block: bytes) -> bytes:
    return Cipher(TripleDES(key + key[:8]), modes.ECB()).encryptor().update(block)


def expected_arqc(data: dict[str, bytes], pan: str) -> bytes:
    """What the issuer computes, from pyemv's derivation and a session key made here."""
    imk = bytes.fromhex(yaml.safe_load((CARDS / "issuers.yaml").read_text())["621234"])
    master = kd.derive_icc_mk_a(imk, pan, "01")
    atc = data["9F36"]
    session = des3(master, bytes(6) + atc)
    session += des3(master, bytes(6) + bytes([atc[0] ^ 0xFF, atc[1] ^ 0xFF]))
    tags = ("9F02", "9F03", "9F1A", "95", "5F2A", "9A", "9C", "9F37")
    signed = b"".join(bytes.fromhex(TERMINAL[tag]) for tag in tags)
    signed += data["82"] + atc + data["9F10"][3:7]
    return ac.generate_ac(session, signed, ac.PaddingType.EMV)


def written(tmp_path: Path, document: object) -> Path:
    path = tmp_path / "card.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path


def changed(tmp_path: Path, old: str, new: str) -> Path:
    text = (CARDS / "unionpay_debit.yaml").read_text()
    assert old in text
    path = tmp_path / "card.yaml"
    path.write_text(text.replace(old, new))
    return path
