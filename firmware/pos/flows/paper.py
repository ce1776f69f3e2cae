"""A slip that belongs to no single sale: of a settlement, or the report of a fault."""

from pos.aio import first
from pos.protocol.escpos import PrinterFault
from pos.slips import settlement
from pos.ui.frame import FAULT, OK
from pos.ui.strings import say


async def run(t, what, again: bool = False) -> bool:
    """Print; returns False when the cashier put it off.

    ``what``: the journal of a settled batch, or a transaction that was approved here and that the
    host has refused. ``again``: it is on paper already, or may be.
    """
    printer = t.printer()
    try:
        while True:
            sent = False
            try:
                await printer.start()
                for part in _slip(t, what, again):
                    await printer.write(part)
                sent = True
                await printer.finish()
            except PrinterFault as fault:
                again = again or sent
                t.ui.set_status(paper=FAULT)
                t.buzzer.bad()
                text = say("printer_" + fault.why) + " " + say("print_later")
                await t.show("trouble", say("printing"), text)
                index, _ = await first(printer.ready(), _cancelled(t.ui))
                if index:
                    return False
            else:
                t.ui.set_status(paper=OK)
                return True
    finally:
        printer.close()


def _slip(t, what, again):
    shop = t.params["merchant_name"]
    if isinstance(what, dict):
        return settlement.refused_slip(what, shop)
    from pos.acquirer import settling

    rows = {}
    steps = what.settling.copy()
    settling.totals(what.transactions(), rows)
    steps["number"] = "%06d" % what.batch
    for name in ("merchant_id", "terminal_id"):
        steps[name] = t.params[name]
    return settlement.settlement_slip(steps, rows, shop, again)


async def _cancelled(ui):
    while await ui.key() != "C":
        pass
