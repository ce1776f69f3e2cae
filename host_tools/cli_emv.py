"""The groups ``taptill decode`` and ``taptill card``: EMV for the engineer.

Imports are inside the commands, as in ``cli.py``.
"""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

decode = typer.Typer(
    help="Say what bytes of a card, terminal or host mean: tlv, apdu, dol, iso8583. Card numbers "
    "and tracks are shown as first six and last four digits.",
    no_args_is_help=True,
)

card = typer.Typer(
    help="Run the firmware's EMV kernels against virtual cards, and show what they say.",
    no_args_is_help=True,
)

_Hex = Annotated[
    list[str], typer.Argument(metavar="HEX", help="Bytes in hex, blanks allowed; - reads stdin.")
]
_Json = Annotated[bool, typer.Option("--json", help="As JSON.")]
_Clear = Annotated[bool, typer.Option("--clear", help="Card numbers and tracks in full.")]
_Kernel = Annotated[
    int | None, typer.Option(help="2, 3 or 7: names as that kernel has them.", min=1, max=255)
]


def fail(sentence: object) -> NoReturn:
    """Tell it and exit with 1."""
    typer.echo(f"taptill: {sentence}", err=True)
    raise typer.Exit(1)


@contextmanager
def in_a_sentence(*expected: type[Exception]) -> Iterator[None]:
    """Tell ``expected`` exceptions, and the operating system's, in a sentence and exit with 1."""
    try:
        yield
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        fail(f"{where}{error.strerror or error}")
    except expected as error:
        fail(error)


def _bytes(words: list[str]) -> bytes:
    text = sys.stdin.read() if words == ["-"] else "".join(words)
    text = "".join(text.split())
    try:
        data = bytes.fromhex(text)
    except ValueError:
        bad = next((i for i, c in enumerate(text) if c not in "0123456789abcdefABCDEF"), None)
        if bad is None:
            fail(f"byte {len(text) // 2}: half a byte, {len(text)} hex digits are odd")
        fail(f"byte {bad // 2}: {text[bad]!r} is no hex digit")
    if not data:
        fail("there are no bytes")
    return data


def _told(error: Any) -> NoReturn:
    fail(f"{error.what} at byte {error.offset}: {error.why}")


def _print(as_json: bool, tree: Any, lines: list[str]) -> None:
    typer.echo(json.dumps(tree, indent=2) if as_json else "\n".join(lines))


@decode.command()
def tlv(data: _Hex, as_json: _Json = False, clear: _Clear = False, kernel: _Kernel = None) -> None:
    """Name the data objects of BER-TLV, nested ones indented, and say what their values mean.

    Example: taptill decode tlv 9F02 06 000000001280 95 05 8040000000
    """
    from host_tools.emv import decode as reading
    from host_tools.emv.firmware import BadBytes

    try:
        nodes = reading.read_tlv(_bytes(data), kernel)
    except BadBytes as error:
        _told(error)
    _print(as_json, reading.tree(nodes, clear), reading.lines(nodes, clear))


@decode.command()
def dol(data: _Hex, as_json: _Json = False, kernel: _Kernel = None) -> None:
    """Name what a data object list (PDOL, CDOL, DDOL) asks for.

    Example: taptill decode dol 9F66049F02069F3704
    """
    from host_tools.emv import decode as reading
    from host_tools.emv.firmware import BadBytes

    try:
        asks = reading.read_dol(_bytes(data))
    except BadBytes as error:
        _told(error)
    total = sum(size for _, size in asks)
    lines = [*reading.dol_lines(asks, kernel), f"{total} bytes in all"]
    _print(as_json, reading.dol_tree(asks, kernel), lines)


@decode.command()
def apdu(
    data: _Hex,
    response: Annotated[
        bool, typer.Option("--response", help="It is an answer, even if it looks otherwise.")
    ] = False,
    as_json: _Json = False,
    clear: _Clear = False,
    kernel: _Kernel = None,
) -> None:
    """Take a command or an answer apart: names, parameters, data objects, status word.

    What does not begin like a command of EMV is taken for an answer.

    Example: taptill decode apdu 00B2010C00
    """
    from host_tools.emv import decode as reading
    from host_tools.emv.firmware import BadBytes

    raw = _bytes(data)
    try:
        if not response and reading.is_command(raw):
            shown = reading.command(raw, kernel=kernel, clear=clear)
        else:
            shown = reading.answer(raw, kernel, clear)
    except BadBytes as error:
        _told(error)
    _print(as_json, shown.tree(clear), shown.lines(clear))


@card.command("list")
def list_() -> None:
    """List the virtual cards of host_tools/cards, each with a sentence.

    Example: taptill card list
    """
    from host_tools.emv import play

    rows = play.described()
    width = max(len(name) for name, _ in rows)
    for name, sentence in rows:
        typer.echo(f"{name:{width}}  {sentence}")


@card.command()
def run(
    file: Annotated[
        str,
        typer.Argument(metavar="FILE", help="A card by name (see list) or path, or a script."),
    ],
    config: Annotated[
        Path | None,
        typer.Option(
            help="YAML: date, time, amount, other, currency, country, un, type, stan, ttq, "
            "limits, kernel, aids, ca_keys, terminal; host_tools/emv/terminal.yaml is one.",
            show_default="the terminal's own; for scripts config.yaml beside them",
        ),
    ] = None,
    amount: Annotated[
        str | None,
        typer.Option(help="Such as 12.80.", show_default="the configuration's, or 12.80"),
    ] = None,
    as_json: _Json = False,
    clear: _Clear = False,
) -> None:
    """Run entry point and kernels on MicroPython against a card, and show every exchange.

    Each command with the clause of the book that leads to it, each answer with its data objects,
    then the outcome with TVR, TSI, CVM, data authentication and the data for the host. FILE may be
    a script, or a list of them; JSON is a list then.

    Exit code 0: there is an outcome, with a script the one that it wants and nothing of the script
    left over. 1: not so, and the first difference is told in a sentence.

    Examples: taptill card run unionpay_debit --amount 1280.00;
    taptill card run tests/vectors/emv/online.yaml --json
    """
    from host_tools.build.image import BuildError
    from host_tools.emv import play
    from host_tools.emv.config import ConfigError
    from host_tools.emv.kernels import Kernels
    from host_tools.vboard.cards.fields import CardFileError

    if amount is not None and not re.fullmatch(r"\d{1,10}\.\d\d", amount):
        raise typer.BadParameter(f"{amount!r} is no amount such as 12.80")
    different = []
    trees = []
    try:
        plays = play.load(file, config, amount)
        with Kernels() as kernels:
            for each in plays:
                transcript = each.run(kernels, clear)
                if as_json:
                    trees.append(transcript.tree())
                else:
                    typer.echo("\n".join(transcript.lines()) + "\n")
                if transcript.difference:
                    different.append(f"{transcript.name}: {transcript.difference}")
    except OSError as error:
        fail(f"{error.filename or file}: {error.strerror or error}")
    except (BuildError, CardFileError, ConfigError) as error:
        fail(error)
    if as_json:
        typer.echo(json.dumps(trees[0] if len(trees) == 1 else trees, indent=2))
    if different:
        more = f" (and {len(different) - 1} more)" if len(different) > 1 else ""
        fail(different[0] + more)
