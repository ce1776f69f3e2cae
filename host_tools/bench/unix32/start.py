"""Runs the terminal, or loads its parts one by one, and says what the heap keeps.

The virtual board's own modules are C in flash on an ESP32: all of them are loaded first, and what
they keep can be taken off. Each line of ``/steps``, where the flash has that, is a step.
"""

import gc
import os
import sys


def kept(step):
    """Say how many bytes are live after a step."""
    gc.collect()
    print("kept", gc.mem_alloc(), step)


gc.threshold(1024)  # so that what is loaded here does not lie strewn over all of the heap
for name in os.listdir("/.mcu"):
    if name not in ("boot.mpy", "_boot.mpy"):
        __import__(name[:-4])
sys.path[:] = [p for p in sys.path if p not in ("", "/")]  # where this was started from
del sys.modules["start"], name
kept("board")
if "steps" in os.listdir("/"):
    gc.threshold(2048)
    with open("/steps") as file:
        steps = file.read().split("\n")
    for step in steps:
        exec(step)
        kept(step)
else:
    import main  # noqa: F401
