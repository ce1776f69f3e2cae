"""The terminal's EMV data: what it is, which applications it takes, within which limits."""

from pos.emv import config
from pos.protocol import bcd, tlv
from pos.store import emv_files

_CAPABILITIES = (
    b"\xe0\x68\xc8"  # 9F33: manual, stripe, chip; online PIN, signature, none; SDA, DDA, CDA
)
_DEVICE_CVM = 0x40
_DEVICE_CVM_2 = 0x20
_NO_LIMIT = 999999999999
_TYPE = b"\x22"  # 9F35: attended, offline with online capability, operated by a merchant


def _may_vouch(t, txn) -> bool:
    """Whether the card may approve by itself: a sale, while not too many wait for the host."""
    p = t.params
    if txn["kind"] != "sale" or not p["offline"]:
        return False
    return not t.journal.waiting(p["offline_max"] - 1)


async def run(t, txn: dict, number: bytes) -> tuple:
    """What ``emv.entry.transaction`` takes; ``number``: 4 unpredictable bytes.

    A story of its own: it is done with before there is a card. Raises BadBytes and files.Damaged.
    """
    return _terminal_data(t, txn), _request(txn, number)


def _terminal_data(t, txn: dict) -> dict:
    """The ``cfg`` of ``emv.entry.transaction``; with no floor limit where the host must be asked.

    IFD serial 9F1E is the end of the chip's number; the CVM limit and the highest amount are the
    merchant's parameters.
    """
    currency = bcd.pack(t.params["currency"])
    terminal = {
        0x9F1A: currency,  # the country's number is that of its currency: China, 156
        0x5F2A: currency,
        0x9F33: _CAPABILITIES,
        0x9F35: _TYPE,
        0x9F1E: t.serial[-8:].encode(),
    }
    online = not _may_vouch(t, txn)
    if online:
        terminal[0xDF8123] = bytes(6)  # the floor limit of kernel 2; that of the others is below
    limit = t.params["no_pin_max"] if t.params["no_pin_on"] else 0
    if txn["kind"] == "refund":
        limit = _NO_LIMIT  # nobody needs a PIN to get money
    aids = []
    for record in config.records(emv_files.aids(t.root)):
        aid = config.aid(record, limit, t.params["amount_max"])
        if online:
            aid.floor = 0
        if not t.params["cdcvm_on"]:
            _without_device_cvm(aid)
        aids.append(aid)
    return {"terminal": terminal, "aids": aids}


def _without_device_cvm(aid):
    """What the phone has verified does not count: TTQ byte 3 bit 7, kernel 2 DF811B bit 6."""
    aid.ttq = aid.ttq[:2] + bytes((aid.ttq[2] & ~_DEVICE_CVM,)) + aid.ttq[3:]
    aid.record = bytearray(aid.record)
    configuration = tlv.find(aid.record, 0xDF811B)
    if configuration:
        configuration[0] &= ~_DEVICE_CVM_2


def _request(txn: dict, number: bytes) -> dict:
    """The ``txn`` of ``emv.entry.transaction``."""
    return {
        "amount": txn["amount"],
        "other": 0,
        "type": txn["type"],
        "date": txn["when"][2:8],
        "time": txn["when"][8:],
        "un": number,
        "stan": txn["trace"],
    }
