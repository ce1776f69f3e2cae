"""``taptill host client``: its options, and what is wrong with them.

Imports are inside the functions, as in ``cli.py``.
"""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any

import typer

from host_tools.cli_host import Clear, Json, hex_key, host

_TEST_TMK = "11111111111111112222222222222222"
_KEY_MODES = ("001", "003", "004", "005")


_Transaction = Annotated[
    str, typer.Argument(help="Such as sale, void, preauth, echo; list names all.")
]
_Host = Annotated[str, typer.Option("--host", help="Where the host listens.")]
_Port = Annotated[int, typer.Option(help="Its TCP port.", min=1, max=65535)]
_Terminal = Annotated[str, typer.Option(help="8 characters.")]
_Merchant = Annotated[str, typer.Option(help="15 characters.")]
_Tmk = Annotated[
    str,
    typer.Option(
        help="Terminal master key in hex, better by TAPTILL_TMK.",
        envvar="TAPTILL_TMK",
        show_envvar=False,
        show_default="the TEST key",
    ),
]
_KeyMode = Annotated[
    str, typer.Option(help="Sign-in: 001 DES, 003 3DES, 004 with track key, 005 SM4.")
]
_Amount = Annotated[str, typer.Option(help="Such as 12.80.", show_default=False)]
_Card = Annotated[str, typer.Option(help="A virtual card by name or path (taptill card list).")]
_Manual = Annotated[
    bool, typer.Option("--manual", help="Its number is typed; the chip is not asked.")
]
_Pan = Annotated[
    str, typer.Option(help="A typed card number instead of --card.", show_default=False)
]
_Expiry = Annotated[str, typer.Option(help="YYMM, with --pan.", show_default=False)]
_Pin = Annotated[
    bool, typer.Option("--pin", help="With the card's PIN; with --pan it is asked for.")
]
_Original = Annotated[
    str,
    typer.Option(
        help="BATCH/TRACE/RRN/AUTH/MMDD of what this one is about; pieces may be empty.",
        show_default=False,
    ),
]
_Of = Annotated[str, typer.Option(help="With reversal: the kind of its original.")]
_Tip = Annotated[str, typer.Option(help="With tip: the tip; --amount is the new total.")]
_Moto = Annotated[bool, typer.Option("--moto", help="Mail or telephone order.")]
_Partial = Annotated[bool, typer.Option("--partial", help="Takes a partial approval.")]
_Months = Annotated[int, typer.Option(help="With instalment.", min=1, max=99)]
_Code = Annotated[
    str, typer.Option(help="Network code F60.3, where a kind has several.", show_default=False)
]
_Data = Annotated[
    str,
    typer.Option(
        help="F62 of downloads, F48 of batch, F55 of script_result: text, or hex:0102.",
        show_default=False,
    ),
]
_Totals = Annotated[
    str, typer.Option(help="With settlement: debit/count/credit/count, e.g. 12.80/1/0.00/0.")
]
_Count = Annotated[int, typer.Option(help="With batch_end: items.", min=0, max=9999)]
_Trace = Annotated[int | None, typer.Option(help="F11, e.g. to repeat.", min=1, max=999999)]
_Batch = Annotated[
    int | None, typer.Option(help="F60.2.", min=0, max=999999, show_default="the host's")
]
_Timeout = Annotated[float, typer.Option(help="Seconds to wait.", min=0.1)]
_Tls = Annotated[bool, typer.Option("--tls", help="Over TLS; the host's certificate is verified.")]
_TlsCa = Annotated[Path | None, typer.Option(help="Certificate of the host's CA.")]
_TlsCert = Annotated[Path | None, typer.Option(help="The terminal's certificate.")]
_TlsKey = Annotated[Path | None, typer.Option(help="The key of it.")]


@host.command()
def client(
    transaction: _Transaction,
    address: _Host = "127.0.0.1",
    port: _Port = 8583,
    terminal: _Terminal = "12345678",
    merchant: _Merchant = "898100012340001",
    tmk: _Tmk = _TEST_TMK,
    key_mode: _KeyMode = "003",
    amount: _Amount = "",
    card: _Card = "unionpay_debit",
    manual: _Manual = False,
    pan: _Pan = "",
    expiry: _Expiry = "",
    pin: _Pin = False,
    original: _Original = "",
    of: _Of = "sale",
    tip: _Tip = "0.00",
    moto: _Moto = False,
    partial: _Partial = False,
    months: _Months = 3,
    code: _Code = "",
    data: _Data = "",
    totals: _Totals = "0.00/0/0.00/0",
    count: _Count = 0,
    trace: _Trace = None,
    batch: _Batch = None,
    timeout: _Timeout = 30.0,
    tls: _Tls = False,
    tls_ca: _TlsCa = None,
    tls_cert: _TlsCert = None,
    tls_key: _TlsKey = None,
    clear: Clear = False,
    as_json: Json = False,
) -> None:
    """Send one transaction to a host and show request and answer, field by field.

    Signs in first, unless the transaction needs no key; the working keys are kept in memory only.
    A sale, pre-authorisation, balance or instalment asks the chip of a virtual card; any other,
    and --manual or --pan, sends a typed number.

    Exit code 0: approved, 1: declined, 2: wrong usage, 3: no answer, or one that is not genuine.

    Examples: taptill host client sale --amount 12.80 --pin;
    taptill host client void --amount 12.80 --original 000001/000002/632912000001/104729
    """
    options = SimpleNamespace(**locals())
    from host_tools.host_client import requests
    from host_tools.host_client.run import run

    if transaction == "list":
        typer.echo("\n".join(requests.NAMES))
        return
    raise typer.Exit(run(_order(options), clear, as_json))


def _fen(text: str, what: str) -> int:
    """An amount such as 12.80 in fen; wrong usage (exit code 2) otherwise."""
    if not re.fullmatch(r"\d{1,10}\.\d\d", text):
        raise typer.BadParameter(f"{what} {text!r} is no amount such as 12.80")
    return int(text.replace(".", ""))


def _totals(text: str) -> tuple[int, int, int, int]:
    pieces = text.split("/")
    if len(pieces) != 4 or not re.fullmatch(r"\d{1,3}/\d{1,3}", f"{pieces[1]}/{pieces[3]}"):
        raise typer.BadParameter(f"--totals {text!r} is not such as 12.80/1/0.00/0")
    debit, credit = (_fen(pieces[at], "--totals") for at in (0, 2))
    return debit, int(pieces[1]), credit, int(pieces[3])


def _check(given: SimpleNamespace) -> None:
    from host_tools.host_client.requests import NAMES

    if given.transaction not in NAMES:
        raise typer.BadParameter(
            f"there is no {given.transaction!r}; see: taptill host client list"
        )
    if given.key_mode not in _KEY_MODES:
        raise typer.BadParameter(f"--key-mode is one of {', '.join(_KEY_MODES)}")
    if len(given.terminal) != 8 or len(given.merchant) != 15:
        raise typer.BadParameter("a terminal id has 8 characters and a merchant id 15")
    pan_fits = re.fullmatch(r"\d{13,19}", given.pan) and re.fullmatch(r"\d{4}", given.expiry)
    if given.pan and not pan_fits:
        raise typer.BadParameter("--pan has 13 to 19 digits and needs --expiry YYMM")


def _order(given: SimpleNamespace) -> Any:
    """The order that the options make; wrong usage (exit code 2) for those that do not."""
    from host_tools.host_client.requests import Original, Wanted
    from host_tools.host_client.run import Order

    _check(given)
    data = given.data
    try:
        wanted = Wanted(
            given.transaction,
            amount=_fen(given.amount, "--amount") if given.amount else None,
            original=Original.parse(given.original),
            tip=_fen(given.tip, "--tip"),
            moto=given.moto,
            months=given.months,
            of=given.of,
            code=given.code,
            data=bytes.fromhex(data[4:]) if data.startswith("hex:") else data.encode(),
            totals=_totals(given.totals),
            count=given.count,
            batch=given.batch,
            partial=given.partial,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    with_tls = given.tls or given.tls_ca or given.tls_cert
    typed = typer.prompt("PIN", hide_input=True) if given.pin and given.pan else None
    return Order(
        wanted,
        host=given.address,
        port=given.port,
        timeout=given.timeout,
        terminal=given.terminal,
        merchant=given.merchant,
        tmk=hex_key(given.tmk, "--tmk"),
        key_mode=given.key_mode,
        card=given.card,
        manual=given.manual,
        pan=given.pan,
        expiry=given.expiry,
        pin=given.pin,
        typed_pin=typed,
        trace=given.trace,
        tls=(given.tls_ca, given.tls_cert, given.tls_key) if with_tls else None,
    )
