"""Transactions to fields of the UnionPay direct-POS dialect and back; pure, no I/O.

A transaction is the dict of ``store.records.NAMES``, a card the ``Card`` of ``card_data``.
"""

from pos.protocol import unionpay

_ECHOED = (11, 41, 42, 3, 4)  # fields that an answer repeats


class NotOurs(Exception):
    """A frame that is not the answer to this request; the argument names the field."""


def _base(params, fields: dict) -> dict:
    fields[41] = params["terminal_id"]
    fields[42] = params["merchant_id"]
    return fields


def _stan(trace: int) -> str:
    return "{:06d}".format(trace)


def sign_in(params, trace: int, operator: str, serial: str) -> tuple[str, dict]:
    """(MTI, fields) of the sign-in with double-length keys; ``serial``: device number, <= 20."""
    fields = {
        11: _stan(trace),
        60: unionpay.field60("00", params["batch"], "003"),
        62: "Sequence No{:02d}{}".format(len(serial), serial).encode(),
        63: operator + " ",
    }
    return "0800", _base(params, fields)


def echo(params) -> tuple[str, dict]:
    """(MTI, fields) of the echo test."""
    return "0820", _base(params, {60: unionpay.field60("00", params["batch"], "301")})


def sale(params, txn: dict, card, pin_block=None) -> tuple[str, dict]:
    """(MTI, fields) of a contactless sale; ``pin_block`` is F52, 8 bytes, or None without PIN."""
    txn["entry"] = unionpay.entry_mode("07", pin_block is not None)
    fields = {
        2: card.pan,
        3: "000000",
        4: "{:012d}".format(txn["amount"]),
        11: _stan(txn["trace"]),
        14: card.expiry,
        22: txn["entry"],
        25: "00",
        35: card.track2,
        49: params["currency"],
        55: card.f55,
        60: unionpay.field60("22", txn["batch"], "000", "600"),
    }
    if card.psn:
        fields[23] = "{:03d}".format(int(card.psn))
    if pin_block is not None:
        fields[26] = "12"
        fields[52] = pin_block
        fields[53] = unionpay.security(True)
    return "0200", _base(params, {f: v for f, v in fields.items() if v})


def reversal(params, txn: dict, pan: str, expiry: str, psn: str, reason: str) -> tuple[str, dict]:
    """(MTI, fields) of the reversal of ``txn``; ``reason`` is its F39: 98 no answer, A0, 06."""
    fields = {
        2: pan,
        3: "000000",
        4: "{:012d}".format(txn["amount"]),
        11: _stan(txn["trace"]),
        14: expiry,
        22: txn["entry"],
        25: "00",
        39: reason,
        49: params["currency"],
        55: txn.get("f55"),
        60: unionpay.field60("22", txn["batch"], "000", "600"),
    }
    if psn:
        fields[23] = "{:03d}".format(int(psn))
    return "0400", _base(params, {f: v for f, v in fields.items() if v})


def check(mti: str, request: dict, answer_mti: str, answer: dict) -> None:
    """Raises NotOurs unless the answer belongs to the request (reference, section 9)."""
    if answer_mti != unionpay.response_mti(mti):
        raise NotOurs("MTI")
    if 39 not in answer:
        raise NotOurs("F39")
    approved = unionpay.approved(answer[39])
    for f in _ECHOED:
        if f not in request:
            continue
        if f not in answer:
            if f == 11 or (approved and mti != "0820"):
                raise NotOurs("F%d" % f)
        elif answer[f] != request[f] and not (f == 4 and answer[39] == "10"):
            raise NotOurs("F%d" % f)


def result(txn: dict, answer: dict) -> None:
    """Take into the transaction what its answer says; sets ``state`` approved or declined."""
    txn["rc"] = answer[39]
    txn["state"] = "approved" if unionpay.approved(answer[39]) else "declined"
    for name, f in (("rrn", 37), ("auth", 38)):
        if f in answer:
            txn[name] = answer[f].strip()
    codes = answer.get(44)
    if isinstance(codes, str):
        txn["issuer"], txn["acquirer"] = codes[:11].strip(), codes[11:].strip()


def clock(answer: dict) -> tuple | None:
    """(month, day, hour, minute, second) of F13 and F12; None without them or when they are no
    moment."""
    if 12 not in answer or 13 not in answer:
        return None
    digits = answer[13] + answer[12]
    moment = tuple(int(digits[i : i + 2]) for i in range(0, 10, 2))
    for value, low, high in zip(moment, b"\x01\x01\x00\x00\x00", b"\x0c\x1f\x17\x3b\x3b"):
        if not low <= value <= high:
            return None
    return moment


def batch(answer: dict):
    """The batch number that the host wants used, 1..999998, or None (reference, section 5)."""
    number = int(answer[60][2:8]) if len(answer.get(60, "")) >= 8 else 0
    return number if 1 <= number <= 999998 else None
