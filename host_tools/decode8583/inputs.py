"""Frames from what an engineer has: hex, one frame a line, bytes of a capture, a host's log."""

from host_tools.decode8583 import log_lines
from host_tools.decode8583.reading import Reading, read

_DIGITS = set("0123456789abcdefABCDEF")


class NotFrames(ValueError):
    """What was given is neither hex nor a log; the text says where it is not."""


def readings(
    data: bytes, mak: bytes | None = None, sm4: bool = False, clear: bool = False
) -> list[Reading]:
    """Everything in ``data``, in its order. Raises NotFrames."""
    text = data.decode("latin-1")
    if text.lstrip().startswith("{"):
        records = [log_lines.record(line) for line in text.splitlines() if line.strip()]
        found = [log_lines.read(record) for record in records if record]
        return [reading for reading in found if reading is not None]
    frames = _split(data) if _is_binary(data) else _from_text(text)
    return [read(frame, mak, sm4, clear) for frame in frames]


def _is_binary(data: bytes) -> bool:
    return any(byte < 0x20 and byte not in b"\t\r\n" for byte in data)


def _from_text(text: str) -> list[bytes]:
    lines = [line.split("#")[0] for line in text.splitlines()]
    single = [_unhex(line) for line in lines if line.strip()] if len(lines) > 1 else []
    if single and all(_whole(frame) for frame in single):
        return single
    return _split(_unhex("".join(lines)))


def _unhex(text: str) -> bytes:
    digits = "".join(text.split())
    bad = next((at for at, c in enumerate(digits) if c not in _DIGITS), None)
    if bad is not None:
        # the character itself may belong to a secret that was pasted here by mistake
        raise NotFrames(f"byte {bad // 2}: no hex digit")
    if len(digits) & 1:
        raise NotFrames(f"byte {len(digits) // 2}: half a byte, {len(digits)} hex digits are odd")
    return bytes.fromhex(digits)


def _whole(frame: bytes) -> bool:
    return len(frame) > 2 and int.from_bytes(frame[:2], "big") == len(frame) - 2


def _split(data: bytes) -> list[bytes]:
    """Frames that stand one behind the other; whatever does not fit stays in one piece."""
    frames = []
    while len(data) > 2:
        end = int.from_bytes(data[:2], "big") + 2
        if data[2] != 0x60 or len(data) <= end + 2 or data[end + 2] != 0x60:
            break
        frames.append(data[:end])
        data = data[end:]
    return [*frames, data] if data else frames
