"""The black list of cards: leading digits of the numbers that are not to be taken."""

import os

from pos.store import files


def save(root: str, entries) -> None:
    """Replace the list by ``entries`` (texts of digits), durable when this returns."""
    path = root + "/blocked"
    if entries:
        files.save(path, " ".join(entries).encode())
    elif "blocked" in os.listdir(root):
        os.remove(path)


def holds(root: str, pan: str) -> bool:
    """Whether a card is on the list. Raises files.Damaged."""
    data = files.load(root + "/blocked")
    return bool(data) and any(pan.startswith(entry) for entry in bytes(data).decode().split(" "))
