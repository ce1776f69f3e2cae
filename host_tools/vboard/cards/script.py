"""The other kind of card beside the state machine: a list of commands and what it answers to each.

A script file is YAML: a list of scripts, or one script as a mapping. A script has

- ``name``, and ``exchanges``: pairs of command and answer in the notation of ``notation.py``. For
  an answer may stand ``CardLost``, ``CardUnreadable`` (the card stays mute) or ``Collision``.
  A file ``parts.yaml`` beside it holds pieces that are written ``$name``.
- ``after``: the name of a piece that is a mapping, the script's beginning: its exchanges come
  first, its other entries hold where the script has none of its own.
- ``config``: what the terminal is and wants (``taptill card run --help``). In a list of scripts
  its entries may also stand beside ``name``.
- ``outcome`` and ``tags``: how a transaction ends with it, and data of its end (null: absent).
- ``card``: what the antenna sees, as in a card file.

In a file with one script each exchange has a comment, on one of its lines or on the line above:
who reads a recording wants to know what it says.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from host_tools.vboard.cards import apdu
from host_tools.vboard.cards.card import DEFAULT_THINK_MS, OTHER_THINK_MS, Face
from host_tools.vboard.cards.fields import CardFileError, read_yaml
from host_tools.vboard.cards.notation import NotationError, encoded

LOSSES = ("CardLost", "CardUnreadable", "Collision")
_OWN = ("name", "exchanges", "config", "outcome", "tags", "card", "after")
# 7-byte UID, ISO/IEC 14443-4, and no limits but those of the protocol
_FACE = Face("A", bytes.fromhex("04A0B0C0D0E0F0"), b"\x00\x44", 0x20, bytes.fromhex("0578807002"))


@dataclass(frozen=True, repr=False)
class Script:
    """One conversation. In ``exchanges`` an answer is bytes, or the name of a loss.

    ``config`` is as it was written; ``parts`` are the pieces that it may name.
    """

    name: str
    exchanges: tuple[tuple[bytes, bytes | str], ...]
    config: dict[str, Any] = field(default_factory=dict)
    outcome: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, str | None] = field(default_factory=dict)
    face: Face = _FACE
    parts: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Script {self.name}, {len(self.exchanges)} exchanges>"


class ScriptCard:
    """Plays a script to a reader; what the antenna sees of it is as with ``card.Card``.

    A command that is not the one in the script is answered 6F00, the script stays where it is,
    and ``difference`` tells of the first in a sentence without data. ``log`` holds one line for
    each command, e.g. "GPO 9000".
    """

    def __init__(self, script: Script) -> None:
        self.script = script
        self.name = script.name
        self.face = face = script.face
        self.technology, self.uid, self.atqa = face.technology, face.uid, face.atqa
        self.sak, self.ats = face.sak, face.ats
        self.atqb, self.attrib_res = face.atqb, face.attrib_res
        self.log: list[str] = []
        self.difference: str | None = None
        self._at = 0

    def __repr__(self) -> str:
        return f"<ScriptCard {self.name}, exchange {self._at} of {len(self.script.exchanges)}>"

    @property
    def left_over(self) -> int:
        """How many exchanges of the script have not come."""
        return len(self.script.exchanges) - self._at

    def power_off(self) -> None:
        """A script goes on where it was when the card is presented again."""

    def think_ms(self, capdu: bytes) -> float:
        """How long a chip would compute over ``capdu``."""
        return DEFAULT_THINK_MS.get(apdu.name(capdu), OTHER_THINK_MS)

    def answer(self, capdu: bytes) -> bytes | str:
        """What the script has for ``capdu``: response and status word, or the name of a loss."""
        name = apdu.name(capdu)
        if not self.left_over:
            return self._differs(name, f"{name} is not in the script, which has ended")
        want, answer = self.script.exchanges[self._at]
        if capdu != want:
            return self._differs(name, self._comparison(capdu, want))
        self._at += 1
        self.log.append(f"{name} {answer if isinstance(answer, str) else answer[-2:].hex()}")
        return answer

    def exchange(self, capdu: bytes) -> bytes | None:
        """Answer one command APDU with response data and status word; None: mute."""
        answer = self.answer(bytes(capdu))
        return None if isinstance(answer, str) else answer

    def _comparison(self, got: bytes, want: bytes) -> str:
        """Where two commands part; of their bytes only the first that differs."""
        at = next((i for i, (a, b) in enumerate(zip(got, want, strict=False)) if a != b), None)
        if at is None:
            where = f"{len(got)} bytes instead of {len(want)}"
        else:
            where = f"byte {at} is {got[at]:02X} instead of {want[at]:02X}"
        there = apdu.name(want)
        what = there if apdu.name(got) == there else f"{apdu.name(got)} instead of {there}"
        return f"exchange {self._at + 1}: {what}, {where}"

    def _differs(self, name: str, sentence: str) -> bytes:
        self.difference = self.difference or sentence
        self.log.append(f"{name} not in the script")
        return b"\x6f\x00"


def is_script(document: Any) -> bool:
    """Whether this is what a script file holds, rather than a card file."""
    return isinstance(document, list) or (isinstance(document, dict) and "exchanges" in document)


def load_scripts(path: Path) -> list[Script]:
    """The scripts of a file, one or many. Raises CardFileError, OSError."""
    document = read_yaml(path)
    if isinstance(document, dict):
        _need_comments(path.read_text(encoding="utf-8"), path.name)
        return [_script(document, path.name, load_parts(path.parent), alone=True)]
    if not isinstance(document, list) or not document:
        raise CardFileError(f"{path.name}: a script or a list of scripts is expected")
    parts = load_parts(path.parent)
    return [_script(entry, path.name, parts, alone=False) for entry in document]


def load_parts(folder: Path) -> dict[str, Any]:
    """The pieces that scripts in ``folder`` may name: texts, and beginnings of scripts.

    Raises CardFileError.
    """
    path = folder / "parts.yaml"
    if not path.is_file():
        return {}
    parts = read_yaml(path)
    if not isinstance(parts, dict) or not all(isinstance(v, str | dict) for v in parts.values()):
        raise CardFileError(f"{path.name}: names and texts in quotes are expected")
    return {str(name): piece for name, piece in parts.items()}


def _whole(entry: dict[Any, Any], where: str, parts: Mapping[str, Any]) -> dict[Any, Any]:
    """A script with its beginning, if it names one."""
    if "after" not in entry:
        return entry
    start = parts.get(entry["after"])
    if not isinstance(start, dict) or not isinstance(start.get("exchanges"), list):
        raise CardFileError(f"{where}: after is wrong: it names a piece with exchanges")
    own = entry.get("exchanges") or []
    return {**start, **entry, "exchanges": [*start["exchanges"], *own]}


def _script(entry: Any, file: str, parts: Mapping[str, Any], *, alone: bool) -> Script:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise CardFileError(f"{file}: a script is a mapping with a name")
    where = f"{file}: {entry['name']}"
    entry = _whole(entry, where, parts)
    texts = {name: piece for name, piece in parts.items() if isinstance(piece, str)}
    config = _mapping(entry, "config", where)
    rest = {str(key): value for key, value in entry.items() if key not in _OWN}
    if alone and rest:
        raise CardFileError(f"{where}: {', '.join(sorted(rest))}: not known here")
    pairs = entry.get("exchanges")
    if not isinstance(pairs, list):
        raise CardFileError(f"{where}: exchanges is missing or no list")
    exchanges = tuple(
        _exchange(p, f"{where}, exchange {n}", texts) for n, p in enumerate(pairs, 1)
    )
    tags = {str(tag): value for tag, value in _mapping(entry, "tags", where).items()}
    return Script(
        name=entry["name"],
        exchanges=exchanges,
        config={**rest, **config},
        outcome=_mapping(entry, "outcome", where),
        tags={
            tag.upper(): None if value is None else _value(value, f"{where}, tag {tag}", texts)
            for tag, value in tags.items()
        },
        face=_face(entry, file),
        parts=texts,
    )


def _mapping(entry: dict[Any, Any], name: str, where: str) -> dict[str, Any]:
    value = entry.get(name) or {}
    if not isinstance(value, dict):
        raise CardFileError(f"{where}: {name} is no mapping")
    return value


def _value(value: Any, where: str, parts: Mapping[str, str]) -> str:
    if not isinstance(value, str):
        raise CardFileError(f"{where}: text in quotes is expected")
    try:
        return encoded(value, parts)
    except NotationError as error:
        raise CardFileError(f"{where}: {error}") from None


def _exchange(pair: Any, where: str, parts: Mapping[str, str]) -> tuple[bytes, bytes | str]:
    if not isinstance(pair, list) or len(pair) != 2:
        raise CardFileError(f"{where}: a command and an answer are expected")
    capdu = bytes.fromhex(_value(pair[0], f"{where}, command", parts))
    if pair[1] in LOSSES:
        return capdu, pair[1]
    # an answer of less than two bytes is none; that the kernel must bear
    return capdu, bytes.fromhex(_value(pair[1], f"{where}, answer", parts))


def _face(entry: dict[Any, Any], file: str) -> Face:
    if "card" not in entry:
        return _FACE
    from host_tools.vboard.cards.loader import read_face  # which loads scripts itself

    return read_face(entry["card"], file)


def _need_comments(text: str, file: str) -> None:
    """Raise CardFileError for an exchange that has no comment with it."""
    lines = text.splitlines()
    for item in _exchange_nodes(yaml.compose(text, yaml.SafeLoader)):
        first, last = item.start_mark.line, item.end_mark.line
        if (
            not item.flow_style and item.value
        ):  # one in lines ends, for YAML, where the next begins
            last = item.value[-1].end_mark.line
        above = lines[first - 1].lstrip() if first else ""
        own = "\n".join(lines[first : last + 1])
        if not above.startswith("# ") and not re.search(r"(^|\s)# *\S", own):
            raise CardFileError(f"{file}: the exchange in line {first + 1} has no comment")


def _exchange_nodes(root: Any) -> list[Any]:
    for key, value in root.value if isinstance(root, yaml.MappingNode) else ():
        if key.value == "exchanges" and isinstance(value, yaml.SequenceNode):
            return [item for item in value.value if isinstance(item, yaml.SequenceNode)]
    return []
