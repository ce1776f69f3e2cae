"""For MicroPython: a flash in memory under the LittleFS of the tests, logging what changes it."""

import vfs

BLOCK = 4096


class Ram:
    """``image`` is the content, ``log`` the changes: (offset, data, or None for an erase)."""

    def __init__(self, blocks):
        self.image = bytearray(b"\xff" * (blocks * BLOCK))
        self.log = None

    def readblocks(self, block, buf, offset=0):
        at = block * BLOCK + offset
        buf[:] = memoryview(self.image)[at : at + len(buf)]

    def writeblocks(self, block, buf, offset=0):
        at = block * BLOCK + offset
        if self.log is not None:
            self.log.append((at, bytes(buf)))
        self.image[at : at + len(buf)] = buf

    def ioctl(self, op, arg):
        if op == 4:
            return len(self.image) // BLOCK
        if op == 5:
            return BLOCK
        if op == 6:
            if self.log is not None:
                self.log.append((arg * BLOCK, None))
            self.image[arg * BLOCK : (arg + 1) * BLOCK] = ERASED
        return 0


ERASED = b"\xff" * BLOCK


def mount(ram, fresh=True):
    """Mount ``ram`` at /data, made new if ``fresh``."""
    if fresh:
        vfs.VfsLfs2.mkfs(ram)
    vfs.mount(vfs.VfsLfs2(ram), "/data")


def remount(ram):
    """Forget all that is in memory, as a restart does."""
    vfs.umount("/data")
    vfs.mount(vfs.VfsLfs2(ram), "/data")
