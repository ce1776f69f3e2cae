"""What a transaction of ``taptill card run`` depends on, put together from files and scripts.

A configuration is YAML of the form of ``terminal.yaml`` (``config.py``), with only the entries
that are wanted otherwise. Scripts have some short ways more:

- ``amount`` may be a text such as "12.80" (a whole number is in fen), ``other`` too
- ``kernel``: only the applications of this kernel; ``ttq``: the TTQ of every application
- ``limits``: ``floor``, ``contactless``, ``cvm`` of every application, as ``amount``
- ``record``: one application, the data objects of a template E1 in the notation of scripts
- ``type`` may be a whole number
- ``stan``: the transaction sequence counter 9F41
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from host_tools.build.emv_data import pack_ca_keys
from host_tools.emv.config import ConfigError, make_config, terminal_config
from host_tools.emv.firmware import tlv
from host_tools.vboard.cards import ber
from host_tools.vboard.cards.fields import CardFileError, read_yaml
from host_tools.vboard.cards.notation import NotationError, encoded

DEFAULT_AMOUNT = "12.80"
_CHINA = "156"
_SERIAL = b"TAPTILL1"
_SHORT = ("kernel", "ttq", "limits", "record", "stan")
_LIMITS = {
    "floor": ("DF19", "DF8123"),
    "contactless": ("DF20", "DF8124", "DF8125"),
    "cvm": ("DF21", "DF8126"),
}
_KERNEL_2 = b"\x02"  # has its limits under tags of its own too (C-2, annex A)


@dataclass(frozen=True)
class Setting:
    """The terminal and the transaction.

    ``aids``: data objects of the applications' records; ``ca_keys``: (RID, index) -> data objects
    of a key's record; ``terminal``: tag -> value; ``txn`` as ``pos.emv.tags.transaction_data`` has
    it.
    """

    aids: tuple[dict[str, bytes], ...]
    ca_keys: dict[tuple[bytes, int], bytes]
    terminal: dict[str, bytes]
    txn: dict[str, Any]

    def request(self) -> dict[str, Any]:
        """As ``mpy/kernels.py`` takes it."""
        return {
            "aids": [ber.tlvs(aid).hex() for aid in self.aids],
            "terminal": {tag: value.hex() for tag, value in self.terminal.items()},
            "txn": {**self.txn, "un": self.txn["un"].hex()},
        }

    def kernel_of(self, name: bytes) -> int | None:
        """The kernel of the first application that an ADF name belongs to."""
        for aid in self.aids:
            if name.startswith(aid["9F06"]) and aid.get("9F2A"):
                return aid["9F2A"][0]
        return None


def fen(value: Any, where: str) -> int:
    """An amount: a whole number is in fen, a text has two digits behind the point."""
    if isinstance(value, str) and re.fullmatch(r"\d{1,10}\.\d\d", value):
        return int(value.replace(".", ""))
    if type(value) is int and 0 <= value < 10**12:
        return value
    raise ConfigError(f'{where} is wrong: it is a text such as "12.80", or a whole number of fen')


def read_mapping(path: Path) -> dict[str, Any]:
    """A configuration file as it was written. Raises ConfigError, OSError."""
    try:
        document = read_yaml(path)
    except CardFileError as error:
        raise ConfigError(str(error)) from None
    if not isinstance(document, dict):
        raise ConfigError(f"{path.name}: a mapping is expected")
    return {str(name): value for name, value in document.items()}


def make(
    mapping: Mapping[str, Any], file: str = "configuration", parts: Mapping[str, str] | None = None
) -> Setting:
    """The setting that ``mapping`` describes; ``file`` is its name for sentences.

    What it does not say is the terminal's own, today, now and a random number. Raises ConfigError.
    """
    entries = dict(mapping)
    short = {name: entries.pop(name) for name in _SHORT if name in entries}
    for name in ("amount", "other"):
        if name in entries:
            entries[name] = fen(entries[name], f"{file}: {name}")
    if type(entries.get("type")) is int:
        entries["type"] = f"{_whole(entries['type'], 255, f'{file}: type'):02X}"
    config = make_config(entries, Path(file).name)
    aids = tuple(aid.tags for aid in config.aids)
    now = datetime.now()
    country = config.country or _CHINA
    terminal = {
        "9F1A": bytes.fromhex(f"0{country}"),
        "5F2A": bytes.fromhex(f"0{config.currency or country}"),
        "9F1E": _SERIAL,
        **terminal_config().terminal,
        **config.terminal,
    }
    keys = {(k.rid, k.index): bytes(_inside(pack_ca_keys((k,)))) for k in config.ca_keys}
    txn = {
        "amount": config.amount if config.amount is not None else fen(DEFAULT_AMOUNT, "amount"),
        "other": config.other or 0,
        "type": config.type or 0,
        "date": config.date or f"{now:%y%m%d}",
        "time": config.time or f"{now:%H%M%S}",
        "un": config.un or secrets.token_bytes(4),
        "stan": _whole(short.get("stan", 1), 99_999_999, f"{file}: stan"),
    }
    return Setting(_shortened(aids, short, file, parts or {}), keys, terminal, txn)


def _inside(template: bytes) -> memoryview:
    """The value of the one object in ``template``."""
    _, at, size = next(tlv.walk(template))
    return memoryview(template)[at : at + size]


def _shortened(
    aids: tuple[dict[str, bytes], ...],
    short: dict[str, Any],
    file: str,
    parts: Mapping[str, str],
) -> tuple[dict[str, bytes], ...]:
    """The applications as the short entries want them."""
    if "kernel" in short:
        number = _whole(short["kernel"], 255, f"{file}: kernel")
        aids = tuple(aid for aid in aids if aid["9F2A"] == bytes([number]))
    if "ttq" in short:
        ttq = {"9F66": _hex(short["ttq"], f"{file}: ttq", parts)}
        if len(ttq["9F66"]) != 4:
            raise ConfigError(f"{file}: ttq is wrong: it has 4 bytes")
        aids = tuple({**aid, **ttq} for aid in aids)
    limits = short.get("limits") or {}
    if not isinstance(limits, dict) or not set(limits) <= set(_LIMITS):
        raise ConfigError(f"{file}: limits is wrong: it has {', '.join(_LIMITS)}")
    for name, value in limits.items():
        n12 = bytes.fromhex(f"{fen(value, f'{file}: limits: {name}'):012d}")
        own, *of_kernel_2 = _LIMITS[name]
        aids = tuple(
            {
                **aid,
                own: n12,
                **(dict.fromkeys(of_kernel_2, n12) if aid["9F2A"] == _KERNEL_2 else {}),
            }
            for aid in aids
        )
    if "record" not in short:
        return aids
    record = _hex(short["record"], f"{file}: record", parts)
    try:
        objects = {f"{tag:02X}": record[i : i + n] for tag, i, n in tlv.walk(record)}
    except ValueError as error:
        raise ConfigError(f"{file}: record is wrong: {error}") from None
    if "9F06" not in objects:
        raise ConfigError(f"{file}: record is wrong: it has 9F06, the AID")
    return (objects,)


def _whole(value: Any, high: int, where: str) -> int:
    if type(value) is not int or not 0 <= value <= high:
        raise ConfigError(f"{where} is wrong: it is a whole number up to {high}")
    return value


def _hex(value: Any, where: str, parts: Mapping[str, str]) -> bytes:
    try:
        return bytes.fromhex(encoded(str(value), parts))
    except NotationError as error:
        raise ConfigError(f"{where} is wrong: {error}") from None
