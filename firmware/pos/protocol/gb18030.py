"""Text as bytes of GB18030, and back: ASCII as it is, GB 2312 two bytes a character as in GBK.

`gbk` has the table. What GB 2312 lacks becomes a box; nothing raises.
"""

from micropython import const

from pos.protocol import gbk

_BOX_POINT = const(0x25A1)


def encode(text) -> bytearray:
    """``text`` in GB18030; a box for what is not in GB 2312, "?" for control characters."""
    out = bytearray()
    for point in gbk.points(text):
        if point < 0x80:
            out.append(point if 0x20 <= point < 0x7F else 0x3F)
        else:
            point = gbk.code(point) or gbk.BOX
            out.append(point >> 8)
            out.append(point & 0xFF)
    return out


def decode(data) -> str:
    """GBK or GB18030 as text; a box for what is not in GB 2312, also for half a character."""
    out = bytearray()
    i = 0
    while i < len(data):
        point = data[i]
        i += 1
        if point >= 0x80:
            second = data[i] if i < len(data) else 0
            i += 1
            if 0x30 <= second < 0x3A:  # four bytes, of GB18030
                i += 2
            point = _point(point, second)
            if point < 0x800:
                out.append(0xC0 | point >> 6)
            else:
                out.append(0xE0 | point >> 12)
                out.append(0x80 | point >> 6 & 0x3F)
            point = 0x80 | point & 0x3F
        out.append(point)
    return str(out, "utf-8")


def _point(first: int, second: int) -> int:
    """The code point of two bytes, none of ASCII."""
    table = gbk.table
    if table and second > 0xA0 and second < 0xFF:
        row = first - 0xA1
        if 0 <= row < 9 or 15 <= row < 87:
            at = gbk.SIGNS + 4 * (table[4] | table[5] << 8) + 2 * gbk.cell(first << 8 | second)
            return table[at] | table[at + 1] << 8 or _BOX_POINT
    return _BOX_POINT


def columns(text) -> int:
    """How many columns of paper ``text`` takes: one for ASCII, two for all else."""
    count = 0
    for point in gbk.points(text):
        count += 1 if point < 0x80 else 2
    return count
