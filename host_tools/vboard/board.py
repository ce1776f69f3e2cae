"""The virtual board: a microcontroller, the chips that ``boards/virtual/board.py`` wires to it,
and power.

Everything of it runs on one event loop in a thread of its own. Other threads use ``call`` (run
something on that thread) and ``wait_for`` (wait until something is so).
"""

import asyncio
import os
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, TypeVar

from pylopdf_fonts_zh_cn import sans_path

from host_tools import boards
from host_tools.build.image import Image, build_firmware, build_shim
from host_tools.vboard.chips.battery import Battery
from host_tools.vboard.chips.buzzer import Buzzer
from host_tools.vboard.chips.escpos_printer import EscPosPrinter
from host_tools.vboard.chips.flash import Flash
from host_tools.vboard.chips.ili9341 import Ili9341
from host_tools.vboard.chips.key_matrix import KeyMatrix
from host_tools.vboard.chips.led import Led
from host_tools.vboard.chips.modem import Modem
from host_tools.vboard.chips.pn532 import Pn532
from host_tools.vboard.chips.ssd1306 import Ssd1306
from host_tools.vboard.clock import LoopClock
from host_tools.vboard.console import Console
from host_tools.vboard.mcu import HARD, HEAP, Core, Microcontroller
from host_tools.vboard.process import ProcessCore

T = TypeVar("T")
# (loop, console, name of the board): what runs the program of such a board
MakeCore = Callable[[asyncio.AbstractEventLoop, Console, str], Core]

VIRTUAL = ("virtual", "virtual_small")  # boards that have all that is soldered here
FLASH_SIZE = 2 * 1024 * 1024


def wiring(board: str = "virtual") -> SimpleNamespace:
    """The constants of ``boards/BOARD/board.py``."""
    return boards.load(board).wires


class VirtualBoard:
    """A board on the bench. ``start`` opens the bench, ``power_on`` gives it power.

    ``core`` makes what runs the program; without it that is a process with ``rom`` and ``heap``.
    """

    def __init__(
        self,
        *,
        rom: Image | None = None,
        flash: Flash | None = None,
        nvs: dict[tuple[str, str], bytes] | None = None,
        heap: str = HEAP,
        micropython: str | None = None,
        board: str = VIRTUAL[0],
        core: MakeCore | None = None,
    ) -> None:
        """``board``: one of VIRTUAL."""
        self._name = board
        self._make_core = core or self._process
        self._images = None if core else (rom or build_firmware(board), build_shim())
        self.flash = flash or Flash(FLASH_SIZE)
        self._nvs = {} if nvs is None else nvs
        self._heap = heap
        self._micropython = micropython or os.environ.get("MICROPYTHON")
        self._change = threading.Condition()
        self._changes = 0
        self._loop: asyncio.AbstractEventLoop
        self._thread: threading.Thread | None = None

    # the bench

    def start(self) -> "VirtualBoard":
        """Start the board's thread and solder the chips; no power yet."""
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        ready.wait()
        self.call(self._solder)
        return self

    def close(self) -> None:
        """Take everything apart."""
        if self._thread is not None:
            self.call(self._dismantle)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._thread = None

    def __enter__(self) -> "VirtualBoard":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def call(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run ``function`` on the board's thread and return what it returns."""

        async def run() -> T:
            return function(*args, **kwargs)

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result()

    def changed(self) -> None:
        """Something that can be seen from outside has changed."""
        with self._change:
            self._changes += 1
            self._change.notify_all()

    def next_change(self, seen: int, timeout: float) -> int:
        """Wait until there was a change after number ``seen``; returns the number of the latest.

        After ``timeout`` seconds it returns all the same.
        """
        with self._change:
            self._change.wait_for(lambda: self._changes != seen, timeout)
            return self._changes

    def wait_for(self, what: Callable[[], T], timeout: float, title: str = "") -> T:
        """Wait until ``what()``, run on the board's thread, returns something true.

        Raises TimeoutError after ``timeout`` seconds.
        """
        return self.wait_here(lambda: self.call(what), timeout, title)

    def wait_here(self, what: Callable[[], T | None], timeout: float, title: str = "") -> T:
        """As ``wait_for``, but ``what()`` runs on the caller's thread."""
        until = time.monotonic() + timeout * self.core.patience
        while True:
            seen = self._changes
            result = what()
            if result:
                return result
            self.core.check()
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"{title or what} did not come within {timeout} s")
            with self._change:
                if self._changes == seen:
                    self._change.wait(left)

    # power and time

    def power_on(self) -> None:
        """Plug it in."""
        self.call(self._supply, True)
        self.call(self.mcu.power_on)

    def power_off(self) -> None:
        """Pull the plug, this instant."""
        self.call(self.mcu.power_off)
        self.call(self._supply, False)

    def reset(self) -> None:
        """Press the EN button."""
        self.call(self.mcu.reset, HARD)

    def pass_time(self, seconds: float) -> None:
        """Let time pass for the board and its chips without waiting for it."""

        def advance() -> None:
            self.clock.advance(seconds * 1000)
            self.mcu.advance(int(seconds * 1000))

        self.call(advance)

    @property
    def faults(self) -> list[str]:
        """What the chips would not have accepted, or the wires not have survived, in words."""
        chips = (self.display, self.printer, self.nfc, self.keys, self.flash, self.modem)
        found = [f"{type(c).__name__}: {f}" for c in chips for f in getattr(c, "faults", ())]
        return found + self.mcu.faults

    # inside

    def _run(self, ready: threading.Event) -> None:
        self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)
        self._loop.call_soon(ready.set)
        self._loop.run_forever()
        self._loop.close()

    def _process(self, loop: asyncio.AbstractEventLoop, console: Console, _: str) -> Core:
        assert self._images is not None
        rom, shim = self._images
        return ProcessCore(
            loop,
            console,
            rom=rom.path,
            shim=shim.path,
            heap=self._heap,
            micropython=self._micropython,
        )

    def _solder(self) -> None:
        self.clock = LoopClock(self._loop)
        self.console = Console(self._loop, self.changed)
        self.core = self._make_core(self._loop, self.console, self._name)
        self.mcu = mcu = Microcontroller(
            self.core,
            self.clock,
            flash=self.flash,
            console=self.console,
            changed=self.changed,
        )
        mcu.nvs = self._nvs
        self.radio = mcu.radio
        wires = self.wires = wiring(self._name)
        net = mcu.net
        self.display = self._display(wires)
        self.nfc = Pn532(self.clock, mcu.uart(wires.NFC["uart"]), reset=net(wires.NFC["reset"]))
        self.printer = EscPosPrinter(
            self.clock,
            mcu.uart(wires.PRINTER["uart"]),
            net(wires.PRINTER["busy"]),
            baudrate=wires.PRINTER["baudrate"],
            cjk_font=sans_path(),
            gb18030=wires.PRINTER_GB18030,
        )
        self.keys = KeyMatrix(
            self.clock,
            [net(p) for p in wires.KEYPAD_ROWS],
            [net(p) for p in wires.KEYPAD_COLUMNS],
        )
        self.buzzer = Buzzer(self.clock, net(wires.BUZZER))
        mcu.pwm[wires.BUZZER] = self.buzzer.pwm
        cell = wires.BATTERY
        self.battery = Battery(
            lambda volts: mcu.adc.__setitem__(cell["adc"], volts),
            net(cell["charge"]),
            cell["divider"],
        )
        self.led = Led(*map(net, wires.LED))
        line = wires.MODEM
        self.modem = Modem(self.clock, mcu.uart(line["uart"]), baudrate=line["baudrate"])
        heard = (self.display, self.nfc, self.printer, self.keys, self.buzzer)
        for chip in (*heard, self.battery, self.led, self.modem):
            chip.on_change = self.changed

    def _display(self, wires: SimpleNamespace) -> Ili9341 | Ssd1306:
        """The display that the board's data name, on its bus."""
        mcu, at = self.mcu, wires.DISPLAY
        if at.get("chip") == "ssd1306":
            oled = Ssd1306(at["address"])
            oled.power(False)
            mcu.i2cs[at["i2c"]] = [oled]
            return oled
        pins = {name: mcu.net(gpio) for name, gpio in wires.DISPLAY_PINS.items()}
        # slack: what the firmware does is heard of over a socket, sooner or later
        lcd = Ili9341(self.clock, slack_ms=100, **pins)
        mcu.spis[at["spi"]] = [lcd]
        return lcd

    def _supply(self, on: bool) -> None:
        """Power for what has no pin that would tell it."""
        if isinstance(self.display, Ssd1306):
            self.display.power(on)

    def _dismantle(self) -> None:
        self.mcu.power_off()
        self.core.close()
        self.console.close()
        self.clock.close()
        for task in asyncio.all_tasks(self._loop):
            if task is not asyncio.current_task():
                task.cancel()
