"""Numbers that the cashier types off a slip or a card, each looked at before it is taken."""

from micropython import const

from pos.ui.entry import Entry
from pos.words import say

# Name, fewest and most digits, how it is grouped on the screen; the words are NAME, NAME_hint and
# NAME_bad. What is grouped by 3 may have letters.
FIELDS = """
trace 1 6 6
hold 0 6 6
rrn 12 12 3
auth 6 6 3
date 4 4 2
day 4 4 2
expiry 4 4 2
pan 13 19 4
"""

_LETTERS = "2ABC2 3DEF3 4GHI4 5JKL5 6MNO6 7PQRS7 8TUV8 9WXYZ9"  # each key and back to its digit
_SHORT = b"\x00\x00\x1d\x00\x1e\x00\x1e\x00\x00\x1e\x00\x1e\x00"  # days of months below 31
_GROUPS_OF_LETTERS = const(3)


async def ask(ui, what: str, kind: str, timeout_ms: int = 0):
    """The digits of a field (``what``) of a transaction of ``kind``, or None.

    Dates are MMDD; an expiry is typed as it is on the card and returned as YYMM. With ``*`` the
    last digit of what may have letters becomes the next letter of its key.
    """
    at = FIELDS.find("\n%s " % what) + len(what) + 2
    least, most, group = [int(n) for n in FIELDS[at : FIELDS.find("\n", at)].split()]
    letters = group == _GROUPS_OF_LETTERS
    entry = Entry(ui, say(kind), say(what), say(what + "_hint"))
    entry.fonts = entry.fonts[1:]
    entry.show()
    text = ""
    while True:
        key = await ui.key(timeout_ms)
        entry.complain()
        if key in (None, "C"):
            return None
        if key == "E":
            if least <= len(text) and _good(what, text):
                return text[2:] + text[:2] if what == "expiry" else text
            entry.complain(say(what + "_bad"))
        elif key == "B":
            text = text[:-1]
        elif key == "*" and letters:
            at = _LETTERS.find(text[-1:]) if text else -1
            if at >= 0:
                text = text[:-1] + _LETTERS[at + 1]
        elif key.isdigit() and len(text) < most:
            text += key
        entry.put(_grouped(text, group, "/" if group == 2 else " "))


def _grouped(text, group, between) -> str:
    return between.join([text[i : i + group] for i in range(0, len(text), group)])


def _good(what, text) -> bool:
    if what == "trace":
        return int(text) > 0
    if what in ("date", "day", "expiry"):
        month = int(text[:2])
        if not 1 <= month <= 12:
            return False
        return what == "expiry" or 1 <= int(text[2:]) <= (_SHORT[month] or 31)
    return what != "pan" or luhn(text)


def luhn(pan: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, Annex B)."""
    total = 0
    for i in range(len(pan)):
        digit = int(pan[len(pan) - 1 - i]) << (i & 1)
        total += digit - 9 if digit > 9 else digit
    return total % 10 == 0
