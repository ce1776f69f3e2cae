"""A frame field by field; what breaks it comes after all that could be read before."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from host_tools.decode8583 import kinds, mac_steps, parts
from host_tools.decode8583.firmware import BadBytes, bcd, iso8583, unionpay, words
from host_tools.decode8583.parts import Around, Part
from host_tools.emv import decode as emv

_HEAD = 10  # MTI and bitmap
_FRAME = 13  # length, TPDU, header
_DIGITS = b"nlz"
NAMES = {
    2: "PAN",
    3: "processing code",
    4: "amount",
    11: "trace",
    12: "time hhmmss",
    13: "date MMDD",
    14: "expiry YYMM",
    15: "settlement date MMDD",
    22: "entry mode",
    23: "card sequence number",
    25: "service point condition",
    26: "PIN capture",
    32: "acquirer id",
    35: "track 2",
    36: "track 3",
    37: "reference number",
    38: "authorisation code",
    39: "response code",
    41: "terminal id",
    42: "merchant id",
    44: "issuer and acquirer",
    48: "private",
    49: "currency",
    52: "PIN block",
    53: "security control",
    54: "balance",
    55: "IC data",
    58: "electronic purse data",
    59: "terminal, QR and SM data",
    60: "private",
    61: "original transaction",
    62: "private",
    63: "private",
    64: "MAC",
}
_ACTIONS = {
    "0": "nothing",
    "1": "download parameters",
    "2": "upload status",
    "3": "sign in again",
    "4": "update CA keys",
    "5": "update AIDs",
    "6": "download application",
    "7": "download the black list",
    "8": "exchange rate",
    "9": "download contactless parameters",
}
_CARD_TAGS = {0x56, 0x57, 0x5A, 0x9F6B}
_TRACKS, _SECRET = (35, 36), (14, 52, 58)


@dataclass
class Field:
    """One field: offset from the MTI, bytes with its length, value as it may be shown."""

    number: int
    offset: int
    raw: int
    value: str
    words: str = ""
    pieces: list[Part] = field(default_factory=list)
    nodes: list[emv.Node] = field(default_factory=list)
    remark: str = ""

    @property
    def name(self) -> str:
        """What the field is called."""
        return NAMES.get(self.number, "?")

    @property
    def format(self) -> str:
        """Such as n..19 LL."""
        return format_of(self.number)


@dataclass
class Broken:
    """Where reading ended: the field, bytes from the MTI (in a frame's head: from its start)."""

    what: str
    offset: int
    why: str

    def __str__(self) -> str:
        return f"{self.what} at byte {self.offset}: {self.why}"


@dataclass
class Reading:
    """All that a frame says. ``size`` is what its length says, None without one."""

    size: int | None = None
    tpdu: str = ""
    header: list[Part] = field(default_factory=list)
    mti: str = ""
    bitmap: str = ""
    title: str = ""
    fields: list[Field] = field(default_factory=list)
    mac: mac_steps.Steps | None = None
    broken: Broken | None = None
    values: dict[int, Any] = field(default_factory=dict, repr=False)
    has_pan: bool = False


def format_of(number: int) -> str:
    """The format of a field in the profile, such as n..19 LL, an2, b8."""
    row = unionpay.PROFILE[(number - 1) * 4 : number * 4]
    if not row or not row[0]:
        return "?"
    kind = {"l": "n", "a": "an", "s": "ans"}.get(chr(row[0]), chr(row[0]))
    most = row[2] | row[3] << 8
    left = " left" if row[0] == ord("l") else ""
    return f"{kind}..{most} {'L' * row[1]}" if row[1] else f"{kind}{most}{left}"


def read(data: bytes, mak: bytes | None = None, sm4: bool = False, clear: bool = False) -> Reading:
    """Take a frame apart, with or without its length bytes, or a message from the MTI on.

    ``mak`` shows the steps of its MAC (ValueError when it has no key's size).
    """
    found = Reading()
    message = data
    if not _is_message(data):
        message = _frame(found, data)
    if message:
        _message(found, message, clear)
    _told_mac(found, message, mak, sm4)
    return found


def _is_message(data: bytes) -> bool:
    """Whether it begins with an MTI rather than with a length or a TPDU."""
    framed = len(data) > 7 and data[2] == 0x60 and data[7] == 0x60
    return data[:1] != b"\x60" and data[:2].hex() in _MTIS and not framed


_MTIS = {
    f"0{version}{function}0" for version in (1, 2, 3, 4, 5, 6, 8) for function in (0, 1, 2, 3)
}


def _frame(found: Reading, data: bytes) -> bytes:
    """The head of a frame; returns the message behind it."""
    if data[:1] == b"\x60" and data[5:6] == b"\x60":
        data = len(data).to_bytes(2, "big") + data
    else:
        found.size = int.from_bytes(data[:2], "big")
    try:
        unionpay.unframe(data)
    except BadBytes as error:
        found.broken = Broken(error.what, error.offset, error.why)
    if len(data) < _FRAME:
        found.broken = found.broken or Broken("frame", len(data), "cut off in its head")
        return b""
    found.tpdu, digits = data[2:7].hex(), data[7:13].hex()
    action = digits[5]
    found.header = [
        Part("application class", digits[:2]),
        Part("version", digits[2:4]),
        Part("terminal state", digits[4], {"0": "normal", "1": "test"}.get(digits[4], "")),
        Part("action asked (P)", action, _ACTIONS.get(action, "")),
        Part("sub-version", digits[6:]),
    ]
    return data[_FRAME:]


def _message(found: Reading, message: bytes, clear: bool) -> None:
    if len(message) >= 2:
        found.mti = message[:2].hex()
    if len(message) >= _HEAD:
        found.bitmap = message[2:_HEAD].hex().upper()
    raws = []
    try:
        for number, at, size, value in _walk(message):
            found.values[number] = value
            raws.append((number, at, size))
    except BadBytes as error:
        found.broken = Broken(error.what, error.offset, error.why)
    values = found.values
    found.has_pan = bool({2, 35, 36} & values.keys())
    f60 = values.get(60)
    found.title = kinds.title(found.mti, values.get(3), values.get(25), f60) or "not known"
    around = Around(found.mti, f60[8:11] if f60 else "", clear)
    for number, at, size in raws:
        one = show_value(number, values[number], around)
        one.offset, one.raw = at, size
        one.remark = one.remark or _pad_nibble(number, values[number], message[at : at + size])
        found.fields.append(one)
        tags = {node.tag for top in one.nodes for node in top.walk()}
        found.has_pan |= bool(tags & _CARD_TAGS)


def _walk(message: bytes) -> Iterator[tuple[int, int, int, Any]]:
    """(number, offset, bytes, value) of each field. Raises BadBytes where it breaks."""
    if len(message) < _HEAD:
        iso8583.unpack(unionpay.PROFILE, message)
    bcd.unpack(message[:2])
    at = _HEAD
    for bit in range(64):
        mask = 1 << (63 - bit)
        if not int.from_bytes(message[2:_HEAD], "big") & mask:
            continue
        number = bit + 1
        rest = message[at:]
        # one field alone, by the firmware's reader; its errors count from this message's MTI
        alone = message[:2] + mask.to_bytes(8, "big")
        size = _size(number, rest)
        try:
            _, values = iso8583.unpack(unionpay.PROFILE, alone + rest[:size])
        except BadBytes as error:
            raise BadBytes(error.what, error.offset - _HEAD + at, error.why) from None
        yield number, at, size, values[number]
        at += size
    if at != len(message):
        raise BadBytes("message", at, f"{len(message) - at} bytes too many")


def _size(number: int, rest: bytes) -> int:
    """Bytes that a field takes with its length; all there are where that cannot be said."""
    kind, digits, low, high = unionpay.PROFILE[(number - 1) * 4 : number * 4]
    count, head = low | high << 8, (digits + 1) // 2
    if digits:
        text = rest[:head].hex()
        if len(text) < 2 * head or not text.isdigit():
            return len(rest)
        count = int(text)
    return min(len(rest), head + ((count + 1) // 2 if kind in _DIGITS else count))


def _pad_nibble(number: int, value: Any, raw: bytes) -> str:
    row = unionpay.PROFILE[(number - 1) * 4 : number * 4]
    if row[0] not in _DIGITS or not len(value) & 1:
        return ""
    right = row[0] == ord("l") or row[1]
    nibble = raw.hex().upper()[-1] if right else raw.hex().upper()[0]
    return f"pad nibble {nibble} {'right' if right else 'left'}"


def show_value(number: int, value: Any, around: Around) -> Field:
    """A field as it may be shown, with its pieces; offset and size are still 0."""
    one = Field(number, 0, 0, "")
    if number == 55 and isinstance(value, bytes):
        one.value = f"{len(value)} bytes"
        try:
            one.nodes = emv.read_tlv(value)
        except BadBytes as error:
            one.remark = f"{error.what} at byte {error.offset}: {error.why}"
            one.value = value.hex().upper() if around.clear else one.value
        return one
    one.pieces = parts.of_field(number, value, around)
    one.value = _text(number, value, around, bool(one.pieces))
    one.words = _words(number, value)
    return one


def _text(number: int, value: Any, around: Around, in_pieces: bool) -> str:
    if number == 2:
        return around.pan(value)
    if number in _TRACKS and not around.clear:
        digits = value.split("=")[0]
        shown = around.pan(digits) if number == 35 and "=" in value and digits.isdigit() else ""
        return shown + "*" * (len(value) - len(shown))
    if isinstance(value, bytes) and number != 64:
        hidden = in_pieces or not around.clear
        return f"{len(value)} bytes" if hidden else value.hex().upper()
    if number == 64 and isinstance(value, bytes):
        text = value
        printable = text.isascii() and text.decode("latin-1").isprintable()
        return text.decode("latin-1") if printable else text.hex().upper()
    if number in (48, 59) and not around.clear:
        return f"{len(value)} {'digits' if number == 48 else 'characters'}"
    text = str(value)
    return around.hide(text) if number in _SECRET else text


def _words(number: int, value: Any) -> str:
    if number == 4:
        return parts.fen(value)
    if number == 39:
        return words.say("rc_" + unionpay.response(value)[1])
    return {(49, "156"): "CNY"}.get((number, value), "") if isinstance(value, str) else ""


def _told_mac(found: Reading, message: bytes, mak: bytes | None, sm4: bool) -> None:
    if mak is not None and 64 in found.values and found.broken is None:
        found.mac = mac_steps.steps(mak, message, sm4)
