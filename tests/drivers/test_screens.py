"""Every screen in both languages, as it is kept in tests/screens; what is on it can be read."""

import ast
import functools
import re

import pytest
from ui_bench import fonts

from host_tools.build.image import ROOT
from host_tools.screens import sheets
from host_tools.screens.table import SCREENS, SHEETS

ROOM = ROOT / "firmware" / "pos" / "ui"
# Tells each text: whether it was cut, whether it reaches into the keys, its colours
SPY = """
from pos.ui.canvas import Canvas
place, text, change = Canvas._place, Canvas.text, Canvas.change
def spy_place(self, x, w, words, face, align):
    if face.measure(words) > w:
        print("cut", repr(words))
    return place(self, x, w, words, face, align)
def spy_text(self, x, y, w, words, font="sans16", color="ink", align="<", back="page"):
    number = text(self, x, y, w, words, font, color, align, back)
    if back == "page" and words and self._things[-1][3] > 284:
        print("low", repr(words))
    if words:
        print("colors", color, back, font)
    return number
def spy_change(self, number, words, color, *rest):
    if words:
        print("colors", color, self._things[number][7], self._things[number][6])
    change(self, number, words, color, *rest)
Canvas._place, Canvas.text, Canvas.change = spy_place, spy_text, spy_change
"""
# Where what is cut comes from outside, or is as long as it can be
MAY_BE_CUT = {"idle_chinese", "choose_long"}
# Nothing to be read, only to be seen: 3.0 is enough (WCAG 2.2, 1.4.11); "line" is for decoration
SIGNS = ("icons",)
DECORATION = "line"
OFF = "faint"  # a sign of the bar that is off


@functools.cache
def painted(name):
    return sheets.paint(name, fonts(), SPY)


def told(name, word):
    """What the spy told in a sheet: (screen, rest of the line)."""
    screen, found = "", []
    for line in painted(name)[1].splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "screen":
            screen = rest
        elif kind == word:
            found.append((screen, rest))
    return found


@pytest.mark.parametrize("name", SHEETS)
def test_every_screen_is_as_it_is_kept(name):
    """``make screens ARGS=--update`` keeps them as they are now: look at them first."""
    assert sheets.differences(name, painted(name)[0]) == []


def test_one_pixel_is_a_difference(tmp_path, monkeypatch):
    name = next(iter(SHEETS))
    pictures = {key: image.copy() for key, image in painted(name)[0].items()}
    monkeypatch.setattr(sheets, "FAILURES", tmp_path)
    monkeypatch.setattr(sheets, "ROOT", tmp_path.parent)
    screen = next(iter(pictures))
    pictures[screen].putpixel((7, 300), (1, 2, 3))
    pictures["new"] = pictures.pop(list(pictures)[-1])
    gone, changed, new = sheets.differences(name, pictures)
    assert "not in the table" in gone
    assert changed.startswith(f"{screen}: differs in (7, 300, 8, 301)")
    assert new == "new: not kept yet"
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{name}-{screen}.png",
        f"{name}-{screen}-difference.png",
    }


def public_screens(text):
    """Names of the functions of a module that paint: public, the first parameter ``ui``."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name[0] != "_":
            arguments = node.args.args
            if arguments and arguments[0].arg == "ui":
                yield node.name


def test_every_screen_of_the_firmware_is_in_the_table():
    called = {".".join(pair) for code in SCREENS.values() for pair in CALL.findall(code)}
    # One waits below what another has painted, one only says how to paint
    silent = {"screens.acknowledge", "screens.look"}
    missing = [
        f"{path.stem}.{name}"
        for path in sorted(ROOM.glob("*.py"))
        for name in public_screens(path.read_text(encoding="utf-8"))
        if f"{path.stem.replace('text', 'letters')}.{name}" not in called | silent
    ]
    assert missing == []


CALL = re.compile(r"\b(\w+)\.(\w+)\(ui\b")


def test_a_screen_that_is_in_no_table_is_found():
    text = "async def new(ui, title): pass\nasync def _own(ui): pass\ndef fit(w, ui): pass\n"
    assert list(public_screens(text)) == ["new"]


@pytest.mark.parametrize("name", SHEETS)
def test_no_words_are_cut_or_run_into_the_keys(name):
    assert [line for line in told(name, "cut") if line[0] not in MAY_BE_CUT] == []
    assert told(name, "low") == []


def test_what_is_cut_is_told():
    assert {screen for screen, _ in told("zh", "cut")} == MAY_BE_CUT


def luminance(word):
    """Relative luminance of an RGB565 word (WCAG 2.2)."""
    levels = (word >> 11) / 31, (word >> 5 & 63) / 63, (word & 31) / 31
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in levels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_what_it_is_known_to_be():
    assert contrast(0xFFFF, 0x0000) == 21
    assert contrast(0xF800, 0xFFFF) == pytest.approx(4.0, abs=0.01)


THEMES = "NORMAL", "_CONTRAST"


def themes():
    """The colours of both themes by their names, out of the source."""
    values = {}
    for name in ("canvas.py", "screens.py"):
        for node in ast.parse((ROOM / name).read_text(encoding="utf-8")).body:
            if (
                isinstance(node, ast.Assign)
                and node.targets[0].id in ("_COLORS", *THEMES)
                and node.targets[0].id not in values
            ):
                values[node.targets[0].id] = ast.literal_eval(node.value)
    found = []
    for data in (values[name] for name in THEMES):
        words = [int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2)]
        found.append(dict(zip(values["_COLORS"], words, strict=True)))
    return found


@pytest.mark.parametrize("name", SHEETS)
def test_words_stand_out(name):
    """Text 4.5 and more, in high contrast 7; signs 3, where they say something."""
    theme = SHEETS[name][1]
    colors = themes()[theme]
    pairs = {tuple(rest.split()) for _, rest in told(name, "colors")}
    assert len(pairs) > 10
    for color, back, font in pairs:
        if color in (DECORATION, back):
            continue
        least = 3.0 if font in SIGNS or color == OFF else 7.0 if theme else 4.5
        if font in SIGNS and back in ("page", "bar") and color == "bar":
            continue  # corners of boxes
        assert contrast(colors[color], colors[back]) >= least, (color, back, font)
