"""The four lights of a contactless reader, at the right of the bar (EMV Contactless Book A, 9.2).

One is lit while it waits for a card, all four when the card has been read, none otherwise.
"""

from micropython import const

_COUNT = const(4)
_SIDE = const(6)
_STEP = const(9)
_X = const(92)
_Y = const(5)


def draw(canvas, lit: int) -> int:
    """Add the lights to a screen that is being made, ``lit`` of them on; returns their left."""
    canvas.box(_X - 2, 0, canvas.width - _X + 2, 16, "ink")
    for i in range(_COUNT):
        x = _X + _STEP * i
        canvas.box(x, _Y, _SIDE, _SIDE, "page")
        if i >= lit:
            canvas.box(x + 1, _Y + 1, _SIDE - 2, _SIDE - 2, "ink")
    return _X - 2


def show(ui, lit: int) -> None:
    """Switch the lights of the screen that is shown."""
    canvas = ui.canvas
    left = draw(canvas, lit)
    canvas.show(left, 0, canvas.width - left, 16)
