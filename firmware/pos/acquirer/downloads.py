"""Downloads: what F62 carries, both ways; pure, no I/O. Reference, sections 4 and 12.

"Part" is the first character of an answer: 0 nothing, 1 or 3 this is the last, 2 more to come.
Whatever is no such layout raises BadBytes.
"""

from micropython import const

from pos.protocol import gb18030, tlv
from pos.protocol.errors import BadBytes

_AID = const(0x9F06)
_INDEX = const(0x9F22)
_VERSION = const(0x9F09)
_APP_VERSION = const(0x9F08)
# What our own records have and those of other hosts have not: kernel, version, TTQ, options; the
# objects of kernel 2 (DF81xx) besides
_OURS = (0x9F2A, _VERSION, 0x9F66, 0xDF8F02)
# A line a tag of the parameter download: its size in characters, then the parameter. Sizes of 22
# to 27 are [M]. A name in capitals: a text. "-": not used here.
_PARAMETERS = """
11 2 answer_s
12 2 connect_s
13 1 redials
14 14 -
15 14 -
16 14 -
17 14 SUPPORT
18 1 tips
19 2 tip_max
20 1 manual
21 1 auto_off
22 40 MERCHANT_NAME
23 1 reversal_tries
24 1 offline
25 1 -
26 8 -
27 2 offline_max
"""
_LIMITS = (
    (0xFF8054, "no_pin_on"),
    (0xFF8057, "cdcvm_on"),
    (0xFF8058, "no_pin_max"),
    (0xFF8059, "no_sign_max"),
    (0xFF805A, "no_sign_on"),
)
# What the status says of printer, card reader, PIN pad, network, memory: 1 works [M]
_PARTS = b"011021031041051"


def query(have: int) -> bytes:
    """F62 that asks for what comes after the ``have`` entries that are here."""
    if have > 99:
        raise BadBytes("F62", 1, "too many entries")
    return b"1%02d" % have


def part(f62) -> tuple:
    """(whether there is more to come, what follows the part as a memoryview, empty: nothing)."""
    if not f62 or f62[0] not in b"0123":
        raise BadBytes("F62", 0, "no part")
    if f62[0] == 0x30:
        return False, memoryview(b"")
    return f62[0] == 0x32, memoryview(f62)[1:]


def names(data, keys: bool) -> list:
    """F62 of the requests for what a list names: 9F06, and 9F22 with it for ``keys``."""
    found = []
    owner = None
    for tag, i, n in tlv.walk(data):
        value = data[i : i + n]
        if tag == _AID:
            owner = tlv.build(_AID, value)
            if not keys:
                found.append(owner)
        elif tag == _INDEX and keys:
            if owner is None:
                raise BadBytes("9F22", i, "before its 9F06")
            found.append(owner + tlv.build(_INDEX, value))
    return found


def same_name(record, wanted) -> bool:
    """Whether a record is the one that the request ``wanted`` named."""
    for tag, i, n in tlv.walk(wanted):
        value = tlv.find(record, tag)
        if value is None or value != wanted[i : i + n]:
            return False
    return True


def application(record, known) -> bytes:
    """The template E1 of an AID record, with what it lacks of our own objects.

    They come from ``known``, a row of such templates: from the one whose AID has most in common
    with it, the registered provider (5 bytes) at least.
    """
    name = tlv.find(record, _AID)
    if name is None:
        raise BadBytes("9F06", 0, "missing")
    parts = [bytes(record)]
    version = tlv.find(record, _APP_VERSION)
    if version is not None and tlv.find(record, _VERSION) is None:
        parts.append(tlv.build(_VERSION, version))
    like = _like(name, known)
    for tag, i, n in tlv.walk(like):
        if tag in _OURS or 0xDF8100 <= tag < 0xDF8F00:
            if tlv.find(record, tag) is None and not (tag == _VERSION and version is not None):
                parts.append(tlv.build(tag, like[i : i + n]))
    return tlv.build(0xE1, b"".join(parts))


def _like(name, known):
    """The record of ``known`` whose AID is most like ``name``."""
    best, most = b"", 4
    for _, i, n in tlv.walk(known):
        record = memoryview(known)[i : i + n]
        other = tlv.find(record, _AID) or b""
        same = 0
        while same < min(len(name), len(other)) and name[same] == other[same]:
            same += 1
        if same > most:
            best, most = record, same
    return best


def blocked(f62) -> tuple:
    """(whether there is more to come, the list of leading digits of PANs)."""
    more, rest = part(f62)
    text = bytes(rest)
    if not text:
        return False, []
    found = []
    at = 2
    if not text.isdigit():
        raise BadBytes("F62", 1, "not digits")
    for _ in range(int(text[:2])):
        n = int(text[at : at + 2] or b"0")
        digits = text[at + 2 : at + 2 + n]
        if not n or len(digits) != n:
            raise BadBytes("F62", at, "cut off")
        found.append(digits.decode())
        at += 2 + n
    if at != len(text):
        raise BadBytes("F62", at, "bytes left over")
    return more, found


def limits(f62) -> dict:
    """The parameters of a contactless download: switches, and limits in fen."""
    values = {}
    _, data = part(f62)
    for tag, i, n in tlv.walk(data):
        for known, name in _LIMITS:
            if tag == known:
                values[name] = _number(bytes(data[i : i + n]), name)
    return values


def parameters(f62) -> tuple:
    """(values by the names of `params.TABLE`, names of those that are no value).

    A text is GBK; what is not in GB 2312 becomes a box. It is left out when it is empty or has
    control characters.
    """
    values, wrong = {}, []
    at = 0
    while at < len(f62):
        tag = bytes(f62[at : at + 2])
        row = _PARAMETERS.find("\n" + (tag.decode() if tag.isdigit() else "?") + " ")
        if row < 0:
            raise BadBytes("F62", at, "unknown tag")
        _, size, name = _PARAMETERS[row + 1 : _PARAMETERS.find("\n", row + 1)].split()
        value = bytes(f62[at + 2 : at + 2 + int(size)])
        if len(value) != int(size):
            raise BadBytes("F62", at, "cut off")
        at += 2 + int(size)
        if name == "-":
            continue
        try:
            if name < "a":
                name = name.lower()
                _text(values, wrong, name, value)
            else:
                values[name] = _number(value, name)
        except BadBytes:
            wrong.append(name)
    return values, wrong


def _text(values, wrong, name, value):
    value = value.rstrip()
    if any(c < 0x20 or c == 0x7F for c in value):
        wrong.append(name)
    elif value:
        values[name] = gb18030.decode(value)


def _number(value, name) -> int:
    if not value.isdigit():
        raise BadBytes(name, 0, "not digits")
    return int(value)


def status(params, hours: int) -> bytes:
    """F62 of the status upload: parts that work, the parameters in use, 51: hours since the start,
    dials and success rate, which a network line has not [M]."""
    parts = [_PARTS]
    for row in _PARAMETERS.split("\n"):
        if row and row[-1] != "-":
            tag, size, name = row.split()
            if name < "a":
                text = params[name.lower()]
                value = gb18030.encode(text)
                while len(value) > int(size):  # a character less, not a byte
                    text = text[:-1]
                    value = gb18030.encode(text)
                value = bytes(value) + b" " * (int(size) - len(value))
            else:
                value = b"%0*d" % (int(size), min(params[name], 10 ** int(size) - 1))
            parts.append(tag.encode() + value)
    parts.append(b"51%04d00000100" % min(hours, 9999))
    return b"".join(parts)
