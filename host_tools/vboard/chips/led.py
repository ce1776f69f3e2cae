"""A lamp of two colours with a common cathode: lit where its wire is high; it remembers."""

from collections.abc import Callable

from host_tools.vboard.wire import Net

COLOURS = ("dark", "green", "red", "yellow")


class Led:
    """``green`` and ``red`` are its wires."""

    def __init__(self, green: Net, red: Net) -> None:
        self._green, self._red = green, red
        self.faults: list[str] = []
        self.colours = ["dark"]  # all that it has been, one after the other
        self.on_change: Callable[[], None] | None = None
        for net in (green, red):
            net.watch(self._changed)

    @property
    def colour(self) -> str:
        """What is seen now."""
        return self.colours[-1]

    def _changed(self, _: Net) -> None:
        colour = COLOURS[self._green.level | self._red.level << 1]
        if colour != self.colour:
            self.colours.append(colour)
            if self.on_change is not None:
                self.on_change()
