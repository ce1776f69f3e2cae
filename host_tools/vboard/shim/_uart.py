"""UART of ``machine``."""

import io
import struct

import _link
from machine import _gpio, _rarely
from micropython import const

_UART_SETUP = const(0x10)
_UART_TX = const(0x11)
_UART_RX = const(0x12)


class UART(io.IOBase):
    """A serial port; pollable, so that asyncio streams wait on it."""

    INV_TX, INV_RX, RTS, CTS = 32, 4, 1, 2
    IRQ_RX, IRQ_RXIDLE, IRQ_BREAK = 1, 4096, 2

    def __init__(self, id, baudrate=115200, bits=8, parity=None, stop=1, **kw):
        self._id = id
        self._rx = bytearray()
        self._rxbuf = 256
        self._timeout = 0
        self._tx = self._rxpin = None
        _link.handlers[_UART_RX << 8 | id] = self._received
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
        _link.handlers.pop(_UART_RX << 8 | self._id, None)

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

    def write(self, buf, off=0, n=None):
        view = memoryview(buf)[off:] if n is None else memoryview(buf)[off : off + n]
        for i in range(0, len(view), 1024):
            _link.post(_UART_TX, self._id, view[i : i + 1024])
        return len(view)

    def __getattr__(self, name):
        return getattr(_rarely().Uart(self), name)

    def ioctl(self, request, arg):
        if request == 3:  # MP_STREAM_POLL: transmit is always writable, as on the ESP32
            return (arg & 4) | (arg & 1 if self._rx else 0)
        return 0

    def _received(self, ident, payload):
        room = self._rxbuf - len(self._rx)
        self._rx.extend(payload if len(payload) <= room else payload[:room])
