"""Font files, read in place: on a ROM file system no byte of them is copied to the heap.

The format (made by ``host_tools/build/fonts.py``): 12 bytes of header, the code points in
ascending order (2 bytes each, low byte first), a record of 8 bytes per glyph, the bitmaps.
"""

from micropython import const

_CODES = const(12)
_RECORD = const(8)


def codes(text: str):
    """The code points of ``text``, up to FFFF.

    Walking over the text itself would make MicroPython keep each character for ever.
    """
    data = text.encode()
    i = 0
    while i < len(data):
        code = data[i]
        i += 1
        if code >= 0xE0:
            code = (code & 0x0F) << 12 | (data[i] & 0x3F) << 6 | data[i + 1] & 0x3F
            i += 2
        elif code >= 0x80:
            code = (code & 0x1F) << 6 | data[i] & 0x3F
            i += 1
        yield code


class Font:
    """One type face in one size; ``data`` is the file, ``height`` the rows of a line.

    ``baseline`` is how many rows of the line are above the foot of the letters.
    Raises OSError without the file, ValueError when it is no font of 2 bits a pixel.
    """

    def __init__(self, path: str):
        file = open(path, "rb")
        try:
            data = memoryview(file)
        except TypeError:  # a file system that cannot be mapped
            with file:
                data = memoryview(file.read())
        if bytes(data[:5]) != b"TTF1\x02":
            raise ValueError(path)
        self.data = data
        self.height = data[5]
        self.baseline = data[6]
        self._count = data[8] | data[9] << 8
        self._records = _CODES + 2 * self._count
        self._first = data[_CODES] | data[_CODES + 1] << 8
        self._missing = data[10] | data[11] << 8

    def record(self, code: int) -> int:
        """Where ``data`` has the record of a code point: width, height, x, y, advance, offset (3).

        For a character that the font lacks: the record of its stand-in.
        """
        guess = code - self._first  # right for a run of neighbours, as ASCII is
        if not (0 <= guess < self._count and self._code(guess) == code):
            guess = self._search(code)
        return self._records + _RECORD * guess

    def _code(self, index: int) -> int:
        at = _CODES + 2 * index
        return self.data[at] | self.data[at + 1] << 8

    def _search(self, code: int) -> int:
        low, high = 0, self._count
        while low < high:
            middle = (low + high) >> 1
            if self._code(middle) < code:
                low = middle + 1
            else:
                high = middle
        if low < self._count and self._code(low) == code:
            return low
        return self._missing

    def measure(self, text: str) -> int:
        """Pixels that ``text`` takes on a line."""
        width = 0
        for code in codes(text):
            width += self.data[self.record(code) + 4]
        return width

    def wrap(self, text: str, width: int) -> list:
        """``text`` as lines of at most ``width`` pixels, broken at spaces, else inside a word."""
        lines = []
        for paragraph in text.split("\n"):
            line = ""
            for word in paragraph.split(" "):
                longer = line + " " + word if line else word
                if self.measure(longer) <= width:
                    line = longer
                    continue
                if line:
                    lines.append(line)
                while self.measure(word) > width:
                    head = self.cut(word, width)
                    lines.append(head)
                    word = word[len(head) :]
                line = word
            lines.append(line)
        return lines

    def cut(self, text: str, width: int) -> str:
        """The longest beginning of ``text`` that fits ``width`` pixels, at least one character."""
        end = 0
        for code in codes(text):
            width -= self.data[self.record(code) + 4]
            if width < 0 and end:
                break
            end += 1
        return text[:end]
