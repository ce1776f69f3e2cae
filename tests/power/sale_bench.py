"""A terminal, a host, a cashier who works through sale after sale, and a power cord to pull.

The cashier knows what to do at each screen, so that the same hands serve a sale that runs through
and one that the power, the network or the host breaks off. Nothing here waits for a clock.
"""

import time
from collections import deque
from pathlib import Path

from host_tools.acquirer.app import open_ledger
from host_tools.acquirer.scenario import FAULTS
from host_tools.acquirer.server import HostThread
from host_tools.device.actions import ACTIONS, Stage
from host_tools.device.auditor import audit
from host_tools.device.journal_reader import Store
from host_tools.device.provision import Identity
from host_tools.device.scenario import SCENARIOS
from host_tools.device.virtual import VirtualDevice, provisioned_flash
from host_tools.vboard.cards.loader import load_account

CARD = "unionpay_debit"
AMOUNT_KEYS, AMOUNT = "1280", 1280
_CLOSED = 3  # the step of a settlement after which the next batch begins
IDLE, AWAY_S = "Type an amount", 31
_DEADLINE = 60.0
# What is on the screen, and what the cashier does then
_HANDS = (
    ("Operator", "01E"),
    ("Supervisor", "123456E"),
    ("Password", "0000E"),
    ("OK: settle now", "E"),
    ("A new batch has begun", "E"),
    ("settlement is not complete", "E"),
    ("Up to", "E"),
    ("Enter PIN", "123456E"),
    ("Tear off", "E"),
    ("was taken back", "E"),
    ("Declined", "E"),
    ("Nothing was charged", "E"),
    ("still to be taken back", "E"),
    (": taken back", "E"),
    ("is booked at the host", "E"),
    ("has not acknowledged it", "E"),
    ("The host hung up", "E"),
    ("The host does not answer", "E"),
    ("The host cannot be reached", "E"),
    ("The answer of the host", "E"),
    ("All is up to date", "E"),
    ("Signed off", "E"),
    ("The host has been told", "E"),
)
# When the line breaks, these steps of a scenario have nothing to wait for any more
_WRONG = {words for words, _ in _HANDS} - {"Operator", "Password", "Supervisor"}
_MOOT = ("request", "pass")


def _whole(lines) -> str:
    """What a screen says, also where it goes on on the next line."""
    return "\n".join(lines) + "\n" + " ".join(lines)


def misbehaves(step) -> bool:
    """Whether a step has the host do what it should not: one thing going wrong is enough."""
    return step.name == "host" and step.value.split()[0] in FAULTS


class PowerCut(Exception):
    """The board has no power any more."""


class _Stage(Stage):
    """The stage of a scenario, which goes on with the paper of another terminal."""

    def __init__(self, bench: "Bench", folder: Path) -> None:
        super().__init__(bench.device, bench.host, folder)
        self.paper = bench.paper


class Bench:
    """A provisioned virtual board with a fast printer and a host with a fresh ledger.

    Or both as they were at some moment: ``flash`` and ``nvs``, ``ledger``.
    """

    def __init__(self, flash=None, nvs=None, ledger=None) -> None:
        if flash is None:
            flash, nvs = provisioned_flash(Identity())
        self.host = HostThread(ledger or open_ledger())
        self.paper_before = ""  # rolls that another terminal has printed
        self.device = VirtualDevice(flash=flash, nvs=nvs)
        self.device.screen = self._screen
        self.board = self.device.board
        self.board.printer.mm_per_s = 5000  # paper is not what these tests wait for
        self.board.flash.on_power_cut = self.pull
        self._wait_here, self.board.wait_here = self.board.wait_here, self._guarded
        self._dark = False
        self._seen: deque[list[str]] = deque(maxlen=6)
        self._stage = _Stage(self, SCENARIOS)
        self._pan = load_account(CARD).pan
        self._before = self.host.ledger.balance(self._pan)

    def close(self) -> None:
        """Put everything away."""
        self.device.close()
        self.host.stop()
        self.host.ledger.close()

    # the power cord

    def pull(self) -> None:
        """Pull the plug; on the board's thread."""
        self._dark = True
        self.board.mcu.power_off()
        self.board.printer.power_off()
        self.board.changed()

    def pull_on(self, owner: object, name: str, first: bool = False) -> None:
        """Pull the plug when the method ``name`` of ``owner`` is called next, or before it."""
        method = getattr(owner, name)

        def call(*args):
            setattr(owner, name, method)
            result = None if first else method(*args)
            self.pull()
            return result

        self.board.call(setattr, owner, name, call)

    def pull_at(self, text: str) -> None:
        """Pull the plug as soon as a text is on the screen."""
        self.board.wait_here(lambda: self.shows(text), _DEADLINE, text)
        self.board.call(self.pull)

    def plug(self) -> None:
        """Give the board power; its keys are up and no card is near."""
        board = self.board

        def on() -> None:
            self._dark = False
            board.flash.power_on()
            board.printer.power_on()
            for key in "0123456789EBCM":
                board.keys.release(key)
            board.nfc.remove()
            board.mcu.power_on()

        board.call(on)

    def _guarded(self, what, timeout, title=""):
        """As the board's own wait, but a board without power is not waited for."""

        def look():
            if self._dark:
                raise PowerCut
            return what()

        return self._wait_here(look, timeout, title)

    # the cashier

    def start(self) -> None:
        """Plug it in and log in, as far as the idle screen. Raises PowerCut."""
        self.plug()
        # Nothing is pressed before: the screen keeps what it showed when the power went.
        self.board.wait_here(lambda: self.shows("Operator"), _DEADLINE, "the log-in")
        self.work_until(IDLE)

    def sell(self) -> None:
        """One sale, as far as the idle screen after it. Raises PowerCut."""
        self._before = self.host.ledger.balance(self._pan)
        self.device.press(AMOUNT_KEYS)
        self.work_until("Tap the card")
        self.device.tap(CARD)
        self.work_until("Enter PIN")
        self.device.remove()
        self.work_until(IDLE)

    def close_batch(self) -> None:
        """A settlement, as far as the idle screen after it. Raises PowerCut."""
        for key, text in (("M", "Menu"), ("#", "Settlement"), ("2", "Supervisor")):
            self.device.press(key)
            self.board.wait_here(lambda t=text: self.shows(t), _DEADLINE, text)
        self.work_until(IDLE)

    def play(self, steps) -> None:
        """Steps of a scenario, as far as the idle screen after them."""
        for step in steps:
            try:
                ACTIONS[step.name].do(self._stage, step.value)
            except (TimeoutError, AssertionError) as error:
                raise self._lost(f"{step}: {error}") from None
        self.work_until(IDLE)

    def play_on_a_bad_line(self, steps) -> None:
        """The same, but a sentence that the scenario does not know ends it early.

        A host that misbehaves in the scenario does not here.
        """
        # A card that is taken away when the host has been asked stays to the end.
        moot = (*_MOOT, "remove") if any(map(misbehaves, steps)) else _MOOT
        answered: set[str] = set()
        for step in steps:
            if step.name == "screen" and self._goes_wrong(step, answered):
                break
            if step.name == "keys":  # what they answer is on the screen for a while yet
                answered |= {words for words in _WRONG if self.shows(words)}
            if step.name not in moot and not misbehaves(step):
                ACTIONS[step.name].do(self._stage, step.value)
        self.device.remove()
        self.work_until(IDLE)

    def _goes_wrong(self, step, answered: set[str]) -> bool:
        """Wait for the screen of a step; whether one came that asks something else.

        ``answered``: what is no question any more, as long as it is still to be seen.
        """
        wanted = step.value if isinstance(step.value, list) else [step.value]

        def look():
            lines = self.device.screen()
            whole = _whole(lines)
            # an approval may have gone by already: its first slip is on paper then
            passed = "Approved" in wanted and "Tear off" in whole
            if passed or all(text in whole for text in wanted):
                return "right"
            asked = {words for words in _WRONG if words in whole}
            answered.intersection_update(asked)
            return "wrong" if asked - answered else None

        try:
            return self.board.wait_here(look, _DEADLINE, str(step)) == "wrong"
        except TimeoutError as error:
            raise self._lost(str(error)) from None

    def recover(self) -> None:
        """Plug it in again, log in, and let the terminal put in order what it left undone."""
        self.start()
        self.settle()

    def settle(self) -> None:
        """Leave the terminal alone until it has put in order what it left undone."""
        if self.left_undone():
            self.device.pass_time(AWAY_S)
            self.board.wait_here(lambda: not self.is_idle(), _DEADLINE, "it to look after")
            self.work_until(IDLE)

    def work_until(self, text: str) -> None:
        """Answer every screen until one says ``text``; AssertionError shows the last ones."""
        until = time.monotonic() + _DEADLINE

        def wait(what):
            return self.board.wait_here(what, until - time.monotonic(), f"{text!r}")

        def look():
            screen = _whole(self.device.screen())  # one look: the next may be another screen
            wanted = (hand for hand in ((text, ""), *_HANDS) if hand[0] in screen)
            return next(wanted, None)

        try:
            while (hand := wait(look)) != (text, ""):
                self.device.press(hand[1])
                wait(lambda words=hand[0]: not self.shows(words))
        except TimeoutError as error:
            raise self._lost(str(error)) from None

    def _lost(self, what: str) -> AssertionError:
        """With all that helps to see why."""
        screens = "\n  ".join(" | ".join(lines) for lines in self._seen)
        console = self.device.console()[-2000:]
        return AssertionError(
            f"{what}; the last screens:\n  {screens}\n{self.board.faults}\n{console}"
        )

    def shows(self, text: str) -> bool:
        """Whether a text is on the screen."""
        return text in _whole(self.device.screen())

    def _screen(self) -> list[str]:
        """The lines on the display; the last of them are told when a story goes wrong."""
        lines = VirtualDevice.screen(self.device)
        if not self._seen or self._seen[-1] is not lines:
            self._seen.append(lines)
        return lines

    def is_idle(self) -> bool:
        """Whether the terminal waits for a sale."""
        return self.shows(IDLE)

    # the auditor

    def store(self) -> Store:
        """What is on the flash."""
        return Store(self.device.flash_image(), "/pos")

    def left_undone(self) -> bool:
        """Whether a reversal, a copy or the end of a settlement is still due."""
        for batch in self.store().batches():
            if 0 < batch.settlement.get("step", 0) < _CLOSED:
                return True
            for txn in batch.transactions:
                if txn.state in ("begun", "sending", "reversing"):
                    return True
                if txn.state == "approved" and (txn.copies < 2 or txn.waiting):
                    return True
        return False

    def charged(self) -> bool:
        """Whether the last sale was charged: all of it, once."""
        spent = self._before - self.host.ledger.balance(self._pan)
        assert spent in (0, AMOUNT), spent
        return spent == AMOUNT

    def differences(self) -> list[str]:
        """What the auditor finds, and what the chips complain of."""
        return audit(self.store(), self.paper(), self.host.ledger) + self.board.faults

    def paper(self) -> str:
        """All that has been printed, on this printer and before."""
        return self.paper_before + "\n" + self.board.printer.text()
