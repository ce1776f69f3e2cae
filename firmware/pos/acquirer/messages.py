"""What every story at the host needs: sign-in, whose answer it is, what an answer says; pure.

A transaction is the dict of ``store.records.NAMES``. What moves money is in ``financial``.
"""

from pos.protocol import unionpay

_ECHOED = (11, 41, 42, 3, 4)  # fields that an answer repeats


class NotOurs(Exception):
    """A frame that is not the answer to this request; the argument names the field."""


def base(params, fields: dict) -> dict:
    """``fields`` with terminal and merchant, and without what has no value."""
    fields = {f: v for f, v in fields.items() if v}
    fields[41] = params["terminal_id"]
    fields[42] = params["merchant_id"]
    return fields


def _stan(trace: int) -> str:
    return "{:06d}".format(trace)


def sign_in(params, trace: int, operator: str, serial: str) -> tuple[str, dict]:
    """(MTI, fields) of the sign-in for keys of ``key_mode``; ``serial``: device number, <= 20."""
    fields = {
        11: _stan(trace),
        60: unionpay.field60("00", params["batch"], "%03d" % params["key_mode"]),
        62: "Sequence No{:02d}{}".format(len(serial), serial).encode(),
        63: operator + " ",
    }
    return "0800", base(params, fields)


def plain(params, kind: str, data=None, trace: int = 0) -> tuple[str, dict]:
    """(MTI, fields) of a message without money: ``echo``, ``sign_off``, downloads, ...

    ``data`` is F62 (bytes); F11 is sent when there is a ``trace``.
    """
    mti, _, _, f60, code, _ = unionpay.transaction(kind)
    fields = {60: unionpay.field60(f60, params["batch"], code), 62: data}
    if trace:
        fields[11] = _stan(trace)
    return mti, base(params, fields)


def echoed(request: dict) -> dict:
    """The fields of a request that ``check`` looks at: nothing of the card."""
    return {f: request[f] for f in _ECHOED if f in request}


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
    """Take into the transaction what its answer says; sets ``state`` approved or declined.

    With F39 10 the amount is that of the answer, and ``asked`` the one that was asked for. An
    advice that the host has had already (94) is approved. Of instalments F62 has the ``first``
    payment (12 digits), the currency (3) and the ``fee`` (12) in fen [M].
    """
    code = txn["rc"] = answer[39]
    good = unionpay.approved(code) or (code == "94" and unionpay.is_kind(txn["kind"], "A"))
    txn["state"] = "approved" if good else "declined"
    if code == "10" and 4 in answer and int(answer[4]) < txn["amount"]:
        txn["asked"], txn["amount"] = txn["amount"], int(answer[4])
    for name, f in (("rrn", 37), ("auth", 38)):
        if f in answer:
            txn[name] = answer[f].strip()
    codes = answer.get(44)
    if isinstance(codes, str):
        txn["issuer"], txn["acquirer"] = codes[:11].strip(), codes[11:].strip()
    text = answer.get(63)
    if isinstance(text, str) and text[:3].strip():
        txn["org"] = text[:3]
    terms = bytes(answer.get(62) or b"")[:27]
    if good and txn["kind"] == "instalment" and len(terms) == 27 and terms.isdigit():
        txn["first"], txn["fee"] = int(terms[:12]), int(terms[15:])


def balance(answer: dict):
    """The balance of F54 in fen (account 2, type 2, currency 3, C or D, amount 12), or None."""
    text = answer.get(54) or ""
    if len(text) < 20 or not text[8:20].isdigit():
        return None
    fen = int(text[8:20])
    return -fen if text[7] == "D" else fen


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
