"""A picture as a list of things to draw, painted strip by strip: there is no full frame buffer.

One buffer of 3,840 bytes (8 rows of 240 pixels; more rows of a narrower rectangle) is filled and
sent until the rectangle is done. A change repaints the rectangle of the thing that changed. What
is in the buffer counts for no longer than a call: others may have it in between.
"""

from framebuf import GS2_HMSB, RGB565, FrameBuffer
from micropython import const

from pos.protocol import gbk
from pos.ui.fonts import Cells, Font, view

_COLORS = ("page", "bar", "line", "faint", "muted", "ink", "accent", "good", "bad", "warn")
# Their RGB565, high byte first: white, three light blue greys, a darker one, near black,
# blue, green, red, amber
NORMAL = b"\xff\xff\xef\x9e\xd6\xfc\x7c\x32\x5b\x2f\x19\x06\x1a\xfb\x03\xca\xc9\x47\x9a\xa0"
_FONTS = ("sans16", "bold16", "sans24", "amount40", "icons")
_HAN = ("han16", "han16", "han24")  # of the first three, for what they lack
_ALIGN = "<^>"

_PALETTES = b"\0\2\3\3\0\3"  # levels of the palettes for bold cells and for those of 1 bit
_CELL = const(0x8000)  # of numbers of glyphs, see Font
_RECORD = const(8)
_BITMAPS = const(8)  # where those of cells begin in their file
_STRIP = const(3840)
_RADIUS = const(6)  # of the corner glyphs in the font of icons
_CORNERS = "╭╮╰╯"  # their cells are _RADIUS wide, their ink at the top


def _pair(back: str, color: str) -> int:
    """Two colours as the paint of a text: where the table has them."""
    return _COLORS.index(back) << 9 | _COLORS.index(color) << 1


class Canvas:
    """Draws on ``display`` (width, height, window(), write()) with the fonts in ``root``.

    Chinese stands among letters in sans16, bold16 and sans24; `gbk` gets its table here.
    Fonts and colours go by their names (_FONTS, _COLORS), alignment by ``<``, ``^``, ``>``.
    The things to draw are tuples: x, y, right, bottom, paint, text; for a box the paint is its
    colour and the text None, and for one with round corners their paint follows; for a text the
    paint is its two colours, and there follow font, background, where the text starts, and the
    line the letters stand on. The text is its glyphs.
    """

    def __init__(self, display, root: str):
        self._display = display
        self.width = display.width
        self.height = display.height
        self.fonts = {}
        self.amounts = ("amount40", "sans24", "sans16")  # the largest first
        self.top = 0  # what a full show leaves out, as it is on the screen already
        self.root = root
        self.colors = NORMAL  # of _COLORS
        gbk.use(view(root + "/gb2312.tab"))
        cells = {}
        for name in _HAN:
            cells[name] = cells.get(name) or Cells(root + "/" + name + ".gb")
        for i, name in enumerate(_FONTS):
            cell = cells[_HAN[i]] if i < len(_HAN) else None
            self.fonts[name] = Font(root + "/" + name + ".fnt", cell)
        self._corners = self.fonts["icons"].glyphs(_CORNERS)
        self.strip = bytearray(_STRIP)
        self._view = memoryview(self.strip)
        self._source = [None, 0, 0, GS2_HMSB]  # the glyph that is being drawn
        self._levels = bytearray(20)
        levels = memoryview(self._levels)
        # for letters and cells of 16 pixels, for cells in bold (darker, not wider) and of 1 bit
        self._palettes = (
            FrameBuffer(levels[:8], 4, 1, RGB565),
            FrameBuffer(levels[8:16], 4, 1, RGB565),
            FrameBuffer(levels[16:], 2, 1, RGB565),
        )
        self._paint = self._mixed = None  # which two colours of what the palette is between
        self._things = []

    def clear(self) -> None:
        """Forget all things; the screen keeps its pixels until the next ``show``."""
        self._things.clear()
        self.top = 0

    def drop(self, number: int) -> None:
        """Forget the things from ``number`` on; what the screen shows of them will not change."""
        del self._things[number:]

    def _word(self, color: str) -> int:
        """The colour as framebuf stores it so that memory holds the high byte first."""
        at = 2 * _COLORS.index(color)
        return self.colors[at] | self.colors[at + 1] << 8

    def box(self, x: int, y: int, w: int, h: int, color: str) -> None:
        """Add a filled rectangle."""
        self._things.append((x, y, x + w, y + h, self._word(color), None))

    def round_box(self, x: int, y: int, w: int, h: int, color: str, around: str = "page") -> None:
        """Add a filled rectangle with round corners on the colour ``around``."""
        corners = _pair(around, color)
        self._things.append((x, y, x + w, y + h, self._word(color), None, corners))

    def text(self, x, y, w, text, font="sans16", color="ink", align="<", back="page") -> int:
        """Add one line of text in the field of ``w`` pixels at (x, y); returns its number.

        What does not fit is cut at the end and marked with dots.
        """
        face = self.fonts[font]
        base = y + face.baseline
        start, text = self._place(x, w, text, face, align)
        paint = _pair(back, color)
        self._things.append((x, y, x + w, y + face.height, paint, text, font, back, start, base))
        return len(self._things) - 1

    def change(self, number, text, color, align="<", font=None, show=True) -> None:
        """Put other words into the field of a text, and repaint what differs of it.

        A smaller ``font`` stands on the line of the first one. Without ``show`` the next full
        one paints it.
        """
        x, y, right, bottom, _, _, old, back, _, base = thing = self._things[number]
        font = old if font is None else font
        start, text = self._place(x, right - x, text, self.fonts[font], align)
        new = (x, y, right, bottom, _pair(back, color), text, font, back, start, base)
        if new != thing:
            self._things[number] = new
            if show:
                x, y, right, bottom = self._changed(thing, new)
                if right > x and bottom > y:
                    self.show(x, y, right - x, bottom - y)

    def _changed(self, old, new):
        """The rectangle of a field in which two texts differ: left, top, right, bottom.

        It is as high as a digit at least, so that the rows are the same for most of them.
        """
        a, b = old[5], new[5]
        first = last = 0
        if old[4] == new[4] and old[6] == new[6]:
            face = self.fonts[new[6]]
            most = min(len(a), len(b))
            if old[8] == new[8]:
                while first < most and a[first] == b[first]:
                    first += 1
            if old[8] + face.width(a) == new[8] + face.width(b):
                while last < most - first and a[-1 - last] == b[-1 - last]:
                    last += 1
        left, top, right, bottom = new[2], new[3], new[0], new[1]
        for thing in (old, new):
            face = self.fonts[thing[6]]
            glyphs = thing[5]
            at = thing[8] + face.width(glyphs[:first])
            glyphs = glyphs[first : len(glyphs) - last]
            if len(glyphs):
                left = min(left, at)
                right = max(right, at + face.width(glyphs))
                start, end = face.rows(glyphs)
                y = thing[9] - face.baseline
                top = min(top, y + start)
                bottom = max(bottom, y + end)
        return max(left, new[0]), max(top, new[1]), min(right, new[2]), min(bottom, new[3])

    def aim(self, number: int) -> None:
        """Tell the display which rows the text ``number`` will change first: a key costs less."""
        thing = self._things[number]
        face = self.fonts[thing[6]]
        start, end = face.rows(thing[5])
        self._display.rows(thing[9] - face.baseline + start, end - start)

    def fit(self, text: str, w: int, fonts=()) -> str:
        """The first of the fonts in which ``text`` fits into ``w`` pixels, else the last.

        Without ``fonts``: those for amounts.
        """
        for font in fonts or self.amounts:
            if self.fonts[font].measure(text) <= w:
                break
        return font  # pyright: ignore[reportPossiblyUnboundVariable] - there is always a last one

    def _place(self, x: int, w: int, text: str, face, align: str):
        """Where ``text`` starts in the field, and the glyphs of as much of it as fits."""
        glyphs = face.glyphs(text)
        free = w - face.width(glyphs)
        if free < 0:
            dots = face.glyphs("…")
            glyphs = glyphs[: face.fitting(glyphs, w - face.width(dots))]
            glyphs.extend(dots)
            free = max(0, w - face.width(glyphs))
        return x + free * _ALIGN.find(align) // 2, glyphs

    def show(self, x: int = 0, y: int = 0, w: int = 0, h: int = 0) -> None:
        """Paint a rectangle of the screen with all that touches it; without size: all of it.

        Of all of it what is above ``top`` is left out: it is there already.
        """
        if not h:
            y = self.top
            h = self.height - y
        w = w or self.width
        page = self._word("page")
        rows = min(h, _STRIP // 2 // w)
        strip = FrameBuffer(self.strip, w, rows, RGB565)
        self._display.window(x, y, w, h)
        end = y + h
        while y < end:
            strip.fill(page)
            for thing in self._things:
                if thing[1] < y + rows and thing[3] > y and thing[0] < x + w and thing[2] > x:
                    self._draw(strip, thing, x, y, rows)
            count = min(rows, end - y)
            self._display.write(self._view[: count * w * 2])
            y += rows

    def _draw(self, strip, thing, x: int, y: int, rows: int) -> None:
        left, top, right, bottom, paint, text = thing[:6]
        if text is None:
            strip.fill_rect(left - x, top - y, right - left, bottom - top, paint)
            if len(thing) > 6:
                self._round(strip, thing, x, y, rows)
            return
        self._mix(paint)
        font = self.fonts[thing[6]]
        data = font.data
        source = self._source
        at = thing[8] - x
        top = thing[9] - font.baseline - y
        records = font.records
        cells = font.cells
        size = count = 0
        cell = palette = bitmaps = None
        if cells is not None:
            size = cells.size
            count = cells.bytes
            bitmaps = cells.data
            if top < rows and top + size > 0:
                cell = [None, size, size, cells.format]
                palette = self._palettes[_FONTS.index(thing[6])]
        for glyph in text:
            if glyph >= _CELL:
                if cell:
                    bits = _BITMAPS + (glyph & ~_CELL) * count
                    cell[0] = bitmaps[bits : bits + count]
                    strip.blit(cell, at, top, -1, palette)
                at += size
                continue
            record = records + _RECORD * glyph
            gy = top + data[record + 3]
            high = data[record + 1] if gy < rows else 0
            if high and gy + high > 0:
                wide = data[record]
                bits = data[record + 5] | data[record + 6] << 8 | data[record + 7] << 16
                source[0] = data[bits : bits + ((wide + 3) >> 2) * high]
                source[1] = wide
                source[2] = high
                strip.blit(source, at + data[record + 2], gy, -1, self._palettes[0])
            at += data[record + 4]
        source[0] = None

    def _round(self, strip, thing, x: int, y: int, rows: int) -> None:
        """The corners of a box: texts of one glyph, there only while they are painted."""
        left, top, right, bottom, _, _, paint = thing
        line = self.fonts["icons"].baseline
        for i in range(4):
            cx = right - _RADIUS if i & 1 else left
            cy = bottom - _RADIUS if i & 2 else top
            if cy < y + rows and cy + _RADIUS > y:
                glyph = self._corners[i : i + 1]
                corner = (cx, cy, 0, 0, paint, glyph, "icons", None, cx, cy + line)
                self._draw(strip, corner, x, y, rows)

    def _mix(self, paint: int) -> None:
        """Set the palette to the four grey levels between two colours."""
        if paint == self._paint and self._mixed is self.colors:
            return
        self._paint = paint
        self._mixed = self.colors
        a, b = paint >> 8, paint & 0xFF
        levels = self._levels
        colors = self.colors
        for i in range(4):
            level = 0
            for shift, mask in ((11, 31), (5, 63), (0, 31)):
                low = (colors[a] << 8 | colors[a + 1]) >> shift & mask
                high = (colors[b] << 8 | colors[b + 1]) >> shift & mask
                level |= (low * (3 - i) + high * i + 1) // 3 << shift
            levels[2 * i] = level >> 8
            levels[2 * i + 1] = level & 0xFF
        for i in range(6):  # 0 2 3 3, and 0 3
            for j in range(2):
                levels[8 + 2 * i + j] = levels[2 * _PALETTES[i] + j]
