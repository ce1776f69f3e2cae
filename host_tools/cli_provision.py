"""The command ``taptill provision``: a terminal is told who it is, and gets its master key."""

import json
import re
from pathlib import Path
from typing import Annotated

import typer

from host_tools.cli_emv import fail, in_a_sentence

TERMINALS_HOST = "acquirer.test"


_Port = Annotated[
    str, typer.Option(help="Serial port or pyserial URL, e.g. /dev/ttyUSB0, build/virtual/tty.")
]
_Serial = Annotated[
    str, typer.Option(help="Number on its label.", show_default="that of its chip")
]
_TerminalId = Annotated[str, typer.Option(help="8 digits.")]
_MerchantId = Annotated[str, typer.Option(help="15 characters.")]
_MerchantName = Annotated[str, typer.Option(help="As on the receipt.")]
_Language = Annotated[str, typer.Option(help="What it speaks: en or zh.")]
_Host = Annotated[str, typer.Option(help="Name of the acquiring host.")]
_HostPort = Annotated[int, typer.Option(min=1, max=65535, help="Its port.")]
_Wifi = Annotated[str, typer.Option(help="SSID.")]
_Apn = Annotated[
    str | None,
    typer.Option(help='Use the modem, with this access point ("": that of the SIM).'),
]
_ApnUser = Annotated[str, typer.Option(help="User for it; --ask-secrets: password.")]
_TlsCa = Annotated[
    Path | None, typer.Option(help="Speak TLS: the CA of the host's certificate (PEM).")
]
_TlsCert = Annotated[Path | None, typer.Option(help="The terminal's certificate for it (PEM).")]
_TlsKey = Annotated[
    Path | None,
    typer.Option(help="The certificate's key (PEM, EC).", show_default="beside the certificate"),
]
_NoTls = Annotated[
    bool, typer.Option("--no-tls", help="Speak TLS no more, and forget what it took.")
]
_AskSecrets = Annotated[
    bool,
    typer.Option(
        "--ask-secrets",
        help="Ask for the key of the network, and two people for a component of the TMK each.",
    ),
]
_SecretsFd = Annotated[
    int | None,
    typer.Option(
        min=0,
        help="Read key of the network and both components, three lines, from this open file; "
        "0: stdin.",
    ),
]
_Refused = Annotated[
    Path | None,
    typer.Option(help="Check values (6 hex digits a line) of keys it must never take."),
]
_ConsoleKey = Annotated[
    Path | None, typer.Option(help="File of its console key; made where there is none.")
]
_Record = Annotated[
    Path | None, typer.Option(help="Append what was done, without secrets, as JSON.")
]


def provision(
    port: _Port,
    serial: _Serial = "",
    terminal_id: _TerminalId = "12345678",
    merchant_id: _MerchantId = "898100012340001",
    merchant_name: _MerchantName = "TAPTILL TEST SHOP",
    language: _Language = "en",
    host: _Host = TERMINALS_HOST,
    host_port: _HostPort = 8583,
    wifi: _Wifi = "TapTill",
    apn: _Apn = None,
    apn_user: _ApnUser = "",
    tls_ca: _TlsCa = None,
    tls_cert: _TlsCert = None,
    tls_key: _TlsKey = None,
    no_tls: _NoTls = False,
    ask_secrets: _AskSecrets = False,
    secrets_fd: _SecretsFd = None,
    refused: _Refused = None,
    console_key: _ConsoleKey = None,
    record: _Record = None,
) -> None:
    """Give a terminal its identity, its network, its host and its master key (TMK).

    The TMK comes in two components, typed by two people one after the other without echo; each
    compares the check value of the own one, both that of the whole. Without --ask-secrets and
    --secrets-fd it is the TEST key. Weak keys are refused here, those of --refused by the
    terminal. Development keys only: they go over the serial line in clear. With --tls-ca the
    terminal speaks TLS from then on and never without, until it is told --no-tls.

    Example: taptill provision --port /dev/ttyUSB0 --ask-secrets --record provisioned.jsonl
    """
    from host_tools import ports
    from host_tools.device import provision as device
    from host_tools.device.console_key import read_or_make

    _check_identity(serial, terminal_id, merchant_id, language, apn, apn_user)
    if ask_secrets and secrets_fd is not None:
        raise typer.BadParameter("--ask-secrets does not go with --secrets-fd")
    files = _tls_files(tls_ca, tls_cert, tls_key, no_tls)
    if "://" not in port and not Path(port).exists():
        fail(ports.explain(port))
    with in_a_sentence(*_expected()):
        secrets, checks = _secrets(ask_secrets, secrets_fd, apn is not None)
        identity = device.Identity(
            serial=serial,
            terminal_id=terminal_id,
            merchant_id=merchant_id,
            merchant_name=merchant_name,
            language=language,
            host=host,
            port=host_port,
            wifi_ssid=wifi,
            apn=apn,
            apn_user=apn_user,
            tls=files,
            plain=no_tls,
            refused=_refused(refused) if refused else (),
            console_key=read_or_make(console_key) if console_key else None,
            **secrets,
        )
        stored = device.provision(port, identity)
        entry = device.record(identity, stored, checks)
        if record:
            device.keep(entry, record)
    typer.echo(json.dumps(entry, ensure_ascii=False, indent=2))
    typer.echo(f"Stored. KCV of the TMK: {stored.kcv}")


def _check_identity(
    serial: str,
    terminal_id: str,
    merchant_id: str,
    language: str,
    apn: str | None,
    apn_user: str,
) -> None:
    """Raises BadParameter."""
    if len(terminal_id) != 8 or len(merchant_id) != 15:
        raise typer.BadParameter("a terminal id has 8 characters and a merchant id 15")
    if language not in ("en", "zh"):
        raise typer.BadParameter("a language is en or zh")
    if not re.fullmatch(r"[A-Za-z0-9-]{0,20}", serial):
        raise typer.BadParameter("a serial number has up to 20 letters, digits and hyphens")
    if apn is None and apn_user:
        raise typer.BadParameter("--apn-user needs --apn")
    if any(char in text for text in (apn or "", apn_user) for char in '"\0\r\n'):
        raise typer.BadParameter("an access point and its user have no quotes or line ends")


def _expected() -> tuple[type[Exception], ...]:
    """What can be expected to go wrong."""
    from mpremote.transport_serial import TransportError

    from host_tools.device.ceremony import WeakKey
    from host_tools.device.console_key import KeyFileError
    from host_tools.device.provision import ProvisionError

    return ProvisionError, TransportError, WeakKey, KeyFileError


def _secrets(
    ask: bool, descriptor: int | None, by_modem: bool
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Key of the network and components as an Identity wants them, and the check values."""
    from host_tools.device import ceremony

    if descriptor is not None:
        network_key, both = ceremony.from_descriptor(descriptor)
    elif ask:
        network_key = _network_key(by_modem)
        both = ceremony.typed(
            lambda words: typer.prompt(words, hide_input=True), typer.confirm, typer.echo
        )
    else:
        return {}, ()
    name = "apn_key" if by_modem else "wifi_key"
    secrets = {name: network_key, "tmk_part1": both.first, "tmk_part2": both.second}
    return secrets, both.checks


def _network_key(by_modem: bool) -> str:
    """Typed without echo; an access point may have none."""
    if by_modem:
        return typer.prompt("APN password", hide_input=True, default="", show_default=False)
    return typer.prompt("Wi-Fi key", hide_input=True)


def _refused(file: Path) -> tuple[str, ...]:
    """The check values of a list, # begins a remark. BadParameter for what is none."""
    lines = [line.split("#")[0].strip() for line in file.read_text(encoding="utf-8").splitlines()]
    found = tuple(line.upper() for line in lines if line)
    wrong = [line for line in found if not re.fullmatch(r"[0-9A-F]{6}", line)]
    if wrong or not found:
        raise typer.BadParameter(f"{file}: a check value is 6 hexadecimal digits on a line")
    return found


def _tls_files(ca: Path | None, cert: Path | None, key: Path | None, no_tls: bool):
    """What a terminal speaks TLS with (a TlsFiles), or None. BadParameter, or exits with 1."""
    from host_tools.device.tls_files import TlsFiles, TlsFilesError

    if no_tls and (ca or cert or key):
        raise typer.BadParameter("--no-tls does not go with --tls-...")
    if ca is None:
        if cert or key:
            raise typer.BadParameter("--tls-cert needs --tls-ca: what the host is proven by")
        return None
    if cert is not None and key is None:
        key = cert.with_suffix(".key")
    with in_a_sentence(TlsFilesError):
        return TlsFiles.read(ca, cert, key)
