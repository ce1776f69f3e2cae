"""The four lights of a contactless reader, as a row on the screen (EMV Contactless Book A, 9.2).

One is lit while it waits for a card, all four when the card has been read, none otherwise.
"""

from micropython import const

_COUNT = const(4)
_WIDE = const(32)
_HIGH = const(8)
_STEP = const(40)
_Y = const(100)


def draw(canvas, lit: int) -> int:
    """Add the lights to a screen that is being made, ``lit`` of them on; returns their left."""
    left = (canvas.width - _STEP * (_COUNT - 1) - _WIDE) // 2
    for i in range(_COUNT):
        canvas.box(left + _STEP * i, _Y, _WIDE, _HIGH, "good" if i < lit else "line")
    return left


def show(ui, lit: int) -> None:
    """Switch the lights of the screen that is shown."""
    canvas = ui.canvas
    left = draw(canvas, lit)
    canvas.show(left, _Y, canvas.width - 2 * left, _HIGH)
