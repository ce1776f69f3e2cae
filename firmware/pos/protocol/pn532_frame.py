"""Host frames of the PN532 (user manual UM0701-02, 6.2.1): bytes <-> frames, no I/O.

A frame is 00 00 FF, a length with its checksum, a direction byte (D4 to the chip, D5 from it),
the code, the data, a checksum and 00. More than 255 bytes of direction, code and data take the
extended form, whose length has two bytes, big-endian.
"""

from micropython import const

from pos.protocol.errors import BadBytes

ACK_FRAME = b"\x00\x00\xff\x00\xff\x00"
NACK_FRAME = b"\x00\x00\xff\xff\x00\x00"

# What `Receiver.next` has found
ACK = const(1)  # the chip has the command; from the host: abort, or "switch the baud rate now"
NACK = const(2)
DATA = const(3)  # a response: see `Receiver.data`
ERROR = const(4)  # error frame: the chip does not accept the command's syntax (6.2.1.5)
BAD = const(5)  # a frame that is damaged: worth a NACK

_MAX_BODY = const(265)  # direction, code and data
MAX_DATA = const(263)  # bytes that `build` takes after the code
MAX_FRAME = const(275)  # extended frame: 8 of header, the body, checksum, 00


def build(buf, code: int, head=b"", data=b"") -> int:
    """Write the frame of command ``code`` with the parameters ``head`` + ``data`` to ``buf``.

    Returns the frame's length in bytes, at most MAX_FRAME, the room that ``buf`` must have. Raises
    BadBytes when the parameters are more than MAX_DATA bytes.
    """
    split = len(head)
    body = 2 + split + len(data)
    if body > _MAX_BODY:
        raise BadBytes("PN532 command", 3, "{} bytes of parameters".format(body - 2))
    view = memoryview(buf)
    view[0:3] = b"\x00\x00\xff"
    if body <= 255:
        buf[3] = body
        buf[4] = -body & 0xFF
        at = 5
    else:
        buf[3] = buf[4] = 0xFF
        buf[5] = body >> 8
        buf[6] = body & 0xFF
        buf[7] = -(buf[5] + buf[6]) & 0xFF
        at = 8
    end = at + body
    buf[at] = 0xD4
    buf[at + 1] = code
    view[at + 2 : at + 2 + split] = head
    view[at + 2 + split : end] = data
    buf[end] = -sum(view[at:end]) & 0xFF
    buf[end + 1] = 0
    return end + 2


class Receiver:
    """Finds the frames in what the chip sends, in pieces of any size, garbage between them.

    One buffer, allocated once: read into `room`, say how much with `took`, then ask `next` until
    it says 0.
    """

    def __init__(self, size: int = 300):
        self._buf = bytearray(size)
        self._view = memoryview(self._buf)
        self._start = self._end = 0
        # response code and data of the last DATA frame; good until `room` or `reset` is called
        self.data = self._view[0:0]
        # something has come since `reset`, if only garbage (the 00 after a frame does not count)
        self.heard = False

    def room(self):
        """A view of the buffer to read the next bytes into, never empty."""
        held = self._end - self._start
        if self._start:
            if held:
                self._view[0:held] = self._view[self._start : self._end]
            self._start = 0
            self._end = held
        return self._view[held:] if held else self._view

    def took(self, count: int) -> None:
        """``count`` bytes have been read into `room`."""
        if count > 1 or self._buf[self._end]:
            self.heard = True
        self._end += count

    def reset(self) -> None:
        """Forget what has come so far."""
        self._start = self._end = 0
        self.heard = False

    def partial(self) -> bool:
        """Whether a frame has begun and not ended."""
        return self._end - self._start > 1

    def next(self) -> int:
        """ACK, NACK, DATA, ERROR or BAD for the next frame; 0 when more bytes are needed.

        After BAD the search goes on just behind the start code of the damaged frame, so that a
        whole frame is found even where garbage looked like the beginning of a longer one.
        """
        at = self._buf.find(b"\x00\xff", self._start, self._end)
        if at < 0:
            # the last byte may be the first half of a start code
            half = self._end > self._start and self._buf[self._end - 1] == 0
            self._start = self._end - half
            return 0
        self._start = at
        return self._frame(at + 2)

    def _frame(self, at: int) -> int:
        buf, left = self._buf, self._end - at
        if left < 2:
            return 0
        body = buf[at]
        check = body + buf[at + 1]
        if check == 0xFF:
            if body == 0 or body == 0xFF:
                self._start = at + 2
                return NACK if body else ACK
        elif check == 0x1FE:
            if left < 5:
                return 0
            body = buf[at + 2] << 8 | buf[at + 3]
            check = buf[at + 2] + buf[at + 3] + buf[at + 4]
            at += 3
        at += 2
        if check & 0xFF or not 0 < body <= _MAX_BODY:
            self._start += 1
            return BAD
        if self._end <= at + body:
            return 0
        if sum(self._view[at : at + body + 1]) & 0xFF:
            self._start += 1
            return BAD
        self._start = at + body + 1
        if body == 1:
            return ERROR if buf[at] == 0x7F else BAD
        self.data = self._view[at + 1 : at + body]
        return DATA if buf[at] == 0xD5 else BAD
