"""Scenarios: stories of one terminal, its cashier and its host, written in YAML and played.

``load`` reads a file and complains in a sentence; ``play`` runs it on a virtual board with a host
of its own. The format is described in ``docs/scenarios.md``.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from host_tools.acquirer.app import open_ledger
from host_tools.acquirer.server import HostThread
from host_tools.build.emv_data import Config, ConfigError, load_config, pack_aids, pack_ca_keys
from host_tools.build.image import ROOT
from host_tools.device import audit, tls_bench
from host_tools.device.actions import ACTIONS, LOOKING, WAITING, Stage, WrongStep
from host_tools.device.provision import Identity, ProvisionError
from host_tools.device.virtual import VirtualDevice, provisioned_flash
from host_tools.replay import bundle as bundles
from host_tools.replay.recorder import Recorder
from host_tools.vboard.board import VIRTUAL, MakeCore
from host_tools.vboard.cards.fields import CardFileError, read_yaml

SCENARIOS = ROOT / "tests" / "vectors" / "scenarios"
_ENTRIES = {"title", "why", "terminal", "emv", "tls", "apn", "board", "steps", "expect"}
SETTING = ("terminal", "emv", "tls", "board")  # what a trace has of a scenario, too
_PARTS = "parts"
_BLANK = re.compile(r"<(\w+)>")  # what a part leaves open
_EMV = "emv"


class ScenarioError(ValueError):
    """A scenario file is wrong; the sentence names the file and the step."""


class ScenarioFailed(AssertionError):
    """The terminal did not do what the scenario says; the text shows all there was to see."""


class StepFailed(AssertionError):
    """A step did not come to pass; the text says which and why."""

    def __init__(self, step: "Step", why: str) -> None:
        self.step, self.why = step, why
        super().__init__(f"{step}\n{why}")


@dataclass(frozen=True)
class Step:
    """One thing to do or to see. ``where`` is its number, with that in a part behind it."""

    where: str
    name: str
    value: Any

    def __str__(self) -> str:
        shown = "" if self.value is None else json.dumps(self.value, ensure_ascii=False)
        return f"step {self.where}: {self.name}: {shown}".rstrip(": ")


@dataclass(frozen=True)
class Scenario:
    """A story. ``terminal``: parameters by name; None: the terminal has never been set up.

    ``emv``: the configuration that its host has handed out, None: that of the firmware. ``tls``:
    what both speak TLS with, of ``tls_bench.TERMINALS``, None: they do not. ``apn``: access point,
    and where it wants them user and password, of a terminal that goes by its modem. ``board``: a
    virtual one of ``boards/``. ``setting``: how these are written, but for ``apn``, which can hold
    a password.
    """

    path: Path
    title: str
    why: str
    terminal: dict[str, str | int] | None
    steps: list[Step]
    expect: audit.Expected
    emv: Config | None = None
    tls: str | None = None
    apn: tuple[str, ...] | None = None
    board: str = VIRTUAL[0]
    setting: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Tuned(Identity):
    """The usual terminal with some parameters, and its EMV configuration, set otherwise."""

    changes: tuple[tuple[str, str | int], ...] = ()
    emv: Config | None = None

    def script(self) -> str:
        """The parameters are checked by the terminal itself."""
        lines = [super().script()]
        if self.changes:
            lines.append(f"Params('/pos').update(**{dict(self.changes)!r})")
        if self.emv:
            lines += ["from pos.store import files", "os.mkdir('/pos/ca')"]
            lines.append(f"files.save('/pos/aids', {pack_aids(self.emv.aids)!r})")
            for key in self.emv.ca_keys:
                name = f"/pos/ca/{key.rid.hex()}{key.index:02X}"
                lines.append(f"files.save({name!r}, {pack_ca_keys((key,))!r})")
        return "\n".join([*lines, ""])


def load(path: Path) -> Scenario:
    """Read and check a scenario file. Raises ScenarioError."""
    return made(_parse(path), path)


def made(document: dict[str, Any], path: Path) -> Scenario:
    """A scenario of what its file would hold; parts, cards and configurations lie beside ``path``.

    Raises ScenarioError.
    """
    unknown = set(document) - _ENTRIES
    if unknown:
        raise ScenarioError(f"{path.name}: {', '.join(sorted(map(str, unknown)))}: not known here")
    for name in ("title", "why"):
        if not isinstance(document.get(name), str):
            raise ScenarioError(f"{path.name}: {name} is missing or no text")
    terminal = document.get("terminal", {})
    if terminal == "blank":
        terminal = None
    elif not isinstance(terminal, dict):
        raise ScenarioError(f"{path.name}: terminal: parameters by name, or the word blank")
    try:
        expect = audit.expected(document.get("expect"))
    except audit.WrongExpectation as error:
        raise ScenarioError(f"{path.name}: expect: {error}") from None
    steps = _steps(path, path, document.get("steps"), "", {})
    emv = _emv(path, document.get("emv"))
    tls = document.get("tls")
    if tls is not None and (tls not in tls_bench.TERMINALS or terminal is None):
        known = ", ".join(tls_bench.TERMINALS)
        raise ScenarioError(f"{path.name}: tls: of a terminal that is set up, one of {known}")
    board = document.get("board", VIRTUAL[0])
    if board not in VIRTUAL:
        raise ScenarioError(f"{path.name}: board: one of {', '.join(VIRTUAL)}")
    apn = document.get("apn")
    if apn is not None and (
        not isinstance(apn, str) or len(apn.split()) not in (1, 3) or terminal is None
    ):
        raise ScenarioError(
            f"{path.name}: apn: of a terminal that is set up, an access point, or that with user"
            " and password"
        )
    words = tuple(apn.split()) if apn else None
    setting = {name: document[name] for name in SETTING if name in document}
    title, why = document["title"], document["why"]
    return Scenario(path, title, why, terminal, steps, expect, emv, tls, words, board, setting)


def _emv(path: Path, name: Any) -> Config | None:
    """The EMV configuration ``emv/NAME.yaml``."""
    if name is None:
        return None
    file = path.parent / _EMV / f"{name}.yaml"
    if not file.is_file():
        raise ScenarioError(f"{path.name}: emv: there is no {file.name} in {_EMV}/")
    try:
        return load_config(file)
    except ConfigError as error:
        raise ScenarioError(f"{path.name}: emv: {error}") from None


def _parse(path: Path) -> dict[str, Any]:
    try:
        document = read_yaml(path)
    except CardFileError as error:
        raise ScenarioError(str(error)) from None
    if not isinstance(document, dict):
        raise ScenarioError(f"{path.name}: a mapping is expected")
    return document


def _steps(top: Path, path: Path, entries: Any, before: str, words: dict[str, str]) -> list[Step]:
    """The steps of a list, those of its parts in their place; ``words`` fill its blanks."""
    if not isinstance(entries, list) or not entries:
        raise ScenarioError(f"{path.name}: steps: a list with at least one step is expected")
    steps: list[Step] = []
    for number, entry in enumerate(entries, 1):
        where = f"{before}{number}"
        if not isinstance(entry, dict) or len(entry) != 1:
            raise ScenarioError(f"{path.name}: step {where}: one 'name: value' is expected")
        ((name, value),) = entry.items()
        try:
            value = _filled(value, words)
        except KeyError as error:
            why = f"the part needs {error.args[0]}"
            raise ScenarioError(f"{path.name}: step {where}: {why}") from None
        if name == "use":
            steps += _part(top, path, value, where)
            continue
        if name not in ACTIONS:
            known = ", ".join([*ACTIONS, "use"])
            raise ScenarioError(f"{path.name}: step {where}: no step {name!r}; there are {known}")
        try:
            ACTIONS[name].check(value, top.parent)
        except WrongStep as error:
            raise ScenarioError(f"{path.name}: step {where}: {name}: {error}") from None
        steps.append(Step(where, name, value))
    return steps


def _filled(value: Any, words: dict[str, str]) -> Any:
    """A value with its blanks filled. KeyError: there is no such word."""
    if isinstance(value, str):
        return _BLANK.sub(lambda blank: words[blank[1]], value)
    if isinstance(value, list):
        return [_filled(one, words) for one in value]
    if isinstance(value, dict):
        return {name: _filled(one, words) for name, one in value.items()}
    return value


def _part(top: Path, path: Path, value: Any, where: str) -> list[Step]:
    """The steps of ``use: NAME`` or ``use: {part: NAME, word: text}``."""
    words = dict(value) if isinstance(value, dict) else {"part": value}
    name = words.pop("part", None)
    folder = top.parent / _PARTS
    part = folder / f"{name}.yaml"
    if not isinstance(name, str) or not part.is_file():
        known = ", ".join(sorted(p.stem for p in folder.glob("*.yaml"))) or "none"
        raise ScenarioError(f"{path.name}: step {where}: no part {name!r}; there are {known}")
    if len(where) > 40:
        raise ScenarioError(f"{path.name}: step {where}: parts that use each other")
    if not all(isinstance(text, str) for text in words.values()):
        raise ScenarioError(f"{path.name}: step {where}: use: a word is a text, in quotes")
    unused = set(words) - set(_BLANK.findall(part.read_text(encoding="utf-8")))
    if unused:
        wrong = ", ".join(sorted(map(str, unused)))
        raise ScenarioError(f"{path.name}: step {where}: {name} does not take {wrong}")
    return _steps(top, part, _parse(part).get("steps"), f"{where}, {name} ", words)


def play(
    scenario: Scenario,
    bundle: Path,
    core: MakeCore | None = None,
    trace: Path | None = None,
    also: Callable[[Stage], list[str]] = lambda _: [],
) -> None:
    """Play it; with ``trace`` what happened is written there.

    ``core`` makes what runs the terminal's program; without it that is a process. ``also`` says
    what else is wrong at the end. Raises ScenarioFailed, and leaves in ``bundle`` what was to be
    seen then.
    """
    with staged(scenario, core) as (stage, recorder):
        try:
            follow(scenario.steps, stage, recorder)
        except StepFailed as error:
            raise failed(scenario, stage, recorder, bundle, error) from None
        wrong = audit.compare(scenario.expect, stage) + also(stage)
        if wrong:
            text = "at the end:\n" + "\n".join(f"- {line}" for line in wrong)
            raise failed(scenario, stage, recorder, bundle, text)
        if trace:
            recorder.trace().write(trace)


@contextmanager
def staged(scenario: Scenario, core: MakeCore | None = None) -> Iterator[tuple[Stage, Recorder]]:
    """The terminal of a story and its host, and what records them; nothing has been done yet.

    ``core`` as in ``play``.
    """
    try:
        flash, nvs = provisioned(scenario)
    except ProvisionError as error:
        raise ScenarioError(f"{scenario.path.name}: terminal: {error}") from None
    ledger = open_ledger()
    try:
        proof = tls_bench.host("right") if scenario.tls else None
        with HostThread(ledger, tls=proof) as host:
            with VirtualDevice(flash=flash, nvs=nvs, board=scenario.board, core=core) as device:
                device.hasten_paper()
                stage = Stage(device, host, scenario.path.parent)
                if scenario.tls == "certificate":
                    stage.keys["key of TLS"] = tls_bench.secret(scenario.tls)
                if scenario.apn and len(scenario.apn) > 1:
                    stage.keys["password of the APN"] = scenario.apn[2].encode()
                yield stage, Recorder(stage, _head(scenario))
    finally:
        ledger.close()


def _head(scenario: Scenario) -> dict[str, Any]:
    """What the head of a trace says of a story."""
    folder = scenario.path.parent.resolve()
    told: dict[str, Any] = {"title": scenario.title, "why": scenario.why, **scenario.setting}
    if scenario.apn:  # it can hold a password: the file is named that has it
        told["apn_of"] = scenario.path.name
    inside = folder.is_relative_to(ROOT)
    return {**told, "folder": str(folder.relative_to(ROOT)) if inside else str(folder)}


def provisioned(scenario: Scenario) -> tuple[bytes | None, dict[tuple[str, str], bytes] | None]:
    """Flash and NVS that the story begins with; None: nobody has set the terminal up.

    Raises ProvisionError.
    """
    if scenario.terminal is None:
        return None, None
    tls = tls_bench.terminal(scenario.tls) if scenario.tls else None
    if scenario.terminal or scenario.emv or tls or scenario.apn:
        changes = tuple(sorted(scenario.terminal.items()))
        apn, user, key = (*scenario.apn, "", "")[:3] if scenario.apn else (None, "", "")
        tuned = Tuned(
            tls=tls, changes=changes, emv=scenario.emv, apn=apn, apn_user=user, apn_key=key
        )
        return provisioned_flash(tuned, scenario.board)
    return provisioned_flash(Identity(), scenario.board)


def follow(steps: list[Step], stage: Stage, recorder: Recorder) -> None:
    """Do what the steps say. Raises StepFailed."""
    for step in steps:
        recorder.step(step.name, step.value, step.where)
        # A screen that has been there for a moment counts if nothing was waited for since
        if step.name not in LOOKING:
            stage.device.camera.forget()
        try:
            ACTIONS[step.name].do(stage, step.value)
        except (TimeoutError, AssertionError) as error:
            raise StepFailed(step, str(error)) from None
        if step.name in WAITING:
            stage.device.camera.forget()
        recorder.look()


def failed(
    scenario: Scenario, stage: Stage, recorder: Recorder, folder: Path, what: str | StepFailed
) -> ScenarioFailed:
    """Leave a bundle in ``folder``; what comes back tells all that helps to understand it."""
    where = f"step {what.step.where}" if isinstance(what, StepFailed) else "the end"
    trace = recorder.trace({"where": where, "why": str(what)})
    return ScenarioFailed(bundles.write(folder, scenario, stage, recorder, trace, str(what)))
