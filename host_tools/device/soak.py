"""A long day at the counter: random sales on one virtual board that is never restarted.

All cards of ``host_tools/cards``; hands that pull the card away, hold two, cancel, skip the PIN; a
host that declines, hangs up or stays silent. What happens comes from a seed, so that a run can be
had again. Afterwards journal, paper and the host's ledger have to tell the same story, nothing may
have run short of heap, and the least heap that was free tells how near it came.
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from host_tools.acquirer.app import open_ledger
from host_tools.acquirer.cents import TABLE
from host_tools.acquirer.server import HostThread
from host_tools.device import auditor
from host_tools.device.actions import Stage
from host_tools.device.journal_reader import Store
from host_tools.device.provision import Identity
from host_tools.device.virtual import VirtualDevice, provisioned_flash
from host_tools.vboard.cards.loader import CARDS, card_names, load_account

_PATIENCE_S = 60.0  # a screen that does not change for so long has stopped for ever
_ANSWER_S = 61  # what a host that says nothing is given
_IDLE = "Type an amount to begin."
_TAP = "Tap the card"
_PHONE = "Look at your phone"
_PIN = "123456"
_FREE = re.compile(r"story: ([\w.]+): (\d+) bytes free")
# Heap that ran out may cost a try at the reader and no more; here it is a fault all the same
_CRASHES = ("E terminal", "E keypad", "Traceback", "MemoryError", "short of heap")

# What may be on the screen in a sale, what stands before the rest being looked for first, and what
# the cashier does then
_SCREENS = {
    _IDLE: "done",
    _PHONE: "take",
    "Two cards.": "take",
    "Hold only one card": "take",
    _TAP: "tap",
    "Enter PIN": "pin",
    "Authorising": "host",
    "Tear off the slip": "confirm",
    "Sale cancelled": "confirm",
    "Declined": "confirm",
    "was taken back": "confirm",
    "is not complete": "confirm",
    "Use another card": "confirm",
}


class SoakFailed(AssertionError):
    """The terminal stopped, or did what nobody asked for; the text says in which sale."""


@dataclass(frozen=True)
class Talkative(Identity):
    """The usual terminal, which logs how much heap is free."""

    def script(self) -> str:
        """With the level of the log at DEBUG."""
        return super().script() + "\nParams('/pos').update(log_level=3)\n"


@dataclass(frozen=True)
class Plan:
    """One sale as it is meant to go: whose card, how much, and what goes wrong."""

    card: str
    amount: int  # fen
    hand: str = ""  # pull 0..5, two, cancel, or nothing
    pin: str = _PIN + "E"
    host: str = ""  # a line for the host

    def __str__(self) -> str:
        extra = [word for word in (self.hand, self.host) if word]
        if self.pin != _PIN + "E":
            extra.append("PIN " + ("cancelled" if self.pin == "C" else "skipped"))
        words = ", ".join(extra)
        return f"{self.card} {self.amount / 100:.2f}" + (f" ({words})" if words else "")


def plans(seed: int, count: int) -> Iterator[Plan]:
    """``count`` sales; the same for the same seed."""
    dice = random.Random(seed)
    cards = [name for name in card_names() if (CARDS / f"{name}.yaml").exists()]
    good = [name for name in cards if load_account(name) is not None]
    codes = [int(code) for code in TABLE if code.isdigit()]
    faults = [
        "silent mti=0200",
        "drop_after_booking mti=0200",
        "drop_before_booking mti=0200",
        "half_reply mti=0200",
        "wrong_mac mti=0200",
        "garbage mti=0200",
        "duplicate_reply mti=0200",
        "close_on_connect",
    ]
    hands = ["cancel", "two", *(f"pull_after {n}" for n in range(6))]
    for _ in range(count):
        yuan = dice.choice((dice.randint(1, 99), dice.randint(100, 4000)))
        declined = dice.random() < 0.12
        yield Plan(
            card=dice.choice(good if dice.random() < 0.85 else cards),
            amount=yuan * 100 + (dice.choice(codes) if declined else 0),
            hand=dice.choice(hands) if dice.random() < 0.2 else "",
            pin=dice.choices((_PIN + "E", "E", "C"), (90, 6, 4))[0],
            host=dice.choice(faults) if dice.random() < 0.1 else "",
        )


@dataclass
class Result:
    """What a run has shown."""

    sales: int = 0
    states: Counter[str] = field(default_factory=Counter)  # of the journal
    least: dict[str, int] = field(default_factory=dict)  # bytes free when a story begins
    wrong: list[str] = field(default_factory=list)


class _Cashier:
    """The hands at the terminal while the sales of a run are made."""

    def __init__(self, stage: Stage) -> None:
        self._stage, self._device = stage, stage.device

    def log_in(self) -> None:
        """Switch on and log in."""
        self._device.power_on()
        self._device.wait_for_screen("Operator", timeout=_PATIENCE_S)
        self._device.press("01E")
        self._device.wait_for_screen("Password")
        self._device.press("0000E")
        self._device.wait_for_screen(_IDLE)

    def sell(self, plan: Plan) -> None:
        """Make one sale, from the idle screen to the idle screen. Raises TimeoutError."""
        self._plan, self._taps = plan, 0
        self._done: set[str] = set()
        if plan.host:
            self._stage.host.misbehave_line(plan.host)
        self._device.press(str(plan.amount) + "E")
        while True:
            words = self._device.board.wait_here(self._next, _PATIENCE_S, "another screen")
            if words == _IDLE:
                break
            self._done.add(words)
            getattr(self, f"_{_SCREENS[words]}")()
        self._stage.host.behave()
        self._take()

    def _next(self) -> str:
        """What of the screen has to be done something about, if it has not been already."""
        whole = " ".join(self._device.screen())
        words = next((words for words in _SCREENS if words in whole), "")
        nfc = self._device.board.nfc
        if words == _IDLE:
            return words if self._done else ""
        if _SCREENS.get(words) == "take":
            if nfc.cards or words == _PHONE:
                return words if nfc.cards else ""
            words = _TAP
        if words == _TAP:  # a card that is there is tried again without a hand
            return words if nfc.field_on and not nfc.cards and "cancel" not in self._done else ""
        return "" if words in self._done else words

    def _take(self) -> None:
        self._device.remove()

    def _tap(self) -> None:
        hand = self._plan.hand
        self._taps += 1
        if hand == "cancel" or self._taps > 4:
            self._done.add("cancel")
            self._device.press("C")
            return
        if hand.startswith("pull_after") and self._taps == 1:
            self._device.board.call(self._device.board.nfc.pull_after, int(hand.split()[1]))
        if hand == "two" and self._taps == 1:
            self._hold("unionpay_debit", "unionpay_second")
        else:
            self._hold(self._plan.card)

    def _hold(self, *names: str) -> None:
        cards, nfc = [self._stage.card(name) for name in names], self._device.board.nfc

        def hold() -> None:  # at the very same moment
            for card in cards:
                nfc.tap(card)

        self._device.board.call(hold)

    def _pin(self) -> None:
        self._take()
        self._device.press(self._plan.pin)

    def _host(self) -> None:
        if self._plan.host.startswith("silent"):
            self._stage.wait_for_request("0200")
            self._device.pass_time(_ANSWER_S)

    def _confirm(self) -> None:
        self._take()
        self._device.press("E")


class _Console:
    """The console, read after every sale, before the board forgets what it said first."""

    def __init__(self, device: VirtualDevice, result: Result) -> None:
        self._device, self._result, self._seen = device, result, ""

    def read(self, when: str) -> None:
        now = self._device.console()
        at = now.rfind(self._seen[-500:]) if self._seen else 0
        fresh = now[at + len(self._seen[-500:]) :] if at >= 0 else now
        self._seen = now
        least = self._result.least
        for name, free in _FREE.findall(fresh):
            least[name] = min(int(free), least.get(name, int(free)))
        self._result.wrong += [
            f"{when}: the console says {line!r}"
            for line in fresh.splitlines()
            if any(mark in line for mark in _CRASHES)
        ]


def run(seed: int, count: int, tell: Callable[[str], None], bundle: Path) -> Result:
    """Make ``count`` sales on one board. Raises SoakFailed; leaves what was to be seen then."""
    flash, nvs = provisioned_flash(Talkative())
    result, ledger = Result(), open_ledger()
    try:
        with HostThread(ledger) as host, VirtualDevice(flash=flash, nvs=nvs) as device:
            device.hasten_paper()
            stage = Stage(device, host, CARDS)
            work, console = _Cashier(stage), _Console(device, result)
            work.log_in()
            for number, plan in enumerate(plans(seed, count), 1):
                where = f"sale {number}, {plan}"
                try:
                    work.sell(plan)
                except TimeoutError as error:
                    _keep(device, bundle)
                    shown = "\n  ".join([*device.screen(), *device.console().splitlines()[-30:]])
                    raise SoakFailed(f"{where}: {error}; see {bundle}\n  {shown}") from None
                result.sales = number
                console.read(where)
                if number % 10 == 0:
                    tell(f"{number} sales; least heap free {min(result.least.values()):,} bytes")
            _compare(stage, result)
            if result.wrong:
                _keep(device, bundle)
    finally:
        ledger.close()
    return result


def _compare(stage: Stage, result: Result) -> None:
    store = Store(stage.device.flash_image(), "/pos")
    for batch in store.batches():
        result.states.update(txn.state for txn in batch.transactions)
    result.wrong += auditor.audit(store, stage.paper(), stage.host.ledger)
    result.wrong += stage.device.board.faults
    result.wrong += [f"the host says {r}" for r in stage.host.log.records if r["event"] == "error"]


def _keep(device: VirtualDevice, bundle: Path) -> None:
    bundle.mkdir(parents=True, exist_ok=True)
    device.screenshot().save(bundle / "screen.png")
    (bundle / "console.txt").write_text(device.console(), encoding="utf-8")
