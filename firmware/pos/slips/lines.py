"""What all slips are made of: lines wrapped, in rows, centred; amounts and moments as text.

Paper has columns: a Chinese character takes two of them. The words of slips are those of
`pos.words` whose names begin with ``slip_``; "|" is where a centred one goes on in a new line.
"""

from pos.protocol import escpos
from pos.protocol.gb18030 import columns
from pos.protocol.gbk import wrap
from pos.words import say

BACK = ("void", "refund", "completion_void", "instalment_void")  # kinds whose money goes back
END = b"\n" * 4  # past the tear bar


def word(name: str) -> str:
    """The words of a slip by their name without ``slip_``."""
    return say("slip_" + name)


def money(fen: int) -> str:
    """An amount in fen as "1280.00", negative with the sign before the number."""
    sign = "-" if fen < 0 else ""
    return "%s%d.%02d" % (sign, abs(fen) // 100, abs(fen) % 100)


def moment(when: str) -> str:
    """YYYYMMDDhhmmss as "YYYY/MM/DD hh:mm:ss"."""
    date = "/".join((when[:4], when[4:6], when[6:8]))
    return date + " " + ":".join((when[8:10], when[10:12], when[12:14]))


def masked(pan: str) -> str:
    """``pan`` in groups of four, with at most the first 6 and the last 4 digits in clear."""
    n = len(pan)
    clear = [c if n > 10 and (i < 6 or i >= n - 4) else "*" for i, c in enumerate(pan)]
    return " ".join("".join(clear[i : i + 4]) for i in range(0, n, 4))


def _wrapped(words, width=escpos.COLUMNS):
    return wrap(words, width, _column)


def _column(code):
    return 1 if code < 0x80 else 2


def pad(words: str, width: int, left: bool = False) -> str:
    """``words`` in ``width`` columns: cut, or filled with spaces (``left``: before them)."""
    if columns(words) > width:
        words = _wrapped(words, width)[0]
    spaces = " " * (width - columns(words))
    return spaces + words if left else words + spaces


def paragraph(words: str):
    """Yield the lines of ``words``, wrapped at spaces and between Chinese characters."""
    for piece in _wrapped(words):
        yield escpos.text(piece) + b"\n"


def row(label: str, value: str):
    """Yield ``LABEL: value``; a value that does not fit beside its label goes below it."""
    line = label + ": " + value
    if columns(line) <= escpos.COLUMNS:
        yield escpos.text(line) + b"\n"
    else:
        yield escpos.text(label + ":") + b"\n"
        yield from paragraph(value)


def rows(txn: dict, names):
    """Yield the row of each of ``names`` that ``txn`` has a value for."""
    for name in names:
        value = txn.get(name)
        if value:
            yield from row(word(name), value)


def centred(words: str, wide: int = 1, high: int = 1):
    """Yield the lines of ``words`` in the middle, ``wide`` and ``high`` times as large."""
    yield escpos.align(escpos.CENTRE) + escpos.size(wide, high)
    for piece in _wrapped(words.replace("|", "\n"), escpos.COLUMNS // wide):
        yield escpos.text(piece) + b"\n"
    yield escpos.size(1, 1) + escpos.align(escpos.LEFT)


def tested(test: bool = True):
    """Yield what a slip that is no voucher says at its top and at its end."""
    if test:
        yield from centred(word("test"), 2, 1)


def rule() -> bytes:
    """A line across the paper."""
    return b"-" * escpos.COLUMNS + b"\n"
