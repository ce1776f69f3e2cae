"""A shift: an operator logs in, works, logs off. The outermost story; it never ends."""

from micropython import const

from pos.ui import entry as ask
from pos.ui import screens as show
from pos.ui.strings import say

_AWAY_MS = const(30000)  # how often the idle screen looks after what is pending
_ANSWERS = ("menu_sale", "menu_reprint", "menu_sign_in", "menu_echo", "menu_log_off")


async def run(t) -> None:
    """Log in, then idle and sell until the operator logs off; again for ever."""
    while True:
        t.operator = await t.tell("login")
        t.ui.set_status(operator=t.operator)
        await t.tell("sign_in")
        await t.tell("printing")
        await _work(t)
        t.operator = ""
        t.ui.set_status(operator="")


async def _work(t):
    while True:
        key = await ask.idle(t.ui, t.params["merchant_name"], _AWAY_MS)
        if key is None:
            await _look_after(t)
        elif key == "M":
            if await _menu(t):
                return
        elif key.isdigit():
            await t.tell("sale", key)


async def _look_after(t):
    """Nobody is at the keys: finish what waits."""
    if t.journal.pending():
        await t.tell("reversal")
    await t.tell("printing")


async def _menu(t) -> bool:
    """Returns whether the operator logs off."""
    choice = await ask.choose(t.ui, say("menu"), [say(name) for name in _ANSWERS])
    if choice == 0:
        await t.tell("sale", None)
    elif choice == 1:
        await t.tell("printing", True)
    elif choice == 2:
        await t.tell("sign_in")
    elif choice == 3:
        await t.tell("echo")
    return choice == 4
