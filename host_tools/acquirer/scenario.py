"""Misbehaviour on request: what a bad line or a bad host does to a terminal, by name.

A fault is asked for with a line such as ``drop_after_booking mti=0200``, ``delay 2.5 count=3`` or
``half_reply 20``: name, arguments, then ``mti=`` (only messages of that type; default any) and
``count=`` (how many messages; default 1, ``always`` until it is called off). The oldest fault that
fits a message is the one that happens to it.
"""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from host_tools.acquirer import wire
from host_tools.acquirer.processor import Reply

# name -> what happens; the line after it says what the argument is.
FAULTS = {
    "delay": "the answer leaves after the given seconds (default 1); booked",
    "drop_before_booking": "the connection is closed, the message is not looked at",
    "drop_after_booking": "the message is processed, then the connection closed without an answer",
    "silent": "processed, no answer, connection stays open; with argument no: not even processed",
    "half_reply": "only the first half of the answer (or as many bytes as given), then closed",
    "wrong_mac": "F64 of the answer is damaged",
    "wrong_trace": "F11 of the answer is one higher, its MAC right",
    "wrong_terminal": "F41 of the answer is another terminal's, its MAC right",
    "duplicate_reply": "the answer comes twice",
    "late_reply": "the answer comes in front of the answer to the terminal's next message",
    "late_booking": "processed only after the terminal's next message, never answered",
    "answer": "the given code (default 96) instead of processing the message",
    "garbage": "bytes that are no frame: those given in hex, or 64 random ones",
    "close_on_connect": "the connection is closed as soon as it is there",
    "refuse": "host down: connections are closed and refused until this is called off",
}
AT_CONNECT = "close_on_connect"
HOST_DOWN = "refuse"
_DEFAULT_DELAY = 1.0
_GARBAGE_SEED = 8583


class UnknownFault(ValueError):
    """No fault of that name, or an argument it does not understand."""


@dataclass(frozen=True)
class Fault:
    """One misbehaviour. ``count`` None: until it is called off."""

    name: str
    args: tuple[str, ...] = ()
    mti: str | None = None
    count: int | None = 1

    def __post_init__(self) -> None:
        if self.name not in FAULTS:
            raise UnknownFault(f"{self.name}: not one of {', '.join(FAULTS)}")
        try:
            self._check_argument()
        except ValueError:
            raise UnknownFault(f"{self.name}: cannot use {self.args[0]!r}") from None

    def _check_argument(self) -> None:
        usable = self.seconds >= 0 and (self.octets or 0) >= 0
        if not usable or (self.name == "garbage" and not garbage(self)):
            raise ValueError

    @property
    def seconds(self) -> float:
        """How long a delay takes, 0 for any other fault."""
        if self.name != "delay":
            return 0.0
        return float(self.args[0]) if self.args else _DEFAULT_DELAY

    @property
    def octets(self) -> int | None:
        """How many bytes of half a reply are sent, None for half of them."""
        return int(self.args[0]) if self.name == "half_reply" and self.args else None

    @property
    def books(self) -> bool:
        """Whether the message is processed before the fault shows."""
        return self.name not in ("drop_before_booking", "late_booking", "answer") and not (
            self.name == "silent" and self.args[:1] == ("no",)
        )


def parse(line: str) -> Fault:
    """A fault from its line. Raises UnknownFault."""
    name, *words = line.split() or [""]
    args = tuple(word for word in words if "=" not in word)
    options = dict(word.split("=", 1) for word in words if "=" in word)
    count = options.pop("count", "1")
    mti = options.pop("mti", None)
    if options or not (count == "always" or count.isdigit()):
        raise UnknownFault(f"{name}: only mti= and count=number or count=always")
    return Fault(name, args, mti, None if count == "always" else int(count))


class Scenario:
    """The faults that are still to happen. Safe from any thread."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Ask for a fault."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Call all faults off."""
        with self._lock:
            self._faults.clear()

    @property
    def pending(self) -> list[Fault]:
        """What has not happened yet."""
        with self._lock:
            return list(self._faults)

    def take_message(self, mti: str) -> Fault | None:
        """The fault for a message that has come, used up by one."""
        names = set(FAULTS) - {AT_CONNECT, HOST_DOWN}
        return self._take(lambda fault: fault.name in names and fault.mti in (None, mti))

    def take_connect(self) -> Fault | None:
        """The fault for a connection that has come, used up by one."""
        return self._take(lambda fault: fault.name == AT_CONNECT)

    def _take(self, fits: Callable[[Fault], bool]) -> Fault | None:
        with self._lock:
            for at, fault in enumerate(self._faults):
                if not fits(fault):
                    continue
                if fault.count is not None:
                    left = replace(fault, count=fault.count - 1)
                    self._faults[at : at + 1] = [left] if left.count else []
                return fault
        return None


@dataclass
class Delivery:
    """What goes out for one reply: after ``seconds``, ``data``, then maybe the connection ends.

    ``held`` waits for the terminal's next message.
    """

    data: bytes
    close: bool = False
    seconds: float = 0.0
    held: bytes = b""


def deliver(fault: Fault | None, reply: Reply) -> Delivery:
    """How a processed message's reply leaves under a fault (None: as it is)."""
    name = fault.name if fault else ""
    if fault is None or name == "answer":
        return Delivery(reply.encode())
    if name in ("drop_after_booking", "drop_before_booking"):
        return Delivery(b"", close=True)
    if name in ("silent", "late_booking"):
        return Delivery(b"")
    if name == "garbage":
        return Delivery(garbage(fault))
    if name in ("wrong_trace", "wrong_terminal"):
        return Delivery(_altered(name, reply).encode())
    data = reply.encode()
    if name == "half_reply":
        return Delivery(
            data[: len(data) // 2 if fault.octets is None else fault.octets], close=True
        )
    if name == "late_reply":
        return Delivery(b"", held=data)
    if name == "duplicate_reply":
        return Delivery(data + data)
    if name == "wrong_mac" and reply.keys is not None:
        return Delivery(data[:-1] + (b"1" if data[-1:] == b"0" else b"0"))
    return Delivery(data, seconds=fault.seconds)


def _altered(name: str, reply: Reply) -> Reply:
    fields = dict(reply.message.fields)
    if name == "wrong_trace" and 11 in fields:
        fields[11] = f"{(int(fields[11]) + 1) % 1_000_000:06d}"
    if name == "wrong_terminal" and 41 in fields:
        other = "00000000"
        fields[41] = "00000001" if fields[41] == other else other
    return replace(reply, message=replace(reply.message, fields=fields))


def garbage(fault: Fault) -> bytes:
    """The bytes of the garbage fault; the random ones are the same each time."""
    if fault.args:
        return bytes.fromhex(fault.args[0])
    return (wire.MAX_BODY + 1).to_bytes(2, "big") + random.Random(_GARBAGE_SEED).randbytes(62)
