"""Lines of text, for the screen and for paper: where they may end."""

from micropython import const

from pos.protocol.gbk import points

_SIGNS_END = const(0x3100)  # hanzi and their kin are between these, signs outside
_SIGNS_AGAIN = const(0xFF00)
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
