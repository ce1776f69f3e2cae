"""``sys`` of a bare board, whose console is the tunnel: nobody types at the terminal's own."""

import io

# As they are; pyright does not know MicroPython's
from sys import exit, implementation, modules, path, platform, print_exception, stdout, version


class _Nobody(io.IOBase):
    def readinto(self, buf):
        return None

    def ioctl(self, request, arg):
        return 0


class _Stdin:
    buffer = _Nobody()


stdin = _Stdin()
