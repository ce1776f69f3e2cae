"""Packs the terminal's EMV configuration into the files of the ROM image: ``aids`` and ``capks``.

``aids`` is a row of templates E1, one an application, ``capks`` one of templates E2, one a CA
public key; tags are those of the dialect's parameter downloads. Same input, same bytes.
"""

import os
from pathlib import Path

from host_tools.emv.config import (
    TERMINAL,
    AidRecord,
    CaPublicKey,
    Config,
    ConfigError,
    check_value,
    load_config,
)
from host_tools.vboard.cards import ber

__all__ = ["Config", "ConfigError", "build_emv", "load_config", "pack_aids", "pack_ca_keys"]


def pack_aids(aids: tuple[AidRecord, ...]) -> bytes:
    """One template E1 for each application."""
    return b"".join(ber.tlv("E1", ber.tlvs(aid.tags)) for aid in aids)


def pack_ca_keys(keys: tuple[CaPublicKey, ...]) -> bytes:
    """One template E2 for each CA public key; DF03 is computed (EMV Book 2, 11.2.2)."""
    return b"".join(ber.tlv("E2", ber.tlvs(_key(key))) for key in keys)


def _key(key: CaPublicKey) -> dict[str, bytes]:
    objects = {
        "9F06": key.rid,
        "9F22": bytes([key.index]),
        "DF05": key.expires.encode(),
        "DF06": b"\x01",  # hash: SHA-1
        "DF07": b"\x01",  # key: RSA
        "DF02": key.modulus,
        "DF04": key.exponent,
        "DF03": check_value(key),
    }
    revoked = b"".join(key.revoked)
    return {**objects, "DF8F01": revoked} if revoked else objects


def build_emv(folder: Path, config: Path = TERMINAL) -> None:
    """Write ``aids`` and ``capks`` into ``folder``. Raises ConfigError."""
    loaded = load_config(config)
    files = {"aids": pack_aids(loaded.aids), "capks": pack_ca_keys(loaded.ca_keys)}
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        partial = folder / f"{name}.{os.getpid()}.tmp"
        partial.write_bytes(data)
        partial.replace(folder / name)
