"""Records what a person does by hand at a terminal, so that it can be played again.

A scenario says what to wait for; a person just waits. So before each act the recording says what
there was to see then: the screen, the messages that the host had got. When nothing happened for a
while, that time is let pass. Digits that are typed one after the other become one step.
"""

import re
import threading
import time
from collections.abc import Callable
from typing import Any

from host_tools.device.actions import Stage
from host_tools.replay import compare, hiding
from host_tools.replay.recorder import Recorder
from host_tools.replay.trace import Trace

_QUIET_S = 5.0
_LINES = slice(1, 3)  # of a screen: what it asks for; above is the bar with the clock
# What the page of `taptill sim` calls otherwise than a scenario, and that as a step
_STEPS: dict[str, Callable[[Any], tuple[str, Any]]] = {
    "down": lambda key: ("hold", key),
    "up": lambda key: ("let_go", key),
    "tear": lambda _: ("printer", "tear"),
    "battery": lambda volts: ("battery", f"volts {volts}"),
    "charger": lambda on: ("battery", "plug" if on == "on" else "unplug"),
}


def _pin_titles() -> set[str]:
    """What a terminal says when it asks for a PIN, in each language."""
    from pos.words import en, zh

    found = [re.search(rb"(?m)^pin=(.*)$", table) for table in (en.TABLE, zh.TABLE)]
    return {match[1].decode() for match in found if match}


class LiveRecorder(Recorder):
    """A recording of ``taptill sim``: ``act`` for hands, ``seen`` for what the display shows."""

    def __init__(self, stage: Stage, head: dict[str, Any]) -> None:
        super().__init__(stage, head)
        self._hands = threading.RLock()
        self._pin_titles = _pin_titles()
        self._lines: list[str] = []
        self._waited: list[str] = []
        self._settled = False
        self._heard = 0
        self._last = time.monotonic()
        self._unsure: list[dict[str, Any]] = []  # keys on a screen that has not been read yet
        self._typing: list[str] | None = None  # the screen on which digits are being typed

    def changing(self) -> None:
        """The display is about to show something else."""
        self._settled = False

    def seen(self, lines: list[str]) -> None:
        """The display shows ``lines`` and has done so for a moment."""
        with self._hands:
            self._settled = True
            if self._unsure and self._pin_titles & set(lines):
                for row in self._unsure:  # typed before the screen could be read
                    row["pin"] = True
                self._typing = lines[_LINES]
            self._unsure.clear()
            if _steady(lines) != _steady(self._lines):
                self._happens(typing=self._typing == lines[_LINES])
                self._lines = lines
                self.look()

    def act(self, name: str, value: Any) -> dict[str, Any]:
        """A person is about to do something, in the page's words; returns the entry."""
        with self._hands:
            if name == "console":
                return self.note(note="what was typed at the console is not kept")
            do, value = _STEPS[name](value) if name in _STEPS else (name, value)
            typed = do in ("hold", "let_go")
            if do != "let_go" and not (typed and self._goes_on()):
                self._catch_up()
            self._last = time.monotonic()
            if do != "let_go":
                self._typing = self._lines[_LINES] if typed else None
            at_pin = bool(self._pin_titles & set(self._lines))
            row = self.note(do=do, value=value, **({"pin": True} if typed and at_pin else {}))
            if typed and not self._settled:
                self._unsure.append(row)
            return row

    def _goes_on(self) -> bool:
        """Whether a key belongs to what is being typed already, on the same screen."""
        return self._typing is not None and self._typing == self._lines[_LINES]

    def _happens(self, typing: bool = False) -> None:
        """Something is to be seen; if nothing was for long, that time has passed.

        Not so while somebody is ``typing``: digits stay together, as a PIN has to.
        """
        now = time.monotonic()
        quiet, self._last = now - self._last, now
        if typing:
            return
        self._typing = None
        if quiet >= _QUIET_S:
            self.note(do="pass", value=round(quiet - 1))

    def _catch_up(self) -> None:
        """Write down what there is to be waited for before what happens next."""
        self._happens()
        log = list(self._stage.host.log.records)
        for record in log[self._heard :]:
            if record["event"] in ("request", "not_processed"):
                self.note(do="request", value=record["mti"])
        self._heard = len(log)
        steady = _steady(self._lines)
        if self._settled and steady and steady != self._waited:
            self._waited = steady
            self.note(do="screen", value=steady)

    def trace(self, failed: dict[str, str] | None = None) -> Trace:
        """All that has been recorded until now."""
        with self._hands:
            self._typing = None
            self._catch_up()
            self._rows = list(_joined(self._rows))
            return super().trace(failed)


def _steady(lines: list[str]) -> list[str]:
    return [line for line in lines if line and compare.is_steady(line)]


def _joined(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with strokes instead of keys that are held and let go, strokes in a row as one step."""
    done: list[dict[str, Any]] = []
    for row in rows:
        last = done[-1] if done else {}
        if (
            row.get("do") == "let_go"
            and last.get("do") == "hold"
            and last["value"] == row["value"]
        ):
            done[-1] = {**last, "do": "keys"}
            before = done[-2] if len(done) > 1 else {}
            if before.get("do") == "keys" and before.get("pin") == last.get("pin"):
                done[-2:] = [{**before, "value": before["value"] + last["value"]}]
        else:
            done.append(row)
    return [_hidden(row) for row in done]


def _hidden(row: dict[str, Any]) -> dict[str, Any]:
    at_pin = row.pop("pin", False)
    if "do" not in row:
        return row
    if row["do"] in ("keys", "hold", "let_go"):
        return {**row, "value": hiding.hide_keys(row["value"], at_pin)}
    return {**row, "value": hiding.hide(row["value"])}
