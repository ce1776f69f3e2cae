"""A terminal with its acquiring host, and what is to be seen of both: for ``taptill sim``.

Device and host are those of the scenarios, and so are the hands (``Stage``). One thread looks at
the chips when something has changed, at most 30 times a second, and tells whoever watches.
"""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from host_tools.acquirer.app import open_ledger
from host_tools.acquirer.server import HostThread
from host_tools.build.image import ROOT
from host_tools.device.actions import Stage
from host_tools.device.provision import Identity
from host_tools.device.scenario import Tuned
from host_tools.device.virtual import VirtualDevice, provisioned_flash
from host_tools.panel.paper import Paper
from host_tools.panel.talk import HostLog, Ring, Talk
from host_tools.panel.wallet import wallet
from host_tools.replay.live import LiveRecorder
from host_tools.vboard.board import VIRTUAL

LOGIN = {"operator": "01", "password": "0000", "supervisor": "00", "approval": "123456"}
BATTERY_VOLTS = (3.0, 4.3)
_PAUSE_S = 1 / 30
_LOOK_ANYWAY_S = 0.5
_READ_AFTER_S = 0.12  # a screen is read once it has been there for so long
_NO_PAPER, _OPEN, _LOW, _HOT = 1 << 5, 1 << 2, 1 << 2, 1 << 6


class World:
    """Use as a context manager; the terminal has power from then on."""

    def __init__(self, board: str = VIRTUAL[0], **parameters: str | int) -> None:
        """``parameters`` of the terminal that are to be others than it has by itself."""
        changes = tuple(sorted(parameters.items()))
        identity = Tuned(changes=changes) if changes else Identity()
        flash, nvs = provisioned_flash(identity, board)
        self.wallet = wallet()
        self.talk = Talk()
        self.console = Ring(2000)
        self.tones = Ring(50)
        self._ledger = open_ledger()
        self.host = HostThread(self._ledger, log=HostLog(self.talk))
        self.device = VirtualDevice(flash=flash, nvs=nvs, board=board)
        self.stage = Stage(self.device, self.host, Path(__file__).parent)
        self.hands = threading.Lock()  # one pair of hands at a time
        self._watchers: set[Callable[[], None]] = set()
        self._end = threading.Event()
        self._half = b""  # of a character of the console
        self._tones = self._said = 0
        self._unread = 0.0  # since when the screen has been another one
        self.lines: list[str] = []
        bench = self.device.board
        self.paper = Paper(bench.printer)
        self.picture: Image.Image = self.device.screenshot()
        bench.call(self._listen)
        self.state: dict[str, Any] = bench.call(self._state)
        self.recorder: LiveRecorder | None = None
        self._parameters = parameters
        self._thread = threading.Thread(target=self._watch, name="panel", daemon=True)

    def __enter__(self) -> "World":
        self._thread.start()
        if self.recorder:
            self.recorder.act("power", "on")
        self.device.power_on()
        return self

    def record(self) -> LiveRecorder:
        """Record from now on, before the terminal has power."""
        folder = self.stage.folder.relative_to(ROOT)
        head = {"title": "By hand", "why": "Recorded with taptill sim.", "folder": str(folder)}
        self.recorder = LiveRecorder(self.stage, {**head, "terminal": self._parameters})
        return self.recorder

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self.touch()
        self._thread.join()
        self.device.close()
        self.host.stop()
        self._ledger.close()

    def watch(self, call: Callable[[], None]) -> None:
        """Call ``call()`` on a thread of this object's own after each change."""
        self._watchers.add(call)

    def unwatch(self, call: Callable[[], None]) -> None:
        """Call it no more."""
        self._watchers.discard(call)

    def touch(self) -> None:
        """Something may have changed that no chip tells of."""
        self.device.board.changed()

    def set_battery(self, volts: float) -> None:
        """Volts at the battery."""
        board = self.device.board
        board.call(board.battery.set, volts)

    def _listen(self) -> None:
        board = self.device.board
        self.talk.listen(board.nfc)
        board.console.on_output = self._printed

    def _printed(self, data: bytes) -> None:
        """Console output; a character may come in two pieces."""
        data = self._half + data
        text = data.decode("utf-8", "ignore")
        left = len(data) - len(text.encode())
        self._half = data[-left:] if 0 < left < 4 else b""
        if text:
            self.console.put(text)

    # looking

    def _watch(self) -> None:
        seen = -1
        while not self._end.is_set():
            patience = _READ_AFTER_S if self._unread else _LOOK_ANYWAY_S
            seen = self.device.board.next_change(seen, patience)
            if self._look():
                for call in list(self._watchers):
                    call()
            self._end.wait(_PAUSE_S)

    def _look(self) -> bool:
        """Take everything in; whether any of it is new."""
        picture, state, changed = self.device.board.call(self._glance)
        changed = self.talk.work() or changed or state != self.state
        self.state = state
        now = time.monotonic()
        if picture.size != self.picture.size or picture.tobytes() != self.picture.tobytes():
            self.picture, self._unread = picture, self._unread or now
            changed = True
            if self.recorder:
                self.recorder.changing()
        elif self._unread and now - self._unread >= _READ_AFTER_S:
            self._unread = 0.0
            lines = self._read()
            changed, self.lines = changed or lines != self.lines, lines
            if self.recorder:
                self.recorder.seen(lines)
        return changed

    def _read(self) -> list[str]:
        try:
            return self.device.screen()
        except (
            ValueError
        ):  # of a size whose screens cannot be read: the page shows it all the same
            return []

    def _glance(self) -> tuple[Image.Image, dict[str, Any], bool]:
        """Picture, state, and whether anything else is new; on the board's thread."""
        board = self.device.board
        printed = self.paper.read()
        tones = board.buzzer.tones
        new, self._tones = tones[self._tones :], len(tones)
        for tone in new:  # 0 ms: it sounds until the state says that the buzzer is silent
            self.tones.put({"hz": tone.freq, "ms": round(tone.duration or 0)})
        said, self._said = self.console.count != self._said, self.console.count
        return board.display.image(), self._state(), printed or said or bool(new)

    def _state(self) -> dict[str, Any]:
        """Switches and lamps, as the page shows them."""
        board = self.device.board
        printer = board.printer
        return {
            "power": board.mcu.powered,
            "starts": len(board.mcu.starts),
            "screen": list(board.display.image().size),
            "lit": bool(board.display.lit),
            "keys": "".join(sorted(board.keys.pressed)),
            "reader": {"field": board.nfc.field_on, "cards": [c.name for c in board.nfc.cards]},
            "printer": {
                "online": printer.online,
                "paper": not printer.status(2) & _NO_PAPER,
                "low": bool(printer.status(4) & _LOW),
                "open": bool(printer.status(2) & _OPEN),
                "hot": bool(printer.status(3) & _HOT),
            },
            "slip": self.paper.current,
            "buzzer": board.buzzer.sounding,
            "wifi": board.radio.available,
            "modem": {"sim": board.modem.sim, "signal": board.modem.in_reach},
            "host": {
                "down": self.host.host.down,
                "faults": [_words(fault) for fault in self.host.host.scenario.pending],
            },
            "battery": round(board.battery.volts, 2),
            "charger": board.battery.plugged,
            "lamp": board.led.colour,
        }


def _words(fault: Any) -> str:
    more = [] if fault.mti is None else [f"mti={fault.mti}"]
    more += ["count=always"] if fault.count is None else []
    more += [f"count={fault.count}"] if fault.count is not None and fault.count > 1 else []
    return " ".join([fault.name, *fault.args, *more])
