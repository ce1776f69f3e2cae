"""The host's log read again: its messages field by field. They are masked as they are there."""

import json
from typing import Any

from host_tools.decode8583 import kinds
from host_tools.decode8583.parts import Around, Part
from host_tools.decode8583.reading import Field, Reading, show_value
from host_tools.emv import tags

_SHOWN_AS_IS = (2, 14, 35, 36, 52, 58)


def record(line: str) -> dict[str, Any] | None:
    """A line of the log as its record; None when it is none."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) and "event" in found else None


def read(found: dict[str, Any]) -> Reading | None:
    """The message of a record; None for a record without one."""
    if "mti" not in found or not isinstance(found.get("fields"), dict):
        return None
    fields = {int(number): value for number, value in found["fields"].items()}
    f60 = fields.get(60)
    reading = Reading(mti=found["mti"], values=fields, has_pan=True)
    reading.title = kinds.title(reading.mti, fields.get(3), fields.get(25), f60) or "not known"
    around = Around(reading.mti, f60[8:11] if isinstance(f60, str) else "")
    reading.fields = [_field(number, value, around) for number, value in fields.items()]
    return reading


def _field(number: int, value: Any, around: Around) -> Field:
    if number == 55 and isinstance(value, dict):
        pieces = [Part(f"{tag} {tags.name(int(tag, 16))}", text) for tag, text in value.items()]
        return Field(55, 0, 0, f"{len(value)} data objects", pieces=pieces)
    text = str(value)
    if number in _SHOWN_AS_IS or text.startswith("<"):
        return Field(number, 0, 0, text)
    return show_value(number, text, around)
