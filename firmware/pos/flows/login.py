"""An operator logs in: number and password."""

from pos.ui import entry
from pos.words import say


async def run(t) -> str:
    """Returns the operator's number; does not end without one."""
    while True:
        operator = await entry.operator(t.ui)
        if operator and await t.tell("prove", operator, say("login")):
            return operator
