"""A screen of facts, each with its name: what about a terminal, or a transaction, is so."""

from micropython import const

_X = const(8)
_WIDE = const(224)
_Y = const(72)
_ROW = const(21)
_GAP = const(8)


async def show(ui, title: str, pairs, timeout_ms: int = 0):
    """At most ten pairs of name and value; the key that ends it, or None after the time."""
    canvas = ui.page(title, "E")
    measure = canvas.fonts["sans16"].measure
    y = _Y
    for name, value in pairs:
        wide = measure(name) + _GAP
        canvas.text(_X, y, wide, name, "sans16", "muted")
        canvas.text(_X + wide, y, _WIDE - wide, value, "sans16", "ink", ">")
        y += _ROW
    canvas.show()
    return await ui.key(timeout_ms)
