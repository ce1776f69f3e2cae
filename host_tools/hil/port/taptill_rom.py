"""A ROM image in the heap as a file system, for ports of MicroPython that have no ``VfsRom``.

The format is that of MicroPython's ROMFS: records of kind, length and payload, the first two as
numbers of seven bits a byte. Directories and files begin with their name; of data only such is
read as lies in its file.
"""

import io

from micropython import const

_DATA, _DIRECTORY, _FILE = const(2), const(4), const(5)
_IS_DIRECTORY, _IS_FILE = const(0x4000), const(0x8000)


class Rom:
    """What ``vfs.mount`` takes."""

    def __init__(self, image):
        self._image = image
        self._files = {}  # path: where its data is, or None for a directory
        at, end = self._number(3)
        self._read("", at, at + end)

    def _number(self, at):
        """The place after a number, and the number."""
        value = 0
        while True:
            byte = self._image[at]
            at += 1
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return at, value

    def _read(self, path, at, end):
        self._files[path or "/"] = None
        while at < end:
            at, kind = self._number(at)
            at, size = self._number(at)
            if kind in (_DIRECTORY, _FILE):
                start, length = self._number(at)
                name = path + "/" + bytes(self._image[start : start + length]).decode()
                if kind == _DIRECTORY:
                    self._read(name, start + length, at + size)
                else:
                    start, what = self._number(start + length)
                    start, length = self._number(start)
                    if what == _DATA:
                        self._files[name] = (start, length)
            at += size

    def mount(self, readonly, mkfs):
        """There is nothing to prepare."""

    def umount(self):
        """There is nothing to end."""

    def getcwd(self):
        """Nobody goes anywhere in it."""
        return "/"

    def stat(self, path):
        """As ``os.stat``. OSError(2): there is none."""
        path = "/" + path.strip("/")
        if path not in self._files:
            raise OSError(2)
        where = self._files[path]
        size = where[1] if where else 0
        return (_IS_FILE if where else _IS_DIRECTORY, 0, 0, 0, 0, 0, size, 0, 0, 0)

    def open(self, path, mode):
        """A file, to be read. OSError(2): there is none."""
        where = self._files.get("/" + path.strip("/"))
        if not where:
            raise OSError(2)
        data = memoryview(self._image)[where[0] : where[0] + where[1]]
        return _File(data) if "b" in mode else io.StringIO(bytes(data).decode())


class _File(io.IOBase):
    """A file that is read where it lies."""

    def __init__(self, data):
        self._data, self._at = data, 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def close(self):
        pass

    def ioctl(self, request, arg):
        return 0

    def seek(self, offset, whence=0):
        self._at = offset + (0, self._at, len(self._data))[whence]
        return self._at

    def readinto(self, buf, size=-1):
        n = min(len(buf) if size < 0 else size, len(self._data) - self._at)
        buf[:n] = self._data[self._at : self._at + n]
        self._at += n
        return n

    def read(self, size=-1):
        end = len(self._data) if size < 0 else self._at + size
        data = bytes(self._data[self._at : end])
        self._at += len(data)
        return data
