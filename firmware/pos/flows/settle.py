"""Settlement: the batch is closed, here and at the host, in steps that each survive a power cut.

From the first step on nothing begins in the batch. An interrupted settlement goes on where it was,
at the next log-in or while nobody is at the keys: every message of it may come again.
"""

import os
from array import array

from micropython import const

from pos import log
from pos.acquirer import settling
from pos.acquirer.card_data import Card
from pos.acquirer.session import HostError
from pos.flows import online
from pos.store.seal import open_card
from pos.words import money, say

_READ_MS = 10000
_ASK_MS = 60000
_EVERY = const(10)  # uploads between two looks at the progress: a screen takes its time
_KEEP = const(3)  # old journals
# ``step`` of the journal: what has been reached
_TOTALS = const(1)  # nothing begins any more
_COMPARED = const(2)  # ``balanced`` says what the host answered, ``done`` how many are uploaded
_CLOSED = const(3)  # the host has closed the batch


async def run(t, what: str = "") -> bool:
    """Settle; returns whether the terminal is in a batch that takes transactions.

    ``what``: "resume" goes on with what was interrupted and asks nobody. The slips are printed
    afterwards, by ``settled``: there is no room in the heap for both.
    """
    if not t.journal.settling:
        if not await t.tell("supervisor") or not await online.ready(t, False):
            return False
        await t.tell("printing")
        if not await _begin(t):
            return False
    elif t.journal.settling["step"] < _CLOSED and not await online.ready(t, False):
        return False
    if t.journal.settling["step"] < _CLOSED and not await _with_host(t):
        return False
    balanced = settling.even(t.journal.settling)
    _next_batch(t)
    t.owed = 1
    await _told(t, balanced)
    if t.params["auto_off"]:
        await t.tell("sign_off")
    return True


async def _begin(t) -> bool:
    """Totals, shown; the first step once the cashier agrees and the host can be reached."""
    sums = settling.totals(t.journal.transactions())
    debit, debits, credit, credits, _ = settling.half(sums["foreign"])
    lines = [
        say("settle_debit").format(debits + sums["debits"], money(debit + sums["debit_fen"])),
        say("settle_credit").format(credits + sums["credits"], money(credit + sums["credit_fen"])),
        say("settle_sure"),
    ]
    if debits + credits:
        lines.insert(2, say("settle_foreign").format(debits + credits))
    await t.show("result", "info", say("menu_settle"), lines)
    if await t.show("acknowledge", _ASK_MS) != "E":
        return False
    line = online.Line(t)
    await t.show("working", say("menu_settle"), say("settle_hint"))
    try:
        await line.session.connect()
    except HostError as error:  # nothing has begun: sales go on
        await online.explain(t, say("menu_settle"), error)
        return False
    await line.session.close()
    t.journal.settle(step=_TOTALS, when=t.now(), operator=t.operator, **sums)
    return True


async def _with_host(t) -> bool:
    """All that the host has to hear, from the step that was reached; returns whether it has."""
    await t.show("working", say("menu_settle"), say("settle_hint"))
    line = online.Line(t)
    try:
        code = await _steps(t, line)
    except HostError:
        await _waits(t, say("settle_waits"))
        return False
    finally:
        await line.session.close()
    if code:
        await t.tell("refused", say("menu_settle"), code)
        return False
    return True


async def _steps(t, line):
    """The code of an answer that is in the way, or None. Raises HostError."""
    journal = t.journal
    if journal.settling["step"] == _TOTALS:
        operator = journal.settling["operator"]
        trace = t.counters.next_stan()
        message = settling.settlement(t.params, trace, operator, journal.settling)
        answer = await _ask(t, line, message)
        if answer[39] != "00":
            return answer[39]
        said = settling.verdict(answer.get(48), journal.settling)
        journal.settle(step=_COMPARED, done=0, **said)
    plan = settling.plan(journal.transactions())
    await _upload(t, line, plan)
    balanced = settling.even(journal.settling)
    trace = t.counters.next_stan()
    answer = await _ask(t, line, settling.end(t.params, trace, len(plan[0]), balanced))
    if answer[39] == "25":  # the host knows of no settlement: once more from the totals
        journal.settle(step=_TOTALS)
    if answer[39] != "00":
        return answer[39]
    journal.settle(step=_CLOSED)
    return None


async def _ask(t, line, message) -> dict:
    """Ask until there is an answer, but not for ever. Raises HostError."""
    tries = t.params["reversal_tries"]
    while True:
        try:
            return await line.ask(line.session.request(*message))
        except HostError:
            tries -= 1
            if not tries:
                raise
            await t.show("working", say("menu_settle"), say("reversal_again"))


async def _upload(t, line, plan):
    """Batch upload from ``done`` on. What the host refuses is its own to find: it compares."""
    total = len(plan[0])
    done = t.journal.settling["done"]
    shown = -_EVERY
    while done < total:
        if done - shown >= _EVERY:
            shown = done
            text = say("settle_upload").format(done, total)
            await t.show("working", say("menu_settle"), text)
        message, count = _message(t, plan, done)
        answer = await _ask(t, line, message)
        if answer[39] != "00":
            log.warn("settle", "upload %d: %s", done, answer[39])
        done += count
        t.journal.settle(done=done)


def _message(t, plan, done):
    """The message that uploads number ``done`` of the plan, and how many are in it."""
    traces, own, typed, changed = plan
    sealer = t.sealer()
    items = ""
    for number in range(done, min(done + settling.ITEMS, len(traces))):
        txn = t.journal.find(traces[number])
        txn["amount"] = changed.get(txn["trace"], txn["amount"])
        pan, expiry, psn = open_card(sealer, txn["card"])
        if own <= number < own + typed:
            items += settling.item(txn, pan)
        elif items:
            break
        else:
            card = Card(pan, expiry, psn, f55=txn.get("f55"))
            if number < own:
                return settling.advice(t.params, txn, card), 1
            balanced = settling.even(t.journal.settling)
            return settling.chip(t.params, txn, card, balanced), 1
    trace = t.counters.next_stan()
    return settling.upload(t.params, trace, items), len(items) // 40


def _next_batch(t):
    """Go to the next batch; the newest old journals stay, the older ones make room."""
    now = t.params["batch"]
    number = settling.after(now)
    ages = array("I")
    for name in os.listdir(t.root + "/batch"):
        if name.endswith(".jnl"):
            ages.append((now - int(name[:6])) % 999998)
    for age in sorted(ages)[_KEEP:]:
        old = (now - age) % 999998
        os.remove("%s/batch/%06d.jnl" % (t.root, old or 999998))
    t.new_batch(number, settled=now)


async def _told(t, balanced):
    if balanced:
        t.buzzer.ok()
        await t.show("message", "ok", say("menu_settle"), say("settle_done"), _READ_MS)
    else:
        await _waits(t, say("settle_unequal"))


async def _waits(t, sentence):
    t.buzzer.bad()
    await t.show("message", "bad", say("menu_settle"), sentence, _READ_MS)
