"""The antenna side of the PN532: the field, the cards in it, the commands that talk to them.

Times: 85 us a byte at 106 kbit/s. Status bytes are those of UM0701-02 clause 7.1.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from host_tools.vboard.clock import Clock, Timer

OK, TIME_OUT, WRONG_CONTEXT = 0x00, 0x01, 0x27
MORE = 0x40  # MI: bit of Tg in a command, of the status in a response
MAX_DATA_IN = 262  # of 264: response code and status go off
AUTO_RATS = 0x10  # SetParameters

BYTE_MS = 0.085
GUARD_MS = 5.0  # unmodulated field before the first REQA/WUPB (ISO/IEC 14443-3 clause 5)
POLL_MS = 5.0  # one attempt of InListPassiveTarget; from memory, the manual gives no figure
LOST_MS = 30.0  # frame waiting time and the chip's own repetitions; from memory


class Card(Protocol):
    """What the antenna can do with a card (ISO/IEC 14443)."""

    name: str

    @property
    def technology(self) -> str:
        """ "A" or "B"."""
        ...

    @property
    def uid(self) -> bytes:
        """4, 7 or 10 bytes (type A)."""
        ...

    @property
    def atqa(self) -> bytes:
        """SENS_RES, most significant byte first."""
        ...

    @property
    def sak(self) -> int:
        """SEL_RES."""
        ...

    @property
    def ats(self) -> bytes:
        """TL included; empty when the card has no ISO/IEC 14443-4."""
        ...

    @property
    def atqb(self) -> bytes:
        """12 bytes from 0x50 on."""
        ...

    @property
    def attrib_res(self) -> bytes:
        """The answer to ATTRIB."""
        ...

    def power_off(self) -> None:
        """The field is gone, or the card was deselected: volatile state is lost."""

    def exchange(self, capdu: bytes) -> bytes | None:
        """Answer one APDU; None when the card stays mute."""

    def think_ms(self, capdu: bytes) -> float:
        """How long the card computes over ``capdu``."""
        ...


class Job:
    """One command of the host while it runs; cancelling it stops all that it has planned."""

    def __init__(
        self, clock: Clock, name: str, code: int, done: Callable[["Job", bytes, float], None]
    ) -> None:
        self.name, self.code = name, code
        self.timers: list[Timer] = []
        self._clock, self._done = clock, done

    def later(self, ms: float, call: Callable[[], None]) -> None:
        """Make ``call`` in ``ms`` unless the job is cancelled first."""
        self.timers.append(self._clock.call_later(ms, call))

    def finish(self, data: bytes = b"", after_ms: float = 0.0) -> None:
        """Answer the host with ``data`` (what follows the response code)."""
        self._done(self, data, after_ms)

    def cancel(self) -> None:
        """Forget every planned call."""
        for timer in self.timers:
            timer.cancel()
        self.timers.clear()


@dataclass
class _Target:
    card: Card
    lost: bool = False  # field or card went away: the card needs a new activation
    to_card: bytearray = field(default_factory=bytearray)  # chained by the host with MI
    to_host: bytes = b""  # what did not fit in the last response


@dataclass
class _Poll:
    job: Job
    max_targets: int
    technology: str
    activating: bool = False
    expired: bool = False


def air_ms(count: int) -> float:
    """Time on the air of ``count`` bytes in ISO-DEP blocks of 64 bytes with prologue and CRC."""
    blocks = max(1, -(-count // 61))
    return BYTE_MS * (count + 3 * blocks)


class Radio:
    """Field, cards and targets."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.cards: list[Card] = []
        self.field_on = False
        self._changed = changed
        # (card, C-APDU, R-APDU or None): data of cards in clear, for whoever masks it
        self.on_exchange: Callable[[Card, bytes, bytes | None], None] | None = None
        self._pull: tuple[int, bool] | None = None
        self.reset()

    def reset(self) -> None:
        """Back to the state after power-up; the cards stay where they are."""
        self.targets: dict[int, _Target] = {}
        self.retries = 0xFF  # MxRtyPassiveActivation
        self.parameters = AUTO_RATS | 0x04
        self.last_error = OK
        self._poll: _Poll | None = None
        self.set_field(False)

    # -- physics -------------------------------------------------------------

    def tap(self, card: Card) -> None:
        """Bring ``card`` into the field."""
        if card not in self.cards:
            self.cards.append(card)
            self._changed()
            if self._poll is not None:
                self._poll.job.later(0, self._look)

    def remove(self, card: Card | None = None) -> None:
        """Take ``card``, or every card, away."""
        for gone in [c for c in self.cards if card is None or c is card]:
            self.cards.remove(gone)
            self._lose(gone)
        self._changed()

    def pull_after(self, count: int, during: bool) -> None:
        """Let the cards go after ``count`` exchanges, or in the middle of the one that follows."""
        self._pull = (count, during)

    def set_field(self, on: bool) -> None:
        """Switch the carrier; without it cards lose their state."""
        if self.field_on and not on:
            for card in self.cards:
                self._lose(card)
        if self.field_on != on:
            self.field_on = on
            self._changed()

    def _lose(self, card: Card) -> None:
        card.power_off()
        for target in self.targets.values():
            if target.card is card:
                target.lost = True

    # -- InListPassiveTarget -------------------------------------------------

    def list_passive(self, job: Job, max_targets: int, technology: str, deaf: bool) -> None:
        """Look for cards of ``technology`` ("A", "B"; of others none come); the old targets go."""
        for number in list(self.targets):
            self.release(number)
        guard = 0.0 if self.field_on else GUARD_MS
        self.set_field(not deaf)
        self._poll = _Poll(job, max_targets, technology)
        job.later(guard, self._look)
        if self.retries != 0xFF:
            job.later(guard + (self.retries + 1) * POLL_MS, self._expire)

    def stop(self) -> None:
        """The running command was aborted."""
        self._poll = None

    def _answering(self, poll: _Poll) -> list[Card]:
        if not self.field_on:
            return []
        return [c for c in self.cards if c.technology == poll.technology][: poll.max_targets]

    def _look(self) -> None:
        poll = self._poll
        if poll is None or poll.activating:
            return
        found = self._answering(poll)
        if found:
            poll.activating = True
            spent = sum(BYTE_MS * (40 + len(c.ats)) for c in found)
            poll.job.later(spent, self._activate)

    def _activate(self) -> None:
        poll = self._poll
        if poll is None:
            return
        poll.activating = False
        found = self._answering(poll)
        if found or poll.expired:  # else gone again: the poll goes on
            self._listed(poll.job, found)

    def _expire(self) -> None:
        poll = self._poll
        if poll is not None and poll.activating:
            poll.expired = True
        elif poll is not None:
            self._listed(poll.job, [])

    def _listed(self, job: Job, found: list[Card]) -> None:
        self._poll = None
        self.targets = {n: _Target(card) for n, card in enumerate(found, 1)}
        data = bytearray([len(found)])
        for number, card in enumerate(found, 1):
            data += bytes([number]) + self._target_data(card)
        job.finish(bytes(data))

    def _target_data(self, card: Card) -> bytes:
        if card.technology == "B":
            return card.atqb + bytes([len(card.attrib_res)]) + card.attrib_res
        rats = card.sak & 0x20 and self.parameters & AUTO_RATS
        ids = card.atqa + bytes([card.sak, len(card.uid)]) + card.uid
        return ids + (card.ats if rats else b"")

    # -- InDataExchange ------------------------------------------------------

    def exchange(self, job: Job, tg: int, data: bytes) -> None:
        """Send ``data`` to target ``tg`` (bit 6: more follows) and hand back what it answers."""
        target = self.targets.get(tg & 0x3F)
        if target is None:
            self._status(job, WRONG_CONTEXT)
            return
        if target.to_host and not data:
            self._deliver(job, target, target.to_host, 0.0)
            return
        target.to_host = b""
        target.to_card += data
        if tg & MORE:
            self._status(job, OK, air_ms(len(data)))
            return
        capdu = bytes(target.to_card)
        target.to_card.clear()
        if self._pull == (0, False):
            self._pull_now()
        job.later(air_ms(len(capdu)), lambda: self._card_hears(job, target, capdu))

    def _heard(self, target: _Target, capdu: bytes, rapdu: bytes | None) -> None:
        if self.on_exchange is not None:
            self.on_exchange(target.card, capdu, rapdu)

    def _card_hears(self, job: Job, target: _Target, capdu: bytes) -> None:
        rapdu = target.card.exchange(capdu) if self._reachable(target) else None
        if rapdu is None:
            self._heard(target, capdu, None)
            self._status(job, TIME_OUT, LOST_MS)
            return
        if self._pull == (0, True):
            self._pull_now()
        spent = target.card.think_ms(capdu) + air_ms(len(rapdu))
        job.later(spent, lambda: self._card_answers(job, target, capdu, rapdu))

    def _card_answers(self, job: Job, target: _Target, capdu: bytes, rapdu: bytes) -> None:
        reachable = self._reachable(target)
        self._heard(target, capdu, rapdu if reachable else None)
        if not reachable:
            self._status(job, TIME_OUT, LOST_MS)
            return
        self._deliver(job, target, rapdu, 0.0)
        if self._pull is not None:
            self._pull = (self._pull[0] - 1, self._pull[1])
            if self._pull == (0, False):
                self._pull_now()

    def _pull_now(self) -> None:
        self._pull = None
        self.remove()

    def _reachable(self, target: _Target) -> bool:
        layer4 = target.card.technology == "B" or self.parameters & AUTO_RATS
        return bool(self.field_on and target.card in self.cards and not target.lost and layer4)

    def _deliver(self, job: Job, target: _Target, rapdu: bytes, after_ms: float) -> None:
        target.to_host = rapdu[MAX_DATA_IN:]
        status = OK | (MORE if target.to_host else 0)
        self.last_error = OK
        job.finish(bytes([status]) + rapdu[:MAX_DATA_IN], after_ms)

    def _status(self, job: Job, status: int, after_ms: float = 0.0) -> None:
        self.last_error = status
        job.finish(bytes([status]), after_ms)

    # -- targets -------------------------------------------------------------

    def deselect(self, number: int) -> bool:
        """Put target ``number`` to sleep until the next exchange; False when there is none."""
        target = self.targets.get(number)
        if target is None:
            return False
        if not target.lost:
            target.card.power_off()
        return True

    def release(self, number: int) -> bool:
        """Put target ``number`` to sleep and forget it; False when there is none."""
        known = self.deselect(number)
        self.targets.pop(number, None)
        return known

    def present(self, number: int) -> bool:
        """Whether target ``number`` still answers."""
        target = self.targets.get(number)
        return target is not None and self._reachable(target)
