"""Screens to look things up in: a list to choose from, names with values, bars for the hours."""

from micropython import const

from pos.ui.frame import INNER
from pos.words import say

_ROW = const(16)
_ROWS = const(3)  # on a page
_NUMBERED = const(9)  # entries that have a key
_GAP = const(6)  # between a name and its value
_CHART_X = const(4)
_CHART_Y = const(18)
_CHART_H = const(32)
_HOUR_W = const(5)
_HOURS = const(24)


async def browse(ui, title: str, count: int, entry, timeout_ms: int = 0, at: int = 0, keys=""):
    """One of ``count`` entries, shown one by one: its index, or None when cancelled.

    With ``keys`` "p" they can be printed: then -1.

    ``entry(i)`` gives what it shows: left and right above, left and right below, colour of the
    last, and a sign for it, which has room here. ``*`` and ``#`` turn the pages; each nine have
    their numbers; ``at`` is shown first.
    """
    while True:
        where = "%d/%d" % (at + 1, count)
        canvas = ui.page(title, "", _where(ui, title, where, keys))
        first, second, third, fourth, _, _ = entry(at)
        _ends(canvas, 1, first, fourth)
        if ui.canvas.fonts["sans16"].measure(third) > INNER:
            third = third[third.find(" ") + 1 :]  # without its number, which the details have
        _ends(canvas, 2, third, "")
        canvas.box(0, 50, 11, 13, "ink")
        canvas.text(0, 49, 11, str(at % _NUMBERED + 1), "sans16", "page", "^", "ink")
        canvas.text(_ROW, 49, INNER - _ROW, second, "bold16", "ink", ">")
        canvas.show()
        key = await ui.key(timeout_ms)
        if key in (None, "C"):
            return None
        if key == "E" and keys:
            return -1
        if key == "#" and at + 1 < count:
            at += 1
        elif key == "*" and at:
            at -= 1
        elif key.isdigit() and key != "0":
            index = at // _NUMBERED * _NUMBERED + int(key) - 1
            if index < count:
                return index


def _where(ui, title, where, prints) -> str:
    """The page, and before it, where the title leaves room, that enter prints."""
    told = "E▤ " + where
    measure = ui.canvas.fonts["sans16"].measure
    return told if prints and measure(title) + measure(told) <= ui.room() else where


def _ends(canvas, row, left, right):
    """Two texts on one line: the right one is never cut."""
    wide = canvas.fonts["sans16"].measure(right)
    y = _ROW * row + 1
    canvas.text(0, y, INNER - wide - (_GAP if right else 0), left)
    canvas.text(INNER - wide, y, wide, right)


async def table(ui, title: str, rows, keys: str = "C", timeout_ms: int = 0) -> str:
    """Names and values, a page at a time; the key that ended it, "C" after the time-out.

    ``rows``: (name, value), or (name, value, colour). A value that does not fit beside its name
    goes below it. ``*`` and ``#`` turn the pages; of ``keys`` each ends it.
    """
    pages = _paged(ui.canvas.fonts["sans16"], rows)
    page = 0
    while True:
        where = "%d/%d" % (page + 1, len(pages)) if len(pages) > 1 else ""
        canvas = ui.page(title, "", _where(ui, title, where, "p" in keys))
        for i, (name, value) in enumerate(pages[page]):
            _ends(canvas, i + 1, name, value)
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
    """The rows in pages of lines (name, value); what is long has lines of its own."""
    pages = [[]]
    for row in rows:
        name, value = row[0], row[1]
        if font.measure(name) + font.measure(value) + _GAP <= INNER:
            lines = [(name, value)]
        else:
            lines = [(part, "") for part in font.wrap(name, INNER)]
            lines += [("", part) for part in font.wrap(value, INNER)]
        if pages[-1] and len(pages[-1]) + len(lines) > _ROWS:
            pages.append([])
        pages[-1].extend(lines[:_ROWS])
    return pages


async def hours(ui, title: str, counts, rows, timeout_ms: int = 0) -> None:
    """A bar for each of 24 hours, as high as its count; then ``rows`` (name, value)."""
    key = ""
    while key in ("", "*"):
        _chart(ui, title, counts)
        key = await ui.key(timeout_ms)
        while key == "#":
            key = await table(ui, title, rows, "C*E", timeout_ms)
    return None


def _chart(ui, title, counts) -> None:
    most = max(max(counts), 1)
    canvas = ui.page(title, "", "↑" + str(most))
    base = _CHART_Y + _CHART_H
    for hour in range(_HOURS):
        high = _CHART_H * counts[hour] // most
        if counts[hour]:
            x = _CHART_X + _HOUR_W * hour
            high = max(high, 2)
            canvas.box(x, base - high, _HOUR_W - 1, high, "ink")
    canvas.box(_CHART_X, base, _HOUR_W * _HOURS, 1, "ink")
    for hour in range(0, _HOURS, 6):
        canvas.text(_CHART_X + _HOUR_W * hour, base, 24, str(hour))
    canvas.show()


async def nothing(ui, title: str, timeout_ms: int = 0) -> None:
    """Says that there is nothing to show."""
    await table(ui, title, ((say("query_none"), ""),), "C", timeout_ms)
