"""Vectors: files of known answers, as checks that the firmware's code on a board can be held to.

A file is YAML. Its sections are of these kinds; what is in no section that is known here is left
out. Long hex may be broken by blanks.

- ``calls``: a list of {``from``: a module of the firmware, ``with``: {NAME: hex}, ``gives``:
  {expression: value}}. An expression may name what the module has, the names of ``with``, and
  ``into`` and ``heard`` of ``mpy/checks.py``; bytes in a value are hex, ``raises NAME`` is an
  exception.
- ``messages``: frames of ISO 8583 with their MTI and fields, read and made. A file that has
  nothing but frames is taken for such a section.
- ``keys``, ``mac``, ``pin``, ``sm4``, ``track``: as in ``tests/vectors/golden.yaml``.

A list of conversations with a card is no file of these: ``host_tools/emv/play.py`` loads them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from host_tools.vboard.cards.fields import CardFileError, read_yaml

_PREFIX = 13  # length, TPDU and header are ahead of a message


class VectorError(ValueError):
    """A file of vectors is wrong; the sentence says where."""


@dataclass(frozen=True)
class Check:
    """``expression``, after ``imports``, has to be ``value``; bytes are hex in it."""

    name: str
    imports: str
    expression: str
    value: Any


def load(path: Path) -> list[Check]:
    """The checks of a file. Raises VectorError, OSError."""
    try:
        document = read_yaml(path)
    except CardFileError as error:
        raise VectorError(str(error)) from None
    if not isinstance(document, dict):
        raise VectorError(f"{path.name}: a mapping is expected")
    if all(isinstance(entry, dict) and "frame" in entry for entry in document.values()):
        document = {"messages": document, "binary": None}
    checks = []
    for section, make in _KINDS.items():
        if section not in document:
            continue
        try:
            checks += make(document)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            why = f"{type(error).__name__}: {error}"
            raise VectorError(f"{path.name}: {section}: not as it is known here: {why}") from None
    if not checks:
        raise VectorError(f"{path.name}: no vectors; there are {', '.join(_KINDS)}, and scripts")
    return checks


def _hex(text: str) -> str:
    return "".join(text.split()).upper()


def _raw(text: str) -> bytes:
    return bytes.fromhex(text)


def _calls(document: dict[str, Any]) -> Iterator[Check]:
    for group in document["calls"]:
        module = group["from"]
        if not all(part.isidentifier() for part in module.split(".")):
            raise ValueError(f"from: {module!r} is no module")
        imports = f"from {module} import *"
        for name, text in group.get("with", {}).items():
            imports += f"; {name} = {_raw(text)!r}"
        for expression, value in group["gives"].items():
            wanted = _hex(value) if _is_hex(value) else value
            yield Check(f"{module}: {expression}", imports, expression, wanted)


def _is_hex(value: Any) -> bool:
    try:
        return isinstance(value, str) and _raw(value) is not None
    except ValueError:
        return False


_CODEC = "from pos.protocol import iso8583, unionpay"


def _messages(document: dict[str, Any]) -> Iterator[Check]:
    binary = document["binary"]
    for name, entry in document["messages"].items():
        message, mti = _raw(entry["frame"])[_PREFIX:], entry["mti"]
        read = f"iso8583.unpack(unionpay.PROFILE, {message!r})"
        if binary is None:  # written as another codec reads them; what stays is the message
            there = [mti, sorted(entry["fields"])]
            yield Check(
                f"{name}: read", _CODEC, f"(lambda m: [m[0], sorted(m[1])])({read})", there
            )
            again = f"iso8583.pack(unionpay.PROFILE, *{read})"
            yield Check(f"{name}: read and made again", _CODEC, again, message.hex().upper())
            continue
        fields = {n: _raw(v) if n in binary else v for n, v in entry["fields"].items()}
        shown = {str(n): v.hex().upper() if n in binary else v for n, v in fields.items()}
        yield Check(f"{name}: read", _CODEC, read, [mti, shown])
        made = f"iso8583.pack(unionpay.PROFILE, {mti!r}, {fields!r})"
        yield Check(f"{name}: made", _CODEC, made, message.hex().upper())


_DES = "from pos.crypto import des"


def _keys(document: dict[str, Any]) -> Iterator[Check]:
    tmk = _raw(document["keys"]["tmk"])
    for name, key in document["keys"]["wrapped"].items():
        clear, wrapped = _raw(key["clear"]), _raw(key["encrypted"])
        yield Check(
            f"key {name}: wrapped",
            _DES,
            f"des.ecb_encrypt({tmk!r}, {clear!r})",
            _hex(key["encrypted"]),
        )
        yield Check(
            f"key {name}: unwrapped",
            _DES,
            f"des.ecb_decrypt({tmk!r}, {wrapped!r})",
            _hex(key["clear"]),
        )
        yield Check(f"key {name}: check value", _DES, f"des.kcv({clear!r})", _hex(key["kcv"]))


def _macs(document: dict[str, Any]) -> Iterator[Check]:
    for name, entry in document["mac"].items():
        if "mab" in entry:
            covered = _raw(entry["mab"])
        else:
            covered = _raw(document["messages"][entry["message"]]["frame"])[_PREFIX:-8]
        call = f"mac.pos_ecb({_raw(entry['mak'])!r}, {covered!r})"
        answer = entry["mac"].encode().hex().upper()
        yield Check(f"MAC {name}", "from pos.crypto import mac", call, answer)


_PIN = "from pos.crypto import pin_block"


def _pin(pik: bytes, entry: dict[str, Any], sm4: bool) -> Iterator[Check]:
    pin, pan = f"bytearray({entry['pin'].encode()!r})", entry["pan"]
    size = 16 if sm4 else 8
    what = f"PIN block, {len(entry['pin'])} digits" + (", SM4" if sm4 else "")
    clear = f"pin_block.iso0({pin}, {pan!r}, {size})"
    yield Check(f"{what}: clear", _PIN, clear, _hex(entry["clear"]))
    made = f"pin_block.encrypt({pik!r}, {pin}, {pan!r}, {sm4})"
    yield Check(f"{what}: encrypted", _PIN, made, _hex(entry["block"]))


def _pins(document: dict[str, Any]) -> Iterator[Check]:
    for entry in document["pin"]["vectors"]:
        yield from _pin(_raw(document["pin"]["pik"]), entry, False)


def _sm4(document: dict[str, Any]) -> Iterator[Check]:
    entry = document["sm4"]
    tmk, wrapped, pik = (_raw(entry[name]) for name in ("tmk", "wrapped", "pik"))
    call = f"des.ecb_decrypt({tmk!r}, {wrapped!r}, True)"
    yield Check("key, SM4: unwrapped", _DES, call, _hex(entry["pik"]))
    yield Check("key, SM4: check value", _DES, f"des.kcv({pik!r}, True)", _hex(entry["kcv"])[:8])
    yield from _pin(pik, entry["pin"], True)


def _tracks(document: dict[str, Any]) -> Iterator[Check]:
    tdk = _raw(document["track"]["tdk"])
    for name, entry in document["track"].items():
        if name != "tdk":
            call = f"track.encrypt({tdk!r}, {entry['clear']!r}).replace('=', 'D')"
            yield Check(f"track, {name}", "from pos.crypto import track", call, entry["encrypted"])


_KINDS: dict[str, Callable[[dict[str, Any]], Iterator[Check]]] = {
    "calls": _calls,
    "messages": _messages,
    "keys": _keys,
    "mac": _macs,
    "pin": _pins,
    "sm4": _sm4,
    "track": _tracks,
}
