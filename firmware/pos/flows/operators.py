"""The operators of this terminal: who may log in. 00 or 99 adds, deletes, gives new passwords."""

from pos.store import users
from pos.ui import entry
from pos.words import say

_READ_MS = 10000
_WAIT_MS = 120000
_BOSSES = ("00", "99")


async def run(t) -> None:
    """The list, until it is left. 00 approves; who is logged in as 99 may help 00 out, too."""
    boss = "99" if t.operator == "99" else "00"
    if not await t.tell("supervisor", boss):
        return
    while True:
        book = users.Users(t.root, t.sealer(), t.uptime, t.waits)
        known = sorted(book.operators())
        listed = [op for op in known if op not in _BOSSES or op == "00" != boss]
        items = [say("operator_add")]
        for op in listed:
            words = say("operator_is").format(op)
            items.append(words + " " + say("operator_waits") if book.wait(op) else words)
        choice = await entry.choose(t.ui, say("menu_operators"), items, _WAIT_MS)
        if choice is None:
            return
        if choice:
            await _change(t, book, listed[choice - 1])
        else:
            await _add(t, known)


async def _add(t, known) -> None:
    hint = say("operator_free")
    while True:
        op = await entry.operator(t.ui, _WAIT_MS, say("operator_add"), hint)
        if op is None:
            return
        if op not in _BOSSES and op not in known:
            await t.tell("password", op)
            return
        hint = say("operator_taken").format(op)


async def _change(t, book, op) -> None:
    items = [say("password_reset")]
    if op not in _BOSSES and op != t.operator:
        items.append(say("operator_delete"))
    title = say("operator_is").format(op)
    choice = await entry.choose(t.ui, title, items, _WAIT_MS)
    if choice == 0:
        await t.tell("password", op)
    elif choice:
        sure = say("operator_sure")
        if await t.show("message", "warn", title, sure, _READ_MS, "CE") == "E":
            book.remove(op)
