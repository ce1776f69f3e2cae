"""What of ``machine`` a program seldom asks for, and of its objects: loaded when it does."""

import _link
from micropython import const

_UART_TX = const(0x11)
_SPI_TRANSFER = const(0x22)


def freq(hz=None):
    return 160_000_000 if hz is None else None


def idle():
    _link.wait(1)


def disable_irq():
    return 0


def enable_irq(state):
    pass


class _Of:
    """The rest of the methods of an object."""

    def __init__(self, owner):
        self._owner = owner


class Pin(_Of):
    """Of ``machine.Pin``."""

    def on(self):
        self._owner.value(1)

    def off(self):
        self._owner.value(0)


class Spi(_Of):
    """Of ``machine.SPI``."""

    def deinit(self):
        pass

    def read(self, nbytes, write=0):
        return bytes(_link.call(_SPI_TRANSFER, self._owner._id, bytes((write,)) * nbytes))

    def readinto(self, buf, write=0):
        buf[:] = self.read(len(buf), write)

    def write_readinto(self, write_buf, read_buf):
        read_buf[:] = _link.call(_SPI_TRANSFER, self._owner._id, write_buf)


class Uart(_Of):
    """Of ``machine.UART``."""

    def readline(self):
        uart = self._owner
        uart.any()
        end = uart._rx.find(b"\n") + 1
        return uart.read(end) if end else uart.read()

    def txdone(self):
        return True

    def flush(self):
        pass

    def sendbreak(self):
        _link.post(_UART_TX, self._owner._id, b"\x00")
