"""``machine`` of the virtual board, with the signatures of MicroPython's ESP32 port.

Every bus ends in a frame to the chips' side; nothing here knows which chip is at the other end.
"""

import io
import os
import struct

import _link
from micropython import const

_PIN_SETUP = const(0x01)
_PIN_SET = const(0x02)
_PIN_GET = const(0x03)
_PIN_IRQ = const(0x04)
_PIN_EDGE = const(0x05)
_UART_SETUP = const(0x10)
_UART_TX = const(0x11)
_UART_RX = const(0x12)
_SPI_SETUP = const(0x20)
_SPI_WRITE = const(0x21)
_SPI_TRANSFER = const(0x22)
_RESET = const(0x70)

PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = 1, 2, 3, 4, 5


def unique_id():
    """The chip's MAC address, 6 bytes."""
    return bytes.fromhex(os.getenv("VBOARD_ID"))


def reset_cause():
    return int(os.getenv("VBOARD_RESET_CAUSE"))


def _restart(cause):
    _link.post(_RESET, cause)
    while True:
        _link.wait(-1)


def reset():
    _restart(HARD_RESET)


def soft_reset():
    _restart(SOFT_RESET)


def freq(hz=None):
    return 160_000_000 if hz is None else None


def idle():
    _link.wait(1)


def disable_irq():
    return 0


def enable_irq(state):
    pass


class Pin:
    """One GPIO."""

    IN, OUT, OPEN_DRAIN = 1, 3, 7
    PULL_DOWN, PULL_UP = 1, 2
    IRQ_RISING, IRQ_FALLING, WAKE_LOW, WAKE_HIGH = 1, 2, 4, 5
    DRIVE_0, DRIVE_1, DRIVE_2, DRIVE_3 = 0, 1, 2, 3

    _handlers = {}

    def __init__(self, id, mode=-1, pull=-1, *, value=None, drive=None, hold=None):
        self._id = id.id() if isinstance(id, Pin) else id
        self.init(mode, pull, value=value, drive=drive, hold=hold)

    def id(self):
        return self._id

    def init(self, mode=-1, pull=-1, *, value=None, drive=None, hold=None):
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
            return _link.call(_PIN_GET, self._id)[0]
        _link.post(_PIN_SET, self._id, b"\x01" if x else b"\x00")

    __call__ = value

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)

    def irq(self, handler=None, trigger=3, *, wake=None):
        Pin._handlers[self._id] = (handler, self)
        _link.post(_PIN_IRQ, self._id, bytes((trigger if handler else 0,)))


def _edge(ident, payload):
    handler, pin = Pin._handlers.get(ident, (None, None))
    if handler:
        handler(pin)


_link.handlers[_PIN_EDGE] = _edge


def _gpio(pin):
    return 255 if pin is None else pin.id() if isinstance(pin, Pin) else pin


class UART(io.IOBase):
    """A serial port; pollable, so that asyncio streams wait on it."""

    INV_TX, INV_RX, RTS, CTS = 1, 2, 1, 2
    IRQ_RX, IRQ_RXIDLE, IRQ_BREAK = 1, 2, 4

    _ports = {}

    def __init__(self, id, baudrate=115200, bits=8, parity=None, stop=1, **kw):
        self._id = id
        self._rx = bytearray()
        self._rxbuf = 256
        self._timeout = 0
        self._tx = self._rxpin = None
        UART._ports[id] = self
        self.init(baudrate, bits, parity, stop, **kw)

    def init(
        self,
        baudrate=115200,
        bits=8,
        parity=None,
        stop=1,
        *,
        tx=None,
        rx=None,
        rts=None,
        cts=None,
        txbuf=256,
        rxbuf=None,
        timeout=None,
        timeout_char=2,
        invert=0,
        flow=0,
    ):
        self._rxbuf = rxbuf or self._rxbuf
        self._timeout = self._timeout if timeout is None else timeout
        self._tx = _gpio(tx) if tx is not None else self._tx
        self._rxpin = _gpio(rx) if rx is not None else self._rxpin
        _link.post(
            _UART_SETUP,
            self._id,
            struct.pack("<IBB", baudrate, _gpio(self._tx), _gpio(self._rxpin)),
        )

    def deinit(self):
        UART._ports.pop(self._id, None)

    def any(self):
        _link.pump()
        return len(self._rx)

    def _take(self, n):
        data = bytes(memoryview(self._rx)[:n])
        self._rx = self._rx[n:]
        return data

    def read(self, n=-1):
        if not self.any() and self._timeout:
            _link.wait(self._timeout)
        return self._take(len(self._rx) if n < 0 else n) if self._rx else None

    def readinto(self, buf, n=-1):
        data = self.read(len(buf) if n < 0 else min(n, len(buf)))
        if data is None:
            return None
        buf[: len(data)] = data
        return len(data)

    def readline(self):
        end = self._rx.find(b"\n") + 1
        return self.read(end) if end else self.read()

    def write(self, buf, off=0, n=None):
        view = memoryview(buf)[off:] if n is None else memoryview(buf)[off : off + n]
        for i in range(0, len(view), 1024):
            _link.post(_UART_TX, self._id, view[i : i + 1024])
        return len(view)

    def txdone(self):
        return True

    def flush(self):
        pass

    def sendbreak(self):
        _link.post(_UART_TX, self._id, b"\x00")

    def ioctl(self, request, arg):
        if request == 3:  # MP_STREAM_POLL: transmit is always writable, as on the ESP32
            return (arg & 4) | (arg & 1 if self._rx else 0)
        return 0

    def _received(self, payload):
        room = self._rxbuf - len(self._rx)
        self._rx.extend(payload if len(payload) <= room else payload[:room])


def _uart_rx(ident, payload):
    port = UART._ports.get(ident)
    if port:
        port._received(payload)


_link.handlers[_UART_RX] = _uart_rx


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

    def deinit(self):
        pass

    def write(self, buf):
        view = memoryview(buf)
        for i in range(0, len(view), 1024):
            _link.post(_SPI_WRITE, self._id, view[i : i + 1024])

    def read(self, nbytes, write=0):
        return bytes(_link.call(_SPI_TRANSFER, self._id, bytes((write,)) * nbytes))

    def readinto(self, buf, write=0):
        buf[:] = self.read(len(buf), write)

    def write_readinto(self, write_buf, read_buf):
        read_buf[:] = _link.call(_SPI_TRANSFER, self._id, write_buf)


def __getattr__(name):
    """Peripherals take room only while a program uses them, as in a port built without them."""
    if name not in ("ADC", "I2C", "PWM", "RTC", "WDT"):
        raise AttributeError(name)
    return _link.lent(name)
