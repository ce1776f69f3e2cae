"""``esp32`` of the virtual board: non-volatile storage, and the flash as a block device."""

import struct

import _link
from micropython import const

_FLASH_READ = const(0x40)
_FLASH_PROGRAM = const(0x41)
_FLASH_ERASE = const(0x42)


def __getattr__(name):
    """NVS takes no room but while somebody uses it."""
    if name != "NVS":
        raise AttributeError(name)
    return _link.lent(name)


class Partition:
    """The data partition of the flash, 4096-byte blocks, as MicroPython's file systems want it."""

    TYPE_APP, TYPE_DATA = 0, 1

    def __init__(self, label, block_size=4096):
        self._size = struct.unpack("<I", _link.call(_FLASH_READ, 1))[0]

    @classmethod
    def find(cls, type=1, subtype=0xFF, label=None, block_size=4096):
        return [cls(label or "vfs", block_size)]

    def info(self):
        return (1, 0x81, 0x200000, self._size, "vfs", False)

    def readblocks(self, block, buf, offset=0):
        where = struct.pack("<II", block * 4096 + offset, len(buf))
        buf[:] = _link.call(_FLASH_READ, 0, where)

    def writeblocks(self, block, buf, offset=None):
        if offset is None:
            for i in range(len(buf) // 4096):
                self.ioctl(6, block + i)
            offset = 0
        view = memoryview(buf)
        for i in range(0, len(view), 1024):
            where = struct.pack("<I", block * 4096 + offset + i)
            _link.call(_FLASH_PROGRAM, 0, where + bytes(view[i : i + 1024]))

    def ioctl(self, op, arg):
        if op == 4:
            return self._size // 4096
        if op == 5:
            return 4096
        if op == 6:
            _link.call(_FLASH_ERASE, 0, struct.pack("<I", arg))
            return 0
