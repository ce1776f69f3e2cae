"""What ``_boot.py`` does on an ESP32: mount the flash, run boot.py, run main.

In a raw REPL session after a soft reset ``main`` is not run, as on a board.
"""

import gc
import os
import sys

import vfs

import _link
from micropython import const

_BOOTED = const(0x75)


def _mount():
    import esp32

    flash = esp32.Partition("vfs")
    try:
        vfs.mount(vfs.VfsLfs2(flash), "/")
    except OSError:
        vfs.VfsLfs2.mkfs(flash)
        vfs.mount(vfs.VfsLfs2(flash), "/")


def _exists(path):
    try:
        os.stat(path)
        return True
    except OSError:
        return False


def _run(path, names):
    with open(path) as file:
        exec(compile(file.read(), path, "exec"), names)


def go(names):
    """Start; returns the source file of the program, "main" for the one in the ROM, or None.

    ``names`` are the globals of the program and of the REPL after it.
    """
    run_main = _link.setting("RUN_MAIN") == "1"
    vfs.umount("/")
    _mount()
    os.chdir("/")
    sys.path[:] = ["", "/.mcu", "/rom", ".frozen", "/lib"]
    if _exists("/boot.py"):
        _run("/boot.py", names)
    gc.collect()
    _link.post(_BOOTED)
    if not run_main:
        return None
    return "/main.py" if _exists("/main.py") else "main"
