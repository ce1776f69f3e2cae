"""The issuer changes the card: it is presented once more, and its commands go to it.

What becomes of them is on flash from the start, as not executed: the host hears the truth also
after a power cut, of a card that never came back, and of one that takes no update.
"""

from pos import log
from pos.aio import first
from pos.emv.update import Update
from pos.protocol.apdu import CardError, ReaderFault
from pos.protocol.errors import BadBytes
from pos.store import scripts
from pos.ui import lights
from pos.words import beside, say

_WAIT_MS = 30000  # for the card, each time [M]
_READ_MS = 10000
_TRIES = 3
_ALL = 4  # lights


async def run(t, txn: dict) -> None:
    """Deliver ``script`` of ``txn``, the F55 of its answer, and keep the result for the host."""
    try:
        update = Update(bytes.fromhex(txn.get("aid", "")), txn.pop("script"))
    except BadBytes as error:
        log.warn("update", "%s at %d: %s", error.what, error.offset, error.why)
        return
    if not update.results:
        return
    own = t.counters.next_stan()
    scripts.put(t.root, txn["trace"], own, update.results)
    if not txn.get("again"):
        log.info("update", "not with this card")
        return
    try:
        said = say("rc_00" if txn["state"] == "approved" else "rc_other")
        done = await _deliver(t, update, beside(said, say("update")))
    except (ReaderFault, BadBytes) as error:
        log.warn("update", "%s", type(error).__name__)
        done = False
    finally:
        t.close_reader()
    scripts.put(t.root, txn["trace"], own, update.results)
    if done:
        t.buzzer.ok()
    else:
        t.buzzer.bad()
    words = say("update_done" if done else "update_not")
    await t.show("message", "ok" if done else "warn", say("card"), words, _READ_MS)


async def _deliver(t, update, hint) -> bool:
    """Ask for the card until all has been said to it; False: in vain. ``hint``: how to ask."""
    for _ in range(_TRIES):
        await t.show("present_card", 0, hint)
        t.ui.forget()
        if t.reader is None:
            await t.network.close()  # its memory is needed here
            await t.open_reader().start()
        hint = say("card_again")
        try:
            index, found = await first(t.reader.poll(_WAIT_MS), _cancelled(t.ui))
            if index or not found:
                return False
            if await _talk(t, update.run()):
                lights.show(t.ui, _ALL)
                return update.done()
        except ReaderFault:
            raise
        except CardError as error:
            log.info("update", "%s", error)
            await t.reader.release()
        t.buzzer.bad()
    return False


async def _talk(t, commands) -> bool:
    """Whether it was the right card; it is let go."""
    try:
        step = next(commands)
        while True:
            step = commands.send(await t.reader.exchange(step))
    except StopIteration as end:
        await t.reader.release()
        return end.value


async def _cancelled(ui):
    while await ui.key() != "C":
        pass
