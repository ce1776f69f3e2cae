"""Requests that move money, and their reversal: transactions to fields; pure, no I/O.

A transaction is the dict of ``store.records.NAMES``, its ``kind`` one of
``unionpay.TRANSACTIONS``; a card is the ``Card`` of ``card_data``. Of an original it says
``orig_batch``, ``orig_trace``, ``orig_date`` (MMDD), ``orig_rrn`` and ``orig_auth``.
"""

from pos.acquirer import card_data
from pos.acquirer.messages import base
from pos.protocol import unionpay


def request(params, txn: dict, card, pin_block=None, keys: str = "6", track: bool = False):
    """(MTI, fields) of a financial message; sets ``entry`` (F22) and ``f25`` of ``txn``.

    ``pin_block``: None without a PIN, F52 (8 bytes) or, by SM4, of F59 (16 bytes). ``keys``: see
    ``unionpay.security``. ``track``: the card's track 2 is encrypted.
    """
    mti, f3, _, _, _, flags = unionpay.transaction(txn["kind"])
    if "entry" not in txn:
        txn["entry"] = unionpay.entry_mode(card.mode, pin_block is not None)
    fields = _common(params, txn, card, flags)
    fields[3] = f3
    fields[35] = card.track2
    fields[55] = card.f55
    fields[61] = _original(txn, flags)
    if "V" in flags or "F" in flags:
        fields[37] = txn.get("orig_rrn") or "0" * 12
    if "F" not in flags:
        fields[38] = txn.get("orig_auth")
    _extras(txn, fields)
    if pin_block is not None:
        fields[26] = "12"
        if len(pin_block) == 8:
            fields[52] = pin_block
        else:
            fields[59] = b"A1016" + pin_block
    if pin_block is not None or track:
        fields[53] = unionpay.security(pin_block is not None, track, keys=keys)
    return mti, base(params, fields)


def reversal(params, txn: dict, card, reason: str) -> tuple[str, dict]:
    """(MTI, fields) of the reversal of ``txn``; ``reason`` is its F39: 98 no answer, A0, 06.

    It has no track, no PIN and no reference number (reference, section 3); F38 is what an answer
    brought that could not be believed. F61 of what had one is the reversed transaction's own.
    """
    _, f3, _, _, _, flags = unionpay.transaction(txn["kind"])
    fields = _common(params, txn, card, flags)
    fields[3] = f3
    fields[39] = reason
    fields[38] = txn.get("auth")
    fields[55] = card_data.for_reversal(txn.get("f55"))
    if "V" in flags or "H" in flags:
        fields[61] = "%06d%06d" % (txn["batch"], txn["trace"])
        if "V" not in flags or "D" in flags:
            fields[61] += txn.get("orig_date") or "0000"
    return "0400", base(params, fields)


def script(params, txn: dict, card, trace: int, result) -> tuple[str, dict]:
    """(MTI, fields) that tell what became of the issuer scripts of ``txn``, 0620.

    ``trace`` is its own; ``result``: DF31, 5 bytes for each script [M].
    """
    mti, _, _, _, code, _ = unionpay.transaction("script")
    _, f3, _, kind, _, flags = unionpay.transaction(txn["kind"])
    fields = _common(params, txn, card, flags)
    fields[3] = f3
    fields[11] = "%06d" % trace
    fields[25] = None
    fields[37] = txn.get("rrn")
    fields[38] = txn.get("auth")
    fields[55] = card_data.for_script(txn.get("f55"), result)
    fields[60] = unionpay.field60(kind, txn["batch"], code)
    fields[61] = "%06d%06d" % (txn["batch"], txn["trace"])
    return mti, base(params, fields)


def condition(txn: dict) -> str:
    """F25: the kind's, or 08 (pre-authorisations 18) when the card is not there."""
    _, _, f25, _, _, flags = unionpay.transaction(txn["kind"])
    if txn.get("absent"):
        return "18" if "P" in flags else "08"
    return f25


def _common(params, txn, card, flags) -> dict:
    """What request and reversal have alike."""
    _, _, _, kind, code, _ = unionpay.transaction(txn["kind"])
    reader = ("6" if txn["entry"][:2] == "07" else "0") + "0" + str(params["partial"])
    fields = {
        2: card.pan,
        11: "%06d" % txn["trace"],
        14: card.expiry,
        22: txn["entry"],
        25: condition(txn),
        49: params["currency"],
        60: unionpay.field60(kind, txn["batch"], code, reader),
    }
    if "X" not in flags:
        fields[4] = "%012d" % txn.get("asked", txn["amount"])
    if card.psn:
        fields[23] = "%03d" % int(card.psn)
    return fields


def _original(txn, flags):
    """F61: the name of the original (reference, section 4), or None."""
    date = txn.get("orig_date") or "0000"
    if "Z" in flags:
        return "0" * 16
    if "F" in flags:
        return "0" * 12 + date
    if "V" in flags or "H" in flags:
        name = "%06d%06d" % (txn.get("orig_batch", 0), txn.get("orig_trace", 0))
        return name + date if "H" in flags or "D" in flags else name
    return None


def _extras(txn, fields):
    """What single kinds bring along."""
    kind = txn["kind"]
    if kind == "tip":
        fields[48] = "%012d" % txn["tip"]
    elif kind == "instalment":  # [M]: months, goods, fees paid with the first one
        fields[62] = b"%02d%30s0" % (txn["months"], b"")
    elif kind == "refund":
        fields[63] = txn.get("org") or "CUP"
