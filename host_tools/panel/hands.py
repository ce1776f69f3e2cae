"""What the page may do: messages ``{"do": NAME, "value": ...}``, checked before they are done.

Most are the steps of scenarios by their own names and words (``device/actions.py``).
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from host_tools.device.actions import ACTIONS, WrongStep
from host_tools.panel.world import BATTERY_VOLTS, World

MOST_BYTES = 4096
_STEPS = ("remove", "power", "printer", "wifi", "modem", "host", "nfc", "keypad", "pass")
_KEY_S = 2.0  # a key that nobody scans for so long is let go all the same


class BadMessage(ValueError):
    """It cannot be done; the sentence says why, in words that hold nothing of the message's."""


class Hands:
    """One page's hands. ``do`` may block for as long as a key is to be held."""

    def __init__(self, world: World, typing: bool = True) -> None:
        """``typing``: whether the page may type at the serial console."""
        self._world, self._typing = world, typing
        self._down: set[str] = set()
        self._names = {card["name"] for card in world.wallet}
        self._ways: dict[str, Callable[[Any], None]] = {
            **{name: self._step(name) for name in _STEPS},
            "down": self._press,
            "up": self._release,
            "tap": self._tap,
            "tear": self._tear,
            "reset": self._reset,
            "battery": self._battery,
            "charger": self._charger,
            "console": self._console,
        }

    def do(self, text: str | bytes) -> None:
        """Do what a message says. Raises BadMessage."""
        name, value = self._parse(text)
        try:
            with self._world.hands, self._recorded(name, value):
                self._ways[name](value)
        except WrongStep as error:
            raise BadMessage(f"{name}: {error}") from None
        except (TimeoutError, AssertionError):
            raise BadMessage(f"{name}: the terminal did not follow") from None
        except (ValueError, TypeError, KeyError, IndexError):
            raise BadMessage(f"{name}: not with this value") from None
        self._world.touch()

    def let_go(self) -> None:
        """The page is gone: no finger stays on a key."""
        for key in sorted(self._down):
            with self._world.hands, self._recorded("up", key):
                self._release(key)

    @contextmanager
    def _recorded(self, name: str, value: Any) -> Iterator[None]:
        """Record it, with what was to be seen before; what cannot be done is not kept."""
        recorder = self._world.recorder
        if recorder is None:
            yield
            return
        row = recorder.act(name, value)
        try:
            yield
        except (ValueError, TypeError, KeyError, IndexError):
            recorder.take_back(row)
            raise

    def _parse(self, text: str | bytes) -> tuple[str, Any]:
        if isinstance(text, bytes) or len(text) > MOST_BYTES:
            raise BadMessage(f"a message is text of at most {MOST_BYTES} characters")
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            raise BadMessage("a message is JSON") from None
        if not isinstance(message, dict) or not set(message) <= {"do", "value"}:
            raise BadMessage('a message is {"do": NAME, "value": ...}')
        name = message.get("do")
        if not isinstance(name, str) or name not in self._ways:
            raise BadMessage(f"there is no such thing to do; there are {', '.join(self._ways)}")
        return name, message.get("value")

    # ways

    def _step(self, name: str) -> Callable[[Any], None]:
        def do(value: Any) -> None:
            action, stage = ACTIONS[name], self._world.stage
            action.check(value, stage.folder)
            action.do(stage, value)

        return do

    def _press(self, key: Any) -> None:
        """A finger goes down and stays at least until the key has been scanned."""
        self._check_key(key)
        self._down.add(key)
        board = self._world.device.board
        if not board.mcu.powered:
            board.call(board.keys.press, key)
            return
        with suppress(TimeoutError):
            self._world.device.hold(key, _KEY_S)

    def _release(self, key: Any) -> None:
        self._check_key(key)
        self._down.discard(key)
        board = self._world.device.board
        board.call(board.keys.release, key)
        if not board.call(lambda: board.keys.pressed):
            with suppress(TimeoutError):
                self._world.device.let_go("", _KEY_S)

    def _check_key(self, key: Any) -> None:
        if not isinstance(key, str) or len(key) != 1:
            raise WrongStep("one key is expected")
        ACTIONS["hold"].check(key, self._world.stage.folder)

    def _tap(self, name: Any) -> None:
        if not isinstance(name, str) or name not in self._names:
            raise WrongStep("the name of a card of the wallet is expected")
        ACTIONS["tap"].do(self._world.stage, name)

    def _tear(self, _: Any) -> None:
        if self._world.paper.rows(self._world.paper.current):
            board = self._world.device.board
            board.call(board.printer.tear)

    def _reset(self, _: Any) -> None:
        self._world.device.board.reset()

    def _battery(self, volts: Any) -> None:
        low, high = BATTERY_VOLTS
        if type(volts) not in (int, float) or not low <= volts <= high:
            raise WrongStep(f"volts from {low} to {high} are expected")
        self._world.set_battery(volts)

    def _charger(self, on: Any) -> None:
        if on not in ("on", "off"):
            raise WrongStep("on or off is expected")
        board = self._world.device.board
        board.call(board.battery.plug, on == "on")

    def _console(self, text: Any) -> None:
        if not self._typing:
            raise WrongStep("typing is for pages on this machine only")
        if not isinstance(text, str) or not text:
            raise WrongStep("a text is expected")
        board = self._world.device.board
        board.call(board.console.type, text.encode("utf-8", "ignore"))
