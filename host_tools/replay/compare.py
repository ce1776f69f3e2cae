"""What is different between two traces, as one sentence; what must differ is not compared.

Dates, times, random numbers and what is computed from them (cryptograms, MACs, check values of
working keys, the day in a reference number) are another each time: ``#`` on both sides.
"""

import re
from collections.abc import Iterator
from typing import Any

from host_tools.replay.trace import Trace

_VOLATILE_TEXT = (
    (re.compile(r"\d{4}([/-])\d\d[/-]\d\d"), "####/##/##"),
    (re.compile(r"\d\d:\d\d(:\d\d)?"), "##:##"),
    (re.compile(r"((?:ARQC|TC|AAC): )[0-9A-F]{16}"), r"\1#"),
    (re.compile(r"((?:PIK|MAK|TDK) KCV: )[0-9A-F]{6}"), r"\1#"),
    (re.compile(r"(?<!\d)\d{6}(?=\d{6}(?!\d))"), "######"),  # day and hour in a reference number
)
_MS = re.compile(r"^\d+ (?=[A-Z] )")
_VOLATILE_FIELDS = ("12", "13", "15", "64")
_REFERENCE = "37"
_VOLATILE_TAGS = ("9F26", "9F37", "9A")
_RESULTS = ("ledger", "journal", "messages", "settlements", "scripts", "faults", "auditor")


def steady(text: str) -> str:
    """A text without what is another one each time."""
    for pattern, instead in _VOLATILE_TEXT:
        text = pattern.sub(instead, text)
    return text


def is_steady(text: str) -> bool:
    """Whether nothing in it is another one each time."""
    return steady(text) == text


def difference(recorded: Trace, played: Trace) -> str | None:
    """The first that is different, None: nothing."""
    for name in _RESULTS:
        found = _rows(name, recorded.end.get(name, []), played.end.get(name, []))
        if found:
            return found
    for name, was, now in _sequences(recorded, played):
        found = _rows(name, was, now)
        if found:
            return found
    return None


def _sequences(one: Trace, other: Trace) -> Iterator[tuple[str, list[str], list[str]]]:
    yield "host", _host(one), _host(other)
    yield "paper", *_papers(one, other)
    yield "card", _card(one), _card(other)
    yield "console", _console(one), _console(other)


def _papers(one: Trace, other: Trace) -> tuple[list[str], list[str]]:
    """What was printed; of runs that failed as far as both had come when they ended."""
    papers = _texts(one.end.get("paper", [])), _texts(other.end.get("paper", []))
    most = min(map(len, papers)) if one.end.get("failed") and other.end.get("failed") else None
    return papers[0][:most], papers[1][:most]


def _texts(lines: list[str]) -> list[str]:
    return [steady(line) for line in lines]


def _console(trace: Trace) -> list[str]:
    """Its lines without the milliseconds that the log begins them with."""
    return _texts([_MS.sub("", line) for line in trace.all("console")])


def _card(trace: Trace) -> list[str]:
    """What was asked of each card, once each: who has lost a card asks from the beginning."""
    return list(dict.fromkeys(f"{said['card']}: {said['kind']}" for said in trace.all("card")))


def _host(trace: Trace) -> list[str]:
    """What the host logged, each record as words."""
    return [_words(_steady_record(record)) for record in trace.all("host")]


def _steady_record(record: dict[str, Any]) -> dict[str, Any]:
    fields = record.get("fields")
    if not isinstance(fields, dict):
        return record
    kept: dict[str, Any] = {
        n: "#" if n in _VOLATILE_FIELDS else value for n, value in fields.items()
    }
    if isinstance(kept.get(_REFERENCE), str):
        kept[_REFERENCE] = "######" + kept[_REFERENCE][6:]
    if isinstance(kept.get("55"), dict):
        kept["55"] = {t: "#" if t in _VOLATILE_TAGS else v for t, v in kept["55"].items()}
    return {**record, "fields": kept}


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name} {_words(one)}" for name, one in value.items())
    return str(value)


def _rows(name: str, was: list[str], now: list[str]) -> str | None:
    for at, (one, other) in enumerate(zip(was, now, strict=False), 1):
        if one != other:
            return f"{name}, line {at}: {_apart(one, other)}"
    if len(was) > len(now):
        return f"{name}: {was[len(now)]!r} has not come again (line {len(now) + 1})"
    if len(now) > len(was):
        return f"{name}: {now[len(was)]!r} is more than was recorded (line {len(was) + 1})"
    return None


def _apart(was: str, now: str) -> str:
    """Where two lines part, with as much of them as a reader needs."""
    at = next((i for i, (a, b) in enumerate(zip(was, now, strict=False)) if a != b), None)
    start = max(0, (min(len(was), len(now)) if at is None else at) - 20)
    before = "..." if start else ""
    return f"recorded {before}{was[start : start + 60]!r}, now {before}{now[start : start + 60]!r}"
