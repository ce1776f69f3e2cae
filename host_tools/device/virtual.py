"""The virtual board as a Device: everything is read from the chips, nothing from the firmware."""

import contextlib
import functools
import hashlib
import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from host_tools.build.image import BUILD, build_firmware
from host_tools.device.camera import Camera
from host_tools.device.finger import Finger
from host_tools.device.provision import Identity, provision
from host_tools.device.screen_fonts import ScreenFont, load_fonts
from host_tools.device.screen_reader import read_screen
from host_tools.vboard.board import FLASH_SIZE, VIRTUAL, MakeCore, VirtualBoard
from host_tools.vboard.cards.loader import load_card
from host_tools.vboard.chips.flash import Flash
from host_tools.vboard.mcu import HEAP

_KEY_TIMEOUT = 10.0
_PATIENCE_S = 10.0  # for a program that computes to come to an end
_STILL_S = 0.1  # without a change: the program waits for somebody
_HASTY_MM_PER_S = 6000.0  # of paper; a printer has 60
_CALM_S = 0.01  # without a change: the screen has been painted
_RESTLESS_S = 0.1  # a screen that moves all the time is looked at so often


class VirtualDevice:
    """A Device made of a VirtualBoard; ``board`` gives access to the physics of its chips."""

    def __init__(
        self,
        *,
        flash: bytes | None = None,
        nvs: dict[tuple[str, str], bytes] | None = None,
        heap: str = HEAP,
        board: str = VIRTUAL[0],
        core: MakeCore | None = None,
        production: bool = False,
    ) -> None:
        image = build_firmware(board, production=production)
        chip = Flash(FLASH_SIZE)
        if flash is not None:
            chip.load(flash)
        self.board = VirtualBoard(
            rom=image, flash=chip, nvs=dict(nvs or {}), heap=heap, core=core, board=board
        )
        self.board.start()
        self._fonts_of = board, image.sha256
        self._strokes = self._seen = 0  # of paint
        self._paint = threading.Condition()
        self.camera = Camera(self.board)
        self.board.display.on_change = self._painted
        self.board.display.before_change = self.camera.about_to_change
        self._finger = self.board.call(Finger, self.board)

    def hasten_paper(self) -> None:
        """Let nobody wait for the paper: the head is a hundred times as fast as a real one, and
        what its line takes passes at once."""
        printer = self.board.printer
        printer.mm_per_s = _HASTY_MM_PER_S
        printer.on_work = functools.partial(self.board.mcu.hurry, "printer")

    def _painted(self) -> None:
        self.camera.painted()
        with self._paint:
            self._strokes += 1
            self._paint.notify_all()
        self.board.changed()

    def _quiet(self, seen: int, quiet_s: float, most_s: float) -> int:
        """Wait until nothing is painted for ``quiet_s``, at most ``most_s``; the strokes so far.

        Not at all where ``seen`` strokes is what there are.
        """
        until = time.monotonic() + most_s
        with self._paint:
            while self._strokes != seen and time.monotonic() < until:
                seen = self._strokes
                self._paint.wait_for(lambda seen=seen: self._strokes != seen, quiet_s)
        return seen

    def close(self) -> None:
        """Take the board apart."""
        self.board.close()

    def __enter__(self) -> "VirtualDevice":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # hands

    def press(self, keys: str) -> None:
        """Press each key until the firmware has scanned it often enough to believe it.

        TimeoutError when that takes more than 10 s a key.
        """
        self.camera.forget()
        finger, board = self._finger, self.board
        board.call(finger.press, keys)
        try:
            board.wait_for(lambda: not finger.key, _KEY_TIMEOUT * max(1, len(keys)))
        except TimeoutError:
            raise TimeoutError(f"a scan of key {finger.key} did not come") from None
        finally:  # whatever came between, the power's end too: no finger stays
            board.call(finger.lift)

    def hold(self, keys: str, timeout: float = _KEY_TIMEOUT) -> None:
        """Press keys one after the other and keep all of them down.

        TimeoutError, the key still down, when the firmware has not scanned it after ``timeout`` s.
        """
        self.camera.forget()
        for key in keys:
            self.board.call(self._finger.hold, key)
            self.board.wait_for(lambda: self._finger.seen, timeout, f"a scan of key {key}")

    def let_go(self, keys: str, timeout: float = _KEY_TIMEOUT) -> None:
        """Release keys that are held, and wait until the firmware has seen that none is."""
        for key in keys:
            self.board.call(self.board.keys.release, key)
        self.board.wait_for(lambda: self._finger.idle, timeout, "the keys to be idle")

    def tap(self, card: str | Path) -> None:
        """Hold the card of that name, or of that file, to the reader."""
        self.camera.forget()
        self.board.call(self.board.nfc.tap, load_card(card))

    def remove(self) -> None:
        """Take every card away."""
        self.camera.forget()
        self.board.call(self.board.nfc.remove)

    # eyes

    def screenshot(self) -> Image.Image:
        """The display as a person sees it."""
        return self.board.call(self.board.display.image)

    def screen(self) -> list[str]:
        """The lines of text on the display, read from its pixels; the same picture once."""
        # not while it is being painted: reading each of its pieces would be dear
        self._seen = self._quiet(self._seen, _CALM_S, _RESTLESS_S)
        return self.read(self.screenshot())

    def read(self, image: Image.Image) -> list[str]:
        """The lines of text on a picture of the display."""
        return [line.text for line in read_screen(image, _fonts(*self._fonts_of))]

    def wait_for_screen(self, *texts: str, timeout: float = 15.0) -> list[str]:
        """Wait until every one of ``texts`` is on the display; returns its lines.

        It may have been there for a moment only, since hands did something.
        """

        def shown(lines: list[str]) -> bool:
            whole = "\n".join(lines)
            return all(text in whole for text in texts)

        try:
            return self.board.wait_here(lambda: self.find_screen(shown), timeout)
        except TimeoutError:
            found = "\n  ".join(self.screen())
            raise TimeoutError(f"the screen does not show {texts}; it shows\n  {found}") from None

    def find_screen(self, right: Callable[[list[str]], bool]) -> list[str] | None:
        """The screen that is ``right``: that which is there, or one that stood there.

        No older one is found after it.
        """
        lines = self.screen()
        if right(lines):
            self.camera.forget()
            return lines
        for image in self.camera.kept():
            lines = self.read(image)
            if right(lines):
                self.camera.forget(image)
                return lines
        return None

    def paper(self) -> str:
        """All that has been printed on this roll."""
        return self.board.call(self.board.printer.text)

    def wait_for_paper(self, *texts: str, timeout: float = 30.0) -> str:
        """Wait until every one of ``texts`` is on the paper; returns all of it."""

        def printed() -> str | None:
            paper = self.paper()
            return paper if all(text in paper for text in texts) else None

        try:
            return self.board.wait_here(printed, timeout)
        except TimeoutError:
            raise TimeoutError(f"the paper lacks one of {texts}:\n{self.paper()}") from None

    def paper_image(self) -> Image.Image:
        """The paper as a person sees it."""
        return self.board.call(self.board.printer.image)

    def console(self) -> str:
        """What the serial console has shown."""
        return self.board.call(lambda: bytes(self.board.console.scrollback)).decode(
            "utf-8", "replace"
        )

    # power and time

    def power_on(self) -> None:
        """Plug it in."""
        self.camera.forget()
        self.board.power_on()

    def power_off(self) -> None:
        """Pull the plug."""
        self.board.power_off()
        self.camera.forget()

    def pass_time(self, seconds: float) -> None:
        """Let time pass without waiting for it, once the program waits and the screen is still.

        A program that has painted and is about to wait would take the time for passed before.
        """
        self._quiet(-1, _STILL_S, _RESTLESS_S * 5)
        self.board.call(self.board.mcu.ask)
        with contextlib.suppress(TimeoutError):  # one that never waits does not hold up time
            self.board.wait_for(lambda: self.board.mcu.waits, _PATIENCE_S)
        self.camera.forget()
        self.board.pass_time(seconds)

    def flash_image(self) -> bytes:
        """The content of the flash."""
        return self.board.call(lambda: bytes(self.board.flash.read(0, FLASH_SIZE)))


@functools.cache
def _fonts(board: str, _image: str) -> list[ScreenFont]:
    """The fonts of an image, read once."""
    return load_fonts(BUILD / board / "fonts" / "fonts")


def provisioned_flash(
    identity: Identity, board: str = VIRTUAL[0]
) -> tuple[bytes, dict[tuple[str, str], bytes]]:
    """Flash and NVS of a virtual board that has been given ``identity``; made once, then kept.

    What is kept depends on the firmware and on the identity: a change of either makes it anew.
    """
    image = build_firmware(board)
    mark = hashlib.sha256((image.sha256 + identity.script()).encode()).hexdigest()[:16]
    kept = BUILD / board / f"provisioned-{mark}"
    if not kept.exists():
        flash, nvs = _provision(identity, board)
        partial = kept.with_suffix(f".{os.getpid()}.tmp")
        pairs = [[*key, value.hex()] for key, value in nvs.items()]
        partial.write_bytes(json.dumps(pairs).encode() + b"\n" + flash)
        partial.replace(kept)
    head, _, flash = kept.read_bytes().partition(b"\n")
    return flash, {(n, k): bytes.fromhex(v) for n, k, v in json.loads(head)}


def _provision(identity: Identity, board: str) -> tuple[bytes, dict[tuple[str, str], bytes]]:
    with VirtualDevice(board=board) as device:
        device.power_on()
        bench = device.board
        bench.wait_for(lambda: bench.mcu.starts, 5.0)
        provision(bench.call(lambda: bench.console.port), identity)
        bench.power_off()
        return device.flash_image(), dict(bench.mcu.nvs)


def console_path(name: str = "virtual") -> Path:
    """Where the console of a running virtual board is linked to."""
    return BUILD / name / "tty"
