"""``machine`` of the virtual board, with the signatures of MicroPython's ESP32 port.

Every bus ends in a frame to the chips' side; nothing here knows which chip is at the other end.
"""

import io
import os
import struct

import _link

PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = 1, 2, 3, 4, 5


def unique_id():
    """The chip's MAC address, 6 bytes."""
    return bytes.fromhex(os.getenv("VBOARD_ID"))


def reset_cause():
    return int(os.getenv("VBOARD_RESET_CAUSE"))


def _restart(cause):
    _link.post(_link.RESET, cause)
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
        self._payload = bytearray(1)
        self.init(mode, pull, value=value, drive=drive, hold=hold)

    def id(self):
        return self._id

    def init(self, mode=-1, pull=-1, *, value=None, drive=None, hold=None):
        if mode != -1 or pull != -1 or value is not None:
            _link.post(
                _link.PIN_SETUP,
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
            return _link.call(_link.PIN_GET, self._id)[0]
        self._payload[0] = 1 if x else 0
        _link.post(_link.PIN_SET, self._id, self._payload)

    __call__ = value

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)

    def irq(self, handler=None, trigger=3, *, wake=None):
        Pin._handlers[self._id] = (handler, self)
        _link.post(_link.PIN_IRQ, self._id, bytes((trigger if handler else 0,)))


def _edge(ident, payload):
    handler, pin = Pin._handlers.get(ident, (None, None))
    if handler:
        handler(pin)


_link.handlers[_link.PIN_EDGE] = _edge


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
            _link.UART_SETUP,
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
        for i in range(0, len(view), 4096):
            _link.post(_link.UART_TX, self._id, view[i : i + 4096])
        return len(view)

    def txdone(self):
        return True

    def flush(self):
        pass

    def sendbreak(self):
        _link.post(_link.UART_TX, self._id, b"\x00")

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


_link.handlers[_link.UART_RX] = _uart_rx


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
            _link.SPI_SETUP,
            self._id,
            struct.pack(
                "<IBBBBB", baudrate, polarity, phase, _gpio(sck), _gpio(mosi), _gpio(miso)
            ),
        )

    def deinit(self):
        pass

    def write(self, buf):
        view = memoryview(buf)
        for i in range(0, len(view), 4096):
            _link.post(_link.SPI_WRITE, self._id, view[i : i + 4096])

    def read(self, nbytes, write=0):
        return bytes(_link.call(_link.SPI_TRANSFER, self._id, bytes((write,)) * nbytes))

    def readinto(self, buf, write=0):
        buf[:] = self.read(len(buf), write)

    def write_readinto(self, write_buf, read_buf):
        read_buf[:] = _link.call(_link.SPI_TRANSFER, self._id, write_buf)


class I2C:
    """A hardware I2C bus, as controller."""

    def __init__(self, id=0, *, scl=None, sda=None, freq=400000, timeout=50000):
        self._id = id
        _link.post(_link.I2C_SETUP, id, struct.pack("<IBB", freq, _gpio(scl), _gpio(sda)))

    def scan(self):
        return [
            a for a in range(8, 120) if _link.call(_link.I2C_WRITE, self._id, bytes((a, 1)))[0]
        ]

    def writeto(self, addr, buf, stop=True):
        answer = _link.call(_link.I2C_WRITE, self._id, bytes((addr, stop)) + bytes(buf))
        if not answer[0]:
            raise OSError(19)  # ENODEV: nobody acknowledged the address
        return answer[0] - 1

    def readfrom(self, addr, nbytes, stop=True):
        answer = _link.call(_link.I2C_READ, self._id, struct.pack("<BBH", addr, stop, nbytes))
        if len(answer) != nbytes:
            raise OSError(19)
        return bytes(answer)

    def readfrom_into(self, addr, buf, stop=True):
        buf[:] = self.readfrom(addr, len(buf), stop)

    def writeto_mem(self, addr, memaddr, buf, *, addrsize=8):
        self.writeto(addr, memaddr.to_bytes(addrsize // 8, "big") + bytes(buf))

    def readfrom_mem(self, addr, memaddr, nbytes, *, addrsize=8):
        self.writeto(addr, memaddr.to_bytes(addrsize // 8, "big"), False)
        return self.readfrom(addr, nbytes)

    def readfrom_mem_into(self, addr, memaddr, buf, *, addrsize=8):
        buf[:] = self.readfrom_mem(addr, memaddr, len(buf), addrsize=addrsize)


class ADC:
    """An analogue input; full scale 3.1 V (11 dB)."""

    ATTN_0DB, ATTN_2_5DB, ATTN_6DB, ATTN_11DB = 0, 1, 2, 3

    def __init__(self, pin, *, atten=ATTN_11DB):
        self._id = _gpio(pin)

    def read_u16(self):
        return struct.unpack("<H", _link.call(_link.ADC_READ, self._id))[0]

    def read_uv(self):
        return self.read_u16() * 3100000 // 65535

    def read(self):
        return self.read_u16() >> 4


class PWM:
    """A square wave on a pin."""

    def __init__(self, pin, freq=5000, duty=None, *, duty_u16=None, duty_ns=None, invert=False):
        self._id = _gpio(pin)
        self.init(freq=freq, duty=duty, duty_u16=duty_u16, duty_ns=duty_ns)

    def init(self, *, freq=5000, duty=None, duty_u16=None, duty_ns=None, invert=False):
        self._freq = freq
        self._duty = 32768
        if duty is not None:
            self._duty = duty << 6
        if duty_u16 is not None:
            self._duty = duty_u16
        if duty_ns is not None:
            self._duty = duty_ns * freq * 65535 // 1000000000
        self._set()

    def _set(self):
        _link.post(_link.PWM_SET, self._id, struct.pack("<IH", self._freq, self._duty))

    def freq(self, value=None):
        if value is None:
            return self._freq
        self._freq = value
        self._set()

    def duty_u16(self, value=None):
        if value is None:
            return self._duty
        self._duty = value
        self._set()

    def duty(self, value=None):
        return self._duty >> 6 if value is None else self.duty_u16(value << 6)

    def deinit(self):
        _link.post(_link.PWM_OFF, self._id)


class RTC:
    """The clock; starts at 2000-01-01 when power comes, survives resets."""

    def __init__(self, id=0):
        pass

    def datetime(self, t=None):
        """(year, month, day, weekday, hours, minutes, seconds, microseconds)."""
        import time

        if t is None:
            ns = time.time_ns()
            y, mo, d, h, mi, s, wd, _ = time.gmtime(ns // 1000000000)
            return (y, mo, d, wd, h, mi, s, ns // 1000 % 1000000)
        seconds = time.mktime((t[0], t[1], t[2], t[4], t[5], t[6]))
        time._set_rtc(seconds * 1000000 + t[7])


class WDT:
    """The watchdog; cannot be stopped."""

    def __init__(self, id=0, timeout=5000):
        self._timeout = struct.pack("<I", timeout)
        self.feed()

    def feed(self):
        _link.post(_link.WDT_FEED, 0, self._timeout)
