"""What must be true when a story is over: money, journal, messages, paper, chips, secrets."""

import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from host_tools.acquirer.log import JsonLog
from host_tools.device import auditor
from host_tools.device.actions import Stage, printed
from host_tools.device.journal_reader import FlashImageError, Store
from host_tools.vboard.cards.loader import card_names, load_account

_CRASHES = ("E terminal", "E keypad", "Traceback", "MemoryError")
_TMK = bytes.fromhex("11" * 8 + "22" * 8)  # the TEST master key
_STORE = "/pos"
_TERMINAL = "12345678"
_BLOCK = 4096


class WrongExpectation(ValueError):
    """The expectations are not written as they should be."""


@dataclass(frozen=True)
class Expected:
    """What is not listed must not be there. Lines as ``docs/scenarios.md`` describes them."""

    ledger: list[str] = field(default_factory=list)
    journal: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    paper: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    auditor: list[str] = field(default_factory=list)
    settlements: list[str] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)


def expected(document: Any) -> Expected:
    """From YAML. Raises WrongExpectation."""
    if not isinstance(document, dict):
        raise WrongExpectation("it is missing: what must be true at the end?")
    lists = ("ledger", "journal", "messages", "faults", "auditor", "settlements", "scripts")
    unknown = set(document) - {*lists, "paper"}
    if unknown:
        raise WrongExpectation(f"{', '.join(sorted(map(str, unknown)))}: not known here")
    for name in lists:
        lines = document.get(name, [])
        if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
            raise WrongExpectation(f"{name}: a list of texts is expected")
    paper = document.get("paper", {})
    if not isinstance(paper, dict) or not all(type(count) is int for count in paper.values()):
        raise WrongExpectation("paper: how often each text is on it, for example 'COPY: 2'")
    return Expected(**document)


def compare(wanted: Expected, stage: Stage) -> list[str]:
    """What is not as it should be, in words."""
    wrong = [
        f"{name}: expected {getattr(wanted, name)}, found {rows}"
        for name, rows in found(stage).items()
        if rows != getattr(wanted, name)
    ]
    return wrong + list(_paper(wanted.paper, stage.paper())) + never(stage)


def found(stage: Stage) -> dict[str, list[str]]:
    """What has come of a story, under the names of ``Expected``; the paper is not in it."""
    image = stage.device.flash_image()
    return {
        "ledger": _ledger(stage),
        "journal": _journal(image),
        "messages": messages(stage.host.log),
        "faults": stage.device.board.faults,
        "auditor": _auditor(image, stage.paper(), stage),
        "settlements": _settlements(stage),
        "scripts": [r.hex().upper() for r in stage.host.ledger.script_results(_TERMINAL)],
    }


def never(stage: Stage) -> list[str]:
    """What must not be in any story: crashes, errors of the host, secrets; in words."""
    image = stage.device.flash_image()
    console = stage.device.console()
    wrong = [f"the console says {line!r}" for line in crashes(console)]
    wrong += [f"the host says {r}" for r in stage.host.log.records if r["event"] == "error"]
    places = {
        "the console": console.encode(),
        "the paper": stage.paper().encode(),
        "the host's log": "\n".join(map(_without_clock, stage.host.log.records)).encode(),
        "the flash": _written(image),
        "the screen": "\n".join(line for lines in stage.screens for line in lines).encode(),
    }
    return wrong + list(_leaks(places, secrets(stage)))


def _written(flash: bytes) -> bytes:
    """The blocks of a flash that are not erased: by far the fewest, and all that can be read."""
    erased = b"\xff" * _BLOCK
    blocks = (flash[at : at + _BLOCK] for at in range(0, len(flash), _BLOCK))
    return b"".join(block for block in blocks if block != erased)


def _without_clock(record: dict[str, Any]) -> str:
    """A record as text, without the time in F12: once a day it reads like the test cards' PIN."""
    fields = record.get("fields")
    if isinstance(fields, dict):
        record = {**record, "fields": {n: v for n, v in fields.items() if n != "12"}}
    return json.dumps(record)


def yuan(fen: int) -> str:
    """128000 -> ``1280.00``."""
    return f"{fen // 100}.{fen % 100:02d}"


def _ledger(stage: Stage) -> list[str]:
    rows = stage.host.ledger.transactions()
    return [f"{row.state} {yuan(row.amount)} {row.response_code or '-'}" for row in rows]


def _settlements(stage: Stage) -> list[str]:
    rows = stage.host.ledger.settlements()
    return [" ".join([row.batch, row.result, *row.differences]) for row in rows]


def _journal(image: bytes) -> list[str]:
    try:
        batches = Store(image, _STORE).batches()
    except (FlashImageError, OSError):
        return []  # nothing was ever stored
    rows = [txn for batch in batches for txn in batch.transactions]
    damaged = [f"damaged at {at} in batch {b.batch}" for b in batches for at in b.damaged]
    return [f"{txn.state} {yuan(txn.amount)}" for txn in rows] + damaged


def _auditor(image: bytes, paper: str, stage: Stage) -> list[str]:
    """What journal, paper and ledger do not agree on."""
    try:
        store = Store(image, _STORE)
    except FlashImageError:
        return []  # nothing was ever stored
    return auditor.audit(store, paper, stage.host.ledger)


def messages(log: JsonLog) -> list[str]:
    """Each request that reached the host: MTI, F39 of the answer (-: not processed), fault."""
    rows: list[list[str]] = []
    fault: dict[str, str] = {}
    for record in list(log.records):
        event = record["event"]
        if event == "fault":
            fault[record["peer"]] = record["fault"]
        elif event in ("request", "not_processed"):
            rows.append([record["mti"], "-"])
            if record["peer"] in fault:
                rows[-1].append(fault.pop(record["peer"]))
        elif event == "reply" and rows:
            rows[-1][1] = record["fields"]["39"]
    return [" ".join(row) for row in rows]


def _paper(wanted: dict[str, int], paper: str) -> Iterator[str]:
    if not wanted and paper.strip():
        yield f"nothing should have been printed, but there is\n{paper}"
    for text, count in wanted.items():
        if printed(text, paper) != count:
            yield f"{text!r} should be {count} times on the paper, not {printed(text, paper)}"


def crashes(console: str) -> list[str]:
    """The lines of a console that no console should have."""
    return [line for line in console.splitlines() if any(mark in line for mark in _CRASHES)]


def secrets(stage: Stage) -> Iterator[tuple[str, re.Pattern[bytes]]]:
    """Names and patterns of what must be nowhere: PAN, PIN, PIN block, keys."""
    yield from _of_cards()
    for name, key in [("TMK", _TMK), *_working_keys(stage), *stage.keys.items()]:
        yield f"the {name}", re.compile(re.escape(key))
        yield f"the {name} in hex", _hex_of(key)


@functools.cache
def _of_cards() -> list[tuple[str, re.Pattern[bytes]]]:
    return list(_of_each_card())


def _of_each_card() -> Iterator[tuple[str, re.Pattern[bytes]]]:
    for name in card_names():
        account = load_account(name)
        if account is None:
            continue
        pan = account.pan
        yield f"the PAN of {name}", _digits(pan)
        yield f"the PAN of {name}, packed", re.compile(re.escape(bytes.fromhex(pan)))
        yield f"the PAN of {name} as hex of ASCII", _hex_of(pan.encode())
        if account.pin:
            block = bytes.fromhex(f"{len(account.pin):02X}{account.pin}".ljust(16, "F"))
            clear = bytes(a ^ b for a, b in zip(block, bytes(2) + _pan_block(pan), strict=True))
            yield f"the PIN of {name}", _digits(account.pin)
            yield f"the PIN field of {name}", re.compile(re.escape(block))
            yield f"the PIN field of {name} in hex", _hex_of(block)
            yield f"the clear PIN block of {name}", re.compile(re.escape(clear))
            yield f"the clear PIN block of {name} in hex", _hex_of(clear)


def _digits(text: str) -> re.Pattern[bytes]:
    """A number that is not a part of a longer one."""
    return re.compile(rb"(?<![0-9])" + text.encode() + rb"(?![0-9])")


def _hex_of(data: bytes) -> re.Pattern[bytes]:
    return re.compile(data.hex().encode(), re.IGNORECASE)


def _pan_block(pan: str) -> bytes:
    return bytes.fromhex(pan[-13:-1])


def _working_keys(stage: Stage) -> Iterator[tuple[str, bytes]]:
    with stage.host.ledger.begin() as work:
        terminal = work.terminal(_TERMINAL)
        for name in ("pik", "mak", "tdk"):
            wrapped = getattr(terminal, name)
            if wrapped:
                yield name.upper(), work.keys.unwrap(f"{_TERMINAL} {name}", wrapped)


def _leaks(
    places: dict[str, bytes], secrets: Iterator[tuple[str, re.Pattern[bytes]]]
) -> Iterator[str]:
    # Hexadecimal is looked for as it is, in lower case: so a search need not mind the case
    lower = {place: content.lower() for place, content in places.items()}
    for name, pattern in secrets:
        for place, content in places.items():
            if pattern.flags & re.IGNORECASE:
                found = pattern.pattern in lower[place]
            else:
                found = pattern.search(content) is not None
            if found:
                yield f"{name} is in {place}"
