"""Messages without money: sign-in, sign-off, echo test."""

from host_tools.acquirer import security
from host_tools.acquirer.dialect import Field60
from host_tools.acquirer.handlers.common import Answer, Context, Route

_LAST_BATCH = 999_998


def sign_in(ctx: Context) -> Answer:
    """0800, F60.3 001/003/004: new working keys under the TMK in F62, batch number in F60.2.

    A terminal whose trace is not beyond what its batch has already seen has lost its memory (or
    wrapped its trace): it is given the next batch, so that its sales are not taken for repeats.
    """
    f60 = ctx.request.field60()
    terminal = ctx.terminal
    if ctx.work.last_trace(terminal.id, f"{terminal.batch:06d}") >= ctx.request.need(11):
        terminal.batch = terminal.batch % _LAST_BATCH + 1
    tmk = ctx.work.keys.unwrap(f"{terminal.id} tmk", terminal.tmk)
    keys = security.new_working_keys(f60.code)
    for name in ("pik", "mak", "tdk"):
        key = getattr(keys, name)
        setattr(terminal, name, ctx.work.keys.wrap(f"{terminal.id} {name}", key) if key else None)
    terminal.signed_in = True
    return Answer(
        "00",
        {
            60: Field60(f60.kind, f"{terminal.batch:06d}", f60.code).digits(),
            62: security.wrap_working_keys(tmk, keys),
        },
    )


def sign_off(ctx: Context) -> Answer:
    """0820, F60.3 002: the working keys end here."""
    ctx.terminal.signed_in = False
    ctx.terminal.pik = ctx.terminal.mak = ctx.terminal.tdk = None
    return Answer("00")


def echo(ctx: Context) -> Answer:
    """0820, F60.3 301: the line and the host are alive."""
    return Answer("00")


_SIGN_IN = {"mti": "0800", "kind": "00", "needs": (11, 41, 42)}
ROUTES = (
    *(Route("sign-in", sign_in, code=code, **_SIGN_IN) for code in security.KEY_SIZES),
    Route("sign-off", sign_off, "0820", kind="00", code="002"),
    Route("echo", echo, "0820", kind="00", code="301"),
)
