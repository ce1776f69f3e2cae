"""The terminal is locked: the operator of the shift or the supervisor opens it again."""

from pos.ui import entry
from pos.words import say


async def run(t, timeout_ms: int) -> bool:
    """Whether it is open; False, too, when nobody has come in ``timeout_ms``."""
    title = say("locked")
    hint = say("locked_hint").format(t.operator)
    op = await entry.operator(t.ui, timeout_ms, title, hint)
    if op is None:
        return False
    if op not in (t.operator, "00"):
        t.buzzer.bad()
        await t.show("message", "bad", title, hint)
        return False
    return await t.tell("prove", op, title, timeout_ms) is True
