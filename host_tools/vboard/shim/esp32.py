"""``esp32`` of the virtual board: non-volatile storage, and the flash as a block device."""

import struct
from array import array

import _link
from micropython import const

_FLASH_READ = const(0x40)
_FLASH_PROGRAM = const(0x41)
_FLASH_ERASE = const(0x42)

# As an ESP32 has a cache before its flash: lines of so many bytes are read at once and kept
_LINE, _LINES, _NONE = 1024, 8, 0xFFFF


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
        self._cache = _link.memory(_LINE * _LINES)
        self._parts = array("H", [_NONE] * _LINES)  # which part of the flash each line has

    @classmethod
    def find(cls, type=1, subtype=0xFF, label=None):
        return [cls(label or "vfs")]

    def info(self):
        return (1, 0x81, 0x200000, self._size, "vfs", False)

    def readblocks(self, block_num, buf, offset=0):
        where = block_num * 4096 + offset
        n = len(buf)
        part, start = divmod(where, _LINE)
        if not self._cache or start + n > _LINE:
            _link.call(_FLASH_READ, 0, struct.pack("<II", where, n), memoryview(buf))
            return
        line = part % _LINES
        at = line * _LINE
        if self._parts[line] != part:
            self._parts[line] = _NONE
            asked = struct.pack("<II", part * _LINE, _LINE)
            _link.call(_FLASH_READ, 0, asked, self._cache[at : at + _LINE])
            self._parts[line] = part
        buf[:] = self._cache[at + start : at + start + n]

    def _forget(self, part):
        """What is kept of one part of the flash is not true any more."""
        if self._parts[part % _LINES] == part:
            self._parts[part % _LINES] = _NONE

    def writeblocks(self, block, buf, offset=None):
        if offset is None:
            for i in range(len(buf) // 4096):
                self.ioctl(6, block + i)
            offset = 0
        view = memoryview(buf)
        for i in range(0, len(view), 1024):
            at = block * 4096 + offset + i
            data = bytes(view[i : i + 1024])
            self._forget(at // _LINE)
            self._forget((at + len(data) - 1) // _LINE)
            _link.call(_FLASH_PROGRAM, 0, struct.pack("<I", at) + data)

    def ioctl(self, op, arg):
        if op == 4:
            return self._size // 4096
        if op == 5:
            return 4096
        if op == 6:
            for part in range(4096 // _LINE):
                self._forget(arg * (4096 // _LINE) + part)
            _link.call(_FLASH_ERASE, 0, struct.pack("<I", arg))
            return 0
