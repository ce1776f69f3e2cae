"""What every screen shares: the status bar above, the keys of use below; and the keys' door."""

import asyncio
import time

from micropython import const

from pos.aio import deadline
from pos.ui.canvas import Canvas
from pos.words import say

MARGIN = const(16)
INNER = const(208)  # pixels between the margins

_BAR = const(24)
_KEYS_Y = const(284)
_CAP = const(24)
_CAP_GAP = const(4)

_SIGNS = "ᯤ⇄▤"  # network, host, paper
_BATTERY = "▁▂▄▆█"  # empty to full
_SIGN_X = const(125)  # of the first, the battery
_SIGN_W = const(15)
_LOW = const(15)  # percent of the battery, in red from here on
_MOST_WAITING = const(9)  # that are counted on the bar
_CAPS = "CBEM"
_CAP_COLORS = ("bad", "warn", "good", "accent", "muted")  # the last for all others

# States of a status sign
OFF = const(0)
OK = const(1)
FAULT = const(2)
WARN = const(3)


def _clock() -> str:
    now = time.localtime()
    return "{:02d}:{:02d}".format(now[3], now[4])


class Ui:
    """``display`` and ``keys`` (``await get()`` -> one character), the fonts in ``root``.

    ``clock`` may be replaced by any function that returns the text at the right of the bar.
    """

    def __init__(self, display, keys, root: str):
        self.canvas = Canvas(display, root)
        self.keys = keys
        self.clock = _clock
        self.lines = 0  # of the self-test
        self._status = {}
        self._up = False  # whether a status bar is on the canvas

    def set_status(self, **status) -> None:
        """Change what is given, and repaint at once what looks different of the status bar.

        ``operator``: the number; ``network``, ``host``, ``paper``: OFF, OK, FAULT or WARN;
        ``pending``: whether a reversal waits; ``waiting``: how many slips and uploads do;
        ``battery``: percent, None without one; ``charging``; ``training``.
        """
        self._status.update(status)
        self.tick()

    def tick(self) -> None:
        """Repaint the clock and the signs that have changed; call it every few seconds."""
        if self._up:
            for i, (_, _, text, _, color, align) in enumerate(self._fields()):
                self.canvas.change(1 + i, text, color, align)

    def _fields(self):
        """The fields of the status bar: x, width, text, font, colour, alignment."""
        status = self._status.get
        name, color = ("training_mark", "warn") if status("training") else ("app", "ink")
        yield 8, 58, say(name), "bold16", color, "<"
        yield 68, 20, status("operator", ""), "sans16", "muted", "<"
        marks = "R" if status("pending") else ""
        waiting = status("waiting")
        if waiting:
            marks += "↑" + (str(waiting) if waiting <= _MOST_WAITING else "+")
        yield 90, 34, marks, "sans16", "warn", "^"
        charge = status("battery")
        sign, color = "", "good"
        if status("charging"):
            sign = "ϟ"
        elif charge is not None:
            sign = _BATTERY[(charge + 12) // 25]
            color = "bad" if charge < _LOW else "ink"
        yield _SIGN_X, _SIGN_W, sign, "sans16", color, "^"
        for i, part in enumerate(("network", "host", "paper")):
            color = ("faint", "ink", "bad", "warn")[status(part, OFF)]
            yield _SIGN_X + _SIGN_W * (i + 1), _SIGN_W, _SIGNS[i], "sans16", color, "^"
        yield 187, 45, self.clock(), "sans16", "muted", ">"

    def page(self, title: str = "", keys: str = "") -> Canvas:
        """Begin a screen: a canvas with status bar, title and named keys, not yet shown.

        The bar that is there already is not painted again.
        """
        canvas = self.canvas
        self.tick()
        canvas.clear()
        canvas.top = _BAR if self._up else 0
        canvas.box(0, 0, canvas.width, _BAR, "bar")
        for x, w, text, font, color, align in self._fields():
            canvas.text(x, 4, w, text, font, color, align, "bar")
        self._up = True
        if title:
            font = canvas.fit(title, INNER, ("sans24", "bold16"))
            drop = canvas.fonts["sans24"].baseline - canvas.fonts[font].baseline
            canvas.text(MARGIN, 36 + drop, INNER, title, font)
        if keys:
            self._name_keys(keys)
        return canvas

    def forget(self) -> None:
        """Keep the picture, but not what it is made of: nothing of it will change."""
        self.canvas.clear()
        self._up = False

    def _name_keys(self, keys: str) -> None:
        """Caps and words of at most four keys over the width; enter is always at the right.

        A small letter is enter under another name: ``p`` prints.
        """
        canvas = self.canvas
        canvas.box(0, _KEYS_Y, canvas.width, canvas.height - _KEYS_Y, "bar")
        measure = canvas.fonts["sans16"].measure
        names = [say("key_" + key) for key in keys]
        if len(keys) > 3:  # there is no room for more words; these caps speak for themselves
            names = ["" if key in "*#" else name for key, name in zip(keys, names)]
        free = canvas.width - 16
        for name in names:
            free -= _CAP + _CAP_GAP + measure(name)
        gap = free // (len(keys) - 1) if len(keys) > 1 else 0
        x = 8 + (free if keys == "E" else 0)
        y = _KEYS_Y + 6
        for key, name in zip(keys, names):
            key = key if key < "a" else "E"
            wide = measure(name)
            color = _CAP_COLORS[_CAPS.find(key)]
            canvas.round_box(x, y, _CAP, _CAP, color, "bar")
            canvas.text(x, y + 4, _CAP, key, "bold16", "page", "^", color)
            x += _CAP + _CAP_GAP
            canvas.text(x, y + 4, wide, name, "sans16", "ink", "<", "bar")
            x += wide + gap

    async def key(self, timeout_ms: int = 0):
        """The next key, or None when none came in ``timeout_ms`` (0: wait for ever)."""
        if not timeout_ms:
            return await self.keys.get()
        try:
            return await deadline(self.keys.get(), timeout_ms)
        except asyncio.TimeoutError:
            return None
