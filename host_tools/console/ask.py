"""Carries an order out: pages are asked for one after the other, pictures are put together."""

import base64
from collections.abc import Callable

from PIL import Image

from host_tools.console.commands import Order
from host_tools.console.wire import ConsoleError, Record, Wire

_USUAL_COUNT = 10


def ask(wire: Wire, order: Order, part: Callable[[Record], None]) -> Record:
    """The answer; ``part`` hears of its parts as they come. Raises ConsoleError, OSError."""
    command = order.command
    if command.name == "screen":
        return screen(wire, order.file)
    arguments = dict(order.arguments)
    if command.name == "journal":
        arguments.setdefault("start", -_USUAL_COUNT)
    patience = command.patience_s + arguments.get("seconds", 0)
    while True:
        answer = wire.ask(command.asks, arguments, part, patience)
        if "next" not in answer:
            return answer
        arguments["start"] = answer["next"]


def screen(wire: Wire, file: str) -> Record:
    """Read the display back and write it to ``file``. Raises ConsoleError, OSError."""
    image, answer = picture(wire)
    if image is None:
        return answer
    image.save(file, "PNG")
    return {"file": file, **answer}


def picture(wire: Wire, patience_s: float = 10) -> tuple[Image.Image | None, Record]:
    """Read the display back, strip by strip; None where it is not told, with the answer.

    A screen that changes meanwhile is a mixture. Raises ConsoleError.
    """
    rows: dict[int, bytes] = {}
    y, answer = 0, Record()
    while True:
        answer = wire.ask(
            "screen",
            {"y": y},
            lambda row: rows.__setitem__(row["y"], _pixels(row["runs"])),
            patience_s,
        )
        if "error" in answer:
            return None, answer
        if "next" not in answer:
            break
        y = answer["next"]
    size = answer["width"], answer["height"]
    data = b"".join(rows.get(y, b"") for y in range(size[1]))
    if len(data) != size[0] * size[1] * 3:
        raise ConsoleError("rows of the picture are missing: something disturbs the line")
    return Image.frombytes("RGB", size, data), answer


def _pixels(runs: str) -> bytes:
    """One row as R, G, B: runs of (count, RGB565)."""
    data, out = base64.b64decode(runs), bytearray()
    for at in range(0, len(data) - 2, 3):
        word = data[at + 1] << 8 | data[at + 2]
        red, green, blue = word >> 11, word >> 5 & 63, word & 31
        colour = (red << 3 | red >> 2, green << 2 | green >> 4, blue << 3 | blue >> 2)
        out += bytes(colour) * data[at]
    return bytes(out)
