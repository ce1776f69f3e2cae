"""Reading one mapping of a card file, with a clear sentence for whatever is not as it should be.

No sentence repeats a value: it may be a PAN, a PIN or a key.
"""

import copy
import functools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from host_tools import yaml_text

_MISSING: Any = object()
_KINDS = {str: "text in quotes", int: "a whole number", dict: "a mapping", list: "a list"}
_KINDS[bool] = "true or false"


class CardFileError(ValueError):
    """A card file is wrong; the sentence says where."""


def read_yaml(path: Path) -> Any:
    """What a YAML file holds. Raises CardFileError, OSError."""
    try:
        return copy.deepcopy(_parsed(path.read_text(encoding="utf-8")))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise CardFileError(f"{path.name}: no YAML: {error.problem}, line {line}") from None


@functools.lru_cache(1024)  # stories have the same cards
def _parsed(text: str) -> Any:
    return yaml_text.load(text)


def luhn_digit(digits: str) -> str:
    """The check digit that belongs behind ``digits`` (ISO/IEC 7812-1 annex B)."""
    total = 0
    for at, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 - at % 2)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


class Fields:
    """The entries of a mapping, each taken once; ``done`` complains of what is left."""

    error: type[ValueError] = CardFileError  # what is raised; other files have their own

    def __init__(self, mapping: Any, file: str, where: str) -> None:
        if not isinstance(mapping, dict):
            raise self.error(f"{file}: {where} is missing or no mapping")
        self._left = {str(key): value for key, value in mapping.items()}
        self.file, self.where = file, where

    def wrong(self, name: str, rule: str) -> ValueError:
        """The error for entry ``name`` that breaks ``rule``."""
        return self.error(f"{self.file}: {self.where}: {name} is wrong: it {rule}")

    def names(self) -> list[str]:
        """What has not been taken yet."""
        return list(self._left)

    def take(self, name: str, kind: type, default: Any = _MISSING) -> Any:
        """Entry ``name``, which must be of ``kind``."""
        value = self._left.pop(name, default)
        if value is _MISSING:
            raise self.error(f"{self.file}: {self.where}: {name} is missing")
        if value is not default and (type(value) is not kind):
            raise self.wrong(name, f"is {_KINDS[kind]}")
        return value

    def one_of(self, name: str, choices: Iterable[str], default: Any = _MISSING) -> str:
        """One of a few words."""
        value = self.take(name, str, default)
        if value not in choices:
            raise self.wrong(name, f"is one of {', '.join(choices)}")
        return value

    def number(self, name: str, low: int, high: int, default: Any = _MISSING) -> int:
        """A whole number from ``low`` to ``high``."""
        value = self.take(name, int, default)
        if not low <= value <= high:
            raise self.wrong(name, f"is {low} to {high}")
        return value

    def digits(self, name: str, count: int) -> str:
        """Exactly ``count`` digits."""
        value = self.take(name, str)
        if len(value) != count or not (value.isascii() and value.isdigit()):
            raise self.wrong(name, f"has {count} digits, in quotes")
        return value

    def pan(self, name: str) -> str:
        """A card number of 12 to 19 digits whose last is the Luhn check digit."""
        value = self.take(name, str)
        if not (value.isascii() and value.isdigit() and 12 <= len(value) <= 19):
            raise self.wrong(name, "has 12 to 19 digits, in quotes")
        if luhn_digit(value[:-1]) != value[-1]:
            raise self.wrong(name, f"ends in the Luhn check digit, here {luhn_digit(value[:-1])}")
        return value

    def hexes(self, name: str, size: int | None = None, default: Any = _MISSING) -> bytes:
        """Bytes in hex, ``size`` of them if given."""
        value = self.take(name, str, default)
        if value is default:
            return default
        data = self._bytes(name, value)
        if size is not None and len(data) != size:
            raise self.wrong(name, f"has {size} bytes, here {len(data)}")
        return data

    def tags(
        self, name: str, words: dict[str, bytes], default: Any = _MISSING
    ) -> dict[str, bytes]:
        """Tag -> value, where a value is hex or one of ``words``."""
        found = {}
        for tag, value in self.take(name, dict, default).items():
            if not isinstance(tag, str) or not isinstance(value, str):
                raise self.wrong(name, f"has tags and values in quotes, unlike {tag}")
            self._bytes(f"{name} {tag}", tag)
            if value.startswith("$") and value not in words:
                raise self.wrong(f"{name} {tag}", f"is hex or one of {', '.join(words)}")
            found[tag.upper()] = words.get(value) or self._bytes(f"{name} {tag}", value)
        return found

    def done(self) -> None:
        """Nothing may be left: a misspelt entry would be ignored otherwise."""
        if self._left:
            left = ", ".join(sorted(self._left))
            raise self.error(f"{self.file}: {self.where}: {left}: not known here")

    def _bytes(self, name: str, value: str) -> bytes:
        try:
            return bytes.fromhex(value)
        except ValueError:
            raise self.wrong(name, "is hex") from None
