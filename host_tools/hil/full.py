"""Scenarios on a full board: an operator does, the console tells what can be seen."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from host_tools.acquirer.ledger import Ledger
from host_tools.console.wire import ConsoleError
from host_tools.device import scenario
from host_tools.device.audit import crashes
from host_tools.hil.operator import OperatorDevice, cannot, play
from host_tools.hil.run import Result
from host_tools.hil.watch import Watch, differences


def play_all(
    files: Sequence[Path],
    device: OperatorDevice,
    watch: Watch | None = None,
    ledger: Ledger | None = None,
) -> Iterator[Result]:
    """Play what an operator can; the others are skipped with the reason.

    After each the terminal's journal, as ``watch`` tells it, is compared with the ``ledger`` of
    its host, where that is given.
    """
    for path in files:
        story = scenario.load(path)
        reason = cannot(story)
        if reason:
            yield Result(path.stem, 0.0, skipped=reason)
            continue
        start, at = time.monotonic(), len(watch) if watch else 0
        wrong = []
        try:
            play(story, device)
            if watch and ledger:
                wrong += books(watch, ledger)
        except (AssertionError, ConsoleError) as error:
            wrong.append(str(error))
        if watch:
            wrong += [f"the console says {line!r}" for line in crashes(watch.since(at))]
            wrong += [watch.lost] if watch.lost else []
        yield Result(path.stem, time.monotonic() - start, "\n".join(wrong))


def books(watch: Watch, ledger: Ledger) -> list[str]:
    """Where journal and ledger do not agree, in words. Raises ConsoleError."""
    batch, entries = watch.journal()
    return list(differences(batch, entries, ledger.transactions(watch.status()["terminal_id"])))
