"""The terminal's start: where its code comes from, then the terminal."""

import gc
import sys

import micropython
from image import DEVELOPMENT  # pyright: ignore[reportMissingImports] - the build makes it

if not DEVELOPMENT:
    micropython.kbd_intr(-1)  # Ctrl-C is a byte like any other: no way to the REPL

# Nothing on the writable flash may take the place of the terminal's own modules.
sys.path[:] = [p for p in sys.path if p not in ("", "/")]

# What is loaded now stays: collect often meanwhile, so that it leaves no holes in the heap; in a
# large one less often, as each collection looks through all of it.
gc.threshold(max(2048, gc.mem_free() // 64))

try:
    import names  # pyright: ignore[reportMissingImports] - the build makes it

    # Code that is loaded from a file brings its names along, for ever: all of them now, in one
    # place, and not a few with each story. Frozen code has them in flash, and no such module.
    del names, sys.modules["names"]
except ImportError:
    pass

from pos import terminal  # noqa: E402

del sys.modules["image"]

terminal.run()
