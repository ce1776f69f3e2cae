"""One run of the client: connect, sign in, send, show, and the exit code that says how it went."""

import json
import ssl
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import typer

from host_tools import cli_host
from host_tools.decode8583 import show
from host_tools.decode8583.firmware import BadBytes, unionpay, words
from host_tools.decode8583.kinds import by_name
from host_tools.decode8583.reading import Reading, read
from host_tools.host_client import requests
from host_tools.host_client.chip import NoChip, Tapped, tap
from host_tools.host_client.requests import Unusable, Wanted
from host_tools.host_client.session import BadKeys, Exchange, NoAnswer, Session, Where
from host_tools.vboard.cards.fields import CardFileError

APPROVED, DECLINED, USAGE, NOT_GENUINE = 0, 1, 2, 3


@dataclass(repr=False)
class Order:
    """What the command line asks for."""

    wanted: Wanted
    host: str
    port: int
    timeout: float
    terminal: str
    merchant: str
    tmk: bytes
    key_mode: str
    card: str
    manual: bool
    pan: str
    expiry: str
    pin: bool
    typed_pin: str | None
    trace: int | None
    tls: tuple[Path | None, Path | None, Path | None] | None

    def context(self) -> ssl.SSLContext | None:
        """TLS as asked for; the host is verified always. Raises OSError, ssl.SSLError."""
        if self.tls is None:
            return None
        ca, cert, key = self.tls
        context = ssl.create_default_context(cafile=str(ca) if ca else None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if cert is not None:
            context.load_cert_chain(cert, key)
        return context


def run(order: Order, clear: bool, as_json: bool) -> int:
    """Carry an order out and print what happened; returns the exit code."""
    try:
        return _run(order, clear, as_json)
    except (Unusable, NoChip, CardFileError) as error:
        return _told(error, USAGE)
    except BadBytes as error:
        return _told(f"cannot be packed: {error}", USAGE)
    except (NoAnswer, BadKeys) as error:
        return _told(error, NOT_GENUINE)
    except ssl.SSLError as error:
        return _told(f"certificate or key cannot be used: {error.reason or error}", USAGE)
    except OSError as error:
        return _told(f"{error.filename}: {error.strerror}", USAGE)


def _told(sentence: object, code: int) -> int:
    typer.echo(f"taptill: {sentence}", err=True)
    return code


def _run(order: Order, clear: bool, as_json: bool) -> int:
    wanted = order.wanted
    if requests.needs_card(wanted.kind) and wanted.amount is None and wanted.kind != "balance":
        raise Unusable(f"{wanted.kind} needs --amount")
    where = Where(order.host, order.port, order.context(), order.timeout)
    with Session(where, order.terminal, order.merchant, order.tmk) as session:
        if wanted.kind == "sign_in":
            done = session.sign_in(wanted.code or order.key_mode)
        else:
            done = _sign_in_and_send(session, order)
        return _show(session, done, clear, as_json)


def _sign_in_and_send(session: Session, order: Order) -> Exchange:
    wanted, now = order.wanted, datetime.now()
    row = by_name(wanted.kind)
    if row is None or row.mac:
        signed = session.sign_in(order.key_mode)
        if signed.faults or not signed.approved:
            return signed
    if order.trace is not None:
        session.trace = (order.trace - 2) % 999_999 + 1
    card = _card(order, session, now) if requests.needs_card(wanted.kind) else None
    pin = (order.typed_pin or (card.pin if card else None)) if order.pin else None
    if order.pin and pin is None:
        raise Unusable("the card has no PIN")
    try:
        kind, fields = requests.build(session, wanted, card, pin, now)
    except ValueError as error:
        raise error if isinstance(error, Unusable | BadBytes) else Unusable(str(error)) from None
    return session.send(kind, fields)


def _card(order: Order, session: Session, now: datetime) -> Tapped:
    if order.pan:
        return Tapped(order.pan, order.expiry)
    chip = requests.by_chip(order.wanted.kind) and not order.manual
    return tap(order.card, order.wanted.amount or 0, session.trace % 999_999 + 1, now, chip)


def _verdict(done: Exchange) -> tuple[str, int]:
    if done.faults:
        return "not genuine: " + "; ".join(done.faults), NOT_GENUINE
    sentence = words.say("rc_" + unionpay.response(done.code)[1])
    if done.approved:
        said = "booked already" if done.code == "94" else sentence
        return (
            f"{done.code}: {said if unionpay.approved(done.code) else 'done, ' + said}",
            APPROVED,
        )
    return f"{done.code}: {sentence}", DECLINED


def _show(session: Session, done: Exchange, clear: bool, as_json: bool) -> int:
    sentence, code = _verdict(done)
    readings = {
        "request": read(done.request, done.mak, session.sm4, clear),
        "answer": read(done.answer, done.mak, session.sm4, clear),
    }
    if as_json:
        told: dict[str, Any] = {name: show.tree(one, clear) for name, one in readings.items()}
        told["verdict"] = {"sentence": sentence, "exit_code": code, "response_code": done.code}
        told["verdict"]["faults"] = done.faults
        typer.echo(json.dumps(told, indent=2))
        return code
    for name, one in readings.items():
        typer.echo(f"-- {name}")
        cli_host.tell([one], False, clear)
        if one.broken:
            typer.echo(f"broken: {one.broken}")
        typer.echo()
    typer.echo(f"{done.kind.name}: {sentence}")
    if done.approved and 11 in done.fields:
        typer.echo(f"--original {_original(done, readings['request'])}")
    return code


def _original(done: Exchange, request: Reading) -> str:
    """What a later transaction says of this one."""
    batch = str(request.values.get(60, ""))[2:8]
    pieces = (batch, request.values.get(11, ""), done.fields.get(37, ""), done.fields.get(38, ""))
    return "/".join((*pieces, str(done.fields.get(13, ""))))
