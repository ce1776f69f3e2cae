"""What the terminal says on screen and paper: words by short names, in the language that is used.

A language is a module with a ``TABLE``: the bytes of one text, a line per entry. It stays in
flash, and only what is said is copied. Bytes: places in a text have to be counted.
"""

from pos.words import en

CURRENCY = "¥"

_table = en.TABLE


def use(table: bytes) -> None:
    """Speak the language of ``table`` from the next word on."""
    global _table
    _table = table


def say(name: str) -> str:
    """The words of that name; the name itself where the table lacks it."""
    key = ("\n" + name + "=").encode()
    at = _table.find(key)
    if at < 0:
        return name
    at += len(key)
    return _table[at : _table.find(b"\n", at)].decode()


def beside(first: str, second: str) -> str:
    """A text and the one that follows it; a Chinese sign has its space within."""
    return first + ("" if first[-1] in "。：" else " ") + second


def money(fen: int) -> str:
    """128000 -> ``1,280.00``."""
    sign = "-" if fen < 0 else ""
    fen = abs(fen)
    return "{}{:,}.{:02d}".format(sign, fen // 100, fen % 100)
