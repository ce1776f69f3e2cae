"""Messages without money: sign-in, sign-off, echo test, status upload, IC script result."""

from sqlalchemy import select

from host_tools.acquirer import security, settings
from host_tools.acquirer.dialect import Field60, FormatError
from host_tools.acquirer.handlers.common import Answer, Context, Route
from host_tools.acquirer.issuer import read_pan
from host_tools.acquirer.models_settings import ScriptResult, TerminalStatus

_LAST_BATCH = 999_998
_ORIGINAL = 12  # digits of F61: batch and trace
_SCRIPT_RESULT = "DF31"


def next_batch(batch: int) -> int:
    """The batch number after this one; 999998 is the last."""
    return batch % _LAST_BATCH + 1


def sign_in(ctx: Context) -> Answer:
    """0800, F60.3 001/003/004/005: new working keys under the TMK in F62, batch number in F60.2.

    A terminal whose trace is not beyond what its batch has already seen has lost its memory (or
    wrapped its trace): it is given the next batch, so that its sales are not taken for repeats. A
    batch that was settled is not given again.
    """
    f60 = ctx.request.field60()
    terminal = ctx.terminal
    if ctx.work.last_trace(terminal.id, f"{terminal.batch:06d}") >= ctx.request.need(11):
        terminal.batch = next_batch(terminal.batch)
    while ctx.work.batch_closed(terminal.id, f"{terminal.batch:06d}"):
        terminal.batch = next_batch(terminal.batch)
    tmk = ctx.work.keys.unwrap(f"{terminal.id} tmk", terminal.tmk)
    own = settings.parameters(ctx.work.session, terminal, ctx.merchant)
    keys = security.new_working_keys(f60.code, own[settings.DOUBLE_MAK] == "1")
    for name in ("pik", "mak", "tdk"):
        key = getattr(keys, name)
        setattr(terminal, name, ctx.work.keys.wrap(f"{terminal.id} {name}", key) if key else None)
    terminal.signed_in = True
    terminal.key_mode = f60.code
    settings.done(terminal, settings.SIGN_IN)
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


def status(ctx: Context) -> Answer:
    """0820, F60.3 362: what the terminal says of itself (F62, text) is kept."""
    text = ctx.request.need(62).decode("latin-1")
    if not text.isprintable():
        raise FormatError("62", 0, "not text", ctx.request)
    ctx.work.session.merge(TerminalStatus(terminal_id=ctx.terminal.id, text=text, at=ctx.now))
    settings.done(ctx.terminal, settings.STATUS)
    return Answer("00")


def script_result(ctx: Context) -> Answer:
    """0620, F60.3 951: DF31 of F55 is kept, the script is done.

    Once for the transaction that F61 names: a terminal without an answer tells it again, under
    another trace. Without F61 once for its own batch and trace.
    """
    request, session = ctx.request, ctx.work.session
    result = request.icc().get(_SCRIPT_RESULT)
    if not result:
        raise FormatError("55", 0, "tag DF31 is absent", request)
    name = {"terminal_id": ctx.terminal.id, "batch": request.field60().batch}
    name["trace"] = request.need(11)
    original = request.fields.get(61, "")
    if len(original) >= _ORIGINAL:
        name |= {"batch": original[:6], "trace": original[6:_ORIGINAL]}
    if session.scalar(select(ScriptResult).filter_by(**name)) is not None:
        return Answer("00")
    # The card is compared by nobody: the terminal may leave it away.
    pan = read_pan(request, ctx.keys) if 2 in request or 35 in request else ""
    tag = ctx.work.keys.pan_tag(pan) if pan else ""
    session.add(ScriptResult(**name, pan_tag=tag, result=result, at=ctx.now))
    session.flush()
    if pan:
        ctx.work.script_done(pan, result)
    return Answer("00")


_SIGN_IN = {"mti": "0800", "kind": "00", "needs": (11, 41, 42)}
ROUTES = (
    *(Route("sign-in", sign_in, code=code, **_SIGN_IN) for code in security.KEY_SIZES),
    Route("sign-off", sign_off, "0820", kind="00", code="002"),
    Route("echo", echo, "0820", kind="00", code="301"),
    Route("status", status, "0820", kind="00", code="362", needs=(62,)),
    Route("script result", script_result, "0620", code="951", mac=True, needs=(11, 55)),
)
