"""What carries the bytes of ``_link`` on the virtual board: a descriptor that it has inherited.

Where the same modules run on a board of silicon, ``host_tools/hil/shim`` has another one.
"""

import os

import uselect
from utime import ticks_ms

stream = open(int(os.getenv("VBOARD_LINK")), "r+b")
write = stream.write
readinto = stream.readinto
_poll = uselect.poll()
_poll.register(stream, uselect.POLLIN)
ready = _poll.poll  # ready(ms): whether there is something to read, now or within ms


def stamp():
    """When a frame leaves, in 4 ms; 0: not known. The chips' side has the same clock."""
    return ticks_ms() >> 2 & 0xFF


def setting(name):
    """What the board is told at its start."""
    return os.getenv("VBOARD_" + name)


def memory(size, skip=2048):
    """Memory outside the heap, where a chip's own drivers have their buffers; None: there is none.

    ``skip``: where it begins. The line itself has the first 2 KB.
    """
    place = os.getenv("VBOARD_BUFFER")
    if not place:
        return None
    import uctypes

    return memoryview(uctypes.bytearray_at(int(place) + skip, size))
