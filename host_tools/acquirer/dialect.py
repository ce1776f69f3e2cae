"""Messages of the direct-POS dialect, decoded and encoded by ``pyiso8583``.

64 fields, BCD numerics, raw bitmap; field 64 is the MAC. Values of a :class:`Message`: digits and
text are ``str`` (tracks with ``=``; text as latin-1, one character per byte, because it may be
GBK), binary fields are ``bytes``. Offsets in errors count bytes from the MTI.
"""

from dataclasses import dataclass, field
from typing import Any

import iso8583
from pyemv import tlv

# field: (kind, bytes of the BCD length or 0 when fixed, maximum in digits or bytes)
FIELDS: dict[int, tuple[str, int, int]] = {
    2: ("n", 1, 19),
    3: ("n", 0, 6),
    4: ("n", 0, 12),
    11: ("n", 0, 6),
    12: ("n", 0, 6),
    13: ("n", 0, 4),
    14: ("n", 0, 4),
    15: ("n", 0, 4),
    22: ("n-left", 0, 3),
    23: ("n", 0, 3),
    25: ("n", 0, 2),
    26: ("n", 0, 2),
    32: ("n", 1, 11),
    35: ("z", 1, 37),
    36: ("z", 2, 104),
    37: ("an", 0, 12),
    38: ("an", 0, 6),
    39: ("an", 0, 2),
    41: ("an", 0, 8),
    42: ("an", 0, 15),
    44: ("text", 1, 25),
    48: ("n", 2, 322),
    49: ("an", 0, 3),
    52: ("b", 0, 8),
    53: ("n", 0, 16),
    54: ("an", 2, 20),
    55: ("b", 2, 255),
    58: ("b", 2, 100),
    59: ("text", 2, 600),
    60: ("n", 2, 30),
    61: ("n", 2, 29),
    62: ("b", 2, 512),
    63: ("text", 2, 163),
    64: ("b", 0, 8),
}
MAC_SIZE = 8
_FIRST_FIELD = 10


def _field_spec(kind: str, length_bytes: int, most: int) -> dict[str, Any]:
    spec: dict[str, Any] = {"len_enc": "bcd", "len_type": length_bytes, "max_len": most}
    if kind in ("n", "n-left", "z"):
        # Fixed numerics are right aligned (leading zero) except F22, variable ones left aligned.
        side = "left_pad" if kind == "n" and not length_bytes else "right_pad"
        return spec | {"data_enc": "b", "len_count": "nibbles", side: "0"}
    return spec | {"data_enc": "b" if kind == "b" else "latin-1"}


SPEC: dict[str, dict[str, Any]] = {
    "h": _field_spec("an", 0, 0),
    "t": _field_spec("b", 0, 2),
    "p": _field_spec("b", 0, 8),
    **{str(number): _field_spec(*row) for number, row in FIELDS.items()},
}


class FormatError(ValueError):
    """Bytes that are no message: ``field`` ("t", "p" or a number), ``offset``, ``why``.

    ``partial`` is what had been read before. No field data is in the text.
    """

    def __init__(
        self, where: str, offset: int, why: str, partial: "Message | None" = None
    ) -> None:
        super().__init__(f"F{where} at {offset}: {why}")
        self.field = where
        self.offset = offset
        self.why = why
        self.partial = partial or Message("")


@dataclass(frozen=True)
class Field60:
    """Field 60 cut up: 60.1 message type, 60.2 batch, 60.3 network code, and what follows."""

    kind: str
    batch: str
    code: str
    rest: str = ""

    def digits(self) -> str:
        """The field as it is sent."""
        return self.kind + self.batch + self.code + self.rest


@dataclass
class Message:
    """One message: MTI and fields by number."""

    mti: str
    fields: dict[int, Any] = field(default_factory=dict, repr=False)

    def __contains__(self, number: int) -> bool:
        return number in self.fields

    def need(self, number: int) -> Any:
        """The value of a mandatory field. Raises FormatError when it is absent."""
        if number not in self.fields:
            raise FormatError(str(number), 0, "mandatory field is absent", self)
        return self.fields[number]

    def field60(self) -> Field60:
        """Field 60 cut up. Raises FormatError when absent or shorter than 11 digits."""
        digits = self.need(60)
        if len(digits) < 11:
            raise FormatError("60", 0, f"{len(digits)} digits, at least 11", self)
        return Field60(digits[:2], digits[2:8], digits[8:11], digits[11:])

    def icc(self) -> dict[str, bytes]:
        """Field 55 as tags (upper-case hex) and values. FormatError when it is no BER-TLV."""
        try:
            return tlv.decode(self.need(55), flatten=True)
        except tlv.DecodeError:
            raise FormatError("55", 0, "not BER-TLV", self) from None


def decode(raw: bytes) -> Message:
    """Read a message (from the MTI on). FormatError with field, offset and what was read."""
    _check_bitmap(raw)
    data = bytearray(raw)
    while True:
        try:
            texts, encoded = iso8583.decode(data, SPEC)
            break
        except iso8583.DecodeError as error:
            if _clear_pad_nibble(data, error):
                continue
            partial = _values(error.doc_dec, error.doc_enc, error.field)
            raise FormatError(error.field, error.pos, error.msg, partial) from None
    return _values(texts, encoded)


def _check_bitmap(raw: bytes) -> None:
    """pyiso8583 knows no "this field does not exist": look before it."""
    if len(raw) < _FIRST_FIELD:
        raise FormatError("t" if len(raw) < 2 else "p", len(raw), "message ends here")
    mti = raw[:2].hex()
    if not mti.isdigit():
        raise FormatError("t", 0, "not BCD")
    bitmap = int.from_bytes(raw[2:_FIRST_FIELD], "big")
    for number in range(1, 65):
        if bitmap >> (64 - number) & 1 and number not in FIELDS:
            raise FormatError("p", 2, f"field {number} is not in the dialect", Message(mti))


def _clear_pad_nibble(data: bytearray, error: iso8583.DecodeError) -> bool:
    """Zero the pad nibble where decoding stopped; False when it was zero and is not the reason.

    The pad nibble of an odd field may hold anything (hosts send F), pyiso8583 insists on its own.
    """
    spec = SPEC[error.field]
    got = error.doc_enc[error.field]
    if spec.get("len_count") != "nibbles":
        return False
    digits = int(got["len"].hex()) if got["len"].hex().isdigit() else spec["max_len"]
    if not digits & 1 or len(got["data"]) != (digits + 1) // 2:
        return False
    left = "left_pad" in spec
    at = error.pos if left else error.pos + len(got["data"]) - 1
    if at >= len(data):  # it stopped behind the last field
        return False
    before = data[at]
    data[at] &= 0x0F if left else 0xF0
    return data[at] != before


def _values(texts: dict[str, str], encoded: dict[str, Any], bad: str = "") -> Message:
    """Fields as Message values; ``bad`` is the field that stopped the decoder and is left out."""
    message = Message(texts.get("t", ""))
    offset = _FIRST_FIELD
    for number, (kind, _, _) in FIELDS.items():
        key = str(number)
        if key not in encoded or key == bad:
            continue
        text = texts[key]
        if kind in ("n", "n-left") and text and not (text.isascii() and text.isdigit()):
            raise FormatError(key, offset, "not BCD", message)
        if kind == "an" and not (text.isascii() and text.isprintable()):
            raise FormatError(key, offset, "not printable", message)
        message.fields[number] = _value(kind, text)
        offset += len(encoded[key]["len"]) + len(encoded[key]["data"])
    return message


def _value(kind: str, text: str) -> str | bytes:
    if kind == "b":
        return bytes.fromhex(text)
    # An encrypted track holds any nibble, so z is not checked for digits.
    return text.replace("D", "=") if kind == "z" else text


def encode(message: Message) -> bytes:
    """The bytes of a message from the MTI on. FormatError for a value that does not fit."""
    document = {"t": message.mti}
    for number, value in message.fields.items():
        kind = FIELDS[number][0]
        if kind == "b":
            value = bytes(value).hex()
        document[str(number)] = value.replace("=", "D") if kind == "z" else value
    try:
        raw, _ = iso8583.encode(document, SPEC)
    except iso8583.EncodeError as error:
        raise FormatError(error.field, 0, error.msg) from None
    return bytes(raw)


def mab(raw: bytes) -> bytes:
    """What the MAC covers: MTI to the last field before F64, of a message that carries F64."""
    return raw[:-MAC_SIZE]
