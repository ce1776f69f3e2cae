"""Slips: what is approved is printed, also when paper or power were missing at the time.

The journal is the queue: copies of what is approved, and reports that somebody has to read: the
bank did not take what was approved here, a reversal is not confirmed, it is at last.
"""

from pos.flows import press
from pos.slips import sale as slip
from pos.words import say

_TEAR_MS = 20000
_TEST = True  # no slip of this terminal is a voucher: test keys only
_COPIES = (slip.MERCHANT, slip.CARDHOLDER)
_VOUCHED = ("offline", "ec_sale")  # kinds that are approved here before the host knows of them


async def run(t, again="") -> bool:
    """Print every slip that is due; returns whether none is any more.

    ``again``: the last approved one ("last") once more, one whose trace number is asked ("any"),
    or that of a trace number, marked as such; of what is not approved what became of it. "quiet":
    what is due, unless the printer cannot; "waiting": says so when nothing is due.
    """
    if again not in ("", "quiet", "waiting"):
        await _reprint(t, again)
        return True
    wanted = t.params["copies"]
    due = [txn["trace"] for txn in t.journal.unprinted(wanted)]
    if again == "quiet" and (due or t.owed) and not await press.ready(t):
        return False
    if again == "waiting" and not due:
        await t.show("message", "ok", say("menu_print"), say("print_none"), _TEAR_MS)
    for trace in due:
        txn = t.journal.find(trace)
        if not await (_copies if txn["state"] == "approved" else _told)(t, txn, wanted):
            return False
    return True


async def _reprint(t, which):
    why = "nothing_to_print"
    if which == "last":
        txn = t.journal.last("approved")
    elif isinstance(which, int):
        txn = t.journal.find(which)
    else:
        trace = await t.tell("ask", "trace", "menu_any")
        if not trace:
            return
        txn = t.journal.find(int(trace))
        why = "orig_none"
    if not txn:
        await t.show("message", "warn", say("menu_print"), say(why), _TEAR_MS)
    elif txn["state"] == "approved":
        txn["copies"] = max(txn.get("copies", 0), 1)
        await _print(t, txn, slip.MERCHANT)
    else:
        if txn.get("copies", 0) > (txn["state"] == "reversed"):
            _doubt(t, txn)
        await _report(t, txn)


async def _copies(t, txn, wanted) -> bool:
    """Print what is due of one sale; returns False when the cashier put it off.

    A copy that was due when the terminal started may have come out before the power went: it is
    printed again, marked as a duplicate.
    """
    for number in range(txn.get("copies", 0) + 1, wanted + 1):
        if txn["trace"] in t.doubtful:
            txn["copies"] = number
        if number > 1:
            await t.show("message", "ok", say("printing"), say("tear_off"), _TEAR_MS)
        if not await _print(t, txn, _COPIES[min(number, len(_COPIES)) - 1]):
            return False
        _done(t, txn, number)
    return True


async def _told(t, txn, _) -> bool:
    """Print the report that is due; returns False when the cashier put it off."""
    if not await _report(t, txn):
        return False
    _done(t, txn, 2 if txn["state"] == "reversed" else 1)
    return True


def _done(t, txn, number):
    t.journal.printed(txn["trace"], number)
    if txn["trace"] in t.doubtful:
        t.doubtful.remove(txn["trace"])


def _doubt(t, txn):
    """It may be on paper already: whenever it is printed next, it says so."""
    if txn["trace"] not in t.doubtful:
        t.doubtful.append(txn["trace"])


async def _report(t, txn) -> bool:
    if txn["state"] == "declined" and txn["kind"] in _VOUCHED:
        return await t.tell("paper", txn)

    def parts():
        again = txn["trace"] in t.doubtful
        return slip.report(txn, t.params["merchant_name"], _TEST, again)

    return await press.put(t, parts, lambda: _doubt(t, txn))


async def _print(t, txn, copy) -> bool:
    """One copy on paper; False when the cashier put it off.

    Where it may be on paper already the next one is marked as a duplicate.
    """

    def parts():
        return slip.sale_slip(txn, copy, t.params["merchant_name"], _TEST)

    def doubt():
        _doubt(t, txn)
        txn["copies"] = max(txn.get("copies", 0), _COPIES.index(copy) + 1)

    return await press.put(t, parts, doubt)
