"""Makes the pictures of the READMEs out of what demo and tests have left.

    make demo browser && .venv/bin/python tests/unit/slip_papers.py
    .venv/bin/python docs/tools/pictures.py

sale.png: six screens of the demo as the display model held them, and the slip for the shop as the
printer model printed it. sale_zh.png: the same of the screens that tests keep, in Chinese.
browser.png: the page of ``make sim`` as Chromium showed it. small.png: screens that tests keep of
the small display, twice as large. Nothing is drawn here but backgrounds.
"""

import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "build" / "demo"
KEPT = ROOT / "tests" / "screens" / "zh"
PAPER = ROOT / "build" / "slips" / "sale.zh.png"
PAGE = ROOT / "build" / "browser" / "06-conversation.png"
OUT = ROOT / "docs" / "images"
SCREENS = ("self-test", "ready", "amount", "tap", "pin-typed", "approved")
IN_CHINESE = ("operator", "idle_chinese", "amount", "present_card", "pin", "approved")
SMALL = ("idle", "amount", "present_card", "pin", "approved", "menu")
_COLUMNS = 3
_GAP = 16
_BACKGROUND = (222, 224, 228)


def _screen(name: str) -> Image.Image:
    (path,) = DEMO.glob(f"??-{name}.png")
    return Image.open(path).convert("RGB")


def _first_slip() -> Image.Image:
    """The first of the two slips on the demo's paper, which are equally long."""
    paper = Image.open(DEMO / "paper.png").convert("RGB")
    return paper.crop((0, 0, paper.width, paper.height // 2))


def sheet(screens: list[Image.Image], slip: Image.Image) -> Image.Image:
    """Screens in rows, the paper at their right."""
    wide, high = screens[0].size
    rows = -(-len(screens) // _COLUMNS)
    left, whole = _COLUMNS * (wide + _GAP) + _GAP, rows * (high + _GAP) + _GAP
    tall = whole - 2 * _GAP
    width = round(slip.width * tall / slip.height)
    slip = slip.resize((width, tall), Image.Resampling.LANCZOS)
    picture = Image.new("RGB", (left + width + _GAP, whole), _BACKGROUND)
    for at, screen in enumerate(screens):
        row, column = divmod(at, _COLUMNS)
        picture.paste(screen, (_GAP + column * (wide + _GAP), _GAP + row * (high + _GAP)))
    picture.paste(slip, (left, _GAP))
    return picture


def small() -> Image.Image:
    """Screens of 128x64 pixels, English in the first rows and Chinese in the last."""
    paths = [
        KEPT.parent / f"small_{language}" / name for language in ("en", "zh") for name in SMALL
    ]
    screens = [Image.open(f"{path}.png").convert("RGB") for path in paths]
    screens = [s.resize((2 * s.width, 2 * s.height), Image.Resampling.NEAREST) for s in screens]
    wide, high = screens[0].size
    rows = len(screens) // _COLUMNS
    size = _COLUMNS * (wide + _GAP) + _GAP, rows * (high + _GAP) + _GAP
    picture = Image.new("RGB", size, _BACKGROUND)
    for at, screen in enumerate(screens):
        row, column = divmod(at, _COLUMNS)
        picture.paste(screen, (_GAP + column * (wide + _GAP), _GAP + row * (high + _GAP)))
    return picture


def _save(picture: Image.Image, name: str) -> None:
    # Grey levels of the text and a few colours: a palette is half the size and looks the same
    OUT.mkdir(exist_ok=True)
    picture.quantize(128, dither=Image.Dither.NONE).save(OUT / name, optimize=True)
    print(f"docs/images/{name}: {picture.width} x {picture.height}")


def main() -> int:
    """Write the pictures; 1 when what they are made of is not there."""
    try:
        _save(small(), "small.png")
        _save(sheet([_screen(name) for name in SCREENS], _first_slip()), "sale.png")
        kept = [Image.open(KEPT / f"{name}.png").convert("RGB") for name in IN_CHINESE]
        _save(sheet(kept, Image.open(PAPER).convert("RGB")), "sale_zh.png")
        _save(Image.open(PAGE).convert("RGB"), "browser.png")
    except (OSError, ValueError) as error:
        print(f"Not there yet, see the first lines of this file: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
