"""Plays scenarios through a bare board, one after the other, and keeps count."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from host_tools.build.image import BUILD
from host_tools.device import scenario
from host_tools.hil.session import BareSession


@dataclass(frozen=True)
class Result:
    """How one scenario went: ``why`` it failed or was ``skipped``; both empty: well."""

    name: str
    seconds: float
    why: str = ""
    skipped: str = ""


def chosen(names: Sequence[str]) -> list[Path]:
    """The files of scenarios, all or those of these names. ScenarioError: there is none."""
    files = {path.stem: path for path in sorted(scenario.SCENARIOS.glob("*.yaml"))}
    unknown = [name for name in names if name not in files]
    if unknown:
        where = scenario.SCENARIOS
        raise scenario.ScenarioError(f"there is no scenario {', '.join(unknown)} in {where}")
    return [files[name] for name in names or files]


def play(session: BareSession, files: Sequence[Path]) -> Iterator[Result]:
    """Play each. Raises HilError when the board is lost: what follows would only say so again."""
    for path in files:
        start = time.monotonic()
        why = ""
        try:
            scenario.play(scenario.load(path), BUILD / "failures" / path.stem, session.core)
        except scenario.ScenarioFailed as failed:
            why = str(failed)
        yield Result(path.stem, time.monotonic() - start, why)


@dataclass
class Tally:
    """How many went well, and the names of the others."""

    well: int = 0
    skipped: int = 0
    failed: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        count = self.well + self.skipped + len(self.failed)
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{count} scenarios, {len(self.failed)} failed{skipped}"


def tell(results: Iterator[Result], count: int, say: Callable[[str], None]) -> Tally:
    """Say each result as it comes."""
    tally = Tally()
    for number, result in enumerate(results, 1):
        verdict = "FAILED" if result.why else "skipped" if result.skipped else "ok"
        say(f"{number:4}/{count}  {result.name:<36} {verdict:<7} {result.seconds:6.1f} s")
        if result.why or result.skipped:
            say("\n".join(f"      {line}" for line in (result.why or result.skipped).splitlines()))
        if result.why:
            tally.failed.append(result.name)
        elif result.skipped:
            tally.skipped += 1
        else:
            tally.well += 1
    return tally
