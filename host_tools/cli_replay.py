"""The commands ``taptill record`` and ``taptill replay``."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from host_tools.cli_emv import fail, in_a_sentence

_Chinese = Annotated[bool, typer.Option(help="Of a scenario: told in Chinese.")]


def record(
    scenario: Annotated[
        Path, typer.Argument(help="A scenario, e.g. tests/vectors/scenarios/x.yaml.")
    ],
    to: Annotated[
        Path | None, typer.Option(help="The trace.", show_default="build/traces/NAME.jsonl")
    ] = None,
    chinese: _Chinese = False,
) -> None:
    """Play a scenario on the virtual board and record it.

    The trace has every step with its time, and what came out: screens, paper, messages of the
    host, APDUs, frames of the reader, console; card numbers, PINs and keys are not in it.
    "taptill sim --record FILE" records what you do by hand. docs/replay.md has the format.

    Example: taptill record tests/vectors/scenarios/two_sales.yaml
    """
    from host_tools.build.image import BUILD, BuildError
    from host_tools.device import scenario as scenarios
    from host_tools.replay import run

    with in_a_sentence(BuildError, scenarios.ScenarioError):
        story, name = run.story_at(scenario, chinese)
        trace, bundle = to or BUILD / "traces" / f"{name}.jsonl", run.FAILURES / name
        try:
            scenarios.play(story, bundle, trace=trace)
        except scenarios.ScenarioFailed as failed:
            typer.echo(str(failed), err=True)
            fail(f"it failed; {os.path.relpath(bundle)} has what was recorded")
    typer.echo(f"Recorded: {os.path.relpath(trace)}")


def replay(
    file: Annotated[
        Path,
        typer.Argument(help="A scenario, a trace, a bundle of a failed run, or vectors."),
    ],
    board: Annotated[
        str,
        typer.Option(
            help="Of scenarios and traces: virtual, or the serial port of a bare board, "
            "a URL of pyserial, labgrid:PLACE.",
        ),
    ] = "virtual",
    port: Annotated[
        str | None,
        typer.Option(
            help="Of vectors: the serial console of a board, a URL of pyserial, labgrid:PLACE.",
            show_default="a virtual board of its own",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Of vectors: one line of JSON for each.")
    ] = False,
    chinese: _Chinese = False,
) -> None:
    """Play a scenario, a trace or vectors on a device, and compare.

    A scenario is held to what it expects, a trace or a bundle to what was recorded, vectors to
    the answers in their file. Exit code 0: the same. 1: different, and the first difference is
    told in a sentence. Of a bundle the same means: it failed in the same way again.

    Examples: taptill replay build/traces/two_sales.jsonl;
    taptill replay build/failures/two_sales;
    taptill replay tests/vectors/golden.yaml --port /dev/ttyUSB0
    """
    from host_tools.build.image import BuildError
    from host_tools.device.scenario import ScenarioError
    from host_tools.hil.repl import HilError
    from host_tools.labgrid.farm import LabgridError
    from host_tools.replay import run
    from host_tools.replay.trace import TraceError

    with in_a_sentence(BuildError, ScenarioError, TraceError, HilError, LabgridError):
        if run.is_vectors(file):
            if board != "virtual" or chinese:
                raise typer.BadParameter(
                    "--board and --chinese are not for vectors; they take --port"
                )
            _vectors(file, port, as_json)
            return
        if port or as_json:
            raise typer.BadParameter("--port and --json are for vectors")
        with run.device(board) as core:
            if not run.is_trace(file):
                played = run.play_scenario(file, core, chinese)
            elif chinese:
                raise typer.BadParameter("--chinese is for scenarios: a trace has its language")
            else:
                played = run.play_trace(file, core)
    if played.difference:
        if played.told:
            typer.echo(played.told + "\n", err=True)
        fail(f"different: {played.difference}")
    same = "it failed again as it was recorded" if played.failed else "the same"
    typer.echo(f"{played.title}: {played.steps} steps, {same}.")


def _vectors(file: Path, port: str | None, as_json: bool) -> None:
    """Run vectors and tell of each that is not as it should be."""
    from host_tools.emv.config import ConfigError
    from host_tools.labgrid.farm import LabgridError
    from host_tools.replay import run
    from host_tools.replay.on_board import BoardError
    from host_tools.replay.vectors import VectorError
    from host_tools.vboard.cards.fields import CardFileError

    count, wrong = 0, []
    with in_a_sentence(VectorError, BoardError, CardFileError, ConfigError, LabgridError):
        for outcome in run.run_vectors(file, port):
            count += 1
            if outcome.wrong:
                wrong.append(outcome)
            if as_json:
                typer.echo(json.dumps({"name": outcome.name, "wrong": outcome.wrong}))
            elif outcome.wrong:
                typer.echo(f"  wrong  {outcome.name}: {outcome.wrong}")
    where = f"the board at {port}" if port else "the virtual board"
    if wrong:
        first = f"{wrong[0].name}: {wrong[0].wrong}"
        fail(f"{len(wrong)} of {count} vectors are wrong on {where}; {first}")
    if not as_json:
        typer.echo(f"{file.name}: {count} vectors, all right on {where}.")
