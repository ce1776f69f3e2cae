"""Issuer scripts: a template as it was queued becomes the one that goes to the card now.

A command (86) whose Lc counts 4 to 8 bytes more than it has data lacks its MAC: that is made over
the transaction in which it is sent (EMV Book 2, 9: secure messaging, format 2).
"""

from collections.abc import Callable, Iterator

_COMMAND = b"\x86"
_HEAD = 5  # class, instruction, P1, P2, Lc
_MAC_SIZES = range(4, 9)
_RESULT = 5  # bytes of DF31 for each script
_NOT_PERFORMED = 0

# header with Lc, data -> MAC of 8 bytes
Mac = Callable[[bytes, bytes], bytes]


def complete(template: bytes, mac: Mac) -> bytes:
    """``template`` (71 or 72, whole) with the MACs that its commands lack. ValueError: broken."""
    ((tag, inner),) = _objects(template)
    made = b""
    for name, value in _objects(inner):
        if name == _COMMAND:
            value += mac(value[:_HEAD], value[_HEAD:])[: lacks(value)]
        made += name + _length(len(value)) + value
    return tag + _length(len(made)) + made


def lacks(command: bytes) -> int:
    """How many bytes of MAC a command waits for, 0: none."""
    missing = command[4] - len(command[_HEAD:]) if len(command) >= _HEAD else 0
    return missing if missing in _MAC_SIZES else 0


def performed(result: bytes) -> bool:
    """Whether DF31 says that a script has reached the card, well or not (EMV Book 4, A5)."""
    return any(first >> 4 != _NOT_PERFORMED for first in result[::_RESULT])


def _objects(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(data):
        size = 2 if data[at] & 0x1F == 0x1F else 1
        tag, at = data[at : at + size], at + size
        if at >= len(data):
            raise ValueError("a script is cut off")
        length, at = data[at], at + 1
        if length == 0x81 and at < len(data):
            length, at = data[at], at + 1
        if at + length > len(data) or length == 0x80:
            raise ValueError("a script is cut off")
        yield tag, data[at : at + length]
        at += length


def _length(size: int) -> bytes:
    return bytes([size]) if size < 0x80 else bytes([0x81, size])
