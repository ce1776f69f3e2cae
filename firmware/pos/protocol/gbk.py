"""Where Chinese characters are in GB 2312, and so in the fonts.

The table is a file of the image (``host_tools/build/han.py`` has its format), given by `use` once
and read in place. What it lacks, and all without a table, is drawn as a box; nothing raises.
`gb18030` makes bytes of text.
"""

from micropython import const

_FIRST = const(0x4E00)
_HANZI = const(20902)  # code points from _FIRST that have a place of their own
SIGNS = const(8 + 2 * 20902)  # where the other code points begin
_COLUMNS = const(94)
_SIGNS_END = const(0x3100)  # hanzi and their kin are between these, signs outside
_SIGNS_AGAIN = const(0xFF00)
BOX = const(0xA1F5)  # the code of what is drawn for all that GB 2312 lacks

table = b""


def use(content) -> None:
    """Look characters up in the content of ``gb2312.tab`` from now on."""
    global table
    table = content


def points(text):
    """The code points of ``text``, a str or its UTF-8; FFFD for each byte that is none.

    Walking over the text itself would make MicroPython keep each character for ever.
    """
    data = text.encode() if isinstance(text, str) else text
    i = 0
    end = len(data)
    while i < end:
        point = data[i]
        i += 1
        if point >= 0x80:
            more = 3 if point >= 0xF0 else 2 if point >= 0xE0 else 1
            if 0xC0 <= point < 0xF8 and i + more <= end:
                point &= 0x3F >> more
                while more and data[i] & 0xC0 == 0x80:
                    point = point << 6 | data[i] & 0x3F
                    i += 1
                    more -= 1
                if more:
                    point = 0xFFFD
            else:
                point = 0xFFFD
        yield point


def code(point: int) -> int:
    """The code of a code point in GB 2312, row and column a byte each; 0 where it has none."""
    at = point - _FIRST
    if 0 <= at < _HANZI:
        at = 8 + 2 * at
        return table[at] << 8 | table[at + 1] if table else 0
    low, high = 0, table[4] | table[5] << 8 if table else 0
    while low < high:
        middle = (low + high) >> 1
        at = SIGNS + 4 * middle
        found = table[at] | table[at + 1] << 8
        if found == point:
            return table[at + 2] << 8 | table[at + 3]
        if found < point:
            low = middle + 1
        else:
            high = middle
    return 0


def cell(code: int) -> int:
    """Which cell of a font a code has (that of the box for 0): rows 10 to 15 have none."""
    if not code:
        code = BOX
    row = (code >> 8) - 0xA1
    if row >= 15:
        row -= 6
    return row * _COLUMNS + (code & 0xFF) - 0xA1


# --- lines of text, for the screen and for paper ---

# No line begins with one of the first, none ends with one of the second
_CLOSERS = "。，、）！？：；”’》】…」』—％.,!?:;)%"
_OPENERS = "（“‘《【「『(¥￥"


def wrap(text: str, width: int, advance) -> list:
    """``text`` as lines of at most ``width``; ``advance(code)`` is what a code point takes of it.

    A line ends at a space, or beside a Chinese character if no closing sign follows and no opening
    one goes before; else inside a word. Spaces at the end of a line are dropped.
    """
    lines = []
    begin = end = at = 0  # characters: of the line, of the last place to break it, up to here
    used = free = 0  # of the width: by the line, by what lies before that place
    before = 0
    for code in points(text):
        if code == 0x0A:
            lines.append(text[begin:at].rstrip(" "))
            begin = end = at + 1
            used = free = 0
        else:
            if at > begin and _parts(before, code):
                end, free = at, used
            wide = advance(code)
            while code != 0x20 and used + wide > width and at > begin:
                if end <= begin:
                    end, free = at, used
                lines.append(text[begin:end].rstrip(" "))
                begin = end
                used -= free
                free = 0
            used += wide
        before = code
        at += 1
    lines.append(text[begin:].rstrip(" "))
    return lines


def _parts(before: int, code: int) -> bool:
    """Whether a line may end between two characters."""
    if before == 0x20 or code == 0x20:
        return code != 0x20
    if before < 0x2010 and code < 0x2010:
        return False
    return not (_one_of(_CLOSERS, code) or _one_of(_OPENERS, before))


def _one_of(signs: str, code: int) -> bool:
    if not _SIGNS_END < code < _SIGNS_AGAIN:
        for sign in points(signs):
            if sign == code:
                return True
    return False
