"""``esp32`` of the virtual board: non-volatile storage, and the flash as a block device."""

import struct

import _link


class NVS:
    """Key-value pairs that survive power cuts; ``commit`` makes what was set durable."""

    def __init__(self, namespace):
        if len(namespace) > 15:
            raise ValueError("namespace too long")
        self._ns = namespace.encode()
        self._pending = []

    def _name(self, key):
        return bytes((len(self._ns),)) + self._ns + bytes((len(key),)) + key.encode()

    def _get(self, key):
        answer = _link.call(_link.NVS_GET, 0, self._name(key))
        if not answer:
            raise OSError(-4354)  # ESP_ERR_NVS_NOT_FOUND
        return answer

    def get_i32(self, key):
        return struct.unpack("<i", self._get(key)[1:])[0]

    def get_blob(self, key, buffer):
        data = self._get(key)[1:]
        if len(data) > len(buffer):
            raise OSError(-4364)  # ESP_ERR_NVS_INVALID_LENGTH
        buffer[: len(data)] = data
        return len(data)

    def set_i32(self, key, value):
        self._pending.append((key, b"i" + struct.pack("<i", value)))

    def set_blob(self, key, value):
        self._pending.append((key, b"b" + bytes(value)))

    def erase_key(self, key):
        self._get(key)
        _link.call(_link.NVS_ERASE, 0, self._name(key))

    def commit(self):
        for key, value in self._pending:
            _link.call(_link.NVS_SET, 0, self._name(key) + value)
        self._pending = []


class Partition:
    """The data partition of the flash, 4096-byte blocks, as MicroPython's file systems want it."""

    TYPE_APP, TYPE_DATA = 0, 1

    def __init__(self, label, block_size=4096):
        self._size = struct.unpack("<I", _link.call(_link.FLASH_READ, 1))[0]

    @classmethod
    def find(cls, type=1, subtype=0xFF, label=None, block_size=4096):
        return [cls(label or "vfs", block_size)]

    def info(self):
        return (1, 0x81, 0x200000, self._size, "vfs", False)

    def readblocks(self, block, buf, offset=0):
        where = struct.pack("<II", block * 4096 + offset, len(buf))
        buf[:] = _link.call(_link.FLASH_READ, 0, where)

    def writeblocks(self, block, buf, offset=None):
        if offset is None:
            for i in range(len(buf) // 4096):
                self.ioctl(6, block + i)
            offset = 0
        view = memoryview(buf)
        for i in range(0, len(view), 1024):
            where = struct.pack("<I", block * 4096 + offset + i)
            _link.call(_link.FLASH_PROGRAM, 0, where + bytes(view[i : i + 1024]))

    def ioctl(self, op, arg):
        if op == 4:
            return self._size // 4096
        if op == 5:
            return 4096
        if op == 6:
            _link.call(_link.FLASH_ERASE, 0, struct.pack("<I", arg))
            return 0
