"""Screens that the cashier or the cardholder answers; each returns None when it is cancelled.

``timeout_ms`` counts from the last key; 0 waits for ever. A key repaints what it changes alone.
"""

from micropython import const

from pos.ui.field import Entry, choose, ready, secret  # noqa: F401 - flows choose by this door
from pos.words import CURRENCY, money, say

_MOST_FEN = const(1000000000)  # below: 9,999,999.99 at most; also a small int of 31 bits
_MOST_PASSWORD = const(8)
_LEAST_PIN = const(4)  # ISO 9564-1, 8.1
_MOST_PIN = const(12)


async def operator(ui, timeout_ms: int = 0, title: str = "", hint: str = ""):
    """The operator's number as two digits, or None. Without a ``title`` it is a log-in."""
    entry = Entry(ui, title or say("login"), say("operator"), hint or say("operator_hint"))
    entry.show()
    number = ""
    while True:
        key = await ui.key(timeout_ms)
        entry.complain()
        if key in (None, "C"):
            return None
        if key == "E":
            if len(number) == 2:
                return number
            entry.complain(say("operator_short"))
        elif key == "B":
            number = number[:-1]
        elif key.isdigit() and len(number) < 2:
            number += key
        entry.put(number)


async def password(ui, title: str, timeout_ms: int = 0, label: str = "", hint: str = ""):
    """A password of 1 to 8 digits as a bytearray of ASCII (the caller wipes it), or None."""
    entry = Entry(ui, title, label or say("password"), hint or say("password_hint"))
    entry.show()
    return await _secret(ui, entry, 1, _MOST_PASSWORD, False, say("password_short"), timeout_ms)


async def pin(ui, amount: int, masked_pan: str, timeout_ms: int = 0, must=False, pad=None):
    """The cardholder's PIN as a bytearray of 4 to 12 ASCII digits (the caller wipes it).

    An empty one when the cardholder pressed enter alone, unless there ``must`` be one; None when
    cancelled. ``amount`` in fen; 0: there is none to be shown. ``pad``: the digit that each of the
    keys 0 to 9 stands for, shown as the keys lie; else each stands for itself.
    """
    hint = say("pin_mixed" if pad else "pin_must" if must else "pin_hint")
    entry = secret(ui, hint, amount, masked_pan, pad)
    entry.show()
    short = say("pin_short")
    return await _secret(ui, entry, _LEAST_PIN, _MOST_PIN, not must, short, timeout_ms, pad)


async def _secret(ui, entry, least, most, none_too, short, timeout_ms, pad=None):
    """Digits that are shown as stars; every buffer but the one returned is wiped."""
    digits = bytearray(most)
    count = 0
    try:
        while True:
            key = await ui.key(timeout_ms)
            entry.complain()
            if key in (None, "C"):
                return None
            if key == "E":
                if count >= least or (none_too and not count):
                    return digits[:count]
                entry.complain(short)
            elif key == "B":
                count = max(0, count - 1)
                digits[count] = 0
            elif key.isdigit() and count < most:
                digits[count] = ord(key) if pad is None else 48 + pad[int(key)]
                count += 1
            entry.put("*" * count)
    finally:
        for i in range(most):
            digits[i] = 0


async def idle(ui, merchant: str, timeout_ms: int = 0):
    """Ready for the next sale: the key that was pressed (a digit begins an amount), or None."""
    ready(ui, merchant)
    return await ui.key(timeout_ms)


async def amount(ui, limit_fen: int, first_key=None, timeout_ms: int = 0, title: str = ""):
    """An amount in fen between 0.01 and the limit, digits shifting in from the right, or None.

    ``first_key`` is a digit that has been typed already. Without a ``title`` it is a sale.
    """
    limit = money(limit_fen)
    hint = say("limit").format(limit)
    entry = Entry(ui, title or say("sale"), say("amount"), hint, align=">", sign=CURRENCY)
    fen = int(first_key) if first_key else 0
    entry.show(money(fen), "ink" if fen else "muted")
    while True:
        key = await ui.key(timeout_ms)
        entry.complain()
        if key in (None, "C"):
            return None
        if key == "E":
            if 0 < fen <= limit_fen:
                return fen
            entry.complain(say("amount_over").format(limit) if fen else say("amount_zero"))
        elif key == "B":
            fen //= 10
        elif key.isdigit() and fen * 10 + int(key) < _MOST_FEN:
            fen = fen * 10 + int(key)
        entry.put(money(fen), "ink" if fen else "muted")
