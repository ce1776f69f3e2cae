"""Frames between host and PN532 (UM0701-02 clause 6.2.1): built, and found in a byte stream."""

from dataclasses import dataclass

ACK = bytes.fromhex("0000FF00FF00")
NACK = bytes.fromhex("0000FFFF0000")
ERROR = bytes.fromhex("0000FF01FF7F8100")

TFI_HOST, TFI_CHIP = 0xD4, 0xD5
MAX_DATA = 264  # PD0 to PDn, without TFI (clause 6.2.1.2)


def build(tfi: int, data: bytes) -> bytes:
    """Put ``data`` (PD0 to PDn) in a frame: a normal one up to 255 bytes with TFI, else extended.

    Raises ValueError for more data than the chip's buffer holds.
    """
    if len(data) > MAX_DATA:
        raise ValueError(f"{len(data)} bytes of data, at most {MAX_DATA} fit a frame")
    length = len(data) + 1
    body = bytes([tfi]) + data
    if length <= 255:
        head = bytes([length, -length & 0xFF])
    else:
        high, low = divmod(length, 256)
        head = bytes([0xFF, 0xFF, high, low, -(high + low) & 0xFF])
    return b"\x00\x00\xff" + head + body + bytes([-sum(body) & 0xFF, 0])


@dataclass(frozen=True)
class Frame:
    """One frame as received: kind "ack", "nack", "info" or "bad", and why a bad one is bad."""

    kind: str
    tfi: int = 0
    data: bytes = b""
    why: str = ""


class FrameReader:
    """Finds frames in what arrives, and the next start code after anything that is none."""

    def __init__(self) -> None:
        self._buf = bytearray()

    def reset(self) -> None:
        """Forget what has arrived so far."""
        self._buf.clear()

    def feed(self, data: bytes) -> list[Frame]:
        """Take in ``data`` and return the frames that are complete now, bad ones included."""
        self._buf += data
        found = []
        while (frame := self._next()) is not None:
            found.append(frame)
        return found

    def _next(self) -> Frame | None:
        buf = self._buf
        start = buf.find(b"\x00\xff")
        if start < 0:
            del buf[: len(buf) - 1 if buf.endswith(b"\x00") else len(buf)]
            return None
        del buf[:start]
        if len(buf) < 4:
            return None
        if buf[2:4] == b"\x00\xff" or buf[2:4] == b"\xff\x00":
            kind = "ack" if buf[2] == 0 else "nack"
            del buf[:4]
            return Frame(kind)
        head = 7 if buf[2:4] == b"\xff\xff" else 4
        if len(buf) < head:
            return None
        return self._information(head)

    def _information(self, head: int) -> Frame | None:
        buf = self._buf
        length = buf[2] if head == 4 else buf[4] * 256 + buf[5]
        if sum(buf[2 if head == 4 else 4 : head]) & 0xFF:
            return self._bad("length checksum LCS wrong")
        if not 1 <= length <= MAX_DATA + 1:
            return self._bad(f"length {length} is outside 1 to {MAX_DATA + 1}")
        if len(buf) < head + length + 1:
            return None
        if sum(buf[head : head + length + 1]) & 0xFF:
            return self._bad("data checksum DCS wrong")
        frame = Frame("info", buf[head], bytes(buf[head + 1 : head + length]))
        del buf[: head + length + 1]
        return frame

    def _bad(self, why: str) -> Frame:
        del self._buf[
            :2
        ]  # past this start code: a good frame may begin inside what looked like one
        return Frame("bad", why=why)
