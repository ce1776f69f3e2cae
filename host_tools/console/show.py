"""Answers and events as lines for the eye."""

import re
from collections.abc import Iterator
from typing import Any

from host_tools.console.commands import LEVELS
from host_tools.decode8583.firmware import words

Record = dict[str, Any]

_CAUSES = {1: "power on", 2: "reset", 3: "watchdog", 4: "deep sleep", 5: "soft reset"}
_LAYERS = {"link": "link", "address": "address", "name": "name", "tcp": "TCP", "tls": "TLS"}
_REASONS = {
    "-202": "the name is unknown, or no name server answers",
    "silent": "no answer in time",
    "refused": "connection refused: nobody listens at this port",
    "111": "connection refused: nobody listens at this port",
    "104": "connection reset",
    "113": "no way to this address",
    "closed": "the host hung up instead of answering",
    "garbled": "what the host answers is no ISO 8583 message of this dialect",
    "mac": "the host's seal (MAC) is wrong",
    "training": "the terminal is in training: there is no network",
}

_BUSY = "busy ({}): somebody is at work. It answers while it waits for an amount or a log-in"
_FAILED = {"display": "the display cannot be read", "journal": "the journal is not open"}
_ERRORS = {
    "locked": "the terminal wants a proof of who asks (--key FILE)",
    "unknown": "this terminal does not know the command",
    "garbled": "the command did not arrive whole; ask again",
    "arguments": "the terminal does not take these arguments",
}


def part(command: str, one: Record) -> str:
    """One part of a long answer, as a line."""
    if "layer" in one:
        name = _LAYERS.get(one["layer"], one["layer"])
        detail = str(one["detail"])
        said = detail if one["ok"] else reason(detail)
        return f"  {_tick(one['ok'])} {name:<8} {said}".rstrip() + f"  ({one['ms']} ms)"
    if command == "self-test":
        detail = one["detail"] if one["ok"] else reason(one["detail"])
        return f"  {_tick(one['ok'])} {one['name']:<8} {detail}".rstrip()
    if "trace" in one:
        amount = f"{one.get('amount', 0) / 100:,.2f}"
        when = one.get("when", "")
        when = f"{when[4:6]}-{when[6:8]} {when[8:10]}:{when[10:12]}" if len(when) == 14 else "-"
        tail = f"{one.get('pan', '-')}  rc {one.get('rc', '-')}  {one.get('copies', 0)} copies"
        return (
            f"  {one['number']:>3}  {one['trace']:06d}  {one.get('kind', '?'):<10} {amount:>12}  "
            f"{one['state']:<9}  {when}  {tail}"
        )
    if "wait_s" in one:
        return f"  press the keys, within {one['wait_s']} s"
    return "  " + ", ".join(f"{name} {value}" for name, value in one.items())


def answer(command: str, one: Record) -> Iterator[str]:
    """The end of an answer, in lines."""
    if command == "log":
        yield f"logged from here on: {LEVELS[one['level']]} and graver"
    elif command == "journal":
        yield f"batch {one['batch']}: {one['count']} transactions"
    elif command == "trace":
        yield f"traced: {', '.join(one['kinds']) or 'nothing'}"
    elif command == "crash":
        yield from (one["crash"] or "no crash is kept").splitlines()
    elif command == "screen":
        yield f"{one['file']}: {one['width']} by {one['height']}"
    elif command == "keys":
        seen = one["seen"] or "none"
        yield "all sixteen keys" if one["ok"] else f"pressed: {seen}"
    elif command == "nfc" and one["ok"]:
        yield _card(one)
    elif "broken" in one:
        yield f"broken: {one['broken']}" if one["broken"] else "all is well"
    elif set(one) <= {"ok", "why", "paper_low"}:
        low = ", the paper is near its end" if one.get("paper_low") else ""
        why = f": {reason(str(one['why']), 'printer_')}" if "why" in one else ""
        yield ("well" if one["ok"] else "not well") + why + low
    else:
        yield from _table(command, one)


def _card(one: Record) -> str:
    if "card" not in one:
        return "well"
    if one["card"] is None:
        return "well; no card came"
    more = f", SAK {one['sak']:02X}, UID of {one['uid_bytes']} bytes" if "sak" in one else ""
    return f"well; a card: {one['card']}{more}"


def _table(command: str, one: Record) -> Iterator[str]:
    for name, value in sorted(one.items()):
        if name == "cause":
            value = _CAUSES.get(value, value)
        elif name == "log_level":
            value = LEVELS[value]
        elif isinstance(value, bool):
            value = "yes" if value else "no"
        elif isinstance(value, dict):
            value = ", ".join(f"{key} {what}" for key, what in sorted(value.items()))
        elif isinstance(value, list):
            value = " ".join(value)
        yield f"  {name:<14} {value}".rstrip()


def reason(code: str, prefix: str = "") -> str:
    """What a code of the firmware means: its own words where it has some."""
    number = re.match(r"\[Errno (\d+)\]", code)
    code = number[1] if number else code
    if code in _REASONS:
        return _REASONS[code]
    for name in (prefix + code, "host_" + code, code):
        said = words.say(name)
        if said != name:
            return said.removesuffix(" Nothing was charged.")
    return code or "no reason is known"


def failed(one: Record) -> str:
    """Why an answer is none, in a sentence; empty when it is one."""
    error, why = one.get("error"), str(one.get("why", ""))
    if error is None:
        return ""
    if error == "busy":
        return _BUSY.format(why)
    if error == "failed":
        return _FAILED.get(why, f"it failed: {why}")
    return _ERRORS.get(str(error), str(error))


def _tick(ok: bool) -> str:
    return "✓" if ok else "✗"
