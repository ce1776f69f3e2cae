"""PPP on a UART: frames (RFC 1662), and as much of what they carry as it takes to agree on a link.

``Dialler`` is what an ESP32 has in its chip behind ``network.PPP``: the link comes up when the
other end answers LCP (RFC 1661), takes user and password by PAP (RFC 1334) and hands out an
address by IPCP (RFC 1332). No packets of IP are made: what sockets carry goes by the radio's ways.
"""

import ipaddress
import struct
from collections.abc import Callable

from host_tools.vboard.clock import Clock, Timer
from host_tools.vboard.wire import UartLine

LCP, PAP, IPCP = 0xC021, 0xC023, 0x8021
REQUEST, ACK, NAK, TERMINATE, TERMINATED = 1, 2, 3, 5, 6
ADDRESS = 3  # an option of IPCP: type, length 6, four octets
_FLAG, _ESCAPE, _TOGGLE = 0x7E, 0x7D, 0x20
_GOOD_FCS = 0xF0B8

# What status() says: a state, or the negative of an error, as lwIP's ppp.h numbers them [M]
INACTIVE, ACTIVE, ERROR, CONNECTING, CONNECTED = range(5)
ERR_CONNECT, ERR_AUTH = 6, 7
_AGAIN_MS, _TRIES = 6000, 10  # FSM_DEFTIMEOUT, FSM_DEFMAXCONFREQS of lwIP [M]

Packet = tuple[int, int, int, bytes]  # protocol, code, identifier, data


def _fcs(data: bytes) -> int:
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x8408 if value & 1 else 0)
    return value


def frame(protocol: int, code: int, ident: int, data: bytes = b"") -> bytes:
    """One control packet as it goes over the line, both flags included."""
    packet = struct.pack(">BBHBBH", 0xFF, 0x03, protocol, code, ident, len(data) + 4) + data
    body = packet + struct.pack("<H", _fcs(packet) ^ 0xFFFF)
    out = bytearray([_FLAG])
    for byte in body:
        if byte < 0x20 or byte in (_FLAG, _ESCAPE):
            out += bytes([_ESCAPE, byte ^ _TOGGLE])
        else:
            out.append(byte)
    return bytes(out) + bytes([_FLAG])


class Deframer:
    """Finds packets in what comes over a line; anything else is passed over."""

    def __init__(self) -> None:
        self._frame = bytearray()
        self._escaped = False

    def feed(self, data: bytes) -> list[Packet]:
        """The packets that end in ``data``."""
        found = []
        for byte in data:
            if byte == _FLAG:
                found += self._packets()
                self._frame.clear()
                self._escaped = False
            elif byte == _ESCAPE:
                self._escaped = True
            else:
                self._frame.append(byte ^ _TOGGLE if self._escaped else byte)
                self._escaped = False
        return found

    def _packets(self) -> list[Packet]:
        raw = bytes(self._frame)
        if len(raw) < 10 or raw[:2] != b"\xff\x03" or _fcs(raw) != _GOOD_FCS:
            return []
        protocol, code, ident, size = struct.unpack_from(">HBBH", raw, 2)
        return [(protocol, code, ident, raw[8 : 4 + size])] if size >= 4 else []


def credentials(data: bytes) -> tuple[str, str]:
    """User and password of a PAP request."""
    user = data[1 : 1 + data[0]]
    rest = data[1 + data[0] :]
    return user.decode("ascii", "replace"), rest[1 : 1 + rest[0]].decode("ascii", "replace")


class Dialler:
    """The microcontroller's end. ``up`` is told True when there is an address, False when not."""

    def __init__(self, clock: Clock, up: Callable[[bool], None]) -> None:
        self._clock, self._up = clock, up
        self._line: UartLine | None = None
        self._before: Callable[[bytes], None] | None = None
        self._timer: Timer | None = None
        self.status = INACTIVE
        self.address = "0.0.0.0"

    @property
    def line(self) -> UartLine | None:
        """The line it has taken over, while it has one."""
        return self._line

    def connect(self, line: UartLine, user: str | None, key: str | None) -> None:
        """Take the line over and call the other end; with ``user`` it proves itself by PAP."""
        self.close()
        self._deframer = Deframer()
        self._login = None if user is None else (user, key or "")
        self._line, self._before = line, line.to_board
        line.to_board = self._heard
        self._ident = self._tries = 0
        self._set(CONNECTING)
        self._ask(LCP, b"")

    def disconnect(self) -> None:
        """Tell the other end that it is over, and give the line back."""
        if self._line is not None and self.status in (CONNECTING, CONNECTED):
            self._line.from_board(frame(LCP, TERMINATE, self._ident))
        self.close()

    def close(self) -> None:
        """Give the line back without a word, as a reset does."""
        self._release()
        self._set(INACTIVE)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set(self, status: int) -> None:
        before, self.status = self.status, status
        if (before == CONNECTED) != (status == CONNECTED):
            self._up(status == CONNECTED)

    def _fail(self, error: int) -> None:
        """The link is over; the line can be read again by whoever did before."""
        self._release()
        self._set(-error)

    def _release(self) -> None:
        if self._line is not None:
            self._line.to_board = self._before
            self._line = None
        self._cancel()

    def _ask(self, protocol: int, data: bytes) -> None:
        """Send a request, again and again until something is said to it."""
        self._ident = self._ident % 255 + 1
        self._pending = protocol, data
        self._tries = 0
        self._send()

    def _send(self) -> None:
        if self._tries == _TRIES or self._line is None:
            self._fail(ERR_CONNECT)
            return
        self._tries += 1
        protocol, data = self._pending
        self._cancel()
        self._timer = self._clock.call_later(_AGAIN_MS, self._send)
        self._line.from_board(frame(protocol, REQUEST, self._ident, data))

    def _heard(self, data: bytes) -> None:
        for protocol, code, ident, rest in self._deframer.feed(data):
            if (protocol, code) == (LCP, TERMINATE) and self._line is not None:
                self._line.from_board(frame(LCP, TERMINATED, ident))
                if self.status in (CONNECTING, CONNECTED):
                    self._fail(ERR_CONNECT)
            elif (protocol, ident) == (self._pending[0], self._ident):
                self._answered(protocol, code, rest)

    def _answered(self, protocol: int, code: int, data: bytes) -> None:
        if self.status != CONNECTING:
            return
        self._cancel()
        if protocol == LCP and code == ACK and self._login:
            texts = [text.encode() for text in self._login]
            self._ask(PAP, b"".join(bytes([len(text)]) + text for text in texts))
        elif protocol in (LCP, PAP) and code == ACK:
            self._ask(IPCP, bytes([ADDRESS, 6, 0, 0, 0, 0]))
        elif protocol == IPCP and code == NAK:
            self._ask(IPCP, data)
        elif protocol == IPCP and code == ACK:
            self.address = str(ipaddress.ip_address(data[2:6]))
            self._set(CONNECTED)
        else:
            self._fail(ERR_AUTH if protocol == PAP else ERR_CONNECT)
