"""One slip on paper; what the stories that print share."""

from pos.aio import first
from pos.protocol.escpos import PrinterFault
from pos.ui.frame import FAULT, OK
from pos.words import say


async def put(t, slip, doubt) -> bool:
    """Print the parts of ``slip()``, anew when a fault has been mended; False: it was put off.

    Where the fault came after the last part had been sent it may be on paper: then ``doubt()`` is
    called before ``slip()`` is asked again.
    """
    printer = t.printer()
    try:
        while True:
            sent = False
            try:
                await printer.start()
                for part in slip():
                    await printer.write(part)
                sent = True
                await printer.finish()
            except PrinterFault as fault:
                if sent:
                    doubt()
                t.ui.set_status(paper=FAULT)
                if not await _mended(t, printer, fault):
                    return False
            else:
                t.ui.set_status(paper=OK)
                return True
    finally:
        printer.close()


async def ready(t) -> bool:
    """Whether the printer could print now; nobody is asked."""
    printer = t.printer()
    try:
        await printer.check()
    except PrinterFault:
        t.ui.set_status(paper=FAULT)
        return False
    finally:
        printer.close()
    return True


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
