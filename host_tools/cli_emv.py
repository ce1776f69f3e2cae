"""The groups ``taptill decode`` and ``taptill card``: EMV for the engineer.

Imports are inside the commands, as in ``cli.py``.
"""

import json
import sys
from typing import Annotated, Any, NoReturn

import typer

decode = typer.Typer(
    help="Say what bytes of a card or terminal mean: tlv, apdu, dol. Card numbers and tracks are "
    "shown as first six and last four digits.",
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
