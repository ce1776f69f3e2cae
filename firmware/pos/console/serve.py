"""Takes a command of the diagnostics line, has it carried out, and answers.

RFC 7464 both ways: RS, a JSON object, LF; whatever else is on the line is text, such as the log.
A command is ``{"cmd": ..., "id": ...}`` with what it wants to know; its answer has the same
``id``, and ``error`` where it was not carried out; parts of a long answer, with ``part``, come
before it. ``Terminal.listen`` alone is always there; this is loaded for each command.
"""

import json
import sys

from pos import log

# Each command and its module. Those at rest need the reader, the keys, the whole screen, the host,
# or time: only while nobody is in the midst of anything.
_ANY_TIME = (
    ",hello guard,auth guard,bye guard,status state,memory state,log state,crash state,"
    "journal ledger,trace tracing,screen picture,"
)
_AT_REST = (
    ",display picture,selftest parts,nfc parts,printer parts,keys parts,network net,host net,"
)
# Stories in which nobody is: they wait for a key that begins something
_RESTING = ("idle", "login", "unlock", "broken")

_ident = None


def put(**values) -> None:
    """Write an object."""
    out = sys.stdout
    out.write("\x1e")
    json.dump(values, out)
    out.write("\n")


def part(**values) -> None:
    """Write a part of the answer."""
    put(id=_ident, part=values)


def resting(t) -> bool:
    """Whether nobody is in the midst of anything."""
    return t.story[10:] in _RESTING


async def run(t, line) -> None:
    """Answer the command in ``line``; never raises."""
    global _ident
    try:
        request = json.loads(line)
        name = request["cmd"]
        _ident = request.get("id")
        module = _module(_ANY_TIME, name)
        quiet = not module
        module = module or _module(_AT_REST, name)
    except (ValueError, KeyError, TypeError, AttributeError):
        put(error="garbled")
        return
    try:
        if not module:
            answer = {"error": "unknown"}
        elif module != "guard" and not await t.carry_out("guard.trusted"):
            answer = {"error": "locked"}
        elif quiet and not resting(t):
            answer = {"error": "busy", "why": "story"}
        else:
            answer = await t.carry_out(module + "." + name, request)
    except MemoryError:
        answer = {"error": "busy", "why": "heap"}
    except Exception as error:  # a command that fails must not take the terminal along
        log.crash("console", error)
        answer = {"error": "failed", "why": type(error).__name__}
    answer["id"] = _ident
    put(**answer)


def _module(table, name) -> str:
    at = table.find("," + name + " ")
    return "" if at < 0 else table[at + len(name) + 2 : table.find(",", at + 1)]
