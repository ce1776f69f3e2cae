"""The console key of a terminal: 32 bytes in hexadecimal, in a file that only its owner reads.

A production image carries out commands of ``taptill console`` only for who has it.
"""

import os
import secrets
from pathlib import Path

_BYTES = 32


class KeyFileError(Exception):
    """A key file that cannot be used; the text says why, without what is in it."""


def read_key(file: Path) -> bytes:
    """The key in ``file``. Raises KeyFileError, OSError."""
    if file.stat().st_mode & 0o077:
        raise KeyFileError(f"{file} can be read by others: chmod 600 {file}")
    try:
        key = bytes.fromhex(file.read_text(encoding="ascii").strip())
    except ValueError:
        key = b""
    if len(key) != _BYTES:
        raise KeyFileError(f"{file} is no console key: {2 * _BYTES} hexadecimal digits")
    return key


def read_or_make(file: Path) -> bytes:
    """The key in ``file``; where there is no file, a new one. Raises KeyFileError, OSError."""
    if file.exists():
        return read_key(file)
    key = secrets.token_bytes(_BYTES)
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as opened:
        opened.write(key.hex() + "\n")
    return key
