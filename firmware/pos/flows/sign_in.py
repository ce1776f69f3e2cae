"""Sign-in: the host sends working keys, the time and the batch number."""

import time

from pos import log
from pos.acquirer import messages
from pos.acquirer.session import HostError
from pos.flows import online
from pos.store import ca_keys
from pos.store.keys import KeyCheck, NoKey
from pos.words import say

_READ_MS = 10000
_FIRST_YEAR = 2026
_TOO_LONG = 20  # F62 carries at most so many characters of a serial number


async def run(t) -> bool:
    """Returns whether the terminal is signed in now; says on the screen why not."""
    title = say("sign_in")
    await t.show("working", title, say("sign_in_hint"))
    t.signed_in = False
    serial = t.serial[:_TOO_LONG]
    line = online.Line(t)
    try:
        keys = line.keys()
        keys.tmk_kcv()
        stan = t.counters.next_stan()
        request = line.session.request(*messages.sign_in(t.params, stan, t.operator, serial))
        answer = await line.ask(request)
        await line.session.close()
    except HostError as error:
        await online.explain(t, title, error)
        return False
    except NoKey:
        await _wrong(t, title, "keys_missing")
        return False
    if answer[39] != "00":
        await t.tell("refused", title, answer[39])
        return False
    try:
        keys.load_working(answer.get(62, b""), "%03d" % t.params["key_mode"])
    except KeyCheck as error:
        await _wrong(t, title, "keys_refused" if len(error.args) > 1 else "keys_wrong")
        return False
    _take_clock(t, messages.clock(answer))
    _take_batch(t, messages.batch(answer))
    t.signed_in = True
    lacking = ca_keys.lacks(t.root)
    if lacking:  # a terminal that nobody has loaded yet: its parameters too
        for digit in "1" + lacking:
            await t.tell("download", int(digit))
    await online.obey(t)
    return True


async def _wrong(t, title, sentence):
    t.buzzer.bad()
    await t.show("message", "bad", title, say(sentence), _READ_MS)


def _take_clock(t, moment):
    """Set the clock. The host sends no year: the one that lies nearest to what is known."""
    if not moment:
        return
    month, day, hour, minute, second = moment
    known = t.params["last_date"]
    now = time.localtime()
    if now[0] >= _FIRST_YEAR:
        year, reference = now[0], now[1]
    elif known:
        year, reference = int(known[:4]), int(known[4:6])
    else:
        year, reference = _FIRST_YEAR, month
    if month < reference - 6:
        year += 1
    elif month > reference + 6:
        year -= 1
    try:
        t.set_clock(year, month, day, hour, minute, second)
    except (ValueError, OSError) as error:
        log.warn("sign_in", "clock: %s", error)
        return
    today = "{:04d}{:02d}{:02d}".format(year, month, day)
    if today != known:
        t.params.update(last_date=today)


def _take_batch(t, number):
    """Go to the host's batch, unless the one we are in holds transactions."""
    if number is None or number == t.params["batch"]:
        return
    if t.journal.count or t.journal.settling:
        log.warn("sign_in", "host is in batch %d, we keep ours", number)
        return
    t.new_batch(number)
