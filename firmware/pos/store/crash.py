"""Where the terminal crashed last, for who asks later: no data, see ``log.crash``."""

import time

from pos.store import files


def keep(root: str, room: str, text: str) -> None:
    """Keep it, unless it is what is there already: one that comes again and again is written once.

    Never raises: there are other things to worry about.
    """
    path = root + "/crash"
    try:
        if load(root).partition("\n")[2] != text:
            when = "%04d-%02d-%02d %02d:%02d:%02d" % time.localtime()[:6]
            files.save(path, "".join((when, " ", room, "\n", text)).encode())
    except (OSError, MemoryError):
        pass


def load(root: str) -> str:
    """When and in which room, then the places it came through and its type; or nothing."""
    try:
        return bytes(files.load(root + "/crash") or b"").decode()
    except files.Damaged:
        return ""
