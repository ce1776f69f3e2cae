"""The terminal's EMV data: what it is, which applications it takes, within which limits.

TEST configuration; later the host downloads it (0800/380, 0800/394).
"""

from pos.emv.entry import Aid
from pos.protocol import bcd

# Terminal Transaction Qualifiers of UnionPay qPBOC: byte 1 qPBOC 20, online PIN 04, signature 02;
# byte 3 CDCVM 40. Neither a contact reader nor offline data authentication (fDDA) is claimed.
_TTQ = b"\x26\x00\x40\x00"
_UNIONPAY = (b"\xa0\x00\x00\x03\x33\x01\x01",)  # RID and PIX 0101: debit 01, credit 02, quasi 03

_CAPABILITIES = b"\xe0\xe1\xc8"  # 9F33: manual, stripe, chip; online PIN, signature; DDA, CDA
_TYPE = b"\x22"  # 9F35: attended, offline with online capability, operated by a merchant


def terminal_data(params, serial: str) -> dict:
    """The ``cfg`` of ``emv.entry.transaction``; IFD serial 9F1E is the end of ``serial``."""
    currency = bcd.pack(params["currency"])
    aids = [
        Aid(aid, 7, _TTQ, floor=0, cvm=params["no_pin_max"], limit=params["amount_max"] + 1)
        for aid in _UNIONPAY
    ]
    terminal = {
        0x9F1A: currency,  # the country's number is that of its currency: China, 156
        0x5F2A: currency,
        0x9F33: _CAPABILITIES,
        0x9F35: _TYPE,
        0x9F1E: serial[-8:].encode(),
    }
    return {"terminal": terminal, "aids": aids}


def request(txn: dict, number: bytes) -> dict:
    """The ``txn`` of ``emv.entry.transaction``; ``number``: 4 unpredictable bytes."""
    return {
        "amount": txn["amount"],
        "other": 0,
        "type": 0,
        "date": txn["when"][2:8],
        "time": txn["when"][8:],
        "un": number,
        "stan": txn["trace"],
    }
