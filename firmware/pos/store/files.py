"""Small durable files: the old content or the new, never a mixture, and a CRC-32 at the end.

Made for LittleFS, which commits a file when it is closed and renames over an old file in one step.
"""

import os
from binascii import crc32

from micropython import const

_CRC = const(4)


class Damaged(Exception):
    """A file or sealed blob is not what was written; the argument is its path or its label."""


def wipe(buf) -> None:
    """Overwrite a bytearray with zeros."""
    for i in range(len(buf)):
        buf[i] = 0


def _write(path, data):
    with open(path, "wb") as file:
        file.write(data)
        file.write(crc32(data).to_bytes(_CRC, "big"))
        file.flush()


def save(path: str, data) -> None:
    """Replace the file by ``data`` (bytes-like, not empty): durable and whole when this returns.

    Written beside it first and renamed over it, so that a cut at any time leaves one of the two.
    Raises OSError when the flash is full; the old content is then still there.
    """
    temp = path + "~"
    _write(temp, data)
    os.rename(temp, path)


def put(path: str, data) -> None:
    """As ``save``, for some bytes that change often: one LittleFS commit instead of three.

    Relies on LittleFS keeping the old content until the file is closed.
    """
    _write(path, data)


def load(path: str):
    """The content as a bytearray, or None where nothing was ever saved; raises Damaged.

    An empty file is one whose first ``put`` was cut off: nothing was saved.
    """
    try:
        data = bytearray(os.stat(path)[6])
    except OSError:
        return None
    if not data:
        return None
    with open(path, "rb") as file:
        file.readinto(data)
    body = memoryview(data)[:-_CRC]
    if len(data) <= _CRC or crc32(body) != int.from_bytes(data[-_CRC:], "big"):
        raise Damaged(path)
    return data[:-_CRC]
