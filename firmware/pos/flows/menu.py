"""The menu: what the operator may do besides typing an amount."""

from pos.ui import entry
from pos.ui.strings import say

_CHOICES = ("sale", "reprint", "settle", "sign_in", "echo", "log_off")


async def run(t):
    """The name of what was chosen, or None."""
    names = [say("menu_" + name) for name in _CHOICES]
    choice = await entry.choose(t.ui, say("menu"), names)
    return None if choice is None else _CHOICES[choice]
