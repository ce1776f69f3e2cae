"""Screens that tell: self-test, card, progress, results. Those to type into are in ``entry``.

Each is a coroutine; those that say "Shows" return at once and leave the picture on the glass.
"""

from micropython import const

from pos.ui import lights
from pos.ui.frame import INNER
from pos.words import CURRENCY, money, say

_TEST_LINES = const(3)

# Kinds of a message and their signs
_KINDS = ("ok", "bad", "warn", "info", "busy")
_SIGNS = "✓ |✗ |⚠ ||"


async def look(ui, theme: int, large: int) -> None:
    """Light letters on dark, or the other way round (``theme`` 1). Amounts are large as they are.

    From the next screen on; parameters of the same names remember it.
    """
    ui.forget()
    canvas = ui.canvas
    if (canvas.colors[0] > 0) != (theme > 0):
        canvas.colors = bytes([0xFF ^ byte for byte in canvas.colors])


async def boot(ui) -> None:
    """Shows the empty self-test."""
    ui.lines = 0
    ui.log = []
    ui.page(say("self_test")).show()


async def selftest_line(ui, name: str, ok: bool, detail: str = "") -> None:
    """Adds a part to the self-test, of which the last page is shown; a long detail goes below."""
    face = ui.canvas.fonts["sans16"]
    name = ("✓ " if ok else "✗ ") + name
    whole = name + "  " + detail
    ui.log += [whole] if face.measure(whole) <= INNER else [name] + ui.wrapped((detail,))
    ui.lines = len(ui.log) if len(ui.log) <= _TEST_LINES else 0
    ui.page(say("self_test"), "", " ")  # room for an arrow
    ui.tell(ui.log, log=True)


async def present_card(ui, amount: int, hint: str = "") -> None:
    """Shows the amount (fen; 0: none) and asks for the card; ``hint``: what to do otherwise."""
    value = CURRENCY + " " + money(amount) if amount else ""
    canvas = ui.page(value if hint and value else say("tap"))
    lights.draw(canvas, 1)
    if hint or not amount:
        ui.tell((hint or say("tap_hint"),))
        return
    _amount(canvas, value, canvas.amounts, 19)
    canvas.text(0, 49, INNER, "◗", "icons", "ink", "^")
    canvas.show()


async def working(ui, title: str, detail: str = "") -> None:
    """Shows that something takes its time."""
    _story(ui, "busy", title, (detail,) if detail else (), None)


async def trouble(ui, title: str, text: str) -> None:
    """Shows what a hand has to put right; cancel does without."""
    _story(ui, "warn", title, (text,), None)


async def result(ui, kind: str, title: str, detail_lines=(), amount=None) -> None:
    """Shows how it ended; ``kind`` is "ok", "bad", "warn" or "info", ``amount`` in fen."""
    _story(ui, kind, title, detail_lines, amount)


async def message(ui, kind: str, title: str, text: str = "", timeout_ms: int = 10000, keys="E"):
    """Shows a sentence and waits for enter or cancel; the key, or None after the time-out."""
    _story(ui, kind, title, (text,) if text else (), None)
    return await acknowledge(ui, timeout_ms)


async def confirm(ui, title: str, detail_lines, amount: int) -> bool:
    """Shows what is about to be done (``amount`` in fen); whether enter and not cancel came."""
    _story(ui, "info", title, detail_lines, amount)
    return await acknowledge(ui) == "E"


async def acknowledge(ui, timeout_ms: int = 0):
    """Wait for enter or cancel; the key, or None after ``timeout_ms`` without (0: for ever)."""
    while True:
        key = await ui.key(timeout_ms)
        if key in (None, "E", "C"):
            return key


def _amount(canvas, text, fonts, y: int) -> None:
    """An amount in the middle of the line, in the first font in which it fits whole."""
    font = canvas.fit(text, INNER, fonts)
    base = y + canvas.fonts[fonts[0]].baseline
    canvas.text(0, base - canvas.fonts[font].baseline, INNER, text, font, "ink", "^")


def _story(ui, kind, title, lines, fen) -> None:
    """A title with its sign, an amount as large as the lines of text let it be, the lines."""
    number = _KINDS.index(kind)
    lines = ui.wrapped(lines)
    arrow = " " if len(lines) > (3 if fen is None else 2) else ""  # room for it
    canvas = ui.page(_SIGNS.split("|")[number] + title, "", arrow)
    if fen is None:
        ui.tell(lines)
        return
    text = CURRENCY + " " + money(fen)
    if len(lines) > 1:
        _amount(canvas, text, ("amount22", "bold16"), 16)
        ui.tell(lines, 34, 2, 15)
    else:
        _amount(canvas, text, canvas.amounts, 19)
        ui.tell(lines, 48, 1)
