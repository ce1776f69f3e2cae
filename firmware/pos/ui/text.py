"""Text typed on twelve keys, as on a phone: a key again within a moment is its next letter."""

from micropython import const

from pos.ui.entry import Entry
from pos.words import say

_LETTERS = " 0|.-_1|abc2|def3|ghi4|jkl5|mno6|pqrs7|tuv8|wxyz9"  # of the keys 0 to 9
_MODES = ("abc", "ABC", "123")
# What else ASCII has, the more frequent first; ten on a page, on the keys 1 to 9 and 0
_SIGNS = "-_.@/:!?+&#$%*=,;'\"()<>[]{}|\\^`~"
_PAGE = const(10)
_AGAIN_MS = const(1500)
_DIGITS = const(2)  # the mode


async def ask(ui, title, label, least, most, hidden, timeout_ms=0):
    """A text of ``least`` to ``most`` printable ASCII characters, or None when it is cancelled.

    ``hidden``: only the character typed last can be read, until ``M`` shows them all. Its buffers
    cannot be wiped: this is for what joins a network, not for what pays.
    """
    return await _Typing(ui, title, label, hidden).run(ui, least, most, timeout_ms)


class _Typing:
    def __init__(self, ui, title, label, hidden):
        self._entry = entry = Entry(ui, title, label, say("text_hint"), align="<")
        entry.fonts = entry.fonts[1:]
        self._mode = 0
        self._page = -1  # of the signs, while they are chosen from
        self._hidden = hidden
        self._last = ""  # the key whose letters are being gone through
        self._at = 0
        self._text = ""
        self._sign = ui.canvas.text(160, 80, 64, _MODES[0], "bold16", "accent", ">", "bar")
        ui.canvas.show()

    async def run(self, ui, least, most, timeout_ms):
        """See ``ask``."""
        entry = self._entry
        while True:
            key = await ui.key(_AGAIN_MS if self._last else timeout_ms)
            entry.complain()
            if key is None and self._last:
                self._last = ""
            elif key in (None, "C"):
                return None
            elif key == "E":
                if len(self._text) >= least:
                    return self._text
                self._last = ""
                entry.complain(say("text_short").format(least))
            else:
                self._take(key, most)
            self._show(ui)

    def _take(self, key, most):
        last, self._last = self._last, ""
        if key == "B":
            self._text = self._text[:-1]
        elif key == "M":
            self._hidden = not self._hidden
        elif key == "#":
            self._turn(-1)
            self._mode = (self._mode + 1) % len(_MODES)
        elif key == "*":
            page = self._page + 1
            self._turn(page if page * _PAGE < len(_SIGNS) else -1)
        elif self._page >= 0:
            at = self._page * _PAGE + (int(key) - 1) % _PAGE
            self._turn(-1)
            self._add(_SIGNS[at : at + 1], most)
        elif self._mode == _DIGITS:
            self._add(key, most)
        else:
            letters = _LETTERS.split("|")[int(key)]
            if key == last:
                self._at = (self._at + 1) % len(letters)
                self._text = self._text[:-1]
            else:
                self._at = 0
            letter = letters[self._at]
            if self._add(letter.upper() if self._mode else letter, most):
                self._last = key

    def _add(self, letter, most) -> bool:
        if len(self._text) < most:
            self._text += letter
            return True
        return False

    def _turn(self, page):
        """Show the signs that may be chosen, or the hint again (-1)."""
        if page == self._page:
            return
        self._page = page
        hint = say("text_hint")
        if page >= 0:
            hint = ""
            for i in range(_PAGE):
                at = page * _PAGE + i
                if at < len(_SIGNS):
                    hint += "%d %s%s" % (
                        (i + 1) % _PAGE,
                        _SIGNS[at],
                        "\n" if i == 4 else "    ",
                    )
            hint = hint.rstrip() + "\n" + say("text_signs")
        self._entry.advise(hint)

    def _show(self, ui):
        text = self._text
        if self._hidden and text:
            text = "*" * (len(text) - 1) + (text[-1] if self._last else "*")
        measure = ui.canvas.fonts["sans16"].measure
        end = text
        while measure(end) > 200:  # its end is what matters while it is typed
            text = text[1:]
            end = "…" + text
        self._entry.put(end)
        ui.canvas.change(self._sign, _MODES[self._mode], "accent", ">")
