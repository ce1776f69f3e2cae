"""The terminal's own signs, drawn large and scaled down: small ones for the fonts, big ones alone.

Every sign has a code point that means what it shows, so that a screen can be written, and read
back, as text.
"""

import math
from collections.abc import Callable

from PIL import Image, ImageDraw

LARGE = 64
CORNER = 6
_OVER = 8  # drawn this many times larger, then averaged

Draw = ImageDraw.ImageDraw
Pen = Callable[[Draw, float], None]


def small(size: int) -> dict[str, Image.Image]:
    """Signs of ``size`` pixels: ✓ ✗ ⚠, and those of the status bar: ᯤ network, ⇄ host, ▤ paper,
    ▁ ▂ ▄ ▆ █ how much the battery has, ϟ that it is charged.
    """
    pens: dict[str, Pen] = {
        "✓": _tick,
        "✗": _cross,
        "⚠": _warning,
        "ᯤ": _network,
        "⇄": _host,
        "▤": _paper,
        **{char: _battery(part / 4) for part, char in enumerate("▁▂▄▆█")},
        "ϟ": _charged,
    }
    return {char: _picture(size, pen) for char, pen in pens.items()}


def large(size: int = LARGE) -> dict[str, Image.Image]:
    """Signs of ``size`` pixels: ✓ ✗ ⚠ ℹ … in a disc, ◗ the contactless waves."""
    return {
        "✓": _picture(size, _disc(_tick)),
        "✗": _picture(size, _disc(_cross)),
        "⚠": _picture(size, _disc(_mark)),
        "ℹ": _picture(size, _disc(_info)),
        "…": _picture(size, _disc(_dots)),
        "◗": _picture(size, _waves),
    }


def dot(size: int) -> Image.Image:
    """A filled disc ``size`` pixels across."""
    return _picture(size, lambda draw, s: draw.ellipse((0, 0, s - 1, s - 1), fill=255))


def corners() -> dict[str, Image.Image]:
    """╭ ╮ ╯ ╰: the quarters of a filled disc, for the corners of rounded boxes."""
    return {
        "╭": _corner(CORNER, 0, 0),
        "╮": _corner(CORNER, -1, 0),
        "╯": _corner(CORNER, -1, -1),
        "╰": _corner(CORNER, 0, -1),
    }


def _corner(size: int, right: int, low: int) -> Image.Image:
    """The quarter of a disc of radius ``size`` that is moved by -1 radius right or down."""

    def pen(draw: Draw, s: float) -> None:
        x, y = right * s, low * s
        draw.ellipse((x, y, x + 2 * s - 1, y + 2 * s - 1), fill=255)

    return _picture(size, pen)


def _picture(size: int, pen: Pen) -> Image.Image:
    image = Image.new("L", (size * _OVER, size * _OVER))
    pen(ImageDraw.Draw(image), size * _OVER)
    return image.resize((size, size), Image.Resampling.BOX)


def _line(draw: Draw, s: float, points: list[tuple[float, float]], width: float, ink: int) -> None:
    """A line with round ends; points and width in parts of the side."""
    path = [(x * s, y * s) for x, y in points]
    draw.line(path, fill=ink, width=round(width * s), joint="curve")
    radius = width * s / 2
    for x, y in (path[0], path[-1]):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=ink)


def _tick(draw: Draw, s: float, width: float = 0.17, ink: int = 255) -> None:
    _line(draw, s, [(0.12, 0.54), (0.38, 0.8), (0.88, 0.22)], width, ink)


def _cross(draw: Draw, s: float, width: float = 0.17, ink: int = 255) -> None:
    _line(draw, s, [(0.16, 0.16), (0.84, 0.84)], width, ink)
    _line(draw, s, [(0.16, 0.84), (0.84, 0.16)], width, ink)


def _warning(draw: Draw, s: float) -> None:
    draw.polygon([(s * 0.5, 0), (s - 1, s - 1), (0, s - 1)], fill=255)
    draw.rectangle((s * 0.44, s * 0.36, s * 0.56, s * 0.66), fill=0)
    draw.rectangle((s * 0.44, s * 0.76, s * 0.56, s * 0.88), fill=0)


def _network(draw: Draw, s: float) -> None:
    """Four bars that rise."""
    for i in range(4):
        x = s * (0.02 + 0.26 * i)
        draw.rectangle((x, s * (0.72 - 0.24 * i), x + s * 0.16, s - 1), fill=255)


def _host(draw: Draw, s: float) -> None:
    """An arrow there and an arrow back."""
    for y, tip, tail in ((0.28, 1.0, 0.0), (0.74, 0.0, 1.0)):
        back = tip + (0.34 if tip == 0 else -0.34)
        draw.rectangle(
            (s * min(tail, back), s * (y - 0.06), s * max(tail, back), s * (y + 0.06)), fill=255
        )
        draw.polygon(
            [(s * tip, s * y), (s * back, s * (y - 0.26)), (s * back, s * (y + 0.26))], fill=255
        )


def _paper(draw: Draw, s: float) -> None:
    """A receipt with a torn edge."""
    teeth = [(0.88 - 0.095 * i, 0.98 if i % 2 == 0 else 0.86) for i in range(9)]
    outline = [(0.12, 0.0), (0.88, 0.0), *teeth]
    draw.polygon([(x * s, y * s) for x, y in outline], fill=255)
    for y in (0.2, 0.42, 0.64):
        draw.rectangle((s * 0.28, s * y, s * 0.72, s * (y + 0.08)), fill=0)


def _cell(draw: Draw, s: float) -> None:
    """An empty battery that stands."""
    draw.rectangle((s * 0.36, 0, s * 0.64, s * 0.1), fill=255)
    draw.rectangle((s * 0.18, s * 0.1, s * 0.82, s - 1), fill=255)
    draw.rectangle((s * 0.27, s * 0.19, s * 0.73, s * 0.91), fill=0)


def _battery(full: float) -> Pen:
    """A battery that has ``full`` of its charge, 0 to 1."""

    def pen(draw: Draw, s: float) -> None:
        _cell(draw, s)
        if full:
            draw.rectangle((s * 0.27, s * (0.91 - 0.72 * full), s * 0.73, s * 0.91), fill=255)

    return pen


def _charged(draw: Draw, s: float) -> None:
    """A battery with a flash in it."""
    _cell(draw, s)
    flash = [(0.6, 0.2), (0.32, 0.58), (0.48, 0.58), (0.4, 0.9), (0.7, 0.48), (0.52, 0.48)]
    draw.polygon([(x * s, y * s) for x, y in flash], fill=255)


def _disc(inside: Callable[..., None]) -> Pen:
    """A disc with a sign cut out of it."""

    def pen(draw: Draw, s: float) -> None:
        draw.ellipse((0, 0, s - 1, s - 1), fill=255)
        image = Image.new("L", (round(s), round(s)))
        inside(ImageDraw.Draw(image), s, 0.13, 255)
        half = round(s * 0.56)
        sign = image.resize((half, half), Image.Resampling.BOX)
        at = (round(s) - half) // 2
        draw.bitmap((at, at), sign, fill=0)

    return pen


def _mark(draw: Draw, s: float, width: float, ink: int) -> None:
    _line(draw, s, [(0.5, 0.06), (0.5, 0.6)], width * 1.2, ink)
    _line(draw, s, [(0.5, 0.9), (0.5, 0.901)], width * 1.3, ink)


def _info(draw: Draw, s: float, width: float, ink: int) -> None:
    _line(draw, s, [(0.5, 0.42), (0.5, 0.94)], width * 1.2, ink)
    _line(draw, s, [(0.5, 0.1), (0.5, 0.101)], width * 1.3, ink)


def _dots(draw: Draw, s: float, width: float, ink: int) -> None:
    for x in (0.12, 0.5, 0.88):
        _line(draw, s, [(x, 0.5), (x, 0.501)], width * 1.5, ink)


def _waves(draw: Draw, s: float) -> None:
    """Four arcs that open to the right, as on every contactless reader."""
    for i in range(4):
        radius, middle = s * (0.16 + 0.2 * i), s * 0.5
        centre = s * 0.12
        box = (centre - radius, middle - radius, centre + radius, middle + radius)
        angle = 40
        draw.arc(box, -angle, angle, fill=255, width=round(s * 0.085))
        for sign in (-1, 1):
            end = math.radians(angle)
            r = radius - s * 0.0425
            x, y = centre + r * math.cos(end), middle + sign * r * math.sin(end)
            d = s * 0.0425
            draw.ellipse((x - d, y - d, x + d, y + d), fill=255)
