"""Switching on: every part says whether it works, then what a power cut left open is closed."""

import asyncio
import gc
import os

from pos import log
from pos.protocol import escpos
from pos.protocol.apdu import CardError
from pos.protocol.escpos import PrinterFault
from pos.store import wifi
from pos.store.keys import Keys, NoKey
from pos.ui.frame import FAULT, OK, WARN
from pos.words import beside, say

_SHORT_OF_HEAP = 8192
_SHORT_OF_FLASH = 65536
_LEAST_MV = 2500  # less is no cell but a wire
_MOST_MV = 4500
_SET = 2026  # a clock that says an earlier year has not been set
# What may come of wires
_WIRES = ("err_part", "err_display", "err_keypad", "err_battery", "printer_silent", "net_part")
_CHIPS = {"lan": "LAN", "cell": "MODEM"}  # whose wires a way to the host depends on
_READ_MS = 5000  # for what failed, each part with wires to look at; or until OK
_AGAIN_MS = 60000
_FINGER_MS = 50
_FINGERS = 20


async def run(t, how: str = "") -> None:
    """Start the parts one by one, each with a line on the screen.

    ``how`` "menu": again, for somebody who wants to read it; the journal stays as it is. "quiet":
    the same without any screen.
    """
    shown = how != "quiet"
    if shown:
        await t.show("look", t.params["theme"], t.params["large"])
        await t.show("boot")
    failed, done, tested, wires = [], 0, "", 0
    for name, test, wired in (
        ("part_memory", _memory, ""),
        ("part_flash", _flash, ""),
        ("part_clock", _clock, ""),
        ("part_journal", _count if how else _journal, ""),
        ("part_keys", _keys, ""),
        ("part_display", _display, "DISPLAY DISPLAY_PINS"),
        ("part_keypad", _keypad, "KEYPAD_ROWS KEYPAD_COLUMNS"),
        ("part_battery", _battery, "BATTERY"),
        ("part_printer", _printer, "PRINTER"),
        ("part_reader", _reader, "NFC"),
        ("part_network", _network, _CHIPS.get(t.params["network"], "")),
    ):
        try:
            ok, detail = await test(t)
        except Exception as error:  # a part that fails must not keep the others from being seen
            log.crash(name, error)
            ok, detail = False, "err_part"
        tested += "%s %d %s\n" % (name, ok, detail)
        if not shown:
            gc.collect()
            continue
        if not ok:
            hint = _hint(t, detail, wired)
            wires += hint != ""
            detail = beside(say(detail), hint) if hint else say(detail)
        await t.show("selftest_line", say(name), ok, detail)
        done += 1
        if not ok:
            failed.append((name, detail))
        gc.collect()
    if failed and t.ui.lines < done:  # it did not fit on one screen: what matters once more
        await t.show("boot")
        for name, detail in failed:
            await t.show("selftest_line", say(name), False, detail)
    t.tested = tested
    if shown and (failed or how):
        await t.show("acknowledge", _AGAIN_MS if how else _READ_MS * max(1, wires))


def _hint(t, why, wired) -> str:
    """Which wires to look at, where they may be the reason."""
    if why not in _WIRES or not wired:
        return ""
    bus, pins = "", []
    for name in wired.split():
        row = getattr(t.board(), name, {})
        if isinstance(row, tuple):
            pins.append(name.split("_")[-1] + " " + ", ".join([str(pin) for pin in row]))
            continue
        for key in sorted(row):
            if key in ("uart", "spi", "i2c"):
                bus = "%s %d: " % (key.upper(), row[key])
            elif key not in ("baudrate", "divider", "address", "chip", "screens"):
                pins.append("%s %d" % (key.upper(), row[key]))
    return say("hint_wires").format(bus + ", ".join(pins))


async def _memory(t):
    gc.collect()
    free = gc.mem_free()
    return free > _SHORT_OF_HEAP, "%d KB" % (free // 1024)


async def _flash(t):
    flash = os.statvfs("/")
    free = flash[0] * flash[3]
    if free < _SHORT_OF_FLASH:
        return False, "err_flash"
    return True, "%d KB" % (free >> 10)


async def _clock(t):
    when = t.now()
    if int(when[:4]) < _SET:
        return True, say("clock_unset")
    return True, "%s:%s" % (when[8:10], when[10:12])


async def _display(t):
    return (True, "") if t.display.works() else (False, "err_display")


async def _keypad(t):
    for _ in range(_FINGERS):  # the one that has chosen this may still be there
        if not t.keypad.held():
            return True, ""
        await asyncio.sleep_ms(_FINGER_MS)
    return False, "err_keypad"


async def _battery(t):
    battery = t.battery()
    if not battery:
        return True, "-"
    if not _LEAST_MV < battery.millivolts() < _MOST_MV:
        return False, "err_battery"
    await t.tell("power")
    return True, "%d %%" % battery.percent()


async def _journal(t):
    t.journal.open()
    t.doubtful = [txn["trace"] for txn in t.journal.unprinted(t.params["copies"])]
    t.ui.set_status(pending=t.journal.pending() is not None)
    return await _count(t)


async def _count(t):
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
        near = await printer.start() & escpos.NEAR_END
    except PrinterFault as fault:
        t.ui.set_status(paper=FAULT)
        return False, "printer_" + fault.why
    finally:
        printer.close()
    t.ui.set_status(paper=WARN if near else OK)
    return True, say("printer_near") if near else ""


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
    if t.training:
        t.join()
        return True, say("training_mark")
    way = t.params["network"]
    t.join(way, *(() if way == "lan" else wifi.load(t.root, t.sealer(), way)))
    try:
        await t.network.up()
    except OSError as error:
        log.warn("network", "%s", str(error))
        t.ui.set_status(network=FAULT)
        why = str(error)
        return False, why if why.startswith("net_") else "net_part"
    t.ui.set_status(network=OK)
    return True, ""
