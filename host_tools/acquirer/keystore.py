"""What the ledger database keeps of secrets: keys wrapped, PANs and PINs as keyed check values.

One host master key of 32 bytes stands behind all of it. It comes from the environment
(``TAPTILL_HOST_KEY``, 64 hex digits) or from a file that the first start creates for its owner
alone; tests use ``TEST_MASTER_KEY``. Whoever has the database without it can read neither a
terminal key nor a card number, nor try out PINs.
"""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ENVIRONMENT = "TAPTILL_HOST_KEY"
KEY_SIZE = 32
# Development and tests only: a database in memory has no file beside which a key could live.
TEST_MASTER_KEY = hashlib.sha256(b"TapTill TEST host master key").digest()
_NONCE_SIZE = 12


class KeyStoreError(Exception):
    """The host master key is malformed, readable by others, or not that of the database."""


class KeyStore:
    """Wraps, unwraps and computes check values under the host master key."""

    def __init__(self, master_key: bytes) -> None:
        if len(master_key) != KEY_SIZE:
            raise KeyStoreError(f"host master key of {len(master_key)} bytes, {KEY_SIZE} needed")
        # One key per purpose, so that no value of one kind can stand in for another.
        self._wrapping = AESGCM(_derive(master_key, b"wrap"))
        self._pan = _derive(master_key, b"pan")
        self._pin = _derive(master_key, b"pin")

    def wrap(self, purpose: str, key: bytes) -> bytes:
        """``key`` encrypted (AES-256-GCM) and bound to ``purpose``, e.g. "12345678 TMK"."""
        nonce = secrets.token_bytes(_NONCE_SIZE)
        return nonce + self._wrapping.encrypt(nonce, key, purpose.encode())

    def unwrap(self, purpose: str, wrapped: bytes) -> bytes:
        """The inverse. Raises KeyStoreError when key, purpose or data do not belong together."""
        try:
            return self._wrapping.decrypt(
                wrapped[:_NONCE_SIZE], wrapped[_NONCE_SIZE:], purpose.encode()
            )
        except InvalidTag:
            raise KeyStoreError(f"{purpose}: not wrapped under this host master key") from None

    def pan_tag(self, pan: str) -> str:
        """The name under which the ledger knows a card: keyed hash of the PAN, 64 hex digits."""
        return hmac.new(self._pan, pan.encode(), "sha256").hexdigest()

    def pin_value(self, salt: bytes, pan: str, pin: str) -> bytes:
        """PIN verification value, 32 bytes; no use to anybody without the master key."""
        return hmac.new(self._pin, salt + pan.encode() + b"/" + pin.encode(), "sha256").digest()


def _derive(master_key: bytes, purpose: bytes) -> bytes:
    return hmac.new(master_key, b"taptill host " + purpose, "sha256").digest()


def load(path: Path) -> KeyStore:
    """The key store of the environment's key, else of the file ``path`` (made, 0600, if absent).

    Raises KeyStoreError for a malformed key and for a file that others may read.
    """
    text = os.environ.get(ENVIRONMENT)
    if text is None:
        text = _read_or_create(path)
    try:
        return KeyStore(bytes.fromhex(text.strip()))
    except ValueError:
        raise KeyStoreError("host master key: not 64 hex digits") from None


def _read_or_create(path: Path) -> str:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        if path.stat().st_mode & 0o077:
            raise KeyStoreError(f"{path}: readable by others, chmod 600 it") from None
        return path.read_text()
    text = secrets.token_hex(KEY_SIZE)
    with os.fdopen(handle, "w") as file:
        file.write(text + "\n")
    return text
