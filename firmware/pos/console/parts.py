"""The parts around the chip, one by one, while nobody is in the midst of anything."""

import asyncio

from micropython import const

from pos.aio import Queue, deadline
from pos.console.serve import part
from pos.protocol import escpos
from pos.protocol.apdu import CardError, ReaderFault
from pos.protocol.escpos import PrinterFault
from pos.slips import lines

_KEYS = const(16)
_LONGEST_S = const(60)


def _seconds(request, usual) -> int:
    wanted = request.get("seconds", usual)
    return min(wanted, _LONGEST_S) if isinstance(wanted, int) and wanted >= 0 else usual


async def selftest(t, request) -> dict:
    """What the terminal does when it starts, without its screen."""
    await t.tell("selftest", "quiet")
    good = True
    for line in t.tested.split("\n")[:-1]:
        name, ok, detail = line.split(" ", 2)
        part(name=name[5:], ok=ok == "1", detail=detail)
        good = good and ok == "1"
    return {"ok": good}


async def nfc(t, request) -> dict:
    """Find the reader, and for ``seconds`` a card at it: what kind it is, not which."""
    seconds = _seconds(request, 0)
    reader = t.open_reader()
    try:
        ic, version, revision, _ = await reader.start()
        part(chip="PN5%02X" % ic, firmware="%d.%d" % (version, revision))
        if not seconds:
            return {"ok": True}
        info = await reader.poll(seconds * 1000)
        if info is None:
            return {"ok": True, "card": None}
        answer = {"ok": True, "card": chr(info[0])}
        if info[:1] == b"A":
            answer["sak"] = info[3]
            answer["uid_bytes"] = info[4]
        return answer
    except ReaderFault as error:
        return {"ok": False, "why": str(error)}
    except CardError as error:  # a card all the same: two of them, or one of another kind
        return {"ok": True, "card": type(error).__name__}
    finally:
        await reader.release()
        t.close_reader()


async def printer(t, request) -> dict:
    """Print a few lines; not with ``print`` false, then it is only asked how it is."""
    device = t.printer()
    try:
        bits = await device.start()
        if request.get("print", True):
            for piece in lines.centred("TapTill", 2, 2):
                await device.write(piece)
            await device.write(escpos.text("Test, " + t.now()) + b"\n" + lines.rule() + lines.END)
            await device.finish()
        return {"ok": True, "paper_low": bool(bits & escpos.NEAR_END)}
    except PrinterFault as fault:
        return {"ok": False, "why": fault.why}
    finally:
        device.close()


async def keys(t, request) -> dict:
    """Tell each key that is pressed, for ``seconds`` or until all of them were."""
    pressed = Queue(_KEYS)
    seen = ""
    wait = _seconds(request, 15)
    end = t.uptime() + wait
    part(wait_s=wait)
    t.keypad.listener = pressed.put_nowait
    try:
        while len(seen) < _KEYS and t.uptime() < end:
            try:
                key = await deadline(pressed.get(), max(1, end - t.uptime()) * 1000)
            except asyncio.TimeoutError:
                break
            part(key=key)
            if key not in seen:
                seen += key
    finally:
        t.keypad.listener = None
    return {"ok": len(seen) == _KEYS, "seen": seen}
