"""Plays a scenario or a trace on a device and says whether it went as it was written."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from host_tools.build.image import BUILD
from host_tools.device import audit, scenario, translate
from host_tools.device.scenario import Scenario, ScenarioFailed, StepFailed
from host_tools.device.virtual import VirtualDevice
from host_tools.hil.session import BareSession
from host_tools.labgrid import farm
from host_tools.replay import bundle, compare, hiding, on_board, vectors
from host_tools.replay.on_board import Outcome
from host_tools.replay.trace import Trace, TraceError
from host_tools.vboard.board import MakeCore
from host_tools.vboard.cards.fields import CardFileError, read_yaml
from host_tools.vboard.cards.script import is_script

LABGRID = "labgrid:"
_HEAD = ("title", "why", *scenario.SETTING)
FAILURES = BUILD / "failures"


@dataclass(frozen=True)
class Result:
    """How a replay went. ``difference``: the first, in a sentence; None: none.

    ``told``: a report. ``failed``: the recorded run had failed.
    """

    title: str
    steps: int
    difference: str | None
    told: str = ""
    failed: bool = False


@contextmanager
def device(board: str) -> Iterator[MakeCore | None]:
    """What runs the terminal's program: ``virtual``, or the bare board at a serial port.

    Raises HilError, LabgridError.
    """
    if board == "virtual":
        yield None
        return
    with serial_port(board) as url, BareSession(url) as session:
        yield session.core


@contextmanager
def serial_port(port: str) -> Iterator[str]:
    """A port or URL as it is; ``labgrid:PLACE``: that of a board of labgrid's. LabgridError."""
    if not port.startswith(LABGRID):
        yield port
        return
    with farm.acquired(port.removeprefix(LABGRID)) as url:
        yield url


def story_at(path: Path, chinese: bool) -> tuple[Scenario, str]:
    """The story of a file, ``chinese``: translated, and what its recordings are called.

    Raises ScenarioError.
    """
    story = scenario.load(path)
    if not chinese:
        return story, path.stem
    return translate.translated(story), f"{path.stem}_chinese"


def play_scenario(path: Path, core: MakeCore | None = None, chinese: bool = False) -> Result:
    """Play a scenario file; ``chinese``: on a terminal that speaks it. Raises ScenarioError."""
    story, name = story_at(path, chinese)
    try:
        scenario.play(story, FAILURES / name, core)
    except ScenarioFailed as failed:
        report = str(failed)
        return Result(story.title, len(story.steps), _first(report), report)
    return Result(story.title, len(story.steps), None)


def _first(report: str) -> str:
    """The sentence of a report: the step, and why."""
    return " ".join(line.strip("- ") for line in report.splitlines()[1:3])


def play_trace(path: Path, core: MakeCore | None = None) -> Result:
    """Play a trace or a bundle and compare. Raises TraceError, ScenarioError, OSError."""
    recorded = bundle.trace_of(path)
    story = story_of(recorded)
    failed: dict[str, str] | None = None
    with scenario.staged(story, core) as (stage, recorder):
        try:
            scenario.follow(story.steps, stage, recorder)
        except StepFailed as error:
            failed = {"where": f"step {error.step.where}", "why": str(error)}
        played = recorder.trace(failed)
        difference = _compared(recorded, played)
        if difference is None and not recorded.end.get("failed"):
            difference = next(iter(audit.never(stage)), None)
        told = ""
        if difference:
            folder = FAILURES / f"replay-{path.name.partition('.')[0]}"
            told = bundle.write(folder, story, stage, recorder, played, difference)
    failed_then = bool(recorded.end.get("failed"))
    return Result(story.title, len(story.steps), difference, told, failed_then)


def _compared(recorded: Trace, played: Trace) -> str | None:
    was, now = recorded.end.get("failed"), played.end.get("failed")
    if now and (not was or was["where"] != now["where"]):
        return now["why"].replace("\n", ": ", 1)
    if was and was["where"].startswith("step") and not now:
        return f"it failed at {was['where']} when it was recorded, and does so no more"
    return compare.difference(recorded, played)


def story_of(trace: Trace) -> Scenario:
    """The scenario that a trace is. Raises TraceError, ScenarioError."""
    document = {name: trace.head[name] for name in _HEAD if name in trace.head}
    document["expect"] = {}
    if "apn_of" in trace.head:
        document["apn"] = _apn(trace)
    try:
        document["steps"] = [
            {entry["do"]: hiding.unhide(_known(entry.get("value"), document))}
            for entry in trace.steps()
        ]
    except hiding.CannotUnhide as error:
        raise TraceError(f"the trace cannot be played: {error}") from None
    story = scenario.made(document, trace.folder / "trace")
    where = [entry.get("step") for entry in trace.steps()]  # as the scenario numbered them
    steps = [replace(s, where=w or s.where) for s, w in zip(story.steps, where, strict=True)]
    return replace(story, steps=steps)


def _known(value: Any, document: dict[str, Any]) -> Any:
    """The value of a step; the password of the modem's access point is in its scenario."""
    apn = str(document.get("apn", "")).split()
    if isinstance(value, str) and len(apn) > 2:
        return value.replace("<the password of the APN>", apn[2])
    return value


def _apn(trace: Trace) -> str:
    """The access point of a modem, from the scenario that the trace names. Raises TraceError."""
    try:
        return read_yaml(trace.folder / Path(str(trace.head["apn_of"])).name)["apn"]
    except (OSError, CardFileError, TypeError, KeyError):
        raise TraceError("the scenario of the trace, which has its APN, is not there") from None


def is_trace(path: Path) -> bool:
    """Whether this is a trace or a bundle, and neither a scenario nor vectors."""
    return path.is_dir() or path.suffix not in (".yaml", ".yml")


def is_vectors(path: Path) -> bool:
    """Whether this is a file of vectors: YAML without steps. Raises TraceError, OSError."""
    if is_trace(path):
        return False
    try:
        document = read_yaml(path)
    except CardFileError as error:
        raise TraceError(str(error)) from None
    return not (isinstance(document, dict) and ("steps" in document or "title" in document))


def run_vectors(path: Path, port: str | None) -> Iterator[Outcome]:
    """Each vector on the board at ``port``; None: on a virtual board of its own.

    ``labgrid:PLACE`` is a board of labgrid's. Raises VectorError, BoardError, CardFileError,
    ConfigError, LabgridError.
    """
    checks = None if is_script(read_yaml(path)) else vectors.load(path)

    def outcomes(port: str) -> Iterator[Outcome]:
        if checks is None:
            return on_board.play_scripts(port, path)
        return on_board.check(port, checks)

    if port is not None:
        with serial_port(port) as url:
            yield from outcomes(url)
        return
    with VirtualDevice() as board:
        board.power_on()
        yield from outcomes(board.board.call(lambda: board.board.console.port))
