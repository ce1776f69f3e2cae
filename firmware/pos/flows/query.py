"""Looking up transactions: the last one, by trace number, by date, all of the batch.

Nothing here changes anything. The batches before this one are still on flash, as many as the
terminal keeps, and are searched by date.
"""

import os
from array import array

from pos.protocol import unionpay
from pos.ui import listing
from pos.words import CURRENCY, money, say

_AWAY_MS = 60000
_SHOWN = ("sending", "approved", "declined", "reversing", "reversed")  # the rest came to nothing
_COLORS = {"approved": "good", "declined": "bad", "sending": "warn", "reversing": "warn"}
_SIGNS = {"approved": "✓", "declined": "✗", "sending": "…"}  # of the rest, R
# Of the details: the fields that are shown as they are; their words have the same names but one
_FIELDS = "pan label issuer auth rrn rc operator orig_rrn orig_auth aid arqc tvr"


async def run(t, how: str) -> None:
    """``how``: "last", "trace", "date" or "all"."""
    title = say("query_" + how)
    if how == "last":
        await _details(t, t.journal, t.journal.last())
    elif how == "trace":
        trace = await t.tell("ask", "trace", "query_trace")
        if trace:
            await _details(t, t.journal, t.journal.find(int(trace)))
    elif how == "date":
        date = await t.tell("ask", "day", "query_date")
        if date:
            await _list(t, "{}/{}".format(date[:2], date[2:]), _batches(t), date)
    else:
        await _list(t, title, (t.journal.batch,), "")


def _batches(t):
    """The numbers of the batches on flash, as they came."""
    found = [name[:-4] for name in os.listdir(t.root + "/batch") if name.endswith(".jnl")]
    numbers = [int(name) for name in found if name.isdigit()]
    now = t.journal.batch
    return sorted(numbers, key=lambda number: number if number <= now else number - 1000000)


def _opened(t, batch):
    if batch == t.journal.batch:
        return t.journal
    journal = t.batch(batch)
    journal.open()
    return journal


async def _list(t, title, batches, date) -> None:
    """The transactions of a day (MMDD; empty: all) in ``batches``, the newest first."""
    of, traces = array("I"), array("I")
    for batch in batches:
        for txn in _opened(t, batch).transactions():
            if txn["state"] in _SHOWN and txn.get("when", "")[4 : 4 + len(date)] == date:
                of.append(batch)
                traces.append(txn["trace"])
    count = len(traces)
    if not count:
        await listing.nothing(t.ui, title, _AWAY_MS)
        return
    now = [t.journal]

    def find(i):
        i = count - 1 - i
        if now[0].batch != of[i]:
            now[0] = _opened(t, of[i])
        return now[0].find(traces[i])

    def entry(i):
        return _entry(find(i), bool(date))

    at = 0
    while True:
        at = await listing.browse(t.ui, title, count, entry, _AWAY_MS, at, "" if date else "p")
        if at is None:
            return
        if at < 0:
            await t.tell("paper", "detail")
            return
        await _details(t, now[0], find(at))


def _entry(txn, same_day):
    """What the list shows of a transaction."""
    when = txn["when"]
    clock = "{}:{}".format(when[8:10], when[10:12])
    if not same_day:
        clock = "{}/{} {}".format(when[4:6], when[6:8], clock)
    state = txn["state"]
    name = "{:06d} {}".format(txn["trace"], say(txn["kind"]))
    fen = -txn["amount"] if "c" in unionpay.transaction(txn["kind"])[5] else txn["amount"]
    sign = _SIGNS.get(state, "R")
    return clock, money(fen), name, say("state_" + state), _COLORS.get(state, "muted"), sign


async def _details(t, journal, txn) -> None:
    """All that the journal has of a transaction, but for what is sealed; E prints it again."""
    if not txn:
        await listing.nothing(t.ui, say("menu_query"), _AWAY_MS)
        return
    key = await listing.table(t.ui, say(txn["kind"]), _rows(journal, txn), "Cp", _AWAY_MS)
    if key == "E":
        now, t.journal = t.journal, journal
        try:
            await t.tell("printing", txn["trace"])
        finally:
            t.journal = now


def _rows(journal, txn):
    state = txn["state"]
    if any(_voids(later, txn) for later in journal.transactions()):
        state = "voided"
    when = txn.get("when") or ""
    rows = [
        (say("amount"), CURRENCY + " " + money(txn["amount"])),
        (say("state"), say("state_" + state), _COLORS.get(state, "muted")),
        (say("when"), "{}/{} {}:{}".format(*[when[i : i + 2] for i in range(4, 12, 2)])),
        (say("trace"), "{:06d}".format(txn["trace"])),
        (say("batch"), "{:06d}".format(txn["batch"])),
    ]
    for name in _FIELDS.split():
        value = txn.get(name)
        if value:
            rows.append((say("card" if name == "pan" else name), value))
    for name in ("base", "tip", "asked", "fee"):
        if txn.get(name):
            rows.append((say("field_" + name), money(txn[name])))
    if txn.get("orig_trace"):
        rows.append((say("orig_trace"), "{:06d}".format(txn["orig_trace"])))
    return rows


def _voids(later, txn) -> bool:
    return (
        later.get("orig_trace") == txn["trace"]
        and later["state"] == "approved"
        and later["kind"].endswith("void")
        and later.get("orig_batch") == txn["batch"]
    )
