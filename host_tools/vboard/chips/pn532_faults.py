"""Ways in which the PN532 model can go wrong on request, nameable by a string in a scenario."""

from host_tools.vboard.chips.faults import Faults

MISBEHAVIOURS = {
    "silent": "answers nothing until told to be well",
    "no_ack": "sends no ACK",
    "corrupt_dcs": "the data checksum of a response is wrong on the line; after a NACK right",
    "corrupt_lcs": "the length checksum of a response is wrong on the line; after a NACK right",
    "corrupt_data": "a bit of a response is wrong on the line; after a NACK right",
    "truncated": "only the first `keep` (5) bytes of a response reach the line",
    "garbage": "the bytes `data` (hex, 55AA00FF31) come before a frame, ACK frames included",
    "wrong_response": "the response code is not command + 1",
    "status": "InDataExchange ends with status `code` (11); the card is not asked",
    "error_frame": "a command is answered with the syntax error frame",
    "slow": "a response comes `ms` (1000) later",
    "reset": "the chip resets by itself, now",
}
_ARGUMENTS: dict[str, tuple[str, int | str]] = {
    "truncated": ("keep", 5),
    "garbage": ("data", "55AA00FF31"),
    "status": ("code", 0x0B),
    "slow": ("ms", 1000),
}


class Pn532Faults(Faults):
    """The misbehaviours that are due."""

    def __init__(self) -> None:
        super().__init__("PN532", MISBEHAVIOURS, _ARGUMENTS)

    def spoil(self, raw: bytes) -> bytes:
        """What the line makes of the response frame ``raw``."""
        spoilt = bytearray(raw)
        if self.take("corrupt_dcs") is not None:
            spoilt[-2] ^= 0x5A
        if self.take("corrupt_lcs") is not None:
            spoilt[7 if raw[3:5] == b"\xff\xff" else 4] ^= 0x5A
        if self.take("corrupt_data") is not None:
            spoilt[-3] ^= 0x10
        keep = self.take("truncated")
        return bytes(spoilt[:keep] if isinstance(keep, int) else spoilt)
