"""What the boot loader of the chip does: map the ROM, then hand over to what is in it.

Run by the unix port before anything else; the environment says where the mapped images are. The
rest of the start is ``_boot.py``, compiled, in the image of the board's own modules.
"""

import os
import sys

import vfs


def _mapped(name):
    """A ROM image: mapped memory (address,length), or a file read into the heap."""
    place = os.getenv(name)
    if place[0] == "/":
        return open(place, "rb").read()
    import uctypes

    address, size = place.split(",")
    return uctypes.bytearray_at(int(address), int(size))


vfs.mount(vfs.VfsRom(_mapped("VBOARD_SHIM")), "/.mcu")
vfs.mount(vfs.VfsRom(_mapped("VBOARD_ROM")), "/rom")
sys.path[:] = ["/.mcu"]
import _boot  # noqa: E402

_main = _boot.go(globals())
del _boot, _mapped, sys.modules["_boot"]
if _main == "main":
    import main
elif _main:
    with open(_main) as _file:
        exec(compile(_file.read(), _main, "exec"))
