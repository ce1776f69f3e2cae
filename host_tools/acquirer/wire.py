"""The frame of the direct-POS dialect on a TCP stream: length, TPDU, header, message.

    length 2 (big-endian, excludes itself) | TPDU 5 | header 6 | MTI 2 | bitmap 8 | fields

TPDU ``60 DDDD SSSS``: identifier, destination, source; an answer carries the two swapped.
Header: twelve BCD digits ``AA VV S P WWWWWW``; P is what an answer asks of the terminal.
"""

import asyncio
from dataclasses import dataclass, replace

TPDU_ID = 0x60
TPDU_SIZE = 5
HEADER_SIZE = 6
MIN_BODY = TPDU_SIZE + HEADER_SIZE + 2 + 8
# The largest message of the dialect (F48, F59, F62 and F63 full) stays well below this.
MAX_BODY = 4096


class FrameError(ValueError):
    """What came is no frame and cannot be answered. The text never holds payload bytes."""


@dataclass(frozen=True)
class Frame:
    """One message with its addressing; ``message`` starts at the MTI."""

    tpdu: bytes
    header: bytes
    message: bytes

    def encode(self) -> bytes:
        """All bytes for the stream, length first. Raises FrameError above MAX_BODY."""
        body = self.tpdu + self.header + self.message
        if len(body) > MAX_BODY:
            raise FrameError(f"frame of {len(body)} bytes, at most {MAX_BODY}")
        return len(body).to_bytes(2, "big") + body

    def answer(self, message: bytes, action: str = "0") -> "Frame":
        """The frame that answers this one: TPDU swapped, header digit P (``action``) set.

        ``action``: what the terminal is to do next, "0" nothing (settings.ASKED).
        """
        digits = self.header.hex()
        header = bytes.fromhex(digits[:5] + action + digits[6:])
        tpdu = self.tpdu[:1] + self.tpdu[3:5] + self.tpdu[1:3]
        return replace(self, tpdu=tpdu, header=header, message=message)


def parse(body: bytes) -> Frame:
    """Split what follows the length bytes. FrameError on an impossible size, TPDU or header."""
    check_length(len(body))
    if body[0] != TPDU_ID:
        raise FrameError("TPDU at 0: identifier is not 60")
    header = body[TPDU_SIZE : TPDU_SIZE + HEADER_SIZE]
    if not header.hex().isdigit():
        raise FrameError(f"header at {TPDU_SIZE}: not BCD")
    return Frame(body[:TPDU_SIZE], header, body[TPDU_SIZE + HEADER_SIZE :])


def check_length(length: int) -> None:
    """Raises FrameError unless a frame may be ``length`` bytes long (without the length bytes)."""
    if not MIN_BODY <= length <= MAX_BODY:
        raise FrameError(f"length {length}, allowed {MIN_BODY} to {MAX_BODY}")


async def read_frame(reader: asyncio.StreamReader) -> Frame | None:
    """The next frame, or None when the peer closed between two frames.

    Raises FrameError for an impossible frame and when the stream ends inside one.
    """
    try:
        length = int.from_bytes(await reader.readexactly(2), "big")
        check_length(length)
        return parse(await reader.readexactly(length))
    except asyncio.IncompleteReadError as error:
        if not error.partial and error.expected == 2:
            return None
        raise FrameError(
            f"stream ended {len(error.partial)} bytes into {error.expected}"
        ) from None
