"""The sub-fields of the dialect by name (reference, section 4): F22, F48, F53, F54, F59 to F63.

Values are digits or text. What is secret is hidden here unless ``clear``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from host_tools.emv.values import masked

SIGN_IN_CODES = {"001": "single DES", "003": "3DES", "004": "3DES with track key", "005": "SM4"}
_ENTRY = {
    "00": "not said",
    "01": "manual",
    "02": "magnetic stripe",
    "03": "scanned",
    "05": "chip",
    "07": "contactless",
    "92": "reservation",
    "95": "fallback",
    "96": "mobile chip",
    "90": "stripe, unaltered",
    "91": "contactless stripe",
}
_PIN = {"1": "PIN entered", "2": "no PIN", "0": "PIN not said"}
_RESULTS = {"0": "not yet compared", "1": "balanced", "2": "not balanced", "3": "error"}
_BATCH_ITEM = 40


@dataclass
class Part:
    """A piece of a field: name, value as shown, what it says."""

    name: str
    value: str
    words: str = ""


@dataclass(frozen=True)
class Around:
    """What else of the message a sub-field depends on: MTI, F60.3, and whether to hide nothing."""

    mti: str = ""
    code: str = ""
    clear: bool = False

    def hide(self, value: str) -> str:
        """``value`` as stars, unless all is to be shown."""
        return value if self.clear else "*" * len(value)

    def pan(self, value: str) -> str:
        """A card number, masked unless all is to be shown."""
        return value if self.clear else masked(value)


def of_field(number: int, value: Any, around: Around) -> list[Part]:
    """The named pieces of a field; none for a field that has none or whose value does not fit."""
    read = _READERS.get(number)
    if read is None:
        return []
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    return [part for part in read(value, around) if part.value]


def fen(digits: str) -> str:
    """An amount in fen as yuan: 000000012345 -> 123.45."""
    return f"{int(digits) // 100}.{int(digits) % 100:02d}" if digits.isdigit() else ""


def _entry(value: str, _: Around) -> list[Part]:
    return [
        Part("PAN entry", value[:2], _ENTRY.get(value[:2], "")),
        Part("PIN entry", value[2:3], _PIN.get(value[2:3], "")),
    ]


def _security(value: str, _: Around) -> list[Part]:
    pin = {"0": "no PIN block", "1": "without the PAN", "2": "with the PAN"}
    size = {"0": "single DES", "3": "SM4", "6": "3DES"}
    return [
        Part("PIN format", value[:1], pin.get(value[:1], "")),
        Part("PIN key", value[1:2], size.get(value[1:2], "")),
        Part("tracks", value[2:3], {"0": "in clear", "1": "encrypted"}.get(value[2:3], "")),
        Part("rest", value[3:].strip("0") and value[3:]),
    ]


def _settlement(value: str, _: Around) -> list[Part]:
    out = []
    for at, cards in ((0, "own cards"), (31, "foreign cards")):
        block = value[at : at + 31]
        for start, name in ((0, "debit"), (15, "credit")):
            amount, count = block[start : start + 12], block[start + 12 : start + 15]
            out.append(Part(f"{cards}, {name} amount", amount, fen(amount)))
            out.append(Part(f"{cards}, {name} count", count))
        out.append(Part(f"{cards}, result", block[30:31], _RESULTS.get(block[30:31], "")))
    return out


def _private(value: str, around: Around) -> list[Part]:
    if around.mti[:2] == "05" and len(value) == 62:
        return _settlement(value, around)
    if around.mti[:2] == "02" and len(value) == 12:
        return [Part("tip", value, fen(value))]
    if around.mti[:2] == "03" and around.code == "201":
        return _batch_items(value, around)
    if around.mti[:2] == "03" and len(value) == 4:
        return [Part("items in all", value)]
    return [Part("digits", around.hide(value))]


def _batch_items(value: str, around: Around) -> list[Part]:
    out = [Part("items", value[:2])]
    for at in range(2, len(value), _BATCH_ITEM):
        item = value[at : at + _BATCH_ITEM]
        name = f"item {(at - 2) // _BATCH_ITEM + 1}"
        if len(item) < _BATCH_ITEM:
            out.append(Part(name, around.hide(item), "cut off"))
            break
        out.append(
            Part(f"{name}, cards", item[:2], {"00": "own", "01": "foreign"}.get(item[:2], ""))
        )
        out.append(Part(f"{name}, trace", item[2:8]))
        out.append(Part(f"{name}, card", around.pan(item[8:28].lstrip("0"))))
        out.append(Part(f"{name}, amount", item[28:], fen(item[28:])))
    return out


def _balance(value: str, _: Around) -> list[Part]:
    sign = {"C": "credit", "D": "debit"}
    return [
        Part("account type", value[:2]),
        Part("balance type", value[2:4]),
        Part("currency", value[4:7]),
        Part("sign", value[7:8], sign.get(value[7:8], "")),
        Part("amount", value[8:20], fen(value[8:20])),
    ]


_TERMINAL_TAGS = {
    "01": "device type",
    "02": "serial number",
    "03": "random factor",
    "04": "MAC of the serial number",
    "05": "application version",
}
_F59_TAGS = {
    "A1": "PIN block, SM4",
    "A2": "terminal",
    "A3": "scanned code",
    "A4": "payment voucher",
}


def _tagged(value: str, names: dict[str, str], shown: Callable[[str, str], str]) -> list[Part]:
    """Tag 2, length 3 (decimal), value; what does not fit is the last part."""
    out, at = [], 0
    while at < len(value):
        tag, digits = value[at : at + 2], value[at + 2 : at + 5]
        end = at + 5 + int(digits) if len(digits) == 3 and digits.isdigit() else len(value) + 1
        if end > len(value):
            return [
                *out,
                Part(f"from character {at}", "*" * (len(value) - at), "no tag and length"),
            ]
        body = value[at + 5 : end]
        out.append(Part(f"{tag} {names.get(tag, '')}".rstrip(), shown(tag, body), f"{len(body)}"))
        at = end
    return out


def _terminal_data(value: str, around: Around) -> list[Part]:
    out = []
    for part in _tagged(value, _F59_TAGS, lambda tag, body: body):
        tag, body, size = part.name[:2], part.value, f"{len(part.value)} characters"
        if tag == "A1":
            body = body.encode("latin-1").hex().upper()
        if tag == "A2":
            out.append(Part(part.name, size))
            inner = _tagged(
                body, _TERMINAL_TAGS, lambda t, b: around.hide(b) if t in ("03", "04") else b
            )
            out += [Part(f"A2.{one.name}", one.value) for one in inner]
        elif tag == "A4":
            out.append(Part(part.name, body))
        else:
            out.append(Part(part.name, around.hide(body), size))
    return out


def _field60(value: str, _: Around) -> list[Part]:
    read = {"0": "not said", "2": "stripe", "5": "contact chip", "6": "contactless"}
    condition = {"0": "no fallback", "1": "fallback, last one read", "2": "fallback"}
    account = {"048": "issuer's points", "065": "union's points"}
    return [
        Part("60.1 message type", value[:2]),
        Part("60.2 batch", value[2:8]),
        Part("60.3 network code", value[8:11], SIGN_IN_CODES.get(value[8:11], "")),
        Part("60.4 read capability", value[11:12], read.get(value[11:12], "")),
        Part("60.5 chip condition", value[12:13], condition.get(value[12:13], "")),
        Part(
            "60.6 partial approval",
            value[13:14],
            {"0": "not supported", "1": "supported"}.get(value[13:14], ""),
        ),
        Part("60.7 account type", value[14:17], account.get(value[14:17], "")),
        Part("60.8 and on", value[17:]),
    ]


def _original(value: str, _: Around) -> list[Part]:
    return [
        Part("61.1 original batch", value[:6]),
        Part("61.2 original trace", value[6:12]),
        Part("61.3 original date, MMDD", value[12:16]),
        Part("61.4 authorisation mode", value[16:18]),
        Part("61.5 authorising institution", value[18:]),
    ]


def _field62(value: str, around: Around) -> list[Part]:
    if around.mti == "0810" and around.code in SIGN_IN_CODES:
        return _working_keys(value, around)
    if around.mti == "0800" and value.startswith("Sequence No"):
        return [
            Part("size", value[11:13]),
            Part("certificate", value[13:17]),
            Part("serial number", value[17:]),
        ]
    if around.mti == "0810" and around.code == "360":
        return _parameters(value, around)
    if around.code in ("370", "372", "380", "382", "390", "394") and value[:1].isdigit():
        return _download(value, around)
    if around.mti[:2] == "03" and value.isdigit() and value[:2] in ("61", "71"):
        return [Part("result", value[:2]), Part("rest", value[2:])]
    return [Part("data", around.hide(value))]


def _working_keys(value: str, around: Around) -> list[Part]:
    """Keys under the TMK and their check values: 24, 40 or 60 bytes."""
    key, out = 8 if len(value) == 24 else 16, []
    for at, name in zip(range(0, len(value), key + 4), ("PIK", "MAK", "TDK"), strict=False):
        wrapped, check = value[at : at + key], value[at + key : at + key + 4]
        text = wrapped.encode("latin-1").hex().upper()
        out.append(Part(f"{name}, under the TMK", around.hide(text), f"{len(wrapped)} bytes"))
        out.append(Part(f"{name}, check value", check.encode("latin-1").hex().upper()))
    return out


_PARAMETERS = {
    "11": (2, "host timeout"),
    "12": (2, "communication timeout"),
    "13": (1, "redials"),
    "14": (14, "phone 1"),
    "15": (14, "phone 2"),
    "16": (14, "phone 3"),
    "17": (14, "management phone"),
    "18": (1, "tip"),
    "19": (2, "tip, at most %"),
    "20": (1, "manual card number"),
    "21": (1, "automatic sign-off"),
    "22": (40, "merchant name"),
    "23": (1, "resend times"),
    "24": (1, "offline"),
    "25": (1, "key index"),
    "26": (8, "functions"),
    "27": (2, "offline sales, at most"),
}


def _parameters(value: str, _: Around) -> list[Part]:
    out, at = [], 0
    while at < len(value):
        size, name = _PARAMETERS.get(value[at : at + 2], (len(value), "not known"))
        body = value[at + 2 : at + 2 + size]
        text = body.encode("latin-1").decode("gbk", "replace").rstrip()
        out.append(Part(f"{value[at : at + 2]} {name}", text))
        at += 2 + size
    return out


def _download(value: str, around: Around) -> list[Part]:
    said = {"0": "nothing", "1": "this is the last", "2": "more to come", "3": "this is the last"}
    rest = value[1:].encode("latin-1")
    if around.mti[2:3] == "2" or rest.isdigit() or not rest:
        return [Part("part", value[:1], said.get(value[:1], "")), Part("entries", value[1:])]
    return [
        Part("part", value[:1], said.get(value[:1], "")),
        Part("data", rest.hex().upper(), f"{len(rest)} bytes"),
    ]


def _field63(value: str, around: Around) -> list[Part]:
    if around.mti[:2] in ("08", "05"):
        return [Part("operator", value)]

    def text(start: int, size: int) -> str:
        return value[start : start + size].encode("latin-1").decode("gbk", "replace").rstrip()

    return [
        Part("63.1 card organisation", value[:3]),
        Part("63.2 issuer", text(3, 20)),
        Part("centre", text(23, 20)),
        Part("acquirer", text(43, 20)),
        Part("rest", text(63, 100)),
    ]


def _institutions(value: str, _: Around) -> list[Part]:
    return [Part("issuer", value[:11].rstrip()), Part("acquirer", value[11:].rstrip())]


_READERS: dict[int, Callable[[str, Around], list[Part]]] = {
    22: _entry,
    44: _institutions,
    48: _private,
    53: _security,
    54: _balance,
    59: _terminal_data,
    60: _field60,
    61: _original,
    62: _field62,
    63: _field63,
}
