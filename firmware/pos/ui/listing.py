"""Screens to look things up in: a list to choose from, names with values, bars for the hours."""

from micropython import const

from pos.ui.frame import INNER, MARGIN
from pos.words import say

_TOP = const(68)
_ENTRIES = const(4)  # on a page
_ENTRY_H = const(52)
_ENTRY_W = const(178)  # behind its number
_ROW_H = const(20)
_ROWS = const(10)  # on a page
_GAP = const(8)  # between a name and its value
_CHART_Y = const(76)
_CHART_H = const(120)
_HOUR_W = const(9)
_HOURS = const(24)
_CHART_X = const(12)  # 24 bars of 9 pixels, in the middle


async def browse(ui, title: str, count: int, entry, timeout_ms: int = 0, at: int = 0, keys=""):
    """One of ``count`` entries by its number on the page: its index, or None when cancelled.

    With ``keys`` "p" they can be printed: then -1.

    ``entry(i)`` gives what it shows: left and right above, left and right below, colour of the
    last, and a sign for it where it has no room. ``*`` and ``#`` turn the pages; the first one
    shown has the entry ``at`` on it.
    """
    top = at // _ENTRIES * _ENTRIES
    while True:
        canvas = ui.page(title, ("C*#" if count > _ENTRIES else "C") + keys)
        shown = min(_ENTRIES, count - top)
        for i in range(shown):
            y = _TOP + _ENTRY_H * i
            first, second, third, fourth, color, sign = entry(top + i)
            canvas.round_box(8, y, 224, _ENTRY_H - 4, "bar")
            canvas.round_box(14, y + 12, 24, 24, "accent", "bar")
            canvas.text(14, y + 16, 24, str(i + 1), "bold16", "page", "^", "accent")
            _ends(canvas, y + 5, first, second, "bold16", "ink")
            _ends(canvas, y + 25, third, fourth, "sans16", color, sign)
        canvas.show()
        key = await ui.key(timeout_ms)
        if key in (None, "C"):
            return None
        if key == "E" and keys:
            return -1
        if key == "#" and top + _ENTRIES < count:
            top += _ENTRIES
        elif key == "*" and top:
            top -= _ENTRIES
        elif key.isdigit() and 0 < int(key) <= shown:
            return top + int(key) - 1


def _ends(canvas, y, left, right, font, color, short=""):
    """Two texts of an entry on one line, the right one never cut. When both have no room, the
    first word of the left one goes (a date, or a number that the details have), then the right
    one becomes ``short``."""
    measure = canvas.fonts["sans16"].measure
    wide = canvas.fonts[font].measure(right)
    if measure(left) > _ENTRY_W - wide - _GAP:
        left = left[left.find(" ") + 1 :]
        if short and measure(left) > _ENTRY_W - wide - _GAP:
            right = short
            wide = canvas.fonts[font].measure(right)
    canvas.text(46, y, _ENTRY_W - wide - _GAP, left, "sans16", "ink", "<", "bar")
    canvas.text(224 - wide, y, wide, right, font, color, ">", "bar")


async def table(ui, title: str, rows, keys: str = "C", timeout_ms: int = 0) -> str:
    """Names and values, a page at a time; the key that ended it, "C" after the time-out.

    ``rows``: (name, value), or (name, value, colour). A value that does not fit beside its name
    goes below it. ``*`` and ``#`` turn the pages; of ``keys`` each ends it.
    """
    pages = _paged(ui.canvas.fonts["sans16"], rows)
    page = 0
    while True:
        canvas = ui.page(title, "*#".join((keys[:1], keys[1:])) if len(pages) > 1 else keys)
        y = _TOP
        for name, value, color in pages[page]:
            canvas.text(MARGIN, y, INNER, name, "sans16", "muted")
            wide = canvas.fonts["sans16"].measure(value)
            canvas.text(MARGIN + INNER - wide, y, wide, value, "sans16", color)
            y += _ROW_H
        canvas.show()
        key = await ui.key(timeout_ms)
        if key in (None, "C"):
            return "C"
        if key == "#" and page + 1 < len(pages):
            page += 1
        elif key == "*" and page:
            page -= 1
        elif key in keys or (key == "E" and "p" in keys):
            return key


def _paged(font, rows):
    """The rows in pages of lines (name, value, colour); what is long has lines of its own."""
    pages = [[]]
    for row in rows:
        name, value = row[0], row[1]
        color = row[2] if len(row) > 2 else "ink"
        if font.measure(name) + font.measure(value) + _GAP <= INNER:
            lines = [(name, value, color)]
        else:
            lines = [(name, "", color)] + [("", part, color) for part in font.wrap(value, INNER)]
        if pages[-1] and len(pages[-1]) + len(lines) > _ROWS:
            pages.append([])
        pages[-1].extend(lines[:_ROWS])
    return pages


async def hours(ui, title: str, counts, rows, timeout_ms: int = 0) -> None:
    """A bar for each of 24 hours, as high as its count; ``rows`` (name, value) below."""
    canvas = ui.page(title, "C")
    most = max(max(counts), 1)
    canvas.text(_CHART_X, _CHART_Y - 12, 216, str(most), "sans16", "muted")
    base = _CHART_Y + _CHART_H
    for hour in range(_HOURS):
        x = _CHART_X + _HOUR_W * hour
        high = (_CHART_H - 24) * counts[hour] // most
        if counts[hour]:
            high = max(high, 2)
            canvas.box(x + 1, base - high, _HOUR_W - 2, high, "accent")
    canvas.box(_CHART_X, base, _HOUR_W * _HOURS, 1, "muted")
    for hour in range(0, _HOURS + 1, 6):
        x = _CHART_X + _HOUR_W * hour
        canvas.box(x - (hour == _HOURS), base, 1, 4, "muted")
        side = "<" if hour == 0 else ">" if hour == _HOURS else "^"
        canvas.text(
            x - (0, 12, 24)["<^>".find(side)], base + 6, 24, str(hour), "sans16", "muted", side
        )
    y = base + 30
    for name, value in rows:
        canvas.text(MARGIN, y, INNER, name, "sans16", "muted")
        wide = canvas.fonts["sans16"].measure(value)
        canvas.text(MARGIN + INNER - wide, y, wide, value)
        y += _ROW_H
    canvas.show()
    while await ui.key(timeout_ms) not in (None, "C", "E"):
        pass


async def nothing(ui, title: str, timeout_ms: int = 0) -> None:
    """Says that there is nothing to show."""
    await table(ui, title, ((say("query_none"), ""),), "C", timeout_ms)
