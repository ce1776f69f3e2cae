"""``machine`` of the virtual board, with the signatures of MicroPython's ESP32 port.

Every bus ends in a frame to the chips' side; nothing here knows which chip is at the other end.
"""

import struct

import utime

import _link
from micropython import const

_PIN_SETUP = const(0x01)
_PIN_SET = const(0x02)
_PIN_GET = const(0x03)
_PIN_IRQ = const(0x04)
_PIN_EDGE = const(0x05)
_SPI_SETUP = const(0x20)
_SPI_WRITE = const(0x21)
_RESET = const(0x70)

PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = 1, 2, 3, 4, 5


def unique_id():
    """The chip's MAC address, 6 bytes."""
    return bytes.fromhex(_link.setting("ID"))


def reset_cause():
    return int(_link.setting("RESET_CAUSE"))


def _restart(cause):
    _link.post(_RESET, cause)
    while True:
        _link.wait(-1)


def reset():
    _restart(HARD_RESET)


def soft_reset():
    _restart(SOFT_RESET)


class Pin:
    """One GPIO."""

    IN, OUT, OPEN_DRAIN = 1, 3, 7
    PULL_DOWN, PULL_UP = 1, 2
    IRQ_RISING, IRQ_FALLING, WAKE_LOW, WAKE_HIGH = 1, 2, 4, 5
    DRIVE_0, DRIVE_1, DRIVE_2, DRIVE_3 = 0, 1, 2, 3

    _handlers = {}

    def __init__(self, id, mode=-1, pull=-1, *, value=None, drive=None):
        self._id = id._id if isinstance(id, Pin) else id
        self.init(mode, pull, value=value, drive=drive)

    def init(self, mode=-1, pull=-1, *, value=None, drive=None):
        if mode != -1 or pull != -1 or value is not None:
            _link.post(
                _PIN_SETUP,
                self._id,
                struct.pack(
                    "<BBB",
                    255 if mode == -1 else mode,
                    255 if pull == -1 else (pull or 0),
                    255 if value is None else 1 if value else 0,
                ),
            )

    def value(self, x=None):
        if x is None:
            return _level(self._id)
        _link.post(_PIN_SET, self._id, b"\x01" if x else b"\x00")

    __call__ = value

    def __getattr__(self, name):
        return getattr(_rarely().Pin(self), name)

    def irq(self, handler=None, trigger=3, *, wake=None):
        Pin._handlers[self._id] = (handler, self)
        _link.post(_PIN_IRQ, self._id, bytes((trigger if handler else 0,)))


def _level(ident):
    """Of a GPIO. All are asked for at once, as pins are often looked at one after the other.

    Each answer is used once, and no longer than what an ESP32 takes for a few of them.
    """
    levels, at = _link.levels, _link.levels_at
    if at is None or levels[ident] > 1 or utime.ticks_diff(utime.ticks_us(), at) > 500:
        _link.call(_PIN_GET, 0, b"", levels)
        _link.levels_at = utime.ticks_us()
    level = levels[ident]
    levels[ident] = 2
    return level


def _edge(ident, payload):
    handler, pin = Pin._handlers.get(ident, (None, None))
    if handler:
        handler(pin)


_link.handlers[_PIN_EDGE] = _edge


def _gpio(pin):
    return 255 if pin is None else pin._id if isinstance(pin, Pin) else pin


class SPI:
    """A hardware SPI bus, as controller."""

    MSB, LSB = 0, 1

    def __init__(self, id, baudrate=500000, **kw):
        self._id = id
        self.init(baudrate, **kw)

    def init(
        self,
        baudrate=500000,
        *,
        polarity=0,
        phase=0,
        bits=8,
        firstbit=0,
        sck=None,
        mosi=None,
        miso=None,
    ):
        _link.post(
            _SPI_SETUP,
            self._id,
            struct.pack(
                "<IBBBBB", baudrate, polarity, phase, _gpio(sck), _gpio(mosi), _gpio(miso)
            ),
        )

    def write(self, buf):
        view = memoryview(buf)
        for i in range(0, len(view), 1024):
            _link.post(_SPI_WRITE, self._id, view[i : i + 1024])

    def __getattr__(self, name):
        return getattr(_rarely().Spi(self), name)


def _rarely():
    """What is seldom asked for takes heap only then."""
    import _rare

    return _rare


def __getattr__(name):
    """Peripherals take room only while a program uses them, as in a port built without them."""
    if name in ("freq", "idle", "disable_irq", "enable_irq"):
        return getattr(_rarely(), name)
    if name not in ("ADC", "I2C", "PWM", "RTC", "UART", "WDT"):
        raise AttributeError(name)
    return _link.lent(name)
