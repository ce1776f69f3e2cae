"""Slips: what is approved is printed, also when paper or power were missing at the time."""

from pos.flows import press
from pos.slips import sale as slip
from pos.words import say

_TEAR_MS = 20000
_TEST = True  # no slip of this terminal is a voucher: test keys only
_COPIES = (slip.MERCHANT, slip.CARDHOLDER)


async def run(t, again="") -> None:
    """Print every copy that is due. ``again``: the last approved one ("last") once more, one whose
    trace number is asked ("any"), or that of a trace number, marked as such; of what is not
    approved what became of it, of what is pending ("fault") the report."""
    if again:
        await _reprint(t, again)
        return
    wanted = t.params["copies"]
    for trace in [txn["trace"] for txn in t.journal.unprinted(wanted)]:
        if not await _copies(t, t.journal.find(trace), wanted):
            return


async def _reprint(t, which):
    why = "nothing_to_print"
    if which == "last":
        txn = t.journal.last("approved")
    elif isinstance(which, int):
        txn = t.journal.find(which)
    elif which == "fault":
        txn = t.journal.pending()
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
        shop = t.params["merchant_name"]
        await press.put(t, lambda: slip.report(txn, shop, _TEST), lambda: None)


async def _copies(t, txn, wanted) -> bool:
    """Print what is due of one sale; returns False when the cashier put it off.

    A copy that was due when the terminal started may have come out before the power went: it is
    printed again, marked as a duplicate.
    """
    doubtful = txn["trace"] in t.doubtful
    for number in range(txn.get("copies", 0) + 1, wanted + 1):
        if doubtful:
            txn["copies"] = number
        if number > 1:
            await t.show("message", "ok", say("printing"), say("tear_off"), _TEAR_MS)
        if not await _print(t, txn, _COPIES[min(number, len(_COPIES)) - 1]):
            return False
        t.journal.printed(txn["trace"], number)
        if doubtful:
            t.doubtful.remove(txn["trace"])
            doubtful = False
    return True


async def _print(t, txn, copy) -> bool:
    """One copy on paper; False when the cashier put it off.

    Where it may be on paper already the next one is marked as a duplicate.
    """

    def parts():
        return slip.sale_slip(txn, copy, t.params["merchant_name"], _TEST)

    def doubt():
        txn["copies"] = max(txn.get("copies", 0), _COPIES.index(copy) + 1)

    return await press.put(t, parts, doubt)
