"""Screens that the cashier or the cardholder answers; each returns None when it is cancelled.

``timeout_ms`` counts from the last key; 0 waits for ever. A key repaints what it changes alone.
"""

from micropython import const

from pos.ui.frame import INNER, MARGIN
from pos.words import CURRENCY, money, say

_BOX_X = const(8)
_BOX_Y = const(72)
_BOX_W = const(224)
_BOX_H = const(80)
_TALLER = const(36)  # the box of an amount of double size
_PAD = const(8)
_NOTE_LINES = const(3)
_ITEMS = const(5)  # choices on a page
_ITEM_H = const(40)
_LABEL = const(36)
_MOST_FEN = const(1000000000)  # below: 9,999,999.99 at most; also a small int of 31 bits
_MOST_PASSWORD = const(8)
_LEAST_PIN = const(4)  # ISO 9564-1, 8.1
_MOST_PIN = const(12)
_PIN_TOP = const(72)
_PAD_TOP = const(62)  # of a PIN whose keys stand for other digits
_PAD_Y = const(214)
_PAD_ROW = const(17)


class Entry:
    """A page with one large field; below it a hint or, in red, what the last key did wrong."""

    def __init__(self, ui, title, label, hint, keys="CBE", y=_BOX_Y, align="<", sign=""):
        canvas = self.canvas = ui.page(title, keys)
        # The first three have digits and stars alone
        self.fonts = canvas.amounts if sign else canvas.amounts[-3:]
        high = _BOX_H + (_TALLER if len(self.fonts) > 3 else 0)
        canvas.round_box(_BOX_X, y, _BOX_W, high, "bar")
        base = y + 34 + (high - _BOX_H) // 9 + canvas.fonts[self.fonts[0]].baseline
        left = _BOX_X + _PAD
        width = _BOX_W - 2 * _PAD
        canvas.text(left, y + 8, width, label, "sans16", "muted", "<", "bar")
        if sign and high > _BOX_H:  # the amount takes all of the line
            canvas.text(left + width - 20, y + 6, 20, sign, "sans24", "muted", ">", "bar")
        elif sign:
            top = base - canvas.fonts["sans24"].baseline
            canvas.text(left, top, 20, sign, "sans24", "muted", "<", "bar")
            left += 20
            width -= 20
        self._align = align
        self._width = width
        top = base - canvas.fonts[self.fonts[0]].baseline
        self._field = canvas.text(left, top, width, "", self.fonts[0], "ink", align, "bar")
        self._hint = hint
        self._wrong = False
        for i, line in enumerate(self._lines(hint)):
            canvas.text(MARGIN, y + high + 12 + 20 * i, INNER, line, "sans16", "muted")

    def show(self, text: str = "", color: str = "ink") -> None:
        """Show the page with ``text`` in the field, and be ready for the first key."""
        self.put(text, color, False)
        self.canvas.show()
        self.canvas.aim(self._field)

    def put(self, text: str, color: str = "ink", show: bool = True) -> None:
        """Put ``text`` into the field, in the largest font in which it fits whole."""
        canvas = self.canvas
        font = canvas.fit(text, self._width, self.fonts)
        canvas.change(self._field, text, color, self._align, font, show)

    def complain(self, words: str = "") -> None:
        """Say what was wrong; without words go back to the hint."""
        if not words and not self._wrong:
            return
        self._wrong = bool(words)
        for i, line in enumerate(self._lines(words or self._hint)):
            self.canvas.change(self._field + 1 + i, line, "bad" if words else "muted")

    def advise(self, hint: str) -> None:
        """Show another hint from now on."""
        self._hint = hint
        self._wrong = True
        self.complain()

    def _lines(self, words: str) -> list:
        lines = self.canvas.fonts["sans16"].wrap(words, INNER)[:_NOTE_LINES]
        return lines + [""] * (_NOTE_LINES - len(lines))


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
    top = _PAD_TOP if pad else _PIN_TOP
    hint = say("pin_mixed" if pad else "pin_must" if must else "pin_hint")
    entry = Entry(ui, say("pin"), say("pin_field"), hint, y=top + (40 if pad else 56))
    for y, label, value in (
        (top, "amount", CURRENCY + " " + money(amount)),
        (top + (_PAD_ROW if pad else 24), "card", masked_pan),
    )[not amount :]:
        canvas = entry.canvas
        canvas.text(MARGIN, y, INNER, say(label), "sans16", "muted")
        font = canvas.fit(value, INNER - _LABEL, ("bold16", "sans16"))
        canvas.text(MARGIN + _LABEL, y, INNER - _LABEL, value, font, "ink", ">")
    for key in range(10 if pad else 0):
        row, column = divmod((key or 11) - 1, 3)
        x, y = 50 + 48 * column, _PAD_Y + _PAD_ROW * row
        ui.canvas.box(x, y, 44, 16, "bar")
        ui.canvas.text(x, y, 44, str(pad[key]), "bold16", "ink", "^", "bar")
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
    entry = Entry(ui, merchant, say("sale"), say("idle_hint"), "M", align=">", sign=CURRENCY)
    y = 218 if len(entry.fonts) > 3 else 200
    ui.canvas.text(0, y, ui.canvas.width, "◗", "icons", "line", "^")
    entry.show(money(0), "muted")
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


async def choose(ui, title: str, items, timeout_ms: int = 0, mark=None, top: int = 0):
    """One of ``items`` (texts) by its number on the page: its index, or None when cancelled.

    ``mark(canvas, index, y)`` may draw at the right of each, on the row that begins at ``y``. The
    page with number ``top`` is the first.

    ``*`` and ``#`` turn the pages.
    """
    top -= top % _ITEMS
    while True:
        canvas = ui.page(title, "C*#" if len(items) > _ITEMS else "C")
        shown = items[top : top + _ITEMS]
        for i, item in enumerate(shown):
            y = _BOX_Y + _ITEM_H * i
            canvas.round_box(_BOX_X, y, _BOX_W, _ITEM_H - 4, "bar")
            canvas.round_box(14, y + 6, 24, 24, "accent", "bar")
            canvas.text(14, y + 10, 24, str(i + 1), "bold16", "page", "^", "accent")
            canvas.text(48, y + 10, 134 if mark else 176, item, "sans16", "ink", "<", "bar")
            if mark:
                mark(canvas, top + i, y)
        canvas.show()
        key = await ui.key(timeout_ms)
        if key in (None, "C"):
            return None
        if key == "#" and top + _ITEMS < len(items):
            top += _ITEMS
        elif key == "*" and top:
            top -= _ITEMS
        elif key.isdigit() and 0 < int(key) <= len(shown):
            return top + int(key) - 1
