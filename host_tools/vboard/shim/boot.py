"""What the boot loader and ``_boot.py`` do on an ESP32: map the ROM, mount the flash, run main.

Run by the unix port before anything else; the environment says where the mapped images are. In a raw
REPL session after a soft reset ``main`` is not run, as on a board.
"""

import gc
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


_run_main = os.getenv("VBOARD_RUN_MAIN") == "1"
vfs.mount(vfs.VfsRom(_mapped("VBOARD_SHIM")), "/.mcu")
vfs.mount(vfs.VfsRom(_mapped("VBOARD_ROM")), "/rom")
sys.path[:] = ["/.mcu"]
import _link  # noqa: E402 - opens the line while the machine's own files are still visible
import esp32  # noqa: E402

vfs.umount("/")
_flash = esp32.Partition("vfs")
try:
    vfs.mount(vfs.VfsLfs2(_flash), "/")
except OSError:
    vfs.VfsLfs2.mkfs(_flash)
    vfs.mount(vfs.VfsLfs2(_flash), "/")
os.chdir("/")
sys.path[:] = ["", "/.mcu", "/rom", ".frozen", "/lib"]


def _exists(path):
    try:
        os.stat(path)
        return True
    except OSError:
        return False


def _go():
    if _exists("/boot.py"):
        exec(compile(open("/boot.py").read(), "/boot.py", "exec"), globals())
    gc.collect()
    _link.post(_link.BOOTED)
    if _run_main:
        if _exists("/main.py"):
            exec(compile(open("/main.py").read(), "/main.py", "exec"), globals())
        else:
            import main


_go()
