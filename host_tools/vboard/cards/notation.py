"""How bytes of a card are written by hand: ``TAG[ ... ]`` with its length computed, and $names."""

import re
from collections.abc import Mapping

_HEX = re.compile("([0-9A-F]{2})*")
_ROUNDS = 16  # pieces within pieces; more is a piece that names itself


class NotationError(ValueError):
    """A text that is not in this notation; the sentence does not repeat the bytes."""


def encoded(text: str, parts: Mapping[str, str] | None = None) -> str:
    """Hex, capital letters, of ``text``.

    ``$name`` stands for the text ``parts[name]``; ``TAG[ ... ]`` is a BER-TLV object whose length
    is computed (ISO/IEC 7816-4, 5.2.2; up to 65,535 bytes); blanks do not count. Raises
    NotationError.
    """
    for _ in range(_ROUNDS):
        if "$" not in text:
            break
        text = re.sub(r"\$(\w+)|\$", lambda match: _part(match[1], parts or {}), text)
    else:
        raise NotationError("a $name that stands for itself")
    text = "".join(text.split())
    while "[" in text:
        # the innermost brackets first
        text, count = re.subn(r"\[([0-9A-F]*)\]", lambda m: _length(len(m[1]) // 2) + m[1], text)
        if not count:
            raise NotationError("a bracket without its other, or no hex in capital letters in it")
    if not _HEX.fullmatch(text):
        raise NotationError("no hex in capital letters, two digits a byte")
    return text


def _part(name: str | None, parts: Mapping[str, str]) -> str:
    if name is None or name not in parts:
        raise NotationError(f"there is no piece ${name or ''}")
    return str(parts[name])


def _length(n: int) -> str:
    if n > 0xFFFF:
        raise NotationError("an object of over 65535 bytes")
    return f"{n:02X}" if n < 0x80 else f"81{n:02X}" if n < 0x100 else f"82{n:04X}"
