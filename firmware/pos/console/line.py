"""The diagnostics line: commands on the serial console, carried out one after the other.

RFC 7464 both ways: RS, a JSON object, LF; whatever else is on the line is text, such as the log.
A command is ``{"cmd": ..., "id": ...}`` with what it wants to know; its answer has the same
``id``, and ``error`` where it was not carried out; parts of a long answer, with ``part``, come
before it. This alone is always there: what carries a command out is loaded for it, and dropped.
"""

import asyncio
import gc
import json
import sys

from micropython import const

from pos import log

_RS = const(0x1E)
_LF = const(0x0A)
_MOST = const(240)  # bytes of a command
_LEAST = const(12288)  # bytes free with which a command is loaded
_NOBODY_MS = const(500)
TRUST_S = const(600)  # without a command, until the next challenge

# Each command and its module. Those at rest need the reader, the keys, the whole screen, the host,
# or time: only while nobody is in the midst of anything.
_ANY_TIME = (
    ",hello guard,auth guard,bye guard,status state,memory state,log state,crash state,"
    "journal ledger,trace tracing,screen picture,"
)
_AT_REST = (
    ",display picture,selftest parts,nfc parts,printer parts,keys parts,network net,host net,"
)

challenge = None  # that is to be answered, of a production image
trusted = 0  # until this second of the uptime the answer counts
wrong_at = 0  # the uptime at the last wrong one
_ident = None


def put(**values) -> None:
    """Write an object; what carries a command out calls it for parts, and to tell of events."""
    out = sys.stdout
    out.write("\x1e")
    json.dump(values, out)
    out.write("\n")


def part(**values) -> None:
    """Write a part of the answer."""
    put(id=_ident, part=values)


async def run(t) -> None:
    """Obey for ever."""
    stdin = sys.stdin.buffer
    reader = asyncio.StreamReader(stdin)
    one = bytearray(1)
    line = bytearray(_MOST)
    at = -1  # bytes of the command; -1: outside of one
    while True:
        try:
            came = await reader.readinto(one)
        except OSError:
            came = 0
        if not came:
            await asyncio.sleep_ms(_NOBODY_MS)
            continue
        byte = one[0]
        if byte == _RS:  # also in the midst of another one, which was broken off
            at = 0
        elif at < 0:
            continue
        elif byte == _LF:
            await _obey(t, bytes(memoryview(line)[:at]))
            at = -1
        elif at < _MOST:
            line[at] = byte
            at += 1
        else:
            put(error="garbled", why="long")
            at = -1


async def _obey(t, text):
    global _ident
    _ident = None
    try:
        request = json.loads(text)
        name = request["cmd"]
        _ident = request.get("id")
        module = _module(_ANY_TIME, name)
        resting = not module
        module = module or _module(_AT_REST, name)
    except (ValueError, KeyError, TypeError, AttributeError):
        put(error="garbled")
        return
    try:
        why = _why_not(t, module, resting)
        if not why:
            answer = await t.hold("pos.console." + module, name, request)
        elif len(why) > 5:
            answer = {"error": why}
        else:
            answer = {"error": "busy", "why": why}
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


def _why_not(t, module, resting) -> str:
    """What keeps a command from being carried out, or nothing; five letters mean: busy."""
    global trusted
    if not module:
        return "unknown"
    if not t.open_line and module != "guard":
        now = t.uptime()
        if now >= trusted:
            return "locked"
        trusted = now + TRUST_S
    if resting and not t.resting():
        return "story"
    if t.reader is not None:
        return "card"
    gc.collect()
    return "" if gc.mem_free() >= _LEAST else "heap"
