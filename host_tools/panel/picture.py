"""What has changed of a picture, as the frames in which the page gets it.

A frame of pixels: 01, then x, y, width, height of a rectangle (2 bytes each, least significant
first), then its pixels R, G, B, row by row.
"""

import struct
from collections.abc import Iterator

from PIL import Image, ImageChops

PIXELS = 0x01
_GAP = 8  # rows: changes nearer to each other than this travel together
_HEAD = struct.Struct("<BHHHH")


def frames(before: Image.Image | None, now: Image.Image) -> Iterator[bytes]:
    """The frames that turn ``before`` (None, or of another size: nothing yet) into ``now``."""
    if before is None or before.size != now.size:
        yield _frame(now, (0, 0, *now.size))
        return
    if before is now:
        return
    difference = ImageChops.difference(before, now)
    for top, bottom in _bands(difference):
        box = difference.crop((0, top, now.width, bottom)).getbbox()
        if box is not None:
            left, first, right, last = box
            yield _frame(now, (left, top + first, right, top + last))


def _bands(difference: Image.Image) -> Iterator[tuple[int, int]]:
    """(first row, row after the last) of each stretch of rows that has a change."""
    stride = difference.width * len(difference.getbands())
    pixels, same = difference.tobytes(), bytes(stride)
    start, end = -1, -1
    for row in range(difference.height):
        if pixels[row * stride : (row + 1) * stride] == same:
            continue
        if start >= 0 and row - end >= _GAP:
            yield start, end
            start = row
        elif start < 0:
            start = row
        end = row + 1
    if start >= 0:
        yield start, end


def _frame(picture: Image.Image, box: tuple[int, int, int, int]) -> bytes:
    left, top, right, bottom = box
    head = _HEAD.pack(PIXELS, left, top, right - left, bottom - top)
    return head + picture.crop(box).convert("RGB").tobytes()
