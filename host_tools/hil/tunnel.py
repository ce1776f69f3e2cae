"""The laptop's end of the line to a bare board: a stream of bytes, in segments, whole again.

The other end is ``shim/_carrier.py``, which describes the segment. This one sends no more than
the receive buffer of a UART takes (``WINDOW``), and so waits for each acknowledgement.
"""

import asyncio
import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

_START, _END = 0xFD, 0xFE
# What a terminal in between might act on, too: Ctrl-C, XON, XOFF
_ESCAPED = re.compile(rb"[\xfc\xfd\xfe\x03\x11\x13]")
WINDOW = 200  # bytes on the line: the smallest buffer known (ESP32) has 260; acknowledgements too
_LONGEST = 8192
_MOST_S = 2.0  # between two tries
_SILENT_S = 30.0
_STALE_S = 0.5  # after the last byte of a segment that does not end


def encode(sequence: int, acknowledged: int, payload: bytes, session: int) -> bytes:
    """A segment as it goes over the line."""
    body = bytes((sequence, acknowledged)) + payload
    body += struct.pack("<I", zlib.crc32(body, session))
    return b"\xfd" + _ESCAPED.sub(lambda found: bytes((0xFC, found[0][0] ^ 0x20)), body) + b"\xfe"


def decode(body: bytes, session: int) -> tuple[int, int, bytes] | None:
    """Sequence, acknowledged, payload of what stood between FD and FE; None: it is damaged."""
    first, *parts = body.split(b"\xfc")
    if not all(parts):
        return None
    body = first + b"".join(bytes((part[0] ^ 0x20,)) + part[1:] for part in parts)
    if len(body) < 6 or zlib.crc32(body[:-4], session) != struct.unpack("<I", body[-4:])[0]:
        return None
    return body[0], body[1], body[2:-4]


@dataclass
class Counts:
    """What has passed over the line."""

    sent: int = 0
    received: int = 0
    again: int = 0  # segments that were sent more than once
    damaged: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0


class Tunnel:
    """One session; loop thread only.

    ``put`` sends bytes over the line. ``heard`` gets the stream, ``said`` the text around the
    segments, ``lost`` is called when nothing has been acknowledged for half a minute.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        session: int,
        counts: Counts,
        *,
        put: Callable[[bytes], None],
        heard: Callable[[bytes], None],
        said: Callable[[bytes], None],
        lost: Callable[[], None],
        retry_s: float = 0.3,
    ) -> None:
        self._loop, self._session, self.counts = loop, session, counts
        self._put, self._heard, self._said, self._lost = put, heard, said, lost
        self._retry_s = retry_s
        self._in = bytearray()
        self._inside = False
        self._out = bytearray()
        self._flying: bytes | None = None  # the payload that is not acknowledged yet
        self._sequence = self._seen = 0
        self._owed = False
        self._timer: asyncio.TimerHandle | None = None
        self._stale: asyncio.TimerHandle | None = None
        self._since = self._wait = 0.0
        self.closed = False

    def close(self) -> None:
        """Send and hear nothing more."""
        self.closed = True
        self._disarm()
        self._fresh()

    def write(self, data: bytes) -> None:
        """Send bytes."""
        self._out += data
        if not self._feeding:
            self._go_on()

    _feeding = False

    def feed(self, data: bytes) -> None:
        """Bytes have come over the line."""
        self.counts.bytes_received += len(data)
        self._in += data
        self._feeding = True
        self._fresh()
        while not self.closed and self._next():
            pass
        self._feeding = False
        if not self.closed:
            self._go_on()
            if self._inside:
                self._stale = self._loop.call_later(_STALE_S, self._abandon)

    def _fresh(self) -> None:
        if self._stale is not None:
            self._stale.cancel()
            self._stale = None

    def _abandon(self) -> None:
        """A segment was cut off, as by a reset: what came after its beginning is text."""
        self.counts.damaged += 1
        text = bytes(self._in)
        self._in.clear()
        self._inside = False
        if text:
            self._said(text)

    def _next(self) -> bool:
        """Take the next text or segment of what has come."""
        if not self._inside:
            at = self._in.find(_START)
            text = bytes(self._in if at < 0 else self._in[:at])
            del self._in[: len(text) + (at >= 0)]
            self._inside = at >= 0
            if text:
                self._said(text)
            return self._inside
        end, start = self._in.find(_END), self._in.find(_START)
        if start >= 0 and (end < 0 or start < end):  # the rest of the one before is lost
            self.counts.damaged += 1
            del self._in[: start + 1]
            return True
        if end < 0:
            if len(self._in) > _LONGEST:
                self.counts.damaged += 1
                self._inside = False
                return True
            return False
        body = bytes(self._in[:end])
        del self._in[: end + 1]
        self._inside = False
        self._segment(body)
        return True

    def _segment(self, body: bytes) -> None:
        segment = decode(body, self._session)
        if segment is None:
            self.counts.damaged += 1
            return
        sequence, acknowledged, payload = segment
        self.counts.received += 1
        self._since = self._loop.time()
        if self._flying is not None and acknowledged == self._sequence:
            self._flying = None
            self._disarm()
        if not sequence:
            return
        self._owed = True  # also of one that came twice: its acknowledgement was lost
        if sequence == self._seen % 255 + 1:
            self._seen = sequence
            self._heard(payload)

    def _go_on(self) -> None:
        """Send the next segment, if it may go, or what is owed."""
        if self._flying is None and self._out:
            n = min(len(self._out), WINDOW)
            self._sequence = self._sequence % 255 + 1
            while len(self._encode(self._sequence, bytes(self._out[:n]))) > WINDOW:
                n = n * 3 // 4
            self._flying = bytes(self._out[:n])
            del self._out[:n]
            self._since, self._wait = self._loop.time(), self._retry_s
            self._fly()
        elif self._owed:
            self._emit(0, b"")

    def _encode(self, sequence: int, payload: bytes) -> bytes:
        return encode(sequence, self._seen, payload, self._session)

    def _emit(self, sequence: int, payload: bytes) -> None:
        self._owed = False
        data = self._encode(sequence, payload)
        self.counts.sent += 1
        self.counts.bytes_sent += len(data)
        self._put(data)

    def _fly(self) -> None:
        assert self._flying is not None
        self._timer = self._loop.call_later(self._wait, self._again)
        self._emit(self._sequence, self._flying)

    def _again(self) -> None:
        if self._loop.time() - self._since > _SILENT_S:
            self._lost()
            return
        self.counts.again += 1
        self._wait = min(_MOST_S, 2 * self._wait)
        self._fly()

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
