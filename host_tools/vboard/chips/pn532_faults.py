"""Ways in which the PN532 model can go wrong on request, nameable by a string in a scenario."""

from dataclasses import dataclass

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


@dataclass
class _Fault:
    times: int | None  # None: until told otherwise
    value: int | bytes


class Faults:
    """The misbehaviours that are due."""

    def __init__(self) -> None:
        self._due: dict[str, _Fault] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._due

    def ask(self, name: str, times: int | None, args: dict[str, int | str]) -> None:
        """Go wrong as ``name`` says, ``times`` times (None: for good); "well" ends all of it.

        Raises ValueError, with a sentence, for a name or an argument that is not known.
        """
        if name == "well":
            self._due.clear()
            return
        if name not in MISBEHAVIOURS:
            can = ", ".join(MISBEHAVIOURS)
            raise ValueError(f"the PN532 cannot misbehave as {name!r}; it can: {can}, well")
        key, default = _ARGUMENTS.get(name, ("", 0))
        if set(args) - {key}:
            unknown = ", ".join(sorted(set(args) - {key}))
            raise ValueError(f"misbehaviour {name!r} does not take {unknown}")
        given = args.get(key, default)
        value = bytes.fromhex(str(given)) if name == "garbage" else int(given)
        self._due[name] = _Fault(None if name == "silent" else times, value)

    def take(self, name: str) -> int | bytes | None:
        """The argument of ``name`` if it is due now (and count it down), else None."""
        fault = self._due.get(name)
        if fault is None:
            return None
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                del self._due[name]
        return fault.value

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
