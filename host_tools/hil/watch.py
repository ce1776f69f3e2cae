"""What a full board tells by its diagnostics console: screen, log, journal.

Commands go over the serial line while the terminal runs; nothing is asked of it in the midst of a
sale, see ``docs/console.md``.
"""

import time
from collections.abc import Iterator, Sequence

from PIL import Image

from host_tools import ports
from host_tools.acquirer.ledger import TransactionRow
from host_tools.acquirer.models import APPROVED
from host_tools.console import ask
from host_tools.console.commands import parse
from host_tools.console.wire import ConsoleError, Record, Wire

_READ_S = 0.2
_LOOK_S = 3.0  # a terminal that says nothing for so long is off
_REST_S = 20.0  # it comes to rest after a story
_STEP_S = 0.5
_CHANGES = ("tip", "adjust")  # kinds whose amount takes the place of an earlier one


class Watch:
    """A terminal's console for who watches it. ``key``: proves who asks a production image."""

    def __init__(self, url: str, baudrate: int = ports.BAUDRATE, key: bytes | None = None) -> None:
        """Raises PortError."""
        self._url, self._key = url, key
        self._said: list[str] = []
        self._wire = Wire(
            url, self._heard, lambda url: ports.open_url(url, baudrate, timeout=_READ_S)
        )

    def __enter__(self) -> "Watch":
        return self

    def __exit__(self, *_: object) -> None:
        self._wire.close()

    def _heard(self, record: Record) -> None:
        if "text" in record:
            self._said.append(record["text"])

    @property
    def lost(self) -> str:
        """That the line is gone and has not come back, in a sentence; empty: it is there."""
        there = self._wire.there
        return "" if there else f"the line to {self._url} is gone: was the board unplugged?"

    def since(self, at: int) -> str:
        """The lines that it has said after the first ``at``."""
        return "\n".join(self._said[at:])

    def __len__(self) -> int:
        return len(self._said)

    def picture(self) -> Image.Image | None:
        """What the display shows; None where the terminal is off or in the midst of something.

        ConsoleError: it wants a proof, and there is none or a wrong one.
        """
        try:
            image, answer = ask.picture(self._wire, _LOOK_S)
        except ConsoleError:
            return None
        if answer.get("error") == "locked" and "error" not in self._wire.prove(self._key):
            return self.picture()
        return image

    def status(self) -> Record:
        """What the terminal is, as the console's ``status``. ConsoleError."""
        return self._at_rest("status", [])

    def journal(self) -> tuple[int, list[Record]]:
        """Number of the batch, and what the console lists of it. ConsoleError."""
        entries: list[Record] = []
        return self._at_rest("journal all", entries)["batch"], entries

    def _at_rest(self, command: str, parts: list[Record]) -> Record:
        """The answer to a command, once the terminal has time for it."""
        until = time.monotonic() + _REST_S
        while True:
            parts.clear()
            answer = ask.ask(self._wire, parse(command), parts.append)
            if "error" not in answer:
                return answer
            if answer["error"] == "locked" and "error" not in self._wire.prove(self._key):
                continue
            if time.monotonic() > until or answer["error"] not in ("busy", "locked"):
                why = f"{answer['error']} {answer.get('why', '')}".strip()
                raise ConsoleError(f"the terminal does not tell its {command.split()[0]}: {why}")
            time.sleep(_STEP_S)


def differences(
    batch: int, entries: Sequence[Record], rows: Sequence[TransactionRow]
) -> Iterator[str]:
    """Where the console's list of a journal and the ledger of its host do not agree, in words.

    ``rows`` are those of the terminal. The console tells less than the journal has, so this is
    less than what ``device.auditor`` compares.
    """
    booked = {
        int(row.stan): row for row in rows if int(row.batch) == batch and row.kind != "balance"
    }
    changed = {entry["amount"] for entry in entries if entry["kind"] in _CHANGES}
    for entry in entries:
        name = f"batch {batch}, trace {entry['trace']:06d}"
        row = booked.get(entry["trace"])
        charged = row is not None and row.state == APPROVED
        approved = entry["state"] == "approved"
        if approved and row is None and "rc" not in entry:
            continue  # approved by the terminal: the host hears of it later
        if approved != charged:
            state = row.state if row else "missing"
            yield f"{name}: {entry['state']} in the journal, {state} in the ledger"
        elif approved and row:
            yield from _unlike(name, entry, row, changed)
    known = {entry["trace"] for entry in entries}
    for trace, row in booked.items():
        if row.state == APPROVED and trace not in known:
            yield f"batch {batch}, trace {trace:06d}: charged in the ledger, not in the journal"


def _unlike(name: str, entry: Record, row: TransactionRow, changed: set[int]) -> Iterator[str]:
    pairs: list[tuple[str, object, object]] = [
        ("kind", entry["kind"], row.kind),
        ("card", entry.get("pan", ""), row.pan_masked),
    ]
    if row.amount not in changed:
        pairs.append(("amount", entry["amount"], row.amount))
    if "auth" in entry:
        pairs.append(("authorisation", entry["auth"], row.auth_code))
    for what, here, there in pairs:
        if here != there:
            yield f"{name}: {what} {here} in the journal, {there} in the ledger"
