"""What every screen shares: the bar with the title, lines that are turned; and the keys' door."""

import asyncio
import time

from micropython import const

from pos.aio import deadline
from pos.ui.canvas import Canvas
from pos.ui.fonts import Font
from pos.words import say

MARGIN = const(0)
INNER = const(128)  # pixels between the margins

_ROW = const(16)
_ROLL_MS = const(2500)  # that a page of lines stays when nobody turns it
_BAR_W = const(124)
_MORE_X = const(117)  # of the arrow in the bar over lines that are turned

_GAP = const(12)  # between what stands in the bar
_LEAST_TITLE = const(30)  # pixels of a title that is cut; one with less is left out

# Dark are the page and what is only decoration; the rest is lit: see _COLORS of `canvas`
_MONO = b"\0\0\0\0\0\0\0\0" + b"\xff" * 12
_SIGNS = "ᯤ⇄▤"  # network, host, paper
_BATTERY = "▁▂▄▆█"  # empty to full
_MOST_WAITING = const(9)  # that are counted on the status bar

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
        self.canvas.colors = _MONO
        self.canvas.fonts["amount22"] = Font(root + "/amount22.fnt")
        self.keys = keys
        self.clock = _clock
        self.lines = 0  # of the self-test, 0 when they are more than a page
        self.log = []  # its lines
        self._status = {}
        self._up = False  # whether the status bar is on the canvas
        self._pages = []  # of lines; the rows that they stand in, and which is shown
        self._rows = []
        self._page = 0

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
            for i, (_, _, text, align) in enumerate(self._fields()):
                self.canvas.change(i, text, "ink", align)

    def _fields(self):
        """The fields of the status bar: x, width, text, alignment."""
        status = self._status.get
        yield 0, 14, status("operator", ""), "<"
        marks = "R" if status("pending") else ""
        waiting = status("waiting")
        if waiting:
            marks += "↑" + (str(waiting) if waiting <= _MOST_WAITING else "+")
        yield 14, 26, marks, "^"
        charge = status("battery")
        sign = ""
        if status("charging"):
            sign = "ϟ"
        elif charge is not None:
            sign = _BATTERY[(charge + 12) // 25]
        yield 40, 11, sign, "^"
        for i, part in enumerate(("network", "host", "paper")):
            state = status(part, OFF)
            yield 51 + 15 * i, 15, (_SIGNS[i] if state else "") + ("!" if state > OK else ""), "^"
        yield 96, 32, self.clock(), ">"

    def home(self, title: str) -> Canvas:
        """Begin the idle screen: the status bar, and the title in the line below it."""
        canvas = self._new()
        for x, w, text, align in self._fields():
            canvas.text(x, 1, w, text, "sans16", "ink", align)
        self._up = True
        title = (self._mark() + " " + title).strip()
        canvas.box(0, _ROW, INNER, _ROW, "ink")
        canvas.text(2, _ROW + 1, _BAR_W, title, "sans16", "page", "^", "ink")
        return canvas

    def page(self, title: str = "", keys: str = "", right: str = "") -> Canvas:
        """Begin a screen: a canvas with the bar, not yet shown.

        The bar has the title and, never cut, what is at its ``right``. Keys have no names here.
        """
        canvas = self._new()
        canvas.box(0, 0, INNER, _ROW, "ink")
        room = self.room() + _GAP
        if room < _BAR_W:
            x = 2 + room + _GAP
            canvas.text(x, 1, INNER - x, self._mark(), "sans16", "page", "<", "ink")
        if right:
            wide = canvas.fonts["sans16"].measure(right)
            canvas.text(2 + room - wide, 1, wide, right, "sans16", "page", "<", "ink")
            room -= wide + _GAP
        font = canvas.fit(title, room, ("bold16", "sans16"))
        if room >= min(_LEAST_TITLE, canvas.fonts[font].measure(title)):
            canvas.text(2, 1, room, title, font, "page", "<", "ink")
        return canvas

    def room(self) -> int:
        """Pixels of the bar for a title and what is at the right of it."""
        mark = self._mark()
        taken = self.canvas.fonts["sans16"].measure(mark) + _GAP if mark else 0
        return _BAR_W - _GAP - taken

    def _mark(self) -> str:
        return say("training_mark") if self._status.get("training") else ""

    def _new(self) -> Canvas:
        self.forget()
        return self.canvas

    def forget(self) -> None:
        """Keep the picture, but not what it is made of: nothing of it will change."""
        self.canvas.clear()
        self._up = False
        self._pages = []

    def tell(self, lines, y: int = _ROW, rows: int = 3, pitch: int = _ROW, log=False) -> None:
        """Show the page with lines of text from ``y`` on; ``key`` turns to those that do not fit.

        They are turned by ``*`` and ``#``, and by themselves while somebody waits for a key. Of a
        ``log`` the last page is shown first.
        """
        canvas = self.canvas
        parts = self.wrapped(lines)
        self._pages = [parts[i : i + rows] for i in range(0, len(parts), rows)]
        y += 1
        self._align = "<" if log else "^"
        if len(parts) < rows and not log:
            y += pitch * (rows - len(parts)) // 2
        self._rows = [
            canvas.text(0, y + pitch * i, INNER, "") for i in range(min(rows, len(parts)))
        ]
        canvas.text(_MORE_X, 1, INNER - _MORE_X, "", "sans16", "page", "^", "ink")
        self._turn(-1 if log else 0)

    def wrapped(self, lines) -> list:
        """Lines that are as wide as the display at most."""
        wrap = self.canvas.fonts["sans16"].wrap
        return [part for line in lines for part in wrap(line, INNER)]

    def _turn(self, page: int) -> None:
        """Show a page of the lines, after the last one the first."""
        if self._pages:
            self._page = page = page % len(self._pages)
            lines = self._pages[page]
            for i, number in enumerate(self._rows):
                text = lines[i] if i < len(lines) else ""
                self.canvas.change(number, text, "ink", self._align, None, False)
            if len(self._pages) > 1:
                more = "↓" if page < len(self._pages) - 1 else "↑"
                self.canvas.change(self._rows[-1] + 1, more, "page", "^", None, False)
        self.canvas.show()

    async def key(self, timeout_ms: int = 0):
        """The next key, or None when none came in ``timeout_ms`` (0: wait for ever).

        Meanwhile lines that do not fit on one page are turned.
        """
        left = timeout_ms
        while len(self._pages) > 1:
            wait = min(left, _ROLL_MS) if timeout_ms else _ROLL_MS
            key = await self._wait(wait)
            left -= wait
            if key and key not in "*#":
                return key
            if not key and timeout_ms and left <= 0:
                return None
            self._turn(self._page + (-1 if key == "*" else 1))
            left = timeout_ms if key else left
        return await self._wait(timeout_ms)

    async def _wait(self, timeout_ms):
        if not timeout_ms:
            return await self.keys.get()
        try:
            return await deadline(self.keys.get(), timeout_ms)
        except asyncio.TimeoutError:
            return None
