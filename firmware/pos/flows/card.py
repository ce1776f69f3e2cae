"""A card at the reader: found, and read by the EMV kernel."""

import gc
import os
from asyncio import sleep_ms
from time import ticks_add, ticks_diff, ticks_ms

from pos import log
from pos.aio import first
from pos.emv import entry
from pos.emv.outcome import (
    CARD_READ,
    MSG_ONE_CARD_ONLY,
    MSG_SEE_PHONE,
    TRY_AGAIN,
    CaKey,
    Outcome,
    Ui,
)
from pos.protocol.apdu import CardError, Collision, ReaderFault
from pos.protocol.errors import BadBytes
from pos.store import emv_files
from pos.store.files import Damaged
from pos.ui import lights
from pos.words import say

_POLL_MS = 60000
_READ_MS = 10000
_TRIES = 3
_ALL = 4  # lights
# Bytes free with which a sale needs no collection, or one. With less, code and data of the card
# would lie strewn over all of the heap, and nothing larger would fit any more.
_AMPLE = 50000
# What costs no try: people put it right in their own time
_HINTS = {MSG_ONE_CARD_ONLY: "card_collision", MSG_SEE_PHONE: "emv_20"}


async def run(t, txn: dict):
    """What came of a card held to the reader: kind, message, CVM and tags of the EMV outcome.

    None: cancelled, no card, or no reader. Asks again after a card that left too early or could
    not be read, three times; with two cards, or a phone that wants its owner, as often as they
    come, a minute at most.
    """
    await t.network.close()  # its memory is needed here
    try:
        return await _read(t, txn)
    except (ReaderFault, BadBytes, Damaged) as error:
        log.warn("card", "%s: %s", type(error).__name__, str(error))
        t.buzzer.bad()
        what = "card_reader" if isinstance(error, ReaderFault) else "emv_data"
        await t.show("message", "bad", say("card"), say(what), _READ_MS)
        return None
    finally:
        t.close_reader()


async def _read(t, txn):
    tries, hint, end = 0, "", ticks_add(ticks_ms(), _POLL_MS)
    stop = []
    kernel, step = await _prepared(t, txn)
    if isinstance(step, Outcome):  # no card can change that
        return _told(step)
    held, later = ticks_ms(), ""  # until when the message has to stay, and what comes after it
    await _invite(t, txn, "")
    while tries < _TRIES and not stop and ticks_diff(end, ticks_ms()) > 0:
        before, outcome = hint, None
        try:
            if kernel is None:
                kernel, step = await _prepared(t, txn)
            found = later and await _found(t, stop, max(1, ticks_diff(held, ticks_ms())))
            if later and not found and not stop:
                await _invite(t, txn, later)
            later = ""
            if not (found or stop or await _found(t, stop, _POLL_MS)) or stop:
                break
            outcome = await _talk(t, kernel, step)
            if outcome.kind != TRY_AGAIN:
                await sleep_ms(max(0, ticks_diff(held, ticks_ms())))
                return _told(outcome)
            hint = _HINTS.get(outcome.message, "card_again")
        except ReaderFault:
            raise
        except CardError as error:
            log.info("card", "%s", error)
            hint = "card_collision" if isinstance(error, Collision) else "card_unreadable"
        except MemoryError:  # nothing has been sent yet, and the heap is another one next time
            log.warn("card", "short of heap")
            hint = "card_again"
        kernel = step = None
        if hint == before == "card_collision":
            continue  # the cards are still there: no new try, no new sound
        if hint not in _HINTS.values():
            tries += 1
        t.buzzer.bad()
        await _invite(t, txn, hint)
        held = ticks_add(ticks_ms(), outcome.hold_ms if outcome else 0)
        if hint == "emv_20" and await _before_cancel(t.ui, stop, _gone(t.reader)):
            later = "phone_again"
    await t.reader.release()
    if hint and not stop:
        await t.show("message", "bad", say("card"), say("card_given_up"), _READ_MS)
    return None


def _told(outcome):
    log.info("card", "outcome %d %s", outcome.kind, outcome.why)
    return outcome.kind, outcome.message, outcome.cvm, outcome.tags


async def _prepared(t, txn):
    """The kernel's generator after pre-processing, before there is a card, and its first step.

    The step is an Outcome where no card is wanted (Book B, 3.1.1). Nobody but the generator keeps
    the configuration.
    """
    kernel = entry.transaction(*await t.tell("emv_data", txn, os.urandom(4)))
    try:
        return kernel, next(kernel)
    except StopIteration as end:
        return None, end.value


async def _invite(t, txn, hint):
    """Ask for a card, with the reader ready for it."""
    await t.show("present_card", txn["amount"], hint and say(hint))
    t.ui.forget()
    if t.reader is None:
        await t.open_reader().start()
    gc.collect()  # now, not between two APDUs


async def _found(t, stop, ms):
    """Whether a card came. A function of its own: what ran here must not stay on any stack."""
    return await _before_cancel(t.ui, stop, t.reader.poll(ms))


async def _gone(reader) -> bool:
    await reader.removed()
    return True


async def _before_cancel(ui, stop, wanted):
    """What ``wanted`` returns, or None when the cashier cancelled or it took a minute.

    A cancel key that comes at the very moment when ``wanted`` ends is not lost: ``stop`` has it.
    """
    index, value = await first(wanted, _cancelled(ui, stop), _too_long())
    return value if index == 0 else None


async def _cancelled(ui, stop):
    while await ui.key() != "C":
        pass
    stop.append(True)


async def _too_long():
    await sleep_ms(_POLL_MS)


async def _talk(t, kernel, step):
    """Do what the kernel asks for: commands to the card, signs to its holder, keys.

    Returns the kernel's Outcome. The collector runs before the first command and, four times as
    often as else, while the kernel is loaded, after the first; where heap is ample then no more,
    as long as the card is held.
    """
    hold_ms, often, said = 0, gc.threshold(), 0
    gc.collect()
    ample = gc.mem_free() > _AMPLE
    log.debug("story", "card.found: %d bytes free", gc.mem_free())
    try:
        while True:
            if isinstance(step, Ui):
                hold_ms = step.hold_ms
                step = kernel.send(await _tell(t, step))
            elif isinstance(step, CaKey):
                step = kernel.send(emv_files.ca_record(t.root, step.rid, step.index))
            else:
                if log.tap:
                    log.tap("apdu", True, step)
                try:
                    answer = await t.reader.exchange(step)
                except CardError as error:
                    step = kernel.throw(error)
                else:
                    if log.tap:
                        log.tap("apdu", False, answer)
                    said += 1
                    gc.threshold(often // 4 if said == 1 else -1 if ample else often)
                    step = kernel.send(answer)
    except StopIteration as end:
        if t.reader is not None:
            await t.reader.release()
        end.value.hold_ms = hold_ms
        return end.value
    finally:
        if t.reader is not None:  # otherwise it has been set anew
            gc.threshold(often)


async def _tell(t, request) -> None:
    """Lights and sound of a UI request.

    A card that has been read is let go, and with it the reader: its heap is for the certificates.
    """
    if request.status == CARD_READ:
        log.debug("story", "card.read: %d bytes free", gc.mem_free())
        lights.show(t.ui, _ALL)
        t.ui.forget()
        t.buzzer.ok()
        await t.reader.release()
        t.close_reader()
