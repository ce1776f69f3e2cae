"""Takes a command of the diagnostics line, has it carried out, and answers.

RFC 7464 both ways: RS, a JSON object, LF; whatever else is on the line is text, such as the log.
A command is ``{"cmd": ..., "id": ...}`` with what it wants to know; its answer has the same
``id``, and ``error`` where it was not carried out; parts of a long answer, with ``part``, come
before it. ``Terminal.listen`` alone is always there; this is loaded for each command.
"""

import json
import sys

from pos import log

# Each command and its module
_COMMANDS = (
    ",hello guard,auth guard,bye guard,status state,memory state,log state,crash state,"
    "journal ledger,trace tracing,screen picture,display picture,"
    "selftest parts,nfc parts,printer parts,keys parts,network net,host net,"
)

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


async def run(t, line) -> None:
    """Answer the command in ``line``; never raises."""
    global _ident
    try:
        request = json.loads(line)
        name = request["cmd"]
        _ident = request.get("id")
        at = _COMMANDS.find("," + name + " ")
    except (ValueError, KeyError, TypeError, AttributeError):
        put(error="garbled")
        return
    module = _COMMANDS[at + len(name) + 2 : _COMMANDS.find(",", at + 1)]
    try:
        if at < 0:
            answer = {"error": "unknown"}
        elif module != "guard" and not await t.carry_out("guard.trusted"):
            answer = {"error": "locked"}
        else:
            answer = await t.carry_out(module + "." + name, request)
    except MemoryError:
        answer = {"error": "busy", "why": "heap"}
    except Exception as error:  # a command that fails must not take the terminal along
        log.crash("console", error)
        answer = {"error": "failed", "why": type(error).__name__}
    answer["id"] = _ident
    put(**answer)
