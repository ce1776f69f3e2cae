"""I2C of ``machine``."""

import struct

import _link
from machine import _gpio
from micropython import const

_I2C_SETUP = const(0x28)
_I2C_WRITE = const(0x29)
_I2C_READ = const(0x2A)


class I2C:
    """A hardware I2C bus, as controller."""

    def __init__(self, id, *, scl=None, sda=None, freq=400000, timeout=50000):
        self._id = id
        _link.post(_I2C_SETUP, id, struct.pack("<IBB", freq, _gpio(scl), _gpio(sda)))

    def scan(self):
        return [a for a in range(8, 120) if _link.call(_I2C_WRITE, self._id, bytes((a, 1)))[0]]

    def writeto(self, addr, buf, stop=True):
        answer = _link.call(_I2C_WRITE, self._id, bytes((addr, stop)) + bytes(buf))
        if not answer[0]:
            raise OSError(19)  # ENODEV: nobody acknowledged the address
        return answer[0] - 1

    def readfrom(self, addr, nbytes, stop=True):
        answer = _link.call(_I2C_READ, self._id, struct.pack("<BBH", addr, stop, nbytes))
        if len(answer) != nbytes:
            raise OSError(19)
        return bytes(answer)

    def readfrom_into(self, addr, buf, stop=True):
        buf[:] = self.readfrom(addr, len(buf), stop)

    def writeto_mem(self, addr, memaddr, buf, *, addrsize=8):
        self.writeto(addr, memaddr.to_bytes(addrsize // 8, "big") + bytes(buf))

    def readfrom_mem(self, addr, memaddr, nbytes, *, addrsize=8):
        self.writeto(addr, memaddr.to_bytes(addrsize // 8, "big"), False)
        return self.readfrom(addr, nbytes)

    def readfrom_mem_into(self, addr, memaddr, buf, *, addrsize=8):
        buf[:] = self.readfrom_mem(addr, memaddr, len(buf), addrsize=addrsize)
