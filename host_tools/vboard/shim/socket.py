"""``socket`` of the virtual board: TCP clients through its network interface, as LWIP has them."""

import errno
import io
import json
import struct
import sys

import _link
from micropython import const

_SOCK_OPEN = const(0x60)
_SOCK_CONNECT = const(0x61)
_SOCK_TX = const(0x62)
_SOCK_CLOSE = const(0x63)
_SOCK_RX = const(0x64)
_SOCK_EVENT = const(0x65)
_RESOLVE = const(0x66)

AF_INET, SOCK_STREAM, SOCK_DGRAM, SOL_SOCKET, SO_REUSEADDR = 2, 1, 2, 0xFFF, 4
IPPROTO_TCP, TCP_NODELAY = 6, 1

_CONNECTED, _PEER_CLOSED = 0, 1  # further event codes are errno values plus 256


def getaddrinfo(host, port, af=0, type=0, proto=0, flags=0):
    """One entry; raises OSError(-202) when the name is unknown or there is no network."""
    answer = json.loads(_link.call(_RESOLVE, 0, host.encode()))
    if answer is None:
        raise OSError(-202)
    return [(AF_INET, SOCK_STREAM, IPPROTO_TCP, "", (answer, int(port)))]


class socket(io.IOBase):
    """A TCP socket; blocking, non-blocking or with a time-out."""

    def __init__(self, af=AF_INET, type=SOCK_STREAM, proto=0):
        self._id = _link.call(_SOCK_OPEN)[0]
        self._rx = []  # what came, in the pieces it came in: no large one is ever made of them
        self._state = None  # None: not connected; "?" connecting; "+" open; "-" peer has closed
        self._errno = 0
        self._timeout = -1
        _link.handlers[_SOCK_RX << 8 | self._id] = self._received
        _link.handlers[_SOCK_EVENT << 8 | self._id] = self._event

    def setblocking(self, flag):
        self._timeout = -1 if flag else 0

    def settimeout(self, seconds):
        self._timeout = -1 if seconds is None else int(seconds * 1000)

    def setsockopt(self, level, option, value):
        pass

    def _wait(self, done):
        """Wait as the time-out says until done(); raises OSError."""
        if self._timeout:
            from time import ticks_diff, ticks_ms

            start = ticks_ms()
            while not done():
                left = -1
                if self._timeout > 0:
                    left = self._timeout - ticks_diff(ticks_ms(), start)
                    if left <= 0:
                        raise OSError(errno.ETIMEDOUT)
                _link.wait(left)

    def connect(self, address):
        self._state = "?"
        _link.post(_SOCK_CONNECT, self._id, json.dumps(address).encode())
        if not self._timeout:
            raise OSError(errno.EINPROGRESS)
        self._wait(lambda: self._state != "?")
        self._check()

    def _check(self):
        if self._errno:
            raise OSError(self._errno)
        if self._state is None:
            raise OSError(errno.ENOTCONN)

    def write(self, buf, off=0, n=None):
        self._check()
        view = memoryview(buf)[off:] if n is None else memoryview(buf)[off : off + n]
        _link.post(_SOCK_TX, self._id, view[:1024])
        return min(len(view), 1024)

    send = write

    def sendall(self, buf):
        done = 0
        while done < len(buf):
            done += self.write(buf, done)

    def read(self, n=-1):
        _link.pump()
        self._wait(lambda: self._rx or self._errno or self._state == "-")
        if not self._rx:
            self._check()
            return b"" if self._state == "-" else None
        first = self._rx[0]
        if 0 <= n < len(first):
            self._rx[0] = first[n:]
            return bytes(memoryview(first)[:n])
        return bytes(self._rx.pop(0))

    def recv(self, n):
        data = self.read(n)
        if data is None:
            raise OSError(errno.EAGAIN)
        return data

    def readinto(self, buf, n=-1):
        data = self.read(len(buf) if n < 0 else n)
        if data is None:
            return None
        buf[: len(data)] = data
        return len(data)

    def makefile(self, *args):
        return self

    def close(self):
        if self._id is not None:
            _link.handlers.pop(_SOCK_RX << 8 | self._id, None)
            _link.handlers.pop(_SOCK_EVENT << 8 | self._id, None)
            _link.post(_SOCK_CLOSE, self._id)
            sys.modules.pop(__name__, None)  # takes no heap while nobody has a socket
            self._id = None
            self._state = None

    def ioctl(self, request, arg):
        if request == 4:
            self.close()
            return 0
        if request != 3:
            return 0
        if self._errno:
            return arg | 8
        ready = arg & 1 if self._rx or self._state == "-" else 0
        return ready | (arg & 4 if self._state in ("+", "-") else 0)

    def _received(self, ident, payload):
        self._rx.append(payload)

    def _event(self, ident, payload):
        code = struct.unpack("<H", payload)[0]
        if code == _CONNECTED:
            self._state = "+"
        elif code == _PEER_CLOSED:
            self._state = "-"
        else:
            self._errno = code - 256
