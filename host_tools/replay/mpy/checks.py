"""Helpers of ``taptill replay VECTORS``, typed into the REPL of a board before the vectors."""

import json
from binascii import hexlify


def plain(value):
    """A value as JSON can say it: bytes in hex, keys as text."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return hexlify(value).decode().upper()
    if isinstance(value, dict):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return value


def check(make):
    """Print what ``make()`` returns, or the name of the exception that it raises."""
    try:
        print(json.dumps({"is": plain(make())}))
    except Exception as error:
        print(json.dumps({"raised": type(error).__name__}))


def into(build, *arguments):
    """What ``build(buffer, *arguments)`` puts into a buffer; it returns how much that is."""
    buffer = bytearray(300)
    return buffer[: build(buffer, *arguments)]


def heard(receiver, data):
    """What a receiver of frames makes of bytes: numbers of kinds, and the data of responses."""
    found = []
    while data:
        room = receiver.room()
        count = min(len(room), len(data))
        room[:count] = data[:count]
        receiver.took(count)
        data = data[count:]
        kind = receiver.next()
        while kind:
            found.append(bytes(receiver.data) if kind == 3 else kind)
            kind = receiver.next()
    return found
