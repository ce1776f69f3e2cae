"""Values of data objects in words: amounts, dates, texts, lists of methods and records.

Card numbers and tracks are shown as first six and last four digits unless all is asked for.
"""

import re
from collections.abc import Callable

from host_tools.emv import bits, tags

_PANS = (0x5A,)
_TRACKS = (0x56, 0x57, 0x9F1F, 0x9F20, 0x9F6B, 0xDF812A, 0xDF812B)
_CERTIFICATES = (0x9F2D, 0x9F46)  # who has the authority's public key reads the card number in it
_AMOUNTS = (
    *(0x9F02, 0x9F03, 0x9F50, 0x9F77, 0x9F78, 0x9F79, 0x9F7B, 0x9F6D, 0xDF19, 0xDF20, 0xDF21),
    *(0xDF8104, 0xDF8105, 0xDF8123, 0xDF8124, 0xDF8125, 0xDF8126),
)
_DATES = (0x5F24, 0x5F25, 0x9A)
_NUMBERS = (0x9F36, 0x9F13, 0x9F14, 0x9F17, 0x9F1B, 0x9F23, 0xDF15)
_COUNTRIES = {"0156": "China", "0344": "Hong Kong", "0446": "Macao", "0840": "USA"}
_COUNTRIES |= {"0276": "Germany", "0250": "France", "0826": "United Kingdom", "0392": "Japan"}
_CURRENCIES = {"0156": "CNY", "0344": "HKD", "0446": "MOP", "0840": "USD", "0978": "EUR"}
_CURRENCIES |= {"0826": "GBP", "0392": "JPY"}
_TYPES = {0x00: "goods and services", 0x01: "cash", 0x09: "purchase with cashback"}
_TYPES |= {0x20: "refund", 0x30: "inquiry"}
_METHODS = {
    0x00: "fail CVM processing",
    0x01: "plaintext PIN verified by the card",
    0x02: "enciphered PIN verified online",
    0x03: "plaintext PIN verified by the card, and signature",
    0x04: "enciphered PIN verified by the card",
    0x05: "enciphered PIN verified by the card, and signature",
    0x1E: "signature",
    0x1F: "no CVM required",
    0x3F: "no CVM performed",
}
_CONDITIONS = {
    0x00: "always",
    0x01: "if unattended cash",
    0x02: "if not cash and no cashback",
    0x03: "if the terminal supports it",
    0x04: "if manual cash",
    0x05: "if with cashback",
    0x06: "if in the application's currency and under X",
    0x07: "if in the application's currency and over X",
    0x08: "if in the application's currency and under Y",
    0x09: "if in the application's currency and over Y",
}


def masked(digits: str) -> str:
    """First six and last four digits; ten or fewer hide all but the last."""
    if len(digits) <= 10:
        return "*" * max(len(digits) - 1, 0) + digits[-1:]
    return digits[:6] + "*" * (len(digits) - 10) + digits[-4:]


def hex_of(tag: int, value: bytes, clear: bool = False) -> str:
    """The value in hex; of a card number first six and last four digits, of a track no more.

    Of a certificate of the card, which holds the card number, only the beginning; what nobody
    knows is as ``any_hex`` shows it.
    """
    text = value.hex().upper()
    if clear or not text:
        return text
    if tag in _PANS:
        number = text.rstrip("F")
        return masked(number) + text[len(number) :]
    if tag in _CERTIFICATES:
        return text[:8] + "*" * len(text[8:])
    if tag in (0x9F1F, 0x9F20):
        return "*" * len(text)
    if tag not in _TRACKS:
        return text if tags.look_up(tag) else any_hex(text)
    number, separator, rest = re.match(r"(\d*)(D?)(.*)", text).groups()  # type: ignore[union-attr]
    if tag == 0x56 or not separator or len(number) <= 10:
        return text[:2] + "*" * (len(text) - 2)
    return masked(number) + separator + "*" * len(rest)


def any_hex(text: str) -> str:
    """Hex of bytes that nobody could read: of long runs of digits the middle is hidden."""
    return re.sub(r"\d{11,}", lambda match: masked(match[0]), text)


def words(tag: int, value: bytes, kernel: int | None = None) -> list[str]:
    """What the value says, a line each; empty where there is nothing to say of it."""
    if not value:
        return []
    known = tags.look_up(tag, kernel)
    if known and tag in bits.BITS and known.format == "b" and (kernel != 2 or tag != 0x9F66):
        return bits.words(tag, value)
    if tag in _SPECIAL:
        return _SPECIAL[tag](value)
    if tag in _AMOUNTS and len(value) == 6 and value.hex().isdigit():
        return [f"{int(value.hex()) // 100}.{int(value.hex()) % 100:02}"]
    if tag in _DATES and len(value) == 3 and value.hex().isdigit():
        year, month, day = re.findall("..", value.hex())
        return [f"{'19' if year >= '50' else '20'}{year}-{month}-{day}"]
    if tag in _NUMBERS:
        return [str(int.from_bytes(value, "big"))]
    if known and known.format in ("a", "an", "ans") and tag not in _TRACKS:
        return _text(value)
    return []


def _text(value: bytes) -> list[str]:
    text = value.rstrip(b"\x00").decode("latin-1")
    return [f'"{text}"'] if text and text.isprintable() else []


def _cvm_rule(code: int, condition: int) -> str:
    method = _METHODS.get(code & 0x3F, f"method {code & 0x3F:02X}, not known here")
    when = _CONDITIONS.get(condition, f"condition {condition:02X}, not known here")
    return f"{method}, {when}, {'then the next' if code & 0x40 else 'else fail'}"


def _cvm_list(value: bytes) -> list[str]:
    if len(value) < 8 or len(value) & 1:
        return [f"not a CVM list: {len(value)} bytes"]
    x, y = (int.from_bytes(value[at : at + 4], "big") for at in (0, 4))
    lines = [f"X {x}, Y {y}"]
    return lines + [_cvm_rule(value[at], value[at + 1]) for at in range(8, len(value), 2)]


def _cvm_results(value: bytes) -> list[str]:
    if len(value) != 3:
        return [f"not CVM results: {len(value)} bytes"]
    method = _METHODS.get(value[0] & 0x3F, f"method {value[0] & 0x3F:02X}, not known here")
    when = _CONDITIONS.get(value[1], f"condition {value[1]:02X}, not known here")
    result = {0: "unknown", 1: "failed", 2: "successful"}.get(value[2], "not known here")
    return [f"{method}, {when}: {result}"]


def _afl(value: bytes) -> list[str]:
    if len(value) & 3:
        return [f"not a file locator: {len(value)} bytes"]
    lines = []
    for at in range(0, len(value), 4):
        sfi, first, last, signed = value[at] >> 3, *value[at + 1 : at + 4]
        what = f"record {first}" if first == last else f"records {first} to {last}"
        lines.append(f"file {sfi}, {what}, {signed or 'none'} for offline data authentication")
    return lines


def _cid(value: bytes) -> list[str]:
    kind = ("AAC, declined", "TC, approved offline", "ARQC, wants the host", "reserved")
    reasons = ("", "service not allowed", "PIN try limit exceeded", "issuer authentication failed")
    reason = value[0] & 7
    why = reasons[reason] if reason < len(reasons) else f"reason {reason}"
    advice = "advice" if value[0] & 8 else ""
    return [", ".join(part for part in (kind[value[0] >> 6], advice, why) if part)]


def _terminal_type(value: bytes) -> list[str]:
    text = value.hex()
    who = {"1": "financial institution", "2": "merchant", "3": "cardholder"}.get(text[0])
    how = {1: "online only", 2: "offline with online capability", 0: "offline only"}
    if who is None or text[1] not in "123456":
        return []
    attended = "attended" if text[1] in "123" else "unattended"
    return [f"{attended}, {how[int(text[1]) % 3]}, operated by a {who}"]


def _kernel_id(value: bytes) -> list[str]:
    if value[0] & 0x80:
        return ["a domestic or proprietary kernel"]
    return [f"kernel {value[0] & 0x3F}" if value[0] & 0x3F else "any kernel"]


def _time(value: bytes) -> list[str]:
    return [":".join(re.findall("..", value.hex()))] if len(value) == 3 else []


def _one_of(table: dict[str, str]) -> Callable[[bytes], list[str]]:
    return lambda value: [table[value.hex()]] if value.hex() in table else []


def _tag_list(value: bytes) -> list[str]:
    return ["the AIP is authenticated too"] if value == b"\x82" else []


_SPECIAL: dict[int, Callable[[bytes], list[str]]] = {
    0x87: lambda value: [f"priority {value[0] & 15}" if value[0] & 15 else "no priority"],
    0x8E: _cvm_list,
    0x94: _afl,
    0x9C: lambda value: [_TYPES[value[0]]] if value[0] in _TYPES else [],
    0x9F1A: _one_of(_COUNTRIES),
    0x5F28: _one_of(_COUNTRIES),
    0x5F2A: _one_of(_CURRENCIES),
    0x9F42: _one_of(_CURRENCIES),
    0x9F21: _time,
    0x9F27: _cid,
    0x9F2A: _kernel_id,
    0x9F34: _cvm_results,
    0x9F35: _terminal_type,
    0x9F4A: _tag_list,
    0xDF8F02: lambda value: [
        words
        for mask, words in ((1, "a zero amount is not allowed"), (2, "1.00 checks the card"))
        if value[0] & mask
    ],
    0xDF01: _one_of({"00": "partial match", "01": "exact match"}),
}
