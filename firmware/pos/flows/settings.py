"""What the supervisor sets on the terminal itself; all else comes from the host or the tool."""

from pos.ui import entry
from pos.words import say

_WAIT_MS = 120000
# Stories, then parameters with the values that each goes through
_STORIES = "language menu_network menu_echo"
_TABLE = """
sound 0 1
lock_min 0 1 2 5 10 15 30 60
pin_bypass 0 1
pin_scrambled 0 1
theme 0 1
large 0 1
details 0 1
"""


async def run(t) -> None:
    """The list, until it is left; what is chosen is told, or takes its next value at once."""
    if not await t.tell("supervisor"):
        return
    rows = [line.split() for line in _TABLE.strip().split("\n")]
    stories = _STORIES.split()
    at = 0
    while True:
        items = [say(story) for story in stories]
        items[0] += ": " + say("language_" + t.params["language"])
        for row in rows:
            items.append("%s: %s" % (say("set_" + row[0]), _value(row[0], t.params[row[0]])))
        choice = await entry.choose(t.ui, say("menu_settings"), items, _WAIT_MS, None, at)
        if choice is None:
            return
        at = choice
        if at < len(stories):
            await t.tell(stories[at].replace("menu_", ""))
        else:
            _next(t, rows[at - len(stories)])
            await t.show("look", t.params["theme"], t.params["large"])


def _value(name, value) -> str:
    if name == "lock_min" and value:
        return say("set_minutes").format(value)
    return say("set_on" if value else "set_off")


def _next(t, row):
    """Set the value of a parameter that comes after the one it has."""
    name = row[0]
    values = [int(value) for value in row[1:]]
    larger = [value for value in values if value > t.params[name]]
    t.params.update(**{name: larger[0] if larger else values[0]})
    t.buzzer.mute(not t.params["sound"])
