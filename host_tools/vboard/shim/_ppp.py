"""``PPP`` of ``network``: what goes over the line of a modem is the chip's own business.

As in the ESP32 port since MicroPython 1.26: the calls of ``extmod/network_ppp_lwip``, ``active``.
"""

import _link
from micropython import const
from network import _ask

_UART_RX = const(0x12)


class PPP:
    """A link over ``stream``, a UART, to a modem that has connected already."""

    SEC_NONE, SEC_PAP, SEC_CHAP = 0, 1, 2

    def __init__(self, stream):
        self._uart = stream._id
        self._active = False

    def active(self, is_active=None):
        if is_active is False and self._active:
            self.disconnect()
        if is_active is not None:
            self._active = bool(is_active)
        return self._active

    def connect(self, *, security=SEC_NONE, user=None, key=None):
        if not self._active:
            self._active = True
        if security not in (0, 1, 2):
            raise ValueError("invalid auth")
        # from now on nobody reads that UART but the chip
        _link.handlers.pop(_UART_RX << 8 | self._uart, None)
        if not security:
            user = key = None
        _ask(op="ppp_connect", uart=self._uart, user=user, key=key)

    def disconnect(self):
        _ask(op="ppp_end")

    def status(self):
        """0 inactive, 1 active, 3 connecting, 4 connected; negative: an error of lwIP."""
        return _ask(op="ppp_status")

    def isconnected(self):
        return self.status() == 4

    def ifconfig(self):
        return _ask(op="ppp_address"), "255.255.255.255", "198.51.100.254", "198.51.100.254"
