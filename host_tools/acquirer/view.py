"""The packet view: each exchange field by field, masked as in the log; for a wrong MAC its steps.

A decoder of the host's own: what it prints is what the host understood, not what the terminal
meant. The XOR of the blocks is printed only for a message without a card: all other fields are
shown, so that it would give the card number away.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import IO, Any

from host_tools.acquirer import dialect, security
from host_tools.acquirer.dialect import Message
from host_tools.acquirer.log import show_fields

_NAMES = {
    2: "PAN",
    3: "processing code",
    4: "amount",
    11: "trace",
    12: "time",
    13: "date",
    14: "expiry",
    15: "settlement date",
    22: "entry mode",
    23: "card sequence",
    25: "condition",
    26: "PIN capture",
    32: "acquirer",
    35: "track 2",
    36: "track 3",
    37: "reference",
    38: "authorisation",
    39: "response code",
    41: "terminal",
    42: "merchant",
    44: "institutions",
    48: "private",
    49: "currency",
    52: "PIN block",
    53: "security",
    54: "balance",
    55: "IC data",
    58: "purse",
    59: "terminal data",
    60: "private",
    61: "original",
    62: "private",
    63: "private",
    64: "MAC",
}
_PARTS = {
    22: (("entry", 0, 2), ("PIN", 2, 3)),
    53: (("PIN format", 0, 1), ("key", 1, 2), ("track", 2, 3)),
    60: (
        ("type", 0, 2),
        ("batch", 2, 8),
        ("code", 8, 11),
        ("reader", 11, 14),
        ("account", 14, 17),
    ),
    61: (("batch", 0, 6), ("trace", 6, 12), ("date", 12, 16)),
}
_CARD = (2, 14, 35, 36, 55)


class View:
    """Prints exchanges to ``stream``."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def exchange(self, peer: str, request: Message, reply: Message, notes: list[str]) -> None:
        """A request and its reply; ``notes`` are lines between them."""
        at = datetime.now().strftime("%H:%M:%S.%f")[:-3]
        lines = [f"{at} {peer} {request.mti or '????'}", *_fields(request)]
        lines += [f"  {note}" for note in notes]
        lines += [f"{at} {peer} {reply.mti} answers {reply.fields.get(39, '')}", *_fields(reply)]
        self._stream.write("\n".join(lines) + "\n\n")
        self._stream.flush()


def rows(shown: dict[str, Any]) -> Iterator[tuple[str, str, Any, str]]:
    """(number, name, value, its parts in words) of each field that ``show_fields`` gives.

    A value is a text, or that of F55 a dict of tags.
    """
    for number, value in shown.items():
        name = _NAMES.get(int(number), "")
        if isinstance(value, dict):
            yield number, name, {tag: _clean(text) for tag, text in value.items()}, ""
            continue
        cut = _PARTS.get(int(number), ())
        said = ", ".join(f"{part} {value[a:b]}" for part, a, b in cut if value[a:b])
        yield number, name, _clean(value), said


def _fields(message: Message) -> Iterator[str]:
    for number, name, value, said in rows(show_fields(message)):
        head = f"F{number:3} {name:16}"
        if isinstance(value, dict):
            yield f"  {head} {len(value)} tags"
            yield from (f"       {tag:5} {text}" for tag, text in value.items())
            continue
        yield f"  {head} {value}" + (f"  ({said})" if said else "")


def _clean(value: Any) -> str:
    """What a terminal emulator would take for a command becomes a question mark."""
    return "".join(c if c.isprintable() else "?" for c in str(value))


def mac_steps(mak: bytes, raw: bytes, request: Message, sm4: bool = False) -> list[str]:
    """How the host comes to the MAC of ``raw`` (from the MTI, with F64), and what was received.

    ``mak`` empty: not signed in. No key and no block is shown.
    """
    received = request.fields.get(64)
    if received is None:
        return ["MAC: there is none, and this transaction needs one"]
    if not mak:
        return ["MAC: the terminal is not signed in, there is no key to compute it with"]
    covered = dialect.mab(raw)
    computed = security.mac(mak, covered, sm4).decode()
    lines = [f"MAC over {len(covered)} bytes, from the MTI to the field before F64:"]
    size = 16 if sm4 else 8
    folded = bytes(size)
    for at in range(0, len(covered), size):
        folded = _xor(folded, covered[at : at + size].ljust(size, b"\0"))
    text = folded.hex().upper().encode()
    first = security.encrypt(mak, text[:size], sm4)
    second = security.encrypt(mak, _xor(first, text[size:]), sm4)
    if not any(number in request for number in _CARD):
        lines.append(f"  XOR of {-(-len(covered) // size)} blocks  {folded.hex().upper()}")
    lines.append(f"  first encryption   {first.hex().upper()}")
    lines.append(f"  second encryption  {second.hex().upper()}")
    lines.append(f"  computed           {computed}")
    return [*lines, f"  received           {_clean(received.decode('latin-1'))}"]


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
