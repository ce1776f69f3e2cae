"""The terminal's EMV configuration from YAML: applications, CA keys, and what a transaction is.

``terminal.yaml`` is what the terminals get; a file of the same form, with only the entries that it
wants otherwise, describes the terminal of ``taptill card run``.
"""

import functools
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from host_tools import yaml_text
from host_tools.emv.ca import hash_of
from host_tools.emv.keys import load_keys
from host_tools.vboard.cards import ber
from host_tools.vboard.cards.fields import Fields

TERMINAL = Path(__file__).with_name("terminal.yaml")
_ENTRIES = (
    *("aids", "ca_keys", "terminal", "date", "time", "amount", "other", "currency", "country"),
    *("un", "type"),
)
_MAX_FEN = 10**12 - 1
# Tags of an AID record that have an entry of their own
_OWN = (
    *("9F06", "9F2A", "DF01", "9F09", "9F66", "DF11", "DF12", "DF13", "DF19", "DF20", "DF21"),
    "DF8F02",
)
# Kernel 2: data objects that it cannot do without, and their length (C-2, annex A)
_MASTERCARD = {"DF8117": 1, "DF8118": 1, "DF8119": 1, "DF811B": 1, "DF811F": 1}
_KERNEL_MASTERCARD = 2
_WITH_TTQ = (3, 7)


class ConfigError(ValueError):
    """A configuration is wrong; the sentence names file and entry."""


class _Entries(Fields):
    error = ConfigError


@dataclass(frozen=True)
class AidRecord:
    """One application that the terminal takes; ``tags``: tag in hex -> value, in order."""

    name: str
    tags: dict[str, bytes]


@dataclass(frozen=True)
class CaPublicKey:
    """A CA public key: numbers most significant byte first, ``expires`` YYYYMMDD.

    ``revoked``: serial numbers (3 bytes) of issuer certificates that must not be taken.
    """

    rid: bytes
    index: int
    modulus: bytes
    exponent: bytes
    expires: str
    revoked: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Config:
    """What a file says; None for what it leaves to the terminal.

    ``date`` YYMMDD, ``time`` hhmmss, amounts in fen, ``currency`` and ``country`` three digits,
    ``un`` 4 bytes, ``type`` the byte 9C; ``terminal`` more data objects of the terminal.
    """

    aids: tuple[AidRecord, ...]
    ca_keys: tuple[CaPublicKey, ...]
    date: str | None = None
    time: str | None = None
    amount: int | None = None
    other: int | None = None
    currency: str | None = None
    country: str | None = None
    un: bytes | None = None
    type: int | None = None
    terminal: dict[str, bytes] = field(default_factory=dict)


def load_config(path: Path = TERMINAL) -> Config:
    """Read a configuration; ``aids`` and ``ca_keys`` that are not there are the terminal's own.

    Raises ConfigError.
    """
    return make_config(_parse(path), path.name, own=path == TERMINAL)


@functools.cache
def terminal_config() -> Config:
    """The terminal's own, read once. Raises ConfigError."""
    return load_config(TERMINAL)


def make_config(document: Any, file: str, *, own: bool = False) -> Config:
    """The configuration that a mapping describes; ``file`` is its name for sentences.

    ``own``: it is the terminal's own, which leaves out neither ``aids`` nor ``ca_keys``. Raises
    ConfigError.
    """
    entries = _Entries(document, file, "configuration")
    unknown = [name for name in entries.names() if name not in _ENTRIES]
    if unknown:
        raise ConfigError(f"{file}: {', '.join(sorted(unknown))}: not known here")
    if own or "aids" in document:
        aids = _rows(entries, "aids", _aid)
        _once(file, "AID and kernel", [(r.tags["9F06"], r.tags["9F2A"]) for r in aids])
    else:
        aids = terminal_config().aids
    if own or "ca_keys" in document:
        keys = _rows(entries, "ca_keys", _ca_key)
        _once(file, "RID and index", [(key.rid, key.index) for key in keys])
    else:
        keys = terminal_config().ca_keys
    config = Config(
        aids,
        keys,
        date=_moment(entries, "date", "%y%m%d", "is YYMMDD"),
        time=_moment(entries, "time", "%H%M%S", "is hhmmss"),
        amount=_maybe_number(entries, "amount"),
        other=_maybe_number(entries, "other"),
        currency=_code(entries, "currency"),
        country=_code(entries, "country"),
        un=entries.hexes("un", 4, None),
        type=_first(entries.hexes("type", 1, None)),
        terminal=_tags(entries, "terminal"),
    )
    entries.done()
    return config


def _parse(path: Path) -> dict[str, Any]:
    try:
        document = yaml_text.load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path.name}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path.name}: no text in UTF-8") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise ConfigError(f"{path.name}: no YAML, line {mark.line + 1 if mark else 1}") from None
    if not isinstance(document, dict):
        raise ConfigError(f"{path.name}: a mapping is expected")
    return document


def _rows(entries: Fields, name: str, make: Any) -> tuple[Any, ...]:
    rows = entries.take(name, list)
    return tuple(
        make(_Entries(row, entries.file, f"{name}, entry {at}")) for at, row in enumerate(rows, 1)
    )


def _once(file: str, what: str, keys: list[Any]) -> None:
    for at, key in enumerate(keys, 1):
        if key in keys[: at - 1]:
            raise ConfigError(f"{file}: entry {at}: the same {what} twice")


# applications


def _aid(entry: Fields) -> AidRecord:
    aid = entry.hexes("aid")
    if not 5 <= len(aid) <= 16:
        raise entry.wrong("aid", "has 5 to 16 bytes")
    kernel = entry.number("kernel", 1, 255)
    exact = entry.one_of("match", ("partial", "exact"), "partial") == "exact"
    tags = {"9F06": aid, "9F2A": bytes([kernel]), "DF01": bytes([exact])}
    tags["9F09"] = entry.hexes("version", 2)
    ttq = entry.hexes("ttq", 4, None)
    if ttq is not None:
        tags["9F66"] = ttq
    elif kernel in _WITH_TTQ:
        raise entry.wrong("ttq", f"is there for kernel {kernel}")
    tags |= _action_codes(entry, kernel) | _limits(entry)
    zero_refused = not entry.take("zero_amount", bool, True)
    status_check = entry.take("status_check", bool, False)
    tags["DF8F02"] = bytes([zero_refused | status_check << 1])
    tags |= _more_tags(entry, kernel)
    record = AidRecord(entry.take("name", str), tags)
    entry.done()
    return record


def _action_codes(entry: Fields, kernel: int) -> dict[str, bytes]:
    """Terminal action codes; kernel 2 takes them, and the limits, for those of C-2."""
    inner = entry.take("tac", dict, None)
    if inner is None:
        if kernel == _KERNEL_MASTERCARD:
            raise entry.wrong("tac", "is there for kernel 2")
        return {}
    codes = _Entries(inner, entry.file, f"{entry.where}, tac")
    tags = {"DF11": codes.hexes("default", 5), "DF12": codes.hexes("online", 5)}
    tags["DF13"] = codes.hexes("denial", 5)
    codes.done()
    return tags


def _limits(entry: Fields) -> dict[str, bytes]:
    """The limits (fen) that there are, n12."""
    tags = {}
    for name, tag in (("floor", "DF19"), ("contactless_limit", "DF20"), ("cvm_limit", "DF21")):
        fen = _maybe_number(entry, name)
        if fen is not None:
            tags[tag] = bytes.fromhex(f"{fen:012d}")
    return tags


def _more_tags(entry: Fields, kernel: int) -> dict[str, bytes]:
    tags = _tags(entry, "tags")
    for tag in tags:
        if tag in _OWN:
            raise entry.wrong(f"tags {tag}", "has an entry of its own")
    if kernel == _KERNEL_MASTERCARD:
        for tag, size in _MASTERCARD.items():
            if len(tags.get(tag, b"")) != size:
                raise entry.wrong(f"tags {tag}", f"is there for kernel 2 and has {size} byte")
    return tags


# CA keys


def _ca_key(entry: Fields) -> CaPublicKey:
    revoked = _serials(entry)
    name = entry.take("test_key", str, None)
    if name is not None:
        known = load_keys().ca
        if name not in known:
            raise entry.wrong("test_key", f"is one of {', '.join(known)}")
        entry.done()
        ca = known[name]
        key, exponent = ca.key.modulus, ca.key.exponent
        return CaPublicKey(ca.rid, ca.index, key, exponent, ca.expires, revoked)
    key = CaPublicKey(
        rid=entry.hexes("rid", 5),
        index=entry.hexes("index", 1)[0],
        modulus=entry.hexes("modulus"),
        exponent=entry.hexes("exponent"),
        expires=entry.take("expires", str),
        revoked=revoked,
    )
    if not 64 <= len(key.modulus) <= 248 or not key.modulus[0]:
        raise entry.wrong("modulus", "has 64 to 248 bytes and no zeros before it")
    if key.exponent not in (b"\x03", b"\x01\x00\x01"):
        raise entry.wrong("exponent", "is 03 or 010001")
    if not _is_moment(key.expires, "%Y%m%d", 8):
        raise entry.wrong("expires", "is YYYYMMDD")
    check = entry.hexes("check_value", 20, None)
    if check not in (None, check_value(key)):
        raise entry.wrong("check_value", "is SHA-1 over RID, index, modulus and exponent")
    entry.done()
    return key


def check_value(key: CaPublicKey) -> bytes:
    """SHA-1 over RID, index, modulus and exponent, 20 bytes (EMV Book 2, 11.2.2)."""
    return hash_of(key.rid + bytes([key.index]) + key.modulus + key.exponent)


def _serials(entry: Fields) -> tuple[bytes, ...]:
    found = []
    for serial in entry.take("revoked", list, []):
        try:
            found.append(bytes.fromhex(serial))
        except (TypeError, ValueError):
            found.append(b"")
        if len(found[-1]) != 3:
            raise entry.wrong("revoked", "lists serial numbers of 3 bytes")
    return tuple(found)


# single values


def _tags(entry: Fields, name: str) -> dict[str, bytes]:
    tags = entry.tags(name, {}, {})
    for tag in tags:
        try:
            whole = ber.read_tag(bytes.fromhex(tag), 0)[1] * 2 == len(tag)
        except ValueError:
            whole = False
        if not whole:
            raise entry.wrong(f"{name} {tag}", "is no tag")
    return tags


def _maybe_number(entry: Fields, name: str) -> int | None:
    value = entry.take(name, int, None)
    if value is not None and not 0 <= value <= _MAX_FEN:
        raise entry.wrong(name, "is an amount in fen, up to 12 digits")
    return value


def _first(value: bytes | None) -> int | None:
    return value[0] if value is not None else None


def _code(entry: Fields, name: str) -> str | None:
    value = entry.take(name, str, None)
    if value is not None and not (len(value) == 3 and value.isascii() and value.isdigit()):
        raise entry.wrong(name, "has 3 digits, in quotes")
    return value


def _moment(entry: Fields, name: str, form: str, rule: str) -> str | None:
    value = entry.take(name, str, None)
    if value is not None and not _is_moment(value, form, 6):
        raise entry.wrong(name, rule)
    return value


def _is_moment(value: str, form: str, size: int) -> bool:
    if len(value) != size or not (value.isascii() and value.isdigit()):
        return False
    try:
        datetime.strptime(value, form)
    except ValueError:
        return False
    return True
