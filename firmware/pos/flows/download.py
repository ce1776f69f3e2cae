"""Downloads: parameters, CA keys, applications, the black list, contactless limits.

Each is stored whole or not at all: until the new is complete the old stays. Also the door through
which goes whatever the host asks for in digit P of its header.
"""

from pos import log
from pos.acquirer import downloads, messages
from pos.acquirer.session import HostError
from pos.emv import ca, config
from pos.flows import online
from pos.protocol import tlv
from pos.protocol.errors import BadBytes
from pos.store import blocked, ca_keys, emv_files, files
from pos.words import say

_READ_MS = 10000
_MOST = 6144  # bytes of all AID records together
_LOADS = "14579"
_STATUS, _SIGN_IN = 2, 3


async def run(t, action: int = 0) -> bool:
    """Load what digit P of a header means: 1 parameters, 4 CA keys, 5 applications, 7 black list,
    9 contactless limits; 2 and 3 send the status and sign in. 0: the five of them.

    Returns whether all went well; says on the screen how it ended.
    """
    if action == _SIGN_IN:
        return await t.tell("sign_in")
    if not t.signed_in and not await t.tell("sign_in"):
        return False
    if action == _STATUS:
        return await t.tell("status")
    title = say("menu_download")
    line = online.Line(t)
    refused = []
    try:
        for digit in str(action) if action else _LOADS:
            if digit in _LOADS:
                await t.show("working", title, say("load_" + digit))
                await _load(t, line, digit, refused)
    except HostError as error:
        await online.explain(t, title, error)
        return False
    except _Refused as error:
        await t.tell("refused", title, error.args[0])
        return False
    except BadBytes as error:
        log.warn("download", "%s at %d: %s", error.what, error.offset, error.why)
        t.buzzer.bad()
        await t.show("message", "bad", title, say("load_bad"), _READ_MS)
        return False
    finally:
        await line.session.close()
    kind, words = (
        ("warn", say("load_refused").format(", ".join(refused)))
        if refused
        else ("ok", say("load_done"))
    )
    await t.show("message", kind, title, words, _READ_MS)
    return not refused


class _Refused(Exception):
    """The host does not hand it out; the argument is F39."""


async def _load(t, line, digit, refused):
    """One download with its end message."""
    if digit == "1":
        kind = "parameters"
        values, wrong = downloads.parameters(await _ask(t, line, kind))
        refused += wrong
        _set(t, values, refused)
    elif digit == "4":
        kind = "capk"
        await _keys(t, line)
    elif digit == "5":
        kind = "aid"
        await _applications(t, line)
    elif digit == "7":
        kind = "blocked"
        await _black_list(t, line)
    else:
        kind = "limits"
        _set(t, downloads.limits(await _ask(t, line, kind)), refused)
    await _ask(t, line, kind + "_end")


async def _ask(t, line, kind, data=None):
    """F62 of the answer. Raises HostError, _Refused."""
    answer = await line.ask(line.session.request(*messages.plain(t.params, kind, data)))
    if answer[39] != "00":
        raise _Refused(answer[39])
    return answer.get(62, b"")


def _set(t, values, refused):
    """Set all parameters that are within their range at once, and name the others."""
    while values:
        try:
            t.params.update(**values)
            return
        except ValueError as error:
            name = error.args[0]
            log.warn("download", "parameter %s", name)
            refused.append(name)
            del values[name]


async def _listed(t, line, kind, keys) -> list:
    """F62 of the requests for all that the host has a list of."""
    found = []
    more = True
    while more:
        f62 = await _ask(t, line, kind + "_query", downloads.query(len(found)))
        more, data = downloads.part(f62)
        names = downloads.names(data, keys)
        more = more and len(names) > 0
        found += names
    return found


async def _record(t, line, kind, wanted):
    """The record that ``wanted`` names. Raises BadBytes when it is another."""
    data = downloads.part(await _ask(t, line, kind, wanted))[1]
    if not downloads.same_name(data, wanted):
        raise BadBytes(kind, 0, "not the one that was asked for")
    return data


async def _keys(t, line):
    wanted = await _listed(t, line, "capk", True)
    if not wanted:
        return
    ca_keys.begin(t.root)
    for name in wanted:
        record = await _record(t, line, "capk", name)
        ca.parse(record)  # the check value too
        ca_keys.add(t.root, tlv.find(record, 0x9F06), tlv.find(record, 0x9F22)[0], record)
    ca_keys.keep(t.root)


async def _applications(t, line):
    known = emv_files.packed()
    rows = bytearray()
    for name in await _listed(t, line, "aid", False):
        row = downloads.application(await _record(t, line, "aid", name), known)
        for record in config.records(row):
            config.aid(record)
        rows += row
        if len(rows) > _MOST:
            raise BadBytes("aid", 0, "too many applications")
    if rows:
        files.save(t.root + "/aids", rows)


async def _black_list(t, line):
    found = []
    more = True
    while more:
        f62 = await _ask(t, line, "blocked", downloads.query(len(found)))
        more, entries = downloads.blocked(f62)
        found += entries
        more = more and len(entries) > 0
    blocked.save(t.root, found)
