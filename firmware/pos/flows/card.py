"""A card at the reader: found, read by the EMV kernel, and what came of it said in words."""

from pos import log
from pos.aio import first
from pos.emv import entry
from pos.emv.outcome import TRY_AGAIN
from pos.protocol.apdu import CardError, Collision, ReaderFault
from pos.ui import screens as show
from pos.ui.strings import say

_POLL_MS = 60000
_READ_MS = 10000
_TRIES = 3


async def read(t, cfg, request):
    """The EMV Outcome of a card held to the reader, or None: cancelled, no card, or no reader.

    Asks again after a card that left too early, two cards, or one that could not be read.
    """
    hint = say("tap_hint")
    for _ in range(_TRIES):
        await show.present_card(t.ui, request["amount"], hint)
        try:
            if not await _wait_for_card(t):
                return None
            outcome = await _talk(t.reader, entry.transaction(cfg, request))
        except Collision:
            hint = say("card_collision")
        except ReaderFault:
            t.buzzer.bad()
            await show.message(t.ui, "bad", say("card"), say("card_reader"), _READ_MS)
            return None
        except CardError as error:
            log.info("card", "%s", error)
            hint = say("card_unreadable")
        else:
            await t.reader.release()
            if outcome.kind != TRY_AGAIN:
                return outcome
            hint = say("card_again")
        t.buzzer.bad()
    await show.message(t.ui, "bad", say("card"), say("card_given_up"), _READ_MS)
    return None


async def _wait_for_card(t) -> bool:
    """Whether a card came; not when the cashier cancelled or the time was over."""
    index, value = await first(t.reader.poll(_POLL_MS), _cancelled(t.ui))
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
