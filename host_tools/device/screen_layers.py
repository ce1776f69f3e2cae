"""A picture of the screen as grey levels between each two colours that text on it may have."""

import functools
import re
import struct
from collections.abc import Iterator
from typing import cast

from PIL import Image

LARGE = (240, 320)
SMALL = (128, 64)  # a display of one colour: no grey, no round corners
SIZES = LARGE, SMALL

_CORNER = 6  # pixels: the largest radius of a rounded box
_LEAST_BACK = 64  # pixels of a colour that has text on it
_LEAST_INK = 4  # pixels of a colour that text has
_LEAST_SIDE = 14  # pixels of a box that has text in it
_LEAST_LABEL = 11  # and of one on the small display
_SHADES_KEPT = 4096

Box = tuple[int, int, int, int]  # left, top, right, bottom
Rows = list[bytes]
Rgb = tuple[int, int, int]


def layers(image: Image.Image) -> Iterator[tuple[Rows, Box, bool]]:
    """Grey levels (0 to 3) between each two colours that text may have, where the first is, and
    whether there is any grey.
    """
    size = image.size
    colors, pixels = _indexed(image)
    values = tuple(color for color, _ in colors)
    inks = [ink for ink, (_, many) in enumerate(colors) if many >= _LEAST_INK]
    for back, (_, count) in enumerate(colors):
        for box in _boxes(pixels, back, size) if count >= _LEAST_BACK else ():
            left, top, right, bottom = box
            width = right - left
            area = b"".join(
                pixels[y * size[0] + left : y * size[0] + right] for y in range(top, bottom)
            )
            there = set(area)
            for ink in inks:
                if ink == back or ink not in there:
                    continue
                table, grey = _shades(values, back, ink)
                levels = area.translate(table)
                if levels.count(0) != len(levels):
                    rows = [levels[at : at + width] for at in range(0, len(levels), width)]
                    round_ = size != SMALL and width < size[0]
                    yield (_without_corners(rows) if round_ else rows), box, grey


def _indexed(image: Image.Image) -> tuple[list[tuple[Rgb, int]], bytes]:
    """The colours with their counts, most used first, and the picture as numbers of colours."""
    counted = cast("list[tuple[int, Rgb]]", image.getcolors(image.width * image.height))
    counted.sort(reverse=True)
    colors = [(color, count) for count, color in counted[:256]]
    dots = memoryview(image.convert("RGBA").tobytes()).cast("I")
    last = len(colors) - 1
    number = {
        struct.unpack("=I", bytes((*color, 255)))[0]: min(i, last)
        for i, (_, color) in enumerate(counted)
    }
    return colors, bytes(map(number.__getitem__, dots))


@functools.lru_cache(_SHADES_KEPT)
def _shades(values: tuple[Rgb, ...], back: int, ink: int) -> tuple[bytes, bool]:
    """The level of each colour between two of them, and whether one lies between: letters."""
    table = bytearray(256)
    table[ink] = 3
    between = False
    for n, color in enumerate(values):
        if n not in (back, ink):
            table[n] = _level(color, values[back], values[ink])
            between = between or table[n] > 0
    return bytes(table), between


@functools.cache
def _level(color: Rgb, back: Rgb, ink: Rgb) -> int:
    """1 or 2 where a colour lies a third or two thirds between two others, else 0."""
    found = 0
    for level in (1, 2):
        goal = [
            b * (3 - level) + i * level for b, i in zip(_rgb565(back), _rgb565(ink), strict=True)
        ]
        if all(abs(3 * c - g) < 3 for c, g in zip(_rgb565(color), goal, strict=True)):
            found = level
    return found


@functools.cache
def _rgb565(color: Rgb) -> Rgb:
    """The colour in the steps of the display."""
    return color[0] >> 3, color[1] >> 2, color[2] >> 3


def _boxes(pixels: bytes, color: int, size: tuple[int, int]) -> list[Box]:
    """The rectangles around the connected areas of a colour that can hold text, largest first."""
    least = _LEAST_LABEL if size == SMALL else _LEAST_SIDE
    if bytes((color,)) * least not in pixels:
        return []
    runs = re.compile(re.escape(bytes((color,))) + b"+")
    areas: list[list[int]] = []
    above: list[tuple[int, int, int]] = []
    parent: list[int] = []
    width, height = size
    for y in range(height):
        row = []
        first = y * width
        for match in runs.finditer(pixels, first, first + width):
            start, end = match.start() - first, match.end() - first
            area = len(areas)
            for left, right, other in above:
                if left < end and right > start:
                    other = _root(parent, other)
                    if area == len(areas):
                        area = other
                    elif other != area:
                        parent[other] = area
                        _grow(areas[area], areas[other])
            if area == len(areas):
                areas.append([start, y, end, y + 1])
                parent.append(area)
            else:
                box = areas[area]
                box[3] = y + 1  # row by row: it can only have grown downwards
                if start < box[0]:
                    box[0] = start
                if end > box[2]:
                    box[2] = end
            row.append((start, end, area))
        above = row
    boxes = [
        (left, top, right, bottom)
        for i, (left, top, right, bottom) in enumerate(areas)
        if parent[i] == i and right - left >= least and bottom - top >= least
    ]
    return _outermost(boxes)


def _root(parent: list[int], area: int) -> int:
    while parent[area] != area:
        area = parent[area]
    return area


def _grow(box: list[int], other: list[int]) -> None:
    box[:] = [
        min(box[0], other[0]),
        min(box[1], other[1]),
        max(box[2], other[2]),
        max(box[3], other[3]),
    ]


def _outermost(boxes: list[Box]) -> list[Box]:
    """The boxes that lie in no other one (the inside of a letter lies in that around it)."""
    boxes.sort(key=lambda box: (box[0] - box[2]) * (box[3] - box[1]))
    kept: list[Box] = []
    for box in boxes:
        if not any(
            k[0] <= box[0] and k[1] <= box[1] and k[2] >= box[2] and k[3] >= box[3] for k in kept
        ):
            kept.append(box)
    return kept


def _without_corners(rows: Rows) -> Rows:
    """Rows whose corners are blank: there a rounded box shows what is around it."""
    blank = bytes(_CORNER)
    edge = [blank + row[_CORNER:-_CORNER] + blank for row in rows]
    return edge[:_CORNER] + rows[_CORNER:-_CORNER] + edge[-_CORNER:]
