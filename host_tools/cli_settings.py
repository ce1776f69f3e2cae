"""``taptill host terminal``, ``parameters``, ``blacklist``: what a host gives its terminals.

They change the database of a host, also of one that runs: it looks there for each message. Imports
are inside the functions, as in ``cli.py``.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from host_tools.cli_acquirer import default_database
from host_tools.cli_client import host
from host_tools.cli_emv import fail
from host_tools.cli_host import Json, engine_of

_Db = Annotated[
    str,
    typer.Option(
        "--db", help="URL of the ledger.", show_default="that of taptill acquirer: build/acquirer"
    ),
]
_Terminal = Annotated[str, typer.Argument(metavar="TERMINAL", help="Its number, 8 characters.")]
_OfTerminal = Annotated[
    str, typer.Option("--terminal", help="Of this terminal.", show_default="all terminals")
]
_OfMerchant = Annotated[
    str, typer.Option("--merchant", help="Of this merchant's terminals.", show_default=False)
]
_Ask = Annotated[
    bool, typer.Option("--ask", help="Ask the terminals concerned to load it, by digit P.")
]
_Demands = Annotated[
    list[str],
    typer.Argument(
        metavar="WHAT...",
        help="parameters, status, sign-in, keys, applications, black-list, contactless.",
    ),
]
_Entries = Annotated[
    list[str], typer.Argument(metavar="DIGITS...", help="First 4 to 12 digits of card numbers.")
]


@contextmanager
def _session(url: str) -> Iterator[Any]:
    """A unit of work on a database that is up to date."""
    from sqlalchemy.orm import Session

    from host_tools.acquirer import migrations

    url = url or default_database()
    with engine_of(url) as engine:
        if migrations.current(engine) != migrations.head():
            fail(
                f"the database has another schema than this program: taptill host db upgrade {url}"
            )
        with Session(engine) as session, session.begin():
            yield session


def _terminal(session: Any, number: str) -> Any:
    from host_tools.acquirer.models import Terminal

    found = session.get(Terminal, number)
    if found is None:
        fail(f"there is no terminal {number}; see: taptill host terminal list")
    return found


def _words(digits: str) -> str:
    from host_tools.acquirer.settings import DEMANDS

    return ", ".join(word for digit in digits for word, code in DEMANDS.items() if code == digit)


def _digits(demands: list[str]) -> list[str]:
    from host_tools.acquirer.settings import DEMANDS

    for word in demands:
        if word not in DEMANDS:
            raise typer.BadParameter(f"{word}: a terminal can be asked for {', '.join(DEMANDS)}")
    return [DEMANDS[word] for word in demands]


# -- terminals -----------------------------------------------------------------

terminal = typer.Typer(
    help="The terminals of a host: what they are, and what they are asked to do.",
    no_args_is_help=True,
)
host.add_typer(terminal, name="terminal")


@terminal.command("list")
def list_(database: _Db = "", as_json: Json = False) -> None:
    """List the terminals.

    Example: taptill host terminal list
    """
    from sqlalchemy import select

    from host_tools.acquirer.models import Terminal

    with _session(database) as session:
        rows = [_row(one) for one in session.scalars(select(Terminal).order_by(Terminal.id))]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        signed = "signed in" if row["signed_in"] else "signed off"
        asked = f", asked for {_words(row['asked'])}" if row["asked"] else ""
        typer.echo(
            f"{row['terminal']}  {row['merchant']}  batch {row['batch']:06d}  {signed}{asked}"
        )


def _row(one: Any) -> dict[str, Any]:
    names = {"terminal": "id", "merchant": "merchant_id", "batch": "batch"}
    row = {name: getattr(one, place) for name, place in names.items()}
    return row | {"signed_in": one.signed_in, "key_mode": one.key_mode, "asked": one.asked}


@terminal.command()
def show(number: _Terminal, database: _Db = "", as_json: Json = False) -> None:
    """Show a terminal, what it is asked to do, and the status that it has uploaded.

    Example: taptill host terminal show 12345678
    """
    from host_tools.acquirer.models import Merchant
    from host_tools.acquirer.models_settings import TerminalStatus

    with _session(database) as session:
        found = _terminal(session, number)
        row = _row(found)
        row["merchant_name"] = session.get(Merchant, found.merchant_id).name
        status = session.get(TerminalStatus, number)
        if status is not None:
            row |= {"status": status.text, "status_at": status.at.isoformat(" ", "seconds")}
    if as_json:
        typer.echo(json.dumps(row, indent=2, ensure_ascii=False))
        return
    lines = {
        "terminal": row["terminal"],
        "merchant": f"{row['merchant']} {row['merchant_name']}",
        "batch": f"{row['batch']:06d}",
        "signed in": f"yes, key mode {row['key_mode']}" if row["signed_in"] else "no",
        "asked for": _words(row["asked"]) or "nothing",
        "status": f"{row['status_at']} {row['status']}" if "status" in row else "none came",
    }
    typer.echo("\n".join(f"{name:12}{value}" for name, value in lines.items()))


@terminal.command()
def ask(number: _Terminal, what: _Demands, database: _Db = "") -> None:
    """Ask a terminal for something, by digit P in the header of each answer until it is done.

    Example: taptill host terminal ask 12345678 parameters status
    """
    from host_tools.acquirer import settings

    digits = _digits(what)
    with _session(database) as session:
        found = _terminal(session, number)
        for digit in digits:
            settings.ask(found, digit)
        asked = found.asked
    typer.echo(f"{number} is asked for {_words(asked)}")


@terminal.command()
def withdraw(number: _Terminal, what: _Demands, database: _Db = "") -> None:
    """Ask a terminal no longer for something.

    Example: taptill host terminal withdraw 12345678 status
    """
    from host_tools.acquirer import settings

    digits = _digits(what)
    with _session(database) as session:
        found = _terminal(session, number)
        for digit in digits:
            settings.done(found, digit)
        asked = found.asked
    typer.echo(f"{number} is asked for {_words(asked) or 'nothing'}")


# -- parameters ----------------------------------------------------------------

parameters = typer.Typer(
    help="What terminals download: parameters and contactless limits. A terminal's own value goes "
    "before its merchant's, and that before the one for all.",
    no_args_is_help=True,
)
host.add_typer(parameters, name="parameters")


def _scopes(session: Any, number: str, merchant: str) -> tuple[list[str], str]:
    """Whose values hold, the widest first, and the merchant's name. The last one is named."""
    from host_tools.acquirer.models import Merchant

    if number and merchant:
        raise typer.BadParameter("--terminal or --merchant, not both")
    if number:
        merchant = _terminal(session, number).merchant_id
    owner = session.get(Merchant, merchant) if merchant else None
    if merchant and owner is None:
        fail(f"there is no merchant {merchant}")
    return ["", *filter(None, (merchant, number))], owner.name if owner else ""


@parameters.command("show")
def show_parameters(
    number: _OfTerminal = "",
    merchant: _OfMerchant = "",
    database: _Db = "",
    as_json: Json = False,
) -> None:
    """Show what terminals are given: tag, name, value, and who has set it.

    Example: taptill host parameters show --terminal 12345678
    """
    from host_tools.acquirer import settings

    with _session(database) as session:
        scopes, name = _scopes(session, number, merchant)
        found = settings.origins(session, scopes, name)
    rows = [
        {
            "tag": tag,
            "name": word,
            "value": settings.shown(tag, found[tag][0]),
            "of": {"": "all", "-": ""}.get(found[tag][1], found[tag][1]),
        }
        for word, tag in settings.WORDS.items()
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for row in rows:
        tag = row["tag"] if row["tag"] != settings.DOUBLE_MAK else ""
        line = f"{tag:8}{row['name']:16}{row['value']:16}"
        typer.echo((line + (f"  set for {row['of']}" if row["of"] else "")).rstrip())


@parameters.command("set")
def set_(
    values: Annotated[
        list[str], typer.Argument(metavar="NAME=VALUE...", help="As `parameters show` names them.")
    ],
    number: _OfTerminal = "",
    merchant: _OfMerchant = "",
    ask_for_it: _Ask = False,
    database: _Db = "",
) -> None:
    """Set parameters for all terminals, a merchant's or one; if one is wrong, none is set.

    Limits are amounts such as 300.00, switches on or off.

    Example: taptill host parameters set no-pin-limit=300.00 tip=off --terminal 12345678 --ask
    """
    from host_tools.acquirer import settings

    pairs = [text.partition("=") for text in values]
    if not all(mark for _, mark, _ in pairs):
        raise typer.BadParameter("NAME=VALUE is expected, for example tip-percent=20")
    with _session(database) as session:
        scopes, _ = _scopes(session, number, merchant)
        for name, _, text in pairs:
            tag = _tag(name)
            try:
                settings.set_parameter(session, tag, settings.spoken(tag, text), scopes[-1])
            except ValueError:
                raise typer.BadParameter(f"{name} cannot be {text!r}") from None
        tags = [_tag(name) for name, _, _ in pairs]
        _concerned(session, scopes[-1], settings.demand(tags) if ask_for_it else "")


@parameters.command()
def unset(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="As in set.")],
    number: _OfTerminal = "",
    merchant: _OfMerchant = "",
    ask_for_it: _Ask = False,
    database: _Db = "",
) -> None:
    """Take a value back: that of the merchant, of all, or the built-in one holds again.

    Example: taptill host parameters unset tip --terminal 12345678
    """
    from host_tools.acquirer import settings

    with _session(database) as session:
        scopes, _ = _scopes(session, number, merchant)
        tags = [_tag(name) for name in names]
        for name, tag in zip(names, tags, strict=True):
            if not settings.unset_parameter(session, tag, scopes[-1]):
                fail(f"{name} was not set for {scopes[-1] or 'all'}")
        _concerned(session, scopes[-1], settings.demand(tags) if ask_for_it else "")


def _tag(name: str) -> str:
    """The tag of a parameter that is named by word or tag; wrong usage otherwise."""
    from host_tools.acquirer.settings import WORDS

    tag = WORDS.get(name, name.upper() if name.upper() in WORDS.values() else "")
    if not tag:
        raise typer.BadParameter(
            f"there is no parameter {name}; see: taptill host parameters show"
        )
    return tag


def _concerned(session: Any, scope: str, digits: str) -> None:
    """Tell which terminals are concerned, and ask them for ``digits``."""
    from sqlalchemy import or_, select

    from host_tools.acquirer import settings
    from host_tools.acquirer.models import Terminal

    query = select(Terminal).order_by(Terminal.id)
    if scope:
        query = query.where(or_(Terminal.id == scope, Terminal.merchant_id == scope))
    rows = list(session.scalars(query))
    for one in rows:
        for digit in digits:
            settings.ask(one, digit)
    count = "1 terminal" if len(rows) == 1 else f"{len(rows)} terminals"
    said = f"asked for {_words(digits)}" if digits else "not asked to load it"
    typer.echo(f"{count} concerned, {said}")


# -- black list ----------------------------------------------------------------

blacklist = typer.Typer(
    help="Cards that are refused, by the first digits of their number: terminals download the "
    "list, and the issuer obeys it.",
    no_args_is_help=True,
)
host.add_typer(blacklist, name="blacklist")


@blacklist.command("list")
def list_entries(database: _Db = "", as_json: Json = False) -> None:
    """List the entries.

    Example: taptill host blacklist list
    """
    from host_tools.acquirer import settings

    with _session(database) as session:
        entries = settings.black_list(session)
    typer.echo(json.dumps(entries) if as_json else "\n".join(entries) or "it is empty")


@blacklist.command()
def add(entries: _Entries, ask_for_it: _Ask = False, database: _Db = "") -> None:
    """Refuse cards whose numbers begin with these digits.

    Example: taptill host blacklist add 622199 --ask
    """
    _change(database, entries, [], ask_for_it)


@blacklist.command()
def remove(entries: _Entries, ask_for_it: _Ask = False, database: _Db = "") -> None:
    """Take entries off the list.

    Example: taptill host blacklist remove 622199
    """
    _change(database, [], entries, ask_for_it)


def _change(database: str, more: list[str], less: list[str], ask_for_it: bool) -> None:
    from host_tools.acquirer import settings

    try:
        for digits in (*more, *less):
            settings.check_entry(digits)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    with _session(database) as session:
        before = settings.black_list(session)
        missing = [digits for digits in less if digits not in before]
        if missing:
            fail(f"{', '.join(missing)}: not on the black list")
        settings.set_black_list(session, {*before, *more} - set(less))
        _concerned(session, "", settings.BLACK_LIST if ask_for_it else "")
