"""How well a network is heard, and whether it wants a password, at the right of a list's entry."""


def draw(canvas, y: int, lit: int, locked: bool) -> None:
    """Four bars, ``lit`` of them full, and a lock."""
    for i in range(4):
        high = 4 + 4 * i
        canvas.box(204 + 5 * i, y + 26 - high, 4, high, "ink" if i < lit else "line")
    if locked:
        canvas.box(186, y + 17, 12, 9, "muted")
        canvas.box(188, y + 11, 8, 2, "muted")
        canvas.box(188, y + 11, 2, 6, "muted")
        canvas.box(194, y + 11, 2, 6, "muted")
