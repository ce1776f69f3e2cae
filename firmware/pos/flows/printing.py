"""Slips: what is approved is printed, also when paper or power were missing at the time."""

from pos.aio import first
from pos.protocol.escpos import PrinterFault
from pos.slips import sale as slip
from pos.ui.frame import FAULT, OK
from pos.ui.strings import say

_TEAR_MS = 20000
_TEST = True  # no slip of this terminal is a voucher: test keys only
_COPIES = (slip.MERCHANT, slip.CARDHOLDER)


async def run(t, again: str = "") -> None:
    """Print every copy that is due. ``again``: the last approved one ("last") once more, or one
    whose trace number is asked ("any"), marked as such."""
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
    else:
        trace = await t.tell("ask", "trace", "menu_any")
        if not trace:
            return
        txn = t.journal.find(int(trace))
        why = "orig_none"
        if txn and txn["state"] != "approved":
            txn = None
            why = "orig_declined"
    if txn:
        txn["copies"] = max(txn.get("copies", 0), 1)
        await _print(t, txn, slip.MERCHANT)
    else:
        await t.show("message", "warn", say("menu_print"), say(why), _TEAR_MS)


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
    """One slip on paper, anew when a fault has been mended; False when the cashier put it off.

    Where the fault came after the last line had been sent, the next one is marked as a duplicate.
    """
    printer = t.printer()
    try:
        while True:
            sent = False
            try:
                await printer.start()
                for part in slip.sale_slip(txn, copy, t.params["merchant_name"], _TEST):
                    await printer.write(part)
                sent = True
                await printer.finish()
            except PrinterFault as fault:
                if sent:
                    txn["copies"] = max(txn.get("copies", 0), _COPIES.index(copy) + 1)
                t.ui.set_status(paper=FAULT)
                if not await _mended(t, printer, fault):
                    return False
            else:
                t.ui.set_status(paper=OK)
                return True
    finally:
        printer.close()


async def _mended(t, printer, fault) -> bool:
    """Wait until the printer is ready again; False when the cashier does not want to wait."""
    t.buzzer.bad()
    text = say("printer_" + fault.why) + " " + say("print_later")
    await t.show("trouble", say("printing"), text)
    index, _ = await first(printer.ready(), _cancelled(t.ui))
    return index == 0


async def _cancelled(ui):
    while await ui.key() != "C":
        pass
