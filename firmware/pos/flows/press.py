"""One slip on paper; what the stories that print share."""

from micropython import const

from pos.aio import first
from pos.protocol import escpos
from pos.protocol.escpos import PrinterFault
from pos.slips.lines import centred, word
from pos.ui.frame import FAULT, OK, WARN
from pos.words import beside, say

_LINE_MM4 = const(15)  # quarters of a mm: 30 dots


async def put(t, slip, doubt) -> bool:
    """Print the parts of ``slip()``, anew when a fault has been mended; False: it was put off.

    Where the fault came after the last part had been sent it may be on paper: then ``doubt()`` is
    called before ``slip()`` is asked again.
    """
    printer = t.printer()
    begun = False
    try:
        while True:
            sent = False
            lines = 0
            try:
                near = await printer.start() & escpos.NEAR_END
                parts = _marked(slip(), t.training)
                for part in _after_torn(parts) if begun else parts:
                    begun = True
                    await printer.write(part)
                    lines += part.count(b"\n")
                sent = True
                await printer.finish()
            except PrinterFault as fault:
                if sent:
                    doubt()
                t.ui.set_status(paper=FAULT)
                if not await _mended(t, printer, fault):
                    return False
            else:
                t.ui.set_status(paper=WARN if near else OK)
                t.used[0] += 1
                t.used[1] += lines * _LINE_MM4 >> 2
                return True
    finally:
        printer.close()


def _after_torn(parts):
    """The parts of a slip that is begun anew. A printer goes on with what it had been sent before
    the fault: the rest of the slip that was torn off comes out first, and shall be no voucher."""
    yield from centred(word("torn"))
    yield from parts


def _marked(parts, training):
    """The parts of a slip; one of a training says so before everything else and after it."""
    if not training:
        yield from parts
        return
    mark = "".join(("*** ", say("training_slip"), " ***"))
    yield escpos.INIT
    yield from centred(mark, 2, 2)
    last = b""
    for part in parts:
        if last:
            yield last
        last = part
    yield from centred(mark, 2, 2)
    yield last


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
    text = beside(say("printer_" + fault.why), say("print_later"))
    await t.show("trouble", say("printing"), text)
    index, _ = await first(printer.ready(), _cancelled(t.ui))
    return index == 0


async def _cancelled(ui):
    while await ui.key() != "C":
        pass
