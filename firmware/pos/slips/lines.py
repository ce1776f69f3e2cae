"""What all slips are made of: lines wrapped, in rows, centred; amounts and moments as text."""

from pos.protocol import escpos

BACK = ("void", "refund", "completion_void", "instalment_void")  # kinds whose money goes back
END = b"\n" * 4  # past the tear bar


def money(fen: int) -> str:
    """An amount in fen as "1280.00", negative with the sign before the number."""
    sign = "-" if fen < 0 else ""
    return "%s%d.%02d" % (sign, abs(fen) // 100, abs(fen) % 100)


def moment(when: str) -> str:
    """YYYYMMDDhhmmss as "YYYY/MM/DD hh:mm:ss"."""
    date = "/".join((when[:4], when[4:6], when[6:8]))
    return date + " " + ":".join((when[8:10], when[10:12], when[12:14]))


def _wrapped(line, width=escpos.COLUMNS):
    """Pieces of ``line`` that fit ``width`` columns, cut at spaces where there are any."""
    while len(line) > width:
        cut = line.rfind(" ", 0, width + 1)
        if cut <= 0:
            cut = width
        yield line[:cut]
        line = line[cut:].lstrip(" ")
    yield line


def paragraph(words: str):
    """Yield the lines of ``words``, wrapped at spaces."""
    for line in words.split("\n"):
        for piece in _wrapped(line):
            yield escpos.text(piece) + b"\n"


def row(label: str, value: str):
    """Yield ``LABEL: value``; a value that does not fit beside its label goes below it."""
    line = label + ": " + value
    if len(line) <= escpos.COLUMNS:
        yield escpos.text(line) + b"\n"
    else:
        yield escpos.text(label) + b":\n"
        yield from paragraph(value)


def rows(words: dict, txn: dict, names):
    """Yield the row of each of ``names`` that ``txn`` has a value for."""
    for name in names:
        value = txn.get(name)
        if value:
            yield from row(words[name], value)


def centred(words: str, wide: int = 1, high: int = 1):
    """Yield the lines of ``words`` in the middle, ``wide`` and ``high`` times as large."""
    yield escpos.align(escpos.CENTRE) + escpos.size(wide, high)
    for line in words.split("\n"):
        for piece in _wrapped(line, escpos.COLUMNS // wide):
            yield escpos.text(piece) + b"\n"
    yield escpos.size(1, 1) + escpos.align(escpos.LEFT)
