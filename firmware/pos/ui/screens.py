"""Screens that tell: self-test, card, progress, results. Those to type into are in ``entry``.

Each is a coroutine; those that say "Shows" return at once and leave the picture on the glass.
"""

from micropython import const

from pos.ui import lights
from pos.ui.canvas import NORMAL
from pos.ui.fonts import Font
from pos.ui.frame import INNER, MARGIN
from pos.words import CURRENCY, money, say

_ROW = const(20)  # a line of body text
_TEST_Y = const(72)
_TEST_LINES = const(12)
_INDENT = const(24)
_WIDE = const(232)  # pixels of an amount
_SIZES = const(4)  # of its fonts; a larger one leaves no room for what is below
_SIGN_W = const(18)  # of its currency, beside figures of double size
_BOTTOM = const(280)  # below it are the keys

# Colours of high contrast, as those of `canvas`: black, near black, greys, white, yellow, green,
# rose, orange
_CONTRAST = b"\x00\x00\x21\x24\x84\x10\xb5\xb6\xde\xdb\xff\xff\xff\xe0\x07\xf0\xfd\x14\xfd\xa9"

# Kinds of a message, their signs and colours
_KINDS = ("ok", "bad", "warn", "info", "busy")
_SIGNS = "✓✗⚠ℹ…"
_COLORS = ("good", "bad", "warn", "accent", "accent")


async def look(ui, theme: int, large: int) -> None:
    """Use the colours of ``theme`` (0: normal, 1: high contrast); ``large``: double amounts.

    From the next screen on; parameters of the same names remember it.
    """
    ui.forget()
    canvas = ui.canvas
    canvas.colors = _CONTRAST if theme else NORMAL
    names = ("amount80", "amount64", "amount52")
    for name in names:
        canvas.fonts.pop(name, None)
        if large:
            canvas.fonts[name] = Font(canvas.root + "/" + name + ".fnt")
    canvas.amounts = (names if large else ()) + canvas.amounts[-3:]


async def boot(ui) -> None:
    """Shows the empty self-test."""
    ui.lines = 0
    canvas = ui.page(say("self_test"))
    canvas.show()


async def selftest_line(ui, name: str, ok: bool, detail: str = "") -> None:
    """Adds a part to the self-test; a long detail goes below. A full screen begins anew."""
    font = ui.canvas.fonts["sans16"]
    rest = INNER - _INDENT - font.measure(name) - 12
    below = font.wrap(detail, INNER - _INDENT) if font.measure(detail) > rest else ()
    if ui.lines + 1 + len(below) > _TEST_LINES:
        await boot(ui)
    canvas = ui.canvas
    top = y = _TEST_Y + _ROW * ui.lines
    color = "muted" if ok else "bad"
    first = canvas.text(MARGIN, y, 16, "✓" if ok else "✗", "sans16", "good" if ok else "bad")
    canvas.text(MARGIN + _INDENT, y, INNER - _INDENT, name)
    if not below:
        canvas.text(MARGIN + INNER - rest, y, rest, detail, "sans16", color, ">")
    for line in below:
        y += _ROW
        canvas.text(MARGIN + _INDENT, y, INNER - _INDENT, line, "sans16", color)
    ui.lines += 1 + len(below)
    canvas.show(MARGIN, top, INNER, y + _ROW - top)
    canvas.drop(first)  # the heap is wanted for the parts that are tested


async def present_card(ui, amount: int, hint: str = "") -> None:
    """Shows the amount (fen; 0: none) and asks for the card; ``hint``: what to do otherwise."""
    canvas = ui.page("", "C")
    if amount:
        _amount(canvas, 44, amount, 1)
    lights.draw(canvas, 1)
    canvas.text(0, 116, canvas.width, "◗", "icons", "accent", "^")
    canvas.text(MARGIN, 196, INNER, say("tap"), "sans24", "ink", "^")
    _body(canvas, 232, hint or say("tap_hint"), "warn" if hint else "muted")
    canvas.show()


async def working(ui, title: str, detail: str = "") -> None:
    """Shows that something takes its time."""
    _story(ui, "busy", title, (detail,) if detail else (), None, "")


async def trouble(ui, title: str, text: str) -> None:
    """Shows what a hand has to put right; cancel does without."""
    _story(ui, "warn", title, (text,), None, "C")


async def result(ui, kind: str, title: str, detail_lines=(), amount=None) -> None:
    """Shows how it ended; ``kind`` is "ok", "bad", "warn" or "info", ``amount`` in fen."""
    _story(ui, kind, title, detail_lines, amount, "E")


async def message(ui, kind: str, title: str, text: str = "", timeout_ms: int = 10000, keys="E"):
    """Shows a sentence and waits for enter or cancel; the key, or None after the time-out."""
    _story(ui, kind, title, (text,) if text else (), None, keys)
    return await acknowledge(ui, timeout_ms)


async def confirm(ui, title: str, detail_lines, amount: int) -> bool:
    """Shows what is about to be done (``amount`` in fen); whether enter and not cancel came."""
    _story(ui, "info", title, detail_lines, amount, "CE")
    return await acknowledge(ui) == "E"


async def acknowledge(ui, timeout_ms: int = 0):
    """Wait for enter or cancel; the key, or None after ``timeout_ms`` without (0: for ever)."""
    while True:
        key = await ui.key(timeout_ms)
        if key in (None, "E", "C"):
            return key


def _amount(canvas, y: int, fen: int, larger: int = 0) -> int:
    """An amount with its currency in the middle of the line; returns the row below.

    ``larger``: how many sizes larger than usual there is room for.
    """
    fonts = canvas.amounts
    if len(fonts) < _SIZES:
        text = CURRENCY + " " + money(fen)
        font = canvas.fit(text, _WIDE)
        canvas.text((canvas.width - _WIDE) // 2, y, _WIDE, text, font, "ink", "^")
        return y + canvas.fonts[font].height
    text = money(fen)
    font = canvas.fit(text, _WIDE - _SIGN_W, fonts[-_SIZES - larger :])
    face = canvas.fonts[font]
    wide = face.measure(text)
    x = (canvas.width - wide - _SIGN_W) // 2
    y -= 6 * larger
    sign = y + face.baseline - canvas.fonts["sans24"].baseline
    canvas.text(x, sign, _SIGN_W, CURRENCY, "sans24")
    canvas.text(x + _SIGN_W, y, wide, text, font)
    return y + face.height


def _body(canvas, y: int, words: str, color: str) -> int:
    for line in canvas.fonts["sans16"].wrap(words, INNER):
        if y + 16 > _BOTTOM:
            break
        canvas.text(MARGIN, y, INNER, line, "sans16", color, "^")
        y += _ROW
    return y


def _story(ui, kind, title, lines, fen, keys) -> None:
    """A sign, a title in its colour, an amount, lines of text: the middle of the screen."""
    canvas = ui.page("", keys)
    number = _KINDS.index(kind)
    color = _COLORS[number]
    canvas.text(0, 48, canvas.width, _SIGNS[number], "icons", color, "^")
    y = 128
    for line in canvas.fonts["sans24"].wrap(title, INNER):
        canvas.text(MARGIN, y, INNER, line, "sans24", color if keys else "ink", "^")
        y += 28
    if fen is not None:
        y = _amount(canvas, y + 8, fen)
    y += 8
    for line in lines:
        y = _body(canvas, y, line, "muted")
    canvas.show()
