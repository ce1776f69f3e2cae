"""BER-TLV as EMV uses it (Book 3, Annex B): read in place, nothing copied.

A tag is an int of its bytes in order (0x9F26), at most 3 bytes long. Lengths are one byte, or
81 / 82 and one or two bytes. 00 between objects is padding, and so is a run of two or more FF,
or FF before 00 or at the end (ISO 7816-4); a single FF starts a tag such as FF8105.
"""

from micropython import const

from pos.protocol.errors import BadBytes

# Templates deeper than this are not EMV; the limit keeps hostile cards from the stack.
_DEPTH = const(6)


def _name(tag: int) -> str:
    return "{:02X}".format(tag)


def constructed(tag: int) -> bool:
    """Whether the value of ``tag`` is itself a row of data objects (bit 6 of its first byte)."""
    while tag > 0xFF:
        tag >>= 8
    return tag & 0x20 != 0


def tag_at(buf, i: int, end: int) -> int:
    """The tag at ``i``; raises BadBytes when it is cut off before ``end`` or too long."""
    first = i
    tag = buf[i]
    if tag & 0x1F == 0x1F:
        while True:
            i += 1
            if i >= end:
                raise BadBytes("tag", first, "cut off")
            if i - first > 2:
                raise BadBytes("tag", first, "over 3 bytes")
            tag = tag << 8 | buf[i]
            if not tag & 0x80:
                break
    return tag


def _length(buf, i: int, end: int, tag: int) -> int:
    """The length at ``i``; BadBytes when the value behind it does not fit before end."""
    if i >= end:
        raise BadBytes(_name(tag), i, "no length")
    n = buf[i]
    after = i + 1
    if n > 0x7F:
        more = n & 0x7F
        if not 1 <= more <= 2:
            raise BadBytes(_name(tag), i, "length form {:02X}".format(n))
        after += more
        if after > end:
            raise BadBytes(_name(tag), i, "length cut off")
        n = buf[i + 1] if more == 1 else buf[i + 1] << 8 | buf[i + 2]
    if n > end - after:
        raise BadBytes(_name(tag), i, "length {} over {}".format(n, end - after))
    return n


def _skip(buf, i: int, end: int) -> int:
    """The offset after the padding that starts at ``i``; ``i`` itself when there is none."""
    while i < end:
        j = i
        while j < end and buf[j] == 0xFF:
            j += 1
        if j == end or buf[j] == 0:
            i = j if j == end else j + 1
        elif j - i > 1:
            i = j
        else:
            break
    return i


def walk(buf, start: int = 0, end: int | None = None, deep: bool = False):
    """Yield (tag, offset of the value, length) of each object of one level of ``buf``.

    With ``deep`` templates are opened, and not told themselves. Raises BadBytes, which names the
    tag and the offset of the fault, when it comes to it.
    """
    # This is where a card's time goes: usual tags and lengths are read without a call
    last = len(buf) if end is None else end
    outer = None  # where the templates end that are open
    i = start
    while True:
        while i < last:
            first = buf[i]
            if first == 0 or first == 0xFF:
                i = _skip(buf, i, last)
                if i == last:
                    break
                first = buf[i]
            tag = first
            if first & 0x1F == 0x1F:
                tag = tag_at(buf, i, last)
                i += 1 if tag < 0x10000 else 2
            i += 1
            n = buf[i] if i < last else 0xFF
            if n > 0x7F or n >= last - i:
                n = _length(buf, i, last, tag)
                i += 0 if buf[i] < 0x80 else buf[i] & 3
            i += 1
            if deep and first & 0x20:
                if outer is None:
                    outer = []
                if len(outer) >= _DEPTH:
                    raise BadBytes("template", i, "nested too deep")
                outer.append(last)
                last = i + n
            else:
                yield tag, i, n
                i += n
        if not outer:
            return
        last = outer.pop()


def leaves(buf, start: int = 0, end: int | None = None):
    """Yield (tag, offset, length) of all primitive objects of ``buf``, templates opened."""
    return walk(buf, start, end, True)


def each_leaf(buf, take) -> None:
    """Call ``take(tag, offset, length)`` for all primitive objects of ``buf``, templates opened.

    As `leaves`, without a generator and its tuples, for where a card waits. Raises BadBytes.
    """
    last = len(buf)
    outer = None
    i = 0
    while True:
        while i < last:
            first = buf[i]
            if first == 0 or first == 0xFF:
                i = _skip(buf, i, last)
                if i == last:
                    break
                first = buf[i]
            tag = first
            if first & 0x1F == 0x1F:
                tag = tag_at(buf, i, last)
                i += 1 if tag < 0x10000 else 2
            i += 1
            n = buf[i] if i < last else 0xFF
            if n > 0x7F or n >= last - i:
                n = _length(buf, i, last, tag)
                i += 0 if buf[i] < 0x80 else buf[i] & 3
            i += 1
            if first & 0x20:
                if outer is None:
                    outer = []
                if len(outer) >= _DEPTH:
                    raise BadBytes("template", i, "nested too deep")
                outer.append(last)
                last = i + n
                continue
            take(tag, i, n)
            i += n
        if not outer:
            return
        last = outer.pop()


def find(buf, tag: int, start: int = 0, end: int | None = None, depth: int = 0):
    """The value of the first object ``tag`` as a memoryview, searched in templates too, or None.

    Raises BadBytes for a fault that lies before the object. Allocates nothing but the view.
    """
    if depth > _DEPTH:
        raise BadBytes("template", start, "nested too deep")
    last = len(buf) if end is None else end
    i = start
    while i < last:
        first = buf[i]
        if first == 0 or first == 0xFF:
            i = _skip(buf, i, last)
            if i == last:
                break
            first = buf[i]
        t = first
        if first & 0x1F == 0x1F:
            t = tag_at(buf, i, last)
            i += 1 if t < 0x10000 else 2
        i += 1
        n = buf[i] if i < last else 0xFF
        if n > 0x7F or n >= last - i:
            n = _length(buf, i, last, t)
            i += 0 if buf[i] < 0x80 else buf[i] & 3
        i += 1
        if t == tag:
            return memoryview(buf)[i : i + n]
        if first & 0x20:
            value = find(buf, tag, i, i + n, depth + 1)
            if value is not None:
                return value
        i += n
    return None


def _bytes_of(tag: int) -> bytes:
    if tag > 0xFFFF:
        return bytes((tag >> 16, tag >> 8 & 0xFF, tag & 0xFF))
    return bytes((tag >> 8, tag & 0xFF)) if tag > 0xFF else bytes((tag,))


def build(tag: int, value) -> bytes:
    """One object; a template is built from the joined objects of its value (at most 65,535)."""
    n = len(value)
    if n > 0xFFFF:
        raise BadBytes(_name(tag), 0, "value of {} bytes".format(n))
    if n > 0xFF:
        size = bytes((0x82, n >> 8, n & 0xFF))
    else:
        size = bytes((0x81, n)) if n > 0x7F else bytes((n,))
    return _bytes_of(tag) + size + value


def dol(buf):
    """Yield (tag, length) of each entry of a data object list (EMV Book 3, 5.4)."""
    i = 0
    end = len(buf)
    while i < end:
        tag = tag_at(buf, i, end)
        i += 1 if tag < 0x100 else 2 if tag < 0x10000 else 3
        if i >= end:
            raise BadBytes(_name(tag), i, "no length")
        yield tag, buf[i]
        i += 1
