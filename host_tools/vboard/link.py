"""The chips' side of the line to the microcontroller: frames of op, id, sequence and payload.

The other side is ``shim/_link.py``, which describes the frame and says why it is so.
"""

import struct
from collections.abc import Callable

from host_tools.vboard.clock import since_stamp

PIN_SETUP, PIN_SET, PIN_GET, PIN_IRQ, PIN_EDGE = 0x01, 0x02, 0x03, 0x04, 0x05
UART_SETUP, UART_TX, UART_RX = 0x10, 0x11, 0x12
SPI_SETUP, SPI_WRITE, SPI_TRANSFER = 0x20, 0x21, 0x22
I2C_SETUP, I2C_WRITE, I2C_READ = 0x28, 0x29, 0x2A
ADC_READ, PWM_SET, PWM_OFF = 0x30, 0x31, 0x32
FLASH_READ, FLASH_PROGRAM, FLASH_ERASE = 0x40, 0x41, 0x42
NVS_GET, NVS_SET, NVS_ERASE = 0x48, 0x49, 0x4A
WLAN = 0x50
SOCK_OPEN, SOCK_CONNECT, SOCK_TX, SOCK_CLOSE, SOCK_RX, SOCK_EVENT = range(0x60, 0x66)
RESOLVE = 0x66
RESET, RTC_GET, RTC_SET, WDT_FEED, ADVANCE = 0x70, 0x71, 0x72, 0x73, 0x74
BOOTED, SYNC, ASK, WAITS, HURRY = 0x75, 0x76, 0x77, 0x78, 0x79

Handler = Callable[[int, bytes], bytes | None]


class HostLink:
    """The frames of one run of the program; ``feed`` it what comes, ``write`` carries what goes.

    A handler that returns bytes answers; one that returns None does not. After ``close`` nothing
    that still lies in the line is handled: a microcontroller without power does nothing more.
    """

    def __init__(
        self,
        write: Callable[[bytes], None],
        handlers: dict[int, Handler],
        late: Callable[[float], None],
    ) -> None:
        """``late``: told for how many ms the first of some frames has lain in the line."""
        self._write = write
        self._handlers = handlers
        self._late = late
        self._in = bytearray()
        self.closed = False
        self.stamp = 0  # of the frame that is handled

    def send(self, op: int, ident: int = 0, payload: bytes = b"") -> None:
        """Send a frame towards the microcontroller."""
        if not self.closed:
            self._put(op, ident, 0, payload)

    def _put(self, op: int, ident: int, sequence: int, payload: bytes) -> None:
        self._write(struct.pack("<BBBBH", op, ident, sequence, 0, len(payload)) + payload)

    def close(self) -> None:
        """Handle and send nothing more."""
        self.closed = True

    def feed(self, data: bytes) -> None:
        """Handle every frame that is whole now."""
        self._in += data
        at = 0
        while not self.closed and len(self._in) - at >= 6:
            op, ident, sequence, stamp, size = struct.unpack_from("<BBBBH", self._in, at)
            if len(self._in) - at - 6 < size:
                break
            if not at and stamp:
                self._late(since_stamp(stamp))
            self.stamp = stamp
            payload = bytes(self._in[at + 6 : at + 6 + size])
            at += 6 + size
            answer = self._handlers[op](ident, payload)
            if answer is not None and not self.closed:
                self._put(op | 0x80, ident, sequence, answer)
        del self._in[:at]
