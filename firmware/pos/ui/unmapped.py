"""Files of a file system that cannot be mapped into memory; where it can, this is not loaded."""


class Unmapped:
    """A file as what memoryview would be, a byte or a slice at a time."""

    def __init__(self, file):
        self._file = file

    def __getitem__(self, at):
        if isinstance(at, int):
            self._file.seek(at)
            return self._file.read(1)[0]
        self._file.seek(at.start)
        return self._file.read(at.stop - at.start)
