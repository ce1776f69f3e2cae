"""What a test, a demo or a person may do with a terminal, and see of it."""

from typing import Protocol

from PIL import Image

ENTER, CANCEL, BACK, MENU = "E", "C", "B", "M"


class Device(Protocol):
    """A terminal from outside: keys, a reader, a screen, paper, power."""

    def press(self, keys: str) -> None:
        """Press keys one after the other: digits, ``E`` enter, ``C`` cancel, ``B`` back, ``M``."""
        ...

    def tap(self, card: str) -> None:
        """Hold the card of ``host_tools/cards/CARD.yaml`` to the reader."""
        ...

    def remove(self) -> None:
        """Take every card away."""
        ...

    def screen(self) -> list[str]:
        """The lines of text on the display now, top to bottom."""
        ...

    def wait_for_screen(self, *texts: str, timeout: float = 15.0) -> list[str]:
        """Wait until all ``texts`` are on the display; returns its lines. TimeoutError."""
        ...

    def screenshot(self) -> Image.Image:
        """The display as a person sees it."""
        ...

    def paper(self) -> str:
        """All that has been printed."""
        ...

    def paper_image(self) -> Image.Image:
        """The paper as a person sees it."""
        ...

    def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        ...

    def power_on(self) -> None:
        """Plug it in."""
        ...

    def power_off(self) -> None:
        """Pull the plug."""
        ...

    def console(self) -> str:
        """What the serial console has shown."""
        ...
