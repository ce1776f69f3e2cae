"""A display on four wires, and the board's hands on them."""

from host_tools.vboard.chips.ili9341 import Ili9341
from host_tools.vboard.clock import ManualClock
from host_tools.vboard.wire import Net

RED, GREEN, BLUE, WHITE = b"\xf8\x00", b"\x07\xe0", b"\x00\x1f", b"\xff\xff"
RGB = {RED: (255, 0, 0), GREEN: (0, 255, 0), BLUE: (0, 0, 255), WHITE: (255, 255, 255)}


class Bench:
    """The four wires, and the board's hands on them."""

    def __init__(self, reset_wired=True):
        self.clock = ManualClock()
        self.cs, self.dc, self.rst, self.led = Net(5), Net(21), Net(22), Net(4)
        for net in (self.cs, self.dc, self.rst, self.led):
            self.set(net, 1)
        rst = self.rst if reset_wired else None
        self.lcd = Ili9341(self.clock, cs=self.cs, dc=self.dc, rst=rst, led=self.led)

    @staticmethod
    def set(net, level):
        net.configure(level, 0, False)

    def send(self, code, *parameters, data=None):
        """One command with its parameters inside one CSX low."""
        self.set(self.cs, 0)
        self.set(self.dc, 0)
        self.lcd.spi_write(bytes((code,)))
        self.set(self.dc, 1)
        data = bytes(parameters) if data is None else data
        if data:
            self.lcd.spi_write(data)
        self.set(self.cs, 1)

    def read(self, code, count):
        self.set(self.cs, 0)
        self.set(self.dc, 0)
        self.lcd.spi_write(bytes((code,)))
        self.set(self.dc, 1)
        answer = self.lcd.spi_transfer(bytes(count))
        self.set(self.cs, 1)
        return answer

    def hard_reset(self):
        self.set(self.rst, 0)
        self.clock.advance(1)
        self.set(self.rst, 1)

    def start(self, madctl=0x48, colmod=0x55):
        self.hard_reset()
        self.clock.advance(120)
        self.send(0x11)
        self.clock.advance(5)
        self.send(0x36, madctl)
        self.send(0x3A, colmod)
        self.send(0x29)
        self.clock.advance(115)

    def window(self, left, top, right, bottom):
        self.send(0x2A, 0, left, right >> 8, right & 255)
        self.send(0x2B, top >> 8, top & 255, bottom >> 8, bottom & 255)

    def dot(self, x, y):
        return self.lcd.image().getpixel((x, y))
