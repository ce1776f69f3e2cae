"""A PN532 model on a clock that stands still, and frames written down from UM0701-02."""

from host_tools.vboard.chips.pn532 import Pn532
from host_tools.vboard.clock import ManualClock
from host_tools.vboard.wire import Net, UartLine

WAKE_UP = bytes.fromhex("5555") + bytes(14)
ACK = bytes.fromhex("0000FF00FF00")
NACK = bytes.fromhex("0000FFFF0000")
ERROR = bytes.fromhex("0000FF01FF7F8100")

GET_FIRMWARE_VERSION = bytes.fromhex("0000FF02FED4022A00")
FIRMWARE_VERSION = bytes.fromhex("0000FF06FAD50332010607E800")
SAM_CONFIGURATION = bytes.fromhex("0000FF05FBD4140114000300")
SAM_CONFIGURED = bytes.fromhex("0000FF02FED5151600")
LIST_ONE_A = bytes.fromhex("0000FF04FCD44A0100E100")


def frame(tfi: int, pd: str | bytes) -> bytes:
    body = bytes([tfi]) + (bytes.fromhex(pd) if isinstance(pd, str) else pd)
    size = len(body)
    if size < 256:
        head = bytes([size, 256 - size])
    else:
        head = b"\xff\xff" + size.to_bytes(2, "big") + bytes([-(size // 256 + size % 256) % 256])
    return b"\x00\x00\xff" + head + body + bytes([-sum(body) % 256, 0])


def CMD(pd: str | bytes) -> bytes:
    return frame(0xD4, pd)


def RSP(pd: str | bytes) -> bytes:
    return frame(0xD5, pd)


class Plastic:
    """A card that only keeps book."""

    technology = "A"
    atqa, sak, ats = bytes.fromhex("0004"), 0x20, bytes.fromhex("0578807002")
    atqb, attrib_res = b"", b""

    def __init__(self, uid: str = "08112233", answer: bytes | None = b"\x90\x00") -> None:
        self.uid, self.answer = bytes.fromhex(uid), answer
        self.heard: list[bytes] = []
        self.power_offs = 0

    def power_off(self) -> None:
        self.power_offs += 1

    def exchange(self, capdu: bytes) -> bytes | None:
        self.heard.append(capdu)
        return self.answer

    def think_ms(self, capdu: bytes) -> float:
        return 10.0


class PlasticB(Plastic):
    technology = "B"
    atqb, attrib_res = bytes.fromhex("50A1B2C3D400000000007181"), b"\x00"


LISTED_A = "4B01 01 0004 20 04 08112233 0578807002"


class Bench:
    def __init__(self, reset: Net | None = None) -> None:
        self.clock, self.line = ManualClock(), UartLine()
        self.heard = bytearray()
        self.frames: list[tuple[str, str, str]] = []
        self.line.to_board = self.heard.extend
        self.chip = Pn532(
            self.clock, self.line, reset, on_frame=lambda *seen: self.frames.append(seen)
        )

    def send(self, data: bytes, ms: float = 500) -> bytes:
        """Send ``data``; what has come back ``ms`` later."""
        self.heard.clear()
        if data:
            self.line.from_board(data)
        self.clock.advance(ms)
        return bytes(self.heard)

    def started(self) -> "Bench":
        assert self.send(WAKE_UP + SAM_CONFIGURATION) == ACK + SAM_CONFIGURED
        return self

    def retries(self, count: int) -> "Bench":
        pd = bytes([0x32, 0x05, 0xFF, 0x01, count])
        assert self.send(CMD(pd)) == ACK + RSP("33")
        return self

    def with_card(self, card: Plastic | None = None) -> "Bench":
        self.chip.tap(card or Plastic())
        assert self.send(LIST_ONE_A).startswith(ACK + b"\x00\x00\xff")
        assert self.chip.field_on
        return self
