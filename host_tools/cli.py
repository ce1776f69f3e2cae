"""The command ``taptill``: every make target is one line that calls it.

Exit codes: 0 done, 1 failed, 2 wrong usage. What can be expected to go wrong is told in one
sentence. Imports are inside the commands so that ``--help`` is quick.
"""

import os
import sys
import warnings
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from host_tools import (
    cli_acquirer,
    cli_board,
    cli_console,
    cli_emv,
    cli_flash,
    cli_hil,
    cli_labgrid,
    cli_panel,
    cli_provision,
    cli_replay,
    cli_settings,
)
from host_tools.cli_emv import fail, in_a_sentence

ROOT = Path(__file__).resolve().parents[1]

app = typer.Typer(
    name="taptill",
    help="TapTill, an open payment terminal: builds its firmware, runs it on a virtual board, "
    "tests it, and serves it as an acquiring host. For development, training and test.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,  # they can hold keys
)

_PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}
_DEVELOP, _RUN, _DEVICE, _CARDS = "Develop", "Run", "Device", "Cards"
app.add_typer(cli_emv.card, name="card", rich_help_panel=_CARDS)
app.add_typer(cli_emv.decode, name="decode", rich_help_panel=_CARDS)
app.add_typer(cli_settings.host, name="host", rich_help_panel=_RUN)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"TapTill {version('taptill')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Tell and stop.")
    ] = False,
) -> None:
    # PIN blocks, MACs and cryptograms are 3DES by their standards
    warnings.filterwarnings("ignore", message=".*TripleDES")


@app.command(rich_help_panel=_DEVELOP)
def build(
    board: Annotated[str, typer.Option(help="A directory of boards/.")] = "virtual",
    production: cli_board.Production = False,
) -> None:
    """Compile the firmware and pack its ROM image.

    Prints path, size in bytes and SHA-256 of the firmware's image; of the virtual board also of
    the image with its own modules. Of a real board it prints what MicroPython's own build is to
    freeze, and how to start that build, see docs/boards.md. The same sources give the same bytes.
    An image for development, unless --production asks for the other kind.
    """
    from host_tools import boards as known_boards
    from host_tools.build.frozen import stage
    from host_tools.build.image import BuildError, build_firmware, build_shim

    if board not in known_boards.names():
        known = ", ".join(known_boards.names())
        raise typer.BadParameter(f"there is no board {board!r}; there is {known}")
    with in_a_sentence(BuildError, known_boards.BoardError):
        real = (known_boards.BOARDS / board / "manifest.py").exists()
        images = [build_firmware(board, production=production)]
        for image in images if real else [*images, build_shim()]:
            path = image.path.relative_to(ROOT)
            typer.echo(f"{path!s:28} {image.size:7} bytes  sha256 {image.sha256}")
        if real:
            frozen = stage(board, production=production)
            for path in (frozen.path, frozen.kind):
                typer.echo(path.relative_to(ROOT))
            typer.echo(
                f"{frozen.modules} modules, {frozen.data_size} bytes of data, for\n"
                f"make -C micropython/ports/esp32 BOARD_DIR={known_boards.BOARDS / board}"
                + ("" if production else " BOARD_VARIANT=DEV")
            )


@app.command(rich_help_panel=_DEVELOP)
def boards(
    update: Annotated[
        bool, typer.Option("--update", help="Write the wiring pages of the boards anew.")
    ] = False,
) -> None:
    """List the boards, and look for pins that cannot be.

    Exit code 1 when a board uses a pin twice, or one that cannot do what it should.
    """
    from host_tools.boards import BoardError, load, names
    from host_tools.pins import problems
    from host_tools.wiring import files

    wrong = 0
    with in_a_sentence(BoardError, ValueError):
        for board in map(load, names()):
            sizes = f"{board.flash_size >> 20:3} MiB flash, {board.psram_size >> 20} MiB PSRAM"
            typer.echo(f"{board.name:14} {board.chip:8} {sizes}  {board.title}")
            for problem in problems(board):
                typer.echo(f"  {problem}")
                wrong += 1
            for path, text in files(board).items() if update else ():
                path.write_text(text, encoding="utf-8")
    if wrong:
        raise typer.Exit(1)


@app.command(rich_help_panel=_DEVELOP, context_settings=_PASS_ON)
def test(context: typer.Context) -> None:
    """Run the tests; all arguments go to pytest.

    On four processes, as much of it is waiting, unless -n says otherwise or --pdb asks for one.

    Examples: taptill test -k sale; taptill test tests/unit -n 0 -x
    """
    arguments = list(context.args)
    chosen = any(a.startswith(("-n", "--numprocesses", "--pdb")) for a in arguments)
    processes = [] if chosen else ["-n", "4", "--dist", "worksteal"]
    # Else each process, and each of some hundred programs that they start, compiles all of it anew
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    sys.stdout.flush()
    os.chdir(ROOT)
    command = [sys.executable, "-m", "pytest", *processes, *arguments]
    os.execve(sys.executable, command, environment)


@app.command(rich_help_panel=_DEVELOP)
def fuzz(
    minutes: Annotated[float, typer.Option(min=0.01, help="How long.")] = 1.0,
    seed: Annotated[
        int | None, typer.Option(help="Repeat a run.", show_default="another one each time")
    ] = None,
    kernel: Annotated[
        int | None, typer.Option(help="2, 3 or 7.", show_default="all of them")
    ] = None,
    replay: Annotated[Path | None, typer.Option(help="Play what was kept, and stop.")] = None,
    host: Annotated[
        bool, typer.Option("--host", help="Messages to the acquiring host instead.")
    ] = False,
) -> None:
    """Damage conversations between card and kernels, and see what becomes of them.

    What does not end in an outcome is kept in build/fuzz, and the exit code is 1. With --host the
    same of messages to the acquiring host: it answers or refuses each, and its books stay sound.
    """
    given = {"--minutes": minutes, "--seed": seed, "--kernel": kernel, "--replay": replay}
    if host and given.pop("--kernel") is not None:
        raise typer.BadParameter("--kernel does not go with --host")
    arguments = [f"{name}={value}" for name, value in given.items() if value is not None]
    program = ROOT / "tests" / "fuzz" / ("host_fuzz.py" if host else "emv_fuzz.py")
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-W", "ignore", str(program), *arguments])


@app.command(rich_help_panel=_DEVELOP)
def torture(
    story: Annotated[
        str | None, typer.Option(help="One story.", show_default="all of them")
    ] = None,
    again: Annotated[
        bool,
        typer.Option("--again", help="Tear finer, and cut each recovery at each moment too."),
    ] = False,
) -> None:
    """Cut the power at every moment of every story, and the line at every place of every message.

    There is a story for every kind of transaction. The operation of the flash under way is cut
    off before it begins and in its midst. After each cut the terminal recovers, and an auditor
    compares journal, paper and the host's ledger. Takes half an hour; with --again a
    night. Counts the cuts of each story at the end. The exit code is 1 when anything differs.
    """
    os.environ["TAPTILL_CUTS"] = "again" if again else "all"
    chosen = ["-k", f"[{story}]"] if story else []
    sys.stdout.flush()
    os.chdir(ROOT)
    pytest = [sys.executable, "-m", "pytest", "-n", "3", "--dist", "worksteal", "tests/power"]
    os.execv(sys.executable, [*pytest, *chosen])


@app.command(rich_help_panel=_DEVELOP)
def soak(
    sales: Annotated[int, typer.Option(min=1, max=450, help="How many.")] = 100,
    seed: Annotated[
        int | None, typer.Option(help="Repeat a run.", show_default="another one each time")
    ] = None,
) -> None:
    """Make random sales on one virtual board without a restart.

    Every card, hands that cancel or pull it away, a host that declines or stays silent. Prints the
    least heap that was free at each story. The exit code is 1 when journal, paper and ledger
    differ, or when the terminal stopped or ran short of heap; build/soak shows where it stood.
    """
    import random

    from host_tools.build.image import BUILD, BuildError
    from host_tools.device import soak as story
    from host_tools.device.provision import ProvisionError

    if seed is None:
        seed = random.randrange(10**6)
    typer.echo(f"{sales} sales, seed {seed}")
    with in_a_sentence(BuildError, ProvisionError, story.SoakFailed):
        result = story.run(seed, sales, typer.echo, BUILD / "soak")
    for name, free in sorted(result.least.items(), key=lambda pair: pair[1]):
        typer.echo(f"  {name:<34} {free:7,} bytes free at least")
    ended = ", ".join(f"{count} {state}" for state, count in result.states.most_common())
    typer.echo(f"{result.sales} sales: {ended}")
    for line in result.wrong:
        typer.echo(f"  wrong: {line}")
    typer.echo("Something is wrong." if result.wrong else "Journal, paper and ledger agree.")
    raise typer.Exit(1 if result.wrong else 0)


@app.command(rich_help_panel=_DEVELOP)
def check() -> None:
    """Check style, types, spelling, architecture and size budgets.

    Runs every step, whatever the others say, and shows what each has found.
    """
    from host_tools.build import check as checks

    with in_a_sentence():
        raise typer.Exit(checks.main())


@app.command(rich_help_panel=_DEVELOP)
def bench(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    memory: Annotated[
        bool, typer.Option("--memory", help="Measure the heap with 4-byte words alone.")
    ] = False,
    frozen: Annotated[
        bool,
        typer.Option("--frozen", help="The whole terminal's, code frozen; builds MicroPython."),
    ] = False,
) -> None:
    """Measure what a sale costs: bytes, time on the wires, instructions, heap.

    For a card of each kernel, for messages and keys, for a full batch and its settlement, for
    screen and paper, beside the targets. What an instrument that is missing would have measured
    is named. Nothing is timed but where it says so, so the figures are the same each time;
    docs/bench.md explains them. The exit code is 1 when the heap with 4-byte words is over its
    limit in budgets.yaml.
    """
    from host_tools.bench import batch, dialect, display, mpy, report, settlement
    from host_tools.bench import frozen as whole
    from host_tools.bench import memory as words
    from host_tools.build.image import BuildError
    from host_tools.device.provision import ProvisionError
    from host_tools.vboard.cards.fields import CardFileError

    with in_a_sentence(BuildError, CardFileError, ProvisionError, mpy.MeterError):
        found = []
        if frozen:
            modules = (whole,)
        else:
            modules = (words,) if memory else (words, report, dialect, batch, settlement, display)
        for one in chain.from_iterable(module.measure() for module in modules):
            found.append(one)
            if not as_json:
                typer.echo(report.table(one))
        if as_json:
            typer.echo(report.as_json(found))
    if any(row.held and row.verdict == "missed" for one in found for row in one.rows):
        fail("The firmware keeps more heap than budgets.yaml allows.")


@app.command(rich_help_panel=_DEVELOP)
def screens(
    update: Annotated[
        bool, typer.Option("--update", help="Keep them: tests compare with tests/screens.")
    ] = False,
) -> None:
    """Paint every screen of the terminal, in both languages and themes.

    Leaves a contact sheet of each and the screens themselves in build/screens.
    """
    from host_tools.screens import sheets

    with in_a_sentence(sheets.ScreenError):
        for path in sheets.write(update=update):
            typer.echo(path.relative_to(ROOT))


@app.command(rich_help_panel=_RUN)
def demo(
    tls: Annotated[
        bool, typer.Option("--tls", help="Over TLS, with TEST certificates on both sides.")
    ] = False,
) -> None:
    """Play one contactless sale, from the first key to the printed receipt.

    Firmware, chips, card and acquiring host all take part; pictures of every screen and of the
    paper are left in build/demo.
    """
    from host_tools import demo as story
    from host_tools.build.image import BuildError
    from host_tools.device.provision import ProvisionError

    with in_a_sentence(BuildError, ProvisionError):
        raise typer.Exit(story.main(tls) or 0)


app.command(rich_help_panel=_RUN)(cli_panel.sim)
app.command(rich_help_panel=_RUN)(cli_replay.record)
app.command(rich_help_panel=_RUN)(cli_replay.replay)
app.command(rich_help_panel=_RUN)(cli_acquirer.acquirer)


app.command(rich_help_panel=_RUN)(cli_board.board)
app.command(rich_help_panel=_DEVICE)(cli_hil.hil)
app.command(rich_help_panel=_DEVICE)(cli_labgrid.labgrid)
app.command(rich_help_panel=_DEVICE)(cli_flash.flash)
app.command(rich_help_panel=_DEVICE)(cli_flash.deploy)
app.command(rich_help_panel=_DEVICE)(cli_provision.provision)
app.command(rich_help_panel=_DEVICE)(cli_console.console)


if __name__ == "__main__":
    app()
