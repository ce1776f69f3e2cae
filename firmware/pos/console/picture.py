"""The display, looked at from inside: what its memory holds, and whether it keeps what it gets."""

from asyncio import sleep_ms
from binascii import b2a_base64

from micropython import const

from pos.console.serve import part

_ROWS = const(16)
_BARS = b"\xf8\x00\x07\xe0\x00\x1f\xff\xe0\xf8\x1f\x07\xff\xff\xff\x00\x00"
_MS = const(3000)


async def screen(t, request) -> dict:
    """Some rows from ``y`` on, read back from the chip; ``next`` is the row to go on with.

    Each row a part: runs of (count, RGB565 high byte first) in Base64. No command comes while
    somebody types a PIN, a password or a card number.
    """
    display = t.display
    y = request.get("y", 0)
    if not isinstance(y, int) or not 0 <= y < display.height:
        return {"error": "arguments", "why": "y"}
    if not display.works():
        return {"error": "failed", "why": "display"}
    row = bytearray(display.width * 3)
    end = min(y + _ROWS, display.height)
    for at in range(y, end):
        display.read(0, at, display.width, 1, row)
        part(y=at, runs=b2a_base64(_runs(row)).decode().strip())
    answer = {"width": display.width, "height": display.height}
    if end < display.height:
        answer["next"] = end
    return answer


def _runs(row):
    out = bytearray()
    i, size = 0, len(row)
    while i < size:
        red, green, blue = row[i], row[i + 1], row[i + 2]
        start = i
        i += 3
        while i < size and row[i] == red and row[i + 1] == green and row[i + 2] == blue:
            i += 3
        out.append((i - start) // 3)
        out.append(red & 0xF8 | green >> 5)
        out.append((green & 0x1C) << 3 | blue >> 3)
    return out


async def display(t, request) -> dict:
    """Eight bars of colour for ``ms``; ``ok``: the chip says its name and has kept them."""
    chip, canvas = t.display, t.ui.canvas
    high = chip.height // 8
    try:
        for i in range(8):
            chip.fill(0, i * high, chip.width, high, _BARS[2 * i] << 8 | _BARS[2 * i + 1])
        kept, one = chip.works(), bytearray(3)
        for i in range(8):
            chip.read(chip.width // 2, i * high + high // 2, 1, 1, one)
            kept = kept and _runs(one)[1:] == _BARS[2 * i : 2 * i + 2]
        await sleep_ms(request.get("ms", _MS))
    finally:
        top, canvas.top = canvas.top, 0
        canvas.show()
        canvas.top = top
    return {"ok": kept}
