"""How well a network is heard, and whether it wants a password, at the right of a list's entry."""


def draw(canvas, y: int, lit: int, locked: bool) -> None:
    """Four bars, ``lit`` of them full, and a lock."""
    for i in range(4):
        high = 3 + 3 * i if i < lit else 1
        canvas.box(110 + 4 * i, y + 14 - high, 3, high, "ink")
    if locked:
        canvas.box(98, y + 8, 9, 6, "muted")
        canvas.box(100, y + 4, 5, 1, "muted")
        canvas.box(100, y + 4, 1, 5, "muted")
        canvas.box(104, y + 4, 1, 5, "muted")
