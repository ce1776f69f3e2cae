"""The live conversation: what host, card and reader say, masked, as entries for the page.

Each entry has ``n`` (its number), ``at`` (HH:MM:SS.mmm), ``chan`` (host, card, reader) and what
the channel has. The host's fields come masked from its log; of APDUs ``emv.transcript`` hides card
number and track; of PN532 frames only the chip's own words are taken, which never hold card data.
"""

import queue
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from host_tools.acquirer import view
from host_tools.acquirer.log import JsonLog
from host_tools.emv import commands, setting, tags
from host_tools.emv.firmware import BadBytes
from host_tools.emv.transcript import Transcript
from host_tools.vboard.cards.card import Card
from host_tools.vboard.chips.pn532 import Pn532

KEPT = 600
_HOST_MESSAGES = ("request", "reply", "not_processed")
_HOST_EVENTS = ("fault", "connect", "close", "lost", "closed_by_host", "refused", "bad_frame")
_NOTES = ("fault", "why", "route")


class Ring:
    """Numbered things, the latest ``KEPT`` of them; written by one thread, read by others."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept: deque[tuple[int, Any]] = deque(maxlen=kept)
        self.count = 0

    def put(self, thing: Any) -> None:
        """Add one."""
        self.count += 1
        self._kept.append((self.count, thing))

    def since(self, number: int) -> tuple[int, list[Any]]:
        """(number of the last, those after the ``number``-th that are still kept)."""
        found = [(at, thing) for at, thing in list(self._kept) if at > number]
        return (found[-1][0] if found else number), [thing for _, thing in found]


class HostLog(JsonLog):
    """The host's log, which tells ``talk`` what it writes."""

    def __init__(self, talk: "Talk") -> None:
        super().__init__()
        self._talk = talk

    def event(self, event: str, **values: Any) -> None:
        """As JsonLog; ``values`` are masked by whoever calls."""
        super().event(event, **values)
        self._talk.heard("host", (event, values))


class Talk:
    """Collects from any thread (``heard``), makes entries on one (``work``)."""

    def __init__(self) -> None:
        self.entries = Ring()
        self._new: queue.SimpleQueue[tuple[datetime, str, Any]] = queue.SimpleQueue()
        self._transcript: Transcript | None = None
        self._card = ""
        self._make = {"host": self._host, "card": self._exchange, "reader": _reader}

    def listen(self, nfc: Pn532) -> None:
        """Hear a reader and the cards at it, beside who hears them already; board's thread."""
        nfc.on_frame = _also(nfc.on_frame, lambda *frame: self.heard("reader", frame))
        nfc.radio.on_exchange = _also(
            nfc.radio.on_exchange, lambda *exchange: self.heard("card", exchange)
        )

    def heard(self, channel: str, what: Any) -> None:
        """Something was said; cheap, as who calls has other work."""
        self._new.put((datetime.now(), channel, what))

    def work(self) -> bool:
        """Make entries of what was heard; whether there was anything."""
        before = self.entries.count
        for at, channel, entry in self.made():
            clock = at.strftime("%H:%M:%S.%f")[:-3]
            head = {"n": self.entries.count + 1, "at": clock, "chan": channel}
            self.entries.put({**head, **entry})
        return self.entries.count != before

    def made(self) -> Iterator[tuple[datetime, str, dict[str, Any]]]:
        """(when, channel, entry) of what was heard since the last time."""
        while not self._new.empty():
            at, channel, what = self._new.get()
            entry = self._make[channel](what)
            if entry is not None:
                yield at, channel, entry

    def _host(self, what: tuple[str, dict[str, Any]]) -> dict[str, Any] | None:
        event, values = what
        notes = {name: str(values[name]) for name in _NOTES if values.get(name)}
        if event in _HOST_MESSAGES:
            direction = "from_host" if event == "reply" else "to_host"
            fields = [_field(*row) for row in view.rows(values["fields"])]
            said = {"event": event, "dir": direction, "mti": values["mti"], "fields": fields}
            return {**said, "notes": notes}
        if event in _HOST_EVENTS:
            return {"event": event, "dir": "note", "notes": notes}
        return None

    def _exchange(self, what: tuple[Card, bytes, bytes | None]) -> dict[str, Any]:
        card, capdu, rapdu = what
        ppse = commands.PPSE in capdu
        if self._transcript is None or ppse or card.name != self._card:
            self._card = card.name
            self._transcript = Transcript(card.name, setting.make({}))
        try:
            event = self._transcript.hear(capdu, rapdu)
        except BadBytes as error:
            return {"dir": "both", "card": card.name, "kind": "?", "words": str(error)}
        return {"dir": "both", "card": card.name, **event}


def _also(first: Callable[..., None] | None, then: Callable[..., None]) -> Callable[..., None]:
    def both(*what: Any) -> None:
        if first is not None:
            first(*what)
        then(*what)

    return both


def _field(number: str, name: str, value: Any, parts: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {"n": number, "name": name, "value": value, "parts": parts}
    named = [{"tag": t, "name": tags.name(int(t, 16), None), "value": v} for t, v in value.items()]
    return {"n": number, "name": name, "value": "", "parts": parts, "tags": named}


def _reader(what: tuple[str, str, str]) -> dict[str, Any]:
    direction, kind, words = what
    to_chip = direction == "host"
    return {"dir": "to_reader" if to_chip else "from_reader", "event": kind, "words": words}
