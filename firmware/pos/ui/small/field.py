"""How what is typed looks: a field that takes what the lines of its hint leave; and lists."""

from micropython import const

from pos.ui.frame import INNER
from pos.words import CURRENCY, money, say

# Where the way of typing stands, and how wide a text can be
MARK_X = const(98)
MARK_Y = const(49)
MARK_W = const(30)
TYPED_W = const(124)

_ROW = const(16)
_ROWS = const(3)  # below the bar
_ITEMS = const(3)  # choices that are seen at once
_NUMBERED = const(9)  # and that have a key
_LABEL = const(15)
_PAD_X = const(76)  # of a PIN whose keys stand for other digits
_PAD_W = const(18)
_PAD_ROW = const(12)


class Entry:
    """A page with one field. Its hint has the lines until something is typed; what the last key
    did wrong has them until the next key, and the field what they leave.

    ``above``: lines that stay; ``width``: pixels of the lines.
    """

    def __init__(self, ui, title, label, hint, align="<", sign="", above=(), width=INNER):
        above = list(above)
        face = ui.canvas.fonts["sans16"]
        right = label + " " + sign if sign else label
        if face.measure(right) > INNER - 4:
            hint, right = right, ""  # what is wanted is more than how to type it
        elif face.measure(title) + face.measure(right) > ui.room():
            if len(face.wrap(hint, width)) < _ROWS:
                above.insert(0, right)
                right = ""
            else:
                title = ""
        canvas = self.canvas = ui.page(title, "", right)
        self.fonts = canvas.amounts
        self._align = align
        self._hint = hint
        self._note = ""
        self._above = above
        self._width = width
        self._advised = False
        self._field = canvas.text(0, _ROW * (1 + len(above)) + 3, width, "", self.fonts[0])
        for i in range(_ROWS):
            canvas.text(0, _ROW * (i + 1) + 1, width, "")

    def show(self, text: str = "", color: str = "ink") -> None:
        """Show the page with ``text`` in the field."""
        self.put(text, color, False)
        self.canvas.show()

    def put(self, text: str, color: str = "ink", show: bool = True) -> None:
        """Put ``text`` into the field, in the largest font in which it fits whole."""
        canvas = self.canvas
        face = canvas.fonts["sans16"]
        rows = list(self._above)
        note = face.wrap(self._note or self._hint, self._width)[:_ROWS]
        if text and not (self._note or self._advised) and len(rows) + len(note) > 1:
            note = []  # who types has read the hint, and the field can be large
        typed = []
        if text and not self._advised:
            typed = face.wrap(text, self._width) if face.measure(text) > self._width else [text]
        free = _ROWS - len(rows) - len(note)
        if free < len(typed):  # what is wrong is more than what stays
            rows = rows[: max(0, _ROWS - len(note) - len(typed))]
            typed = typed[: _ROWS - len(note)]
        large = len(typed) == 1 and free > 1
        font = canvas.fit(text, self._width, self.fonts) if large else self.fonts[-1]
        canvas.change(self._field, text if large else "", color, self._align, font, False)
        rows += ["", ""] if large else typed
        rows += [""] * (_ROWS - len(rows) - len(note)) + note
        for i in range(_ROWS):
            align = self._align if rows[i] in typed else "<"
            canvas.change(self._field + 1 + i, rows[i], "ink", align, None, False)
        if show:
            canvas.show(0, _ROW, self._width, _ROW * _ROWS)

    def complain(self, words: str = "") -> None:
        """Say with the next ``put`` what was wrong; without words go back to the hint."""
        self._note = words

    def advise(self, hint: str) -> None:
        """Show another hint from the next ``put`` on, in place of the field while it has lines."""
        self._hint = hint.replace("    ", "  ")
        self._advised = "\n" in hint


def ready(ui, merchant: str):
    """The idle screen."""
    canvas = ui.home(merchant)
    ui.tell((say("idle_hint"),), 2 * _ROW, 2)
    return canvas


def secret(ui, hint, amount, masked_pan, pad):
    """The page of a PIN: the amount (fen), the card, and the keys where they are mixed."""
    value = CURRENCY + " " + money(amount) if amount else ""
    face = ui.canvas.fonts["bold16"]
    title = say("pin")
    if value and face.measure(title + value) > ui.room():
        title = say("pin_bar")
    above = () if pad else (masked_pan,)
    entry = Entry(ui, title, value, hint, above=above, width=_PAD_X - 4 if pad else INNER)
    for key in range(10 if pad else 0):
        row, column = divmod((key or 11) - 1, 3)
        x = _PAD_X + _PAD_W * column
        y = _ROW - 2 + _PAD_ROW * row
        entry.canvas.text(x, y, _PAD_W, str(pad[key]), "sans16", "ink", "^")
    return entry


async def choose(ui, title: str, items, timeout_ms: int = 0, mark=None, top: int = 0):
    """One of ``items`` (texts) by its number: its index, or None when cancelled.

    Three are seen at once, and each nine have their numbers, seen or not. ``mark(canvas, index,
    y)`` may draw at the right of each, on the row that begins at ``y``. The page with number
    ``top`` is the first.

    ``*`` and ``#`` turn the pages.
    """
    top -= top % _ITEMS
    count = len(items)
    pages = -(-count // _ITEMS)
    while True:
        where = "%d/%d" % (top // _ITEMS + 1, pages) if pages > 1 else ""
        canvas = ui.page(title, "", where)
        for i in range(top, min(top + _ITEMS, count)):
            y = _ROW * (i - top + 1)
            number(canvas, y, i)
            _item(canvas, y + 1, items[i], INNER - _LABEL - (32 if mark else 0))
            if mark:
                mark(canvas, i, y)
        canvas.show()
        key = await ui.key(timeout_ms)
        if key in (None, "C"):
            return None
        if key == "#" and top + _ITEMS < count:
            top += _ITEMS
        elif key == "*" and top:
            top -= _ITEMS
        elif key.isdigit() and key != "0":
            index = top // _NUMBERED * _NUMBERED + int(key) - 1
            if index < count:
                return index


def _item(canvas, y, text, room) -> None:
    """An entry of a list; of one that is too long and has a value, the value is whole."""
    measure = canvas.fonts["sans16"].measure
    name, colon, value = text.partition(": ")
    if colon and measure(text) > room:
        wide = measure(value)
        canvas.text(_LABEL + room - wide, y, wide, value)
        text, room = name, room - wide - 4
    canvas.text(_LABEL, y, room, text)


def number(canvas, y: int, index: int) -> None:
    """The key for an entry of a list, in reverse."""
    canvas.box(0, y + 2, 11, 13, "ink")
    canvas.text(0, y + 1, 11, str(index % _NUMBERED + 1), "sans16", "page", "^", "ink")
