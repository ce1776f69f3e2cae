"""The group ``taptill host``, and ``taptill decode iso8583``: the acquiring host for an engineer.

Imports are inside the commands, as in ``cli.py``.
"""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from host_tools.cli_emv import decode, fail

host = typer.Typer(
    help="Tools around the acquiring host: send it transactions, make certificates, look after "
    "its database, measure it. The host itself is `taptill acquirer`.",
    no_args_is_help=True,
)
Json = Annotated[bool, typer.Option("--json", help="As JSON.")]
Clear = Annotated[
    bool, typer.Option("--clear", help="Card numbers, tracks, PIN blocks and keys in full.")
]


def hex_key(text: str, what: str) -> bytes:
    """A key given as hex, 8 or 16 bytes; wrong usage (exit code 2) otherwise."""
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) not in (8, 16):
        raise typer.BadParameter(f"{what} is no key of 16 or 32 hex digits")
    return key


def tell(readings: list[Any], as_json: bool, clear: bool) -> None:
    """Print readings: JSON, coloured on a terminal, else plain lines."""
    from host_tools.decode8583 import show

    if as_json:
        trees = [show.tree(one, clear) for one in readings]
        typer.echo(json.dumps(trees[0] if len(trees) == 1 else trees, indent=2))
        return
    for at, one in enumerate(readings):
        if at:
            typer.echo()
        if sys.stdout.isatty():
            from host_tools.decode8583.colour import print_coloured

            print_coloured(show.lines(one, clear))
        else:
            typer.echo("\n".join(show.lines(one, clear)))


@decode.command()
def iso8583(
    data: Annotated[
        list[str],
        typer.Argument(
            metavar="HEX|FILE|-", help="Hex (blanks allowed), a file, or - for standard input."
        ),
    ],
    mak: Annotated[
        str,
        typer.Option(help="MAC key in hex: shows how the MAC comes about.", show_default=False),
    ] = "",
    sm4: Annotated[bool, typer.Option("--sm4", help="The MAC is SM4's.")] = False,
    clear: Clear = False,
    as_json: Json = False,
) -> None:
    """Take frames of the direct-POS dialect apart, field by field, with the firmware's codec.

    A whole frame, one without its length, or a message from the MTI on. A file may hold hex, one
    frame a line, the bytes of a capture, or the host's log (taptill acquirer --log).

    A frame that is broken is shown up to the break, then field, offset (from the MTI) and reason;
    the exit code is 1 then, and also when --mak finds a wrong MAC.

    Example: taptill decode iso8583 0034600003000060310031000008200000000000C00010...
    """
    from host_tools.decode8583.inputs import NotFrames, readings

    key = hex_key(mak, "--mak") if mak else None
    if sm4 and key is not None and len(key) != 16:
        raise typer.BadParameter("an SM4 key has 32 hex digits")
    try:
        found = readings(_given(data), key, sm4, clear)
    except NotFrames as error:
        fail(error)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")
    if not found:
        fail("there are no messages in it")
    tell(found, as_json, clear)
    broken = next((one.broken for one in found if one.broken), None)
    if broken:
        fail(broken)
    if any(one.mac and not one.mac.equal for one in found):
        fail("F64: not the MAC of this message")
    if key and not any(one.mac for one in found):
        fail("F64: the message carries no MAC")


def _given(words: list[str]) -> bytes:
    if words == ["-"]:
        return sys.stdin.buffer.read()
    if len(words) == 1 and Path(words[0]).is_file():
        return Path(words[0]).read_bytes()
    return "".join(words).encode("utf-8", "replace")
