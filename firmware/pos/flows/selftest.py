"""Switching on: every part says whether it works, then what a power cut left open is closed."""

import gc

from pos import log
from pos.protocol.apdu import CardError
from pos.protocol.escpos import PrinterFault
from pos.store import wifi
from pos.store.keys import Keys, NoKey
from pos.ui.frame import FAULT, OK
from pos.words import say

_SHORT_OF_HEAP = 8192
_READ_MS = 5000  # for what failed, or until OK


async def run(t) -> None:
    """Start the parts one by one, each with a line on the screen."""
    await t.show("look", t.params["theme"], t.params["large"])
    await t.show("boot")
    failed = False
    t.tested = []
    for name, test in (
        ("part_memory", _memory),
        ("part_journal", _journal),
        ("part_keys", _keys),
        ("part_printer", _printer),
        ("part_reader", _reader),
        ("part_network", _network),
    ):
        try:
            ok, detail = await test(t)
        except Exception as error:  # a part that fails must not keep the others from being seen
            log.crash(name, error)
            ok, detail = False, "err_part"
        t.tested.append((name, ok, detail))
        await t.show("selftest_line", say(name), ok, detail if ok else say(detail))
        failed = failed or not ok
        gc.collect()
    if failed:
        await t.show("acknowledge", _READ_MS)


async def _memory(t):
    gc.collect()
    free = gc.mem_free()
    return free > _SHORT_OF_HEAP, "%d KB" % (free // 1024)


async def _journal(t):
    t.journal.open()
    t.doubtful = [txn["trace"] for txn in t.journal.unprinted(t.params["copies"])]
    t.ui.set_status(pending=t.journal.pending() is not None)
    if t.journal.damaged is not None:
        log.error("journal", "unreadable from byte %d", t.journal.damaged)
        return False, "err_journal"
    return True, "%d" % t.journal.count


async def _keys(t):
    try:
        kcv = Keys(t.root, t.sealer()).tmk_kcv()
    except NoKey:
        return False, "keys_missing"
    return True, kcv.hex().upper()


async def _printer(t):
    printer = t.printer()
    try:
        await printer.start()
    except PrinterFault as fault:
        t.ui.set_status(paper=FAULT)
        return False, "printer_" + fault.why
    finally:
        printer.close()
    t.ui.set_status(paper=OK)
    return True, ""


async def _reader(t):
    reader = t.open_reader()
    try:
        ic, version, revision, _ = await reader.start()
    except CardError:
        return False, "err_part"
    finally:
        t.close_reader()
    return True, "PN5%02X %d.%d" % (ic, version, revision)


async def _network(t):
    way = t.params["network"]
    t.join(way, *(wifi.load(t.root, t.sealer()) if way == "wifi" else ()))
    try:
        await t.network.up()
    except OSError as error:
        log.warn("network", "%s", str(error))
        t.ui.set_status(network=FAULT)
        why = str(error)
        return False, why if why.startswith("net_") else "net_part"
    t.ui.set_status(network=OK)
    return True, ""
