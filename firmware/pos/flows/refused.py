"""What the host has refused, in words."""

from pos.protocol import unionpay
from pos.words import beside, say

_READ_MS = 10000


async def run(t, title: str, code: str) -> None:
    """Say what the host's response code means, and what is to be done about it."""
    t.buzzer.bad()
    group, name = unionpay.response(code)
    words = beside(say("rc_" + name), "({})\n".format(code)) + say("help_" + group)
    await t.show("message", "bad", title, words, _READ_MS)
