"""A full board: real keys, reader, display, printer; a person is its hands, and its eyes too.

What a scenario would do is asked of the person, one line at a time. Where there is a picture of
the display, ``picture`` takes it, and the screen is read from its pixels. Without it, and while
the terminal gives none (in the midst of a sale, without power), the person says what can be seen.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

from PIL import Image

from host_tools.device.actions import DEADLINE_S
from host_tools.device.scenario import Scenario, Step
from host_tools.device.screen_fonts import ScreenFont
from host_tools.device.screen_reader import read_screen

Ask = Callable[[str], bool]  # shows a line, waits; False: the person says that it is not so
Picture = Callable[[], Image.Image | None]  # None: there is none to be had now

_KEY_NAMES = {"E": "OK", "C": "Cancel", "B": "Delete", "M": "Menu"}
_LOOK_S = 0.5  # between two pictures: each takes its time on the line
_BLIND_S = 2.0  # without a picture; then the person is asked


class NotSo(AssertionError):
    """The person says that it did not happen, or cannot be seen; the text says what."""


def key_names(keys: str) -> str:
    """``"12E"`` as a person reads it: 1 2 OK."""
    return " ".join(_KEY_NAMES.get(key, key) for key in keys)


class OperatorDevice:
    """Hands, eyes and paper of a terminal, by a person who is asked."""

    def __init__(
        self, ask: Ask, picture: Picture | None = None, fonts: Sequence[ScreenFont] = ()
    ) -> None:
        self._ask, self._picture, self._fonts = ask, picture, list(fonts)

    def _do(self, line: str) -> None:
        if not self._ask(line):
            raise NotSo(f"the operator could not: {line}")

    # hands

    def press(self, keys: str) -> None:
        """Have keys pressed."""
        self._do(f"Press: {key_names(keys)}")

    def hold(self, keys: str) -> None:
        """Have keys held down."""
        self._do(f"Press and hold: {key_names(keys)}")

    def let_go(self, keys: str) -> None:
        """Have held keys released."""
        self._do(f"Let go of: {key_names(keys)}")

    def tap(self, card: str) -> None:
        """Have a card held to the reader: a test card that is programmed as that one."""
        self._do(f"Hold the card {card} to the reader and leave it there")

    def remove(self) -> None:
        """Have every card taken away."""
        self._do("Take the card away")

    def power_on(self) -> None:
        """Have it plugged in."""
        self._do("Plug the terminal in")

    def power_off(self) -> None:
        """Have the plug pulled."""
        self._do("Pull the plug of the terminal")

    def pass_time(self, seconds: float) -> None:
        """Wait: nothing lets time pass faster here."""
        time.sleep(seconds)

    # eyes

    def screen(self) -> list[str] | None:
        """The lines on the display, from its picture; None where there is none."""
        image = self._picture() if self._picture else None
        return None if image is None else [line.text for line in read_screen(image, self._fonts)]

    def wait_for_screen(self, *texts: str, timeout: float = DEADLINE_S) -> None:
        """Wait until all ``texts`` are on the display. TimeoutError, NotSo."""
        self._watch(texts, timeout, True)

    def wait_gone(self, *texts: str, timeout: float = DEADLINE_S) -> None:
        """Wait until none of ``texts`` is on the display. TimeoutError, NotSo."""
        self._watch(texts, timeout, False)

    def _watch(self, texts: Sequence[str], timeout: float, there: bool) -> None:
        shows = "shows" if there else "no longer shows"
        quoted = ", ".join(repr(text) for text in texts)
        seen = time.monotonic()
        until = seen + timeout
        while self._picture:
            lines, now = self.screen(), time.monotonic()
            if lines is None:
                if now > seen + _BLIND_S:
                    break
            else:
                seen = now
                whole = "\n".join(lines) + "\n" + " ".join(lines)
                if all((text in whole) == there for text in texts):
                    return
                if now > until:
                    raise TimeoutError(f"the display never {shows} {quoted}; it shows {lines}")
            time.sleep(_LOOK_S)
        if not self._ask(f"Wait until the display {shows} {quoted}"):
            raise NotSo(f"the operator says that the display never {shows} {quoted}")

    def on_paper(self, *texts: str, there: bool = True) -> None:
        """Have the paper looked at. NotSo."""
        quoted = ", ".join(repr(text) for text in texts)
        if not self._ask(
            f"The paper has {quoted}" if there else f"The paper does not have {quoted}"
        ):
            raise NotSo(f"the operator says otherwise of the paper and {quoted}")


def _texts(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _power(device: OperatorDevice, value: Any) -> None:
    # YAML takes a bare on for a truth value
    device.power_on() if value in (True, "on") else device.power_off()


_STEPS: dict[str, Callable[[OperatorDevice, Any], None]] = {
    "screen": lambda d, v: d.wait_for_screen(*_texts(v)),
    "gone": lambda d, v: d.wait_gone(*_texts(v)),
    "keys": lambda d, v: d.press(v),
    "hold": lambda d, v: d.hold(v),
    "let_go": lambda d, v: d.let_go(v),
    "tap": lambda d, v: d.tap(" and ".join(_texts(v))),
    "remove": lambda d, v: d.remove(),
    "paper": lambda d, v: d.on_paper(*_texts(v)),
    "no_paper": lambda d, v: d.on_paper(*_texts(v), there=False),
    "pass": lambda d, v: d.pass_time(v),
    "power": _power,
}


def cannot(scenario: Scenario) -> str:
    """Why a person cannot play it, in a sentence; empty: one can."""
    for step in scenario.steps:
        if step.name not in _STEPS:
            return f"{step}: the host or a chip would have to misbehave, which real ones do not"
    if scenario.terminal or scenario.emv or scenario.tls:
        return "it wants a terminal with other parameters than the one that is there"
    if scenario.terminal is None:
        return "it wants a terminal that nobody has set up"
    return ""


def play(scenario: Scenario, device: OperatorDevice) -> None:
    """Play the steps. Raises AssertionError or TimeoutError, with the step.

    What must be true at the end (ledger, journal, messages) is not compared: the terminal and its
    host had books before.
    """
    step: Step | None = None
    try:
        for step in scenario.steps:
            _STEPS[step.name](device, step.value)
    except (TimeoutError, AssertionError) as error:
        raise NotSo(f"{scenario.path.name}: {step}\n{error}") from None
