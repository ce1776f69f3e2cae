"""A printer on its line, and the hands on it."""

from host_tools.vboard.chips.escpos_printer import EscPosPrinter
from host_tools.vboard.clock import ManualClock
from host_tools.vboard.wire import Net, UartLine

ESC, GS, FS, DLE_EOT = b"\x1b", b"\x1d", b"\x1c", b"\x10\x04"
INIT = ESC + b"@"
LINE_MS = 30 / 8 / 60 * 1000  # a line of 30 dots at 60 mm/s
TOP = 88  # rows between head and tear bar that hang out of a fresh printer


class Bench:
    """A printer on a fast line, so that time is the head's, unless a test says otherwise."""

    def __init__(self, **keywords):
        self.clock = ManualClock()
        self.line = UartLine()
        self.line.board_baudrate = keywords.setdefault("baudrate", 921600)
        self.heard = bytearray()
        self.line.to_board = self.heard.extend
        self.busy = Net(27)
        self.printer = EscPosPrinter(self.clock, self.line, self.busy, **keywords)

    def send(self, *data, wait=60_000):
        self.line.from_board(b"".join(data))
        self.clock.advance(wait)

    def ask(self, n):
        del self.heard[:]
        self.send(DLE_EOT, bytes((n,)), wait=5)
        return bytes(self.heard)

    def ink(self):
        """The printable dots as rows of text, without the blank paper at the top."""
        picture = self.printer.image().convert("L").point(lambda v: 255 * (v < 128))
        left = (picture.width - 384) // 2
        return picture.crop((left, TOP, left + 384, picture.height))

    def boxes(self):
        return self.ink().getbbox()

    @property
    def lines(self):
        return self.printer.lines


def raster(image, mode=0):
    wide = image.width // 8
    header = (
        GS + b"v0" + bytes((mode, wide & 255, wide >> 8, image.height & 255, image.height >> 8))
    )
    return header + image.tobytes()
