"""NVS of ``esp32``."""

import struct

import _link
from micropython import const

_NVS_GET = const(0x48)
_NVS_SET = const(0x49)
_NVS_ERASE = const(0x4A)


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
        answer = _link.call(_NVS_GET, 0, self._name(key))
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
        _link.call(_NVS_ERASE, 0, self._name(key))

    def commit(self):
        for key, value in self._pending:
            _link.call(_NVS_SET, 0, self._name(key) + value)
        self._pending = []
