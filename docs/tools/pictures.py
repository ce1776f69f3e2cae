"""Makes docs/images/sale.png out of the pictures that ``make demo`` has left in build/demo.

    make demo && .venv/bin/python docs/tools/pictures.py

Six screens as the display model held them, and the slip for the shop as the printer model printed
it. Nothing is drawn here but the background.
"""

import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "build" / "demo"
OUT = ROOT / "docs" / "images" / "sale.png"
SCREENS = ("self-test", "ready", "amount", "tap", "pin-typed", "approved")
_COLUMNS = 3
_GAP = 16
_BACKGROUND = (222, 224, 228)


def _screen(name: str) -> Image.Image:
    (path,) = DEMO.glob(f"??-{name}.png")
    return Image.open(path).convert("RGB")


def _slip(height: int) -> Image.Image:
    """The first of the two slips on the paper, which are equally long, ``height`` pixels high."""
    paper = Image.open(DEMO / "paper.png").convert("RGB")
    slip = paper.crop((0, 0, paper.width, paper.height // 2))
    width = round(slip.width * height / slip.height)
    return slip.resize((width, height), Image.Resampling.LANCZOS)


def sheet() -> Image.Image:
    """Screens in rows, the paper at their right."""
    screens = [_screen(name) for name in SCREENS]
    wide, high = screens[0].size
    rows = -(-len(screens) // _COLUMNS)
    left, whole = _COLUMNS * (wide + _GAP) + _GAP, rows * (high + _GAP) + _GAP
    slip = _slip(whole - 2 * _GAP)
    picture = Image.new("RGB", (left + slip.width + _GAP, whole), _BACKGROUND)
    for at, screen in enumerate(screens):
        row, column = divmod(at, _COLUMNS)
        picture.paste(screen, (_GAP + column * (wide + _GAP), _GAP + row * (high + _GAP)))
    picture.paste(slip, (left, _GAP))
    return picture


def main() -> int:
    """Write the picture; 1 when the demo's pictures are not there."""
    try:
        picture = sheet()
    except (OSError, ValueError):
        print("The pictures of the demo are not in build/demo: make demo first.", file=sys.stderr)
        return 1
    OUT.parent.mkdir(exist_ok=True)
    # Grey levels of the text and a few colours: a palette is half the size and looks the same
    picture.quantize(128, dither=Image.Dither.NONE).save(OUT, optimize=True)
    print(f"{OUT.relative_to(ROOT)}: {picture.width} x {picture.height}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
