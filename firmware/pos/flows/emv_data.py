"""The terminal's EMV data: what it is, which applications it takes, within which limits."""

from pos.emv import config
from pos.protocol import bcd
from pos.store import emv_files

_CAPABILITIES = (
    b"\xe0\x68\xc8"  # 9F33: manual, stripe, chip; online PIN, signature, none; SDA, DDA, CDA
)
_TYPE = b"\x22"  # 9F35: attended, offline with online capability, operated by a merchant


def terminal_data(t) -> dict:
    """The ``cfg`` of ``emv.entry.transaction``.

    IFD serial 9F1E is the end of the chip's number; the CVM limit and the highest amount are the
    merchant's parameters. Raises BadBytes and files.Damaged.
    """
    currency = bcd.pack(t.params["currency"])
    terminal = {
        0x9F1A: currency,  # the country's number is that of its currency: China, 156
        0x5F2A: currency,
        0x9F33: _CAPABILITIES,
        0x9F35: _TYPE,
        0x9F1E: t.serial[-8:].encode(),
    }
    aids = []
    for record in config.records(emv_files.aids(t.root)):
        aids.append(config.aid(record, t.params["no_pin_max"], t.params["amount_max"]))
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
