"""A card at the reader: found, and read by the EMV kernel."""

import gc
import os
from time import ticks_add, ticks_diff, ticks_ms

from pos import log
from pos.aio import first
from pos.emv import (
    entry,
    kernel7,  # noqa: F401 - loaded now, while the heap is tidy; the entry point asks for it later
)
from pos.emv.outcome import MSG_ONE_CARD_ONLY, TRY_AGAIN
from pos.flows import emv_data
from pos.protocol.apdu import CardError, Collision, ReaderFault
from pos.ui.strings import say

_POLL_MS = 60000
_READ_MS = 10000
_TRIES = 3


async def run(t, txn: dict):
    """What came of a card held to the reader: kind, message, CVM and tags of the EMV outcome.

    None: cancelled, no card, or no reader. Asks again after a card that left too early or could
    not be read, three times; with two cards as long as they are there, a minute at most.
    """
    reader = t.reader()
    try:
        return await _read(t, txn, reader)
    except ReaderFault:
        t.buzzer.bad()
        await t.show("message", "bad", say("card"), say("card_reader"), _READ_MS)
        return None
    finally:
        reader.close()


async def _read(t, txn, reader):
    cfg = emv_data.terminal_data(t.params, t.serial)
    await t.show("present_card", txn["amount"])
    await reader.start()
    gc.collect()  # now, not between two APDUs
    tries, hint, end = 0, "", ticks_add(ticks_ms(), _POLL_MS)
    while tries < _TRIES and ticks_diff(end, ticks_ms()) > 0:
        before = hint
        try:
            if not await _wait_for_card(t.ui, reader):
                await reader.release()
                return None
            kernel = entry.transaction(cfg, emv_data.request(txn, os.urandom(4)))
            outcome = await _talk(reader, kernel)
            await reader.release()
            if outcome.kind != TRY_AGAIN:
                log.info("card", "outcome %d %s", outcome.kind, outcome.why)
                return outcome.kind, outcome.message, outcome.cvm, outcome.tags
            one_only = outcome.message == MSG_ONE_CARD_ONLY
            hint = "card_collision" if one_only else "card_again"
        except Collision:
            hint = "card_collision"
        except ReaderFault:
            raise
        except CardError as error:
            log.info("card", "%s", error)
            hint = "card_unreadable"
        if hint == "card_collision":
            if hint == before:  # the cards are still there: no new try, no new sound
                continue
        else:
            tries += 1
        t.buzzer.bad()
        await t.show("present_card", txn["amount"], say(hint))
    await reader.release()
    await t.show("message", "bad", say("card"), say("card_given_up"), _READ_MS)
    return None


async def _wait_for_card(ui, reader) -> bool:
    """Whether a card came; not when the cashier cancelled or the time was over."""
    index, value = await first(reader.poll(_POLL_MS), _cancelled(ui))
    return index == 0 and value is not None


async def _cancelled(ui):
    while await ui.key() != "C":
        pass


async def _talk(reader, kernel):
    """Run the kernel, a generator of commands, against the card; returns its Outcome."""
    try:
        command = next(kernel)
        while True:
            try:
                answer = await reader.exchange(command)
            except CardError as error:
                command = kernel.throw(error)
            else:
                command = kernel.send(answer)
    except StopIteration as end:
        return end.value
