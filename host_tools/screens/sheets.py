"""Paints the sheets, compares them with what is kept, and makes pictures to look at."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw

from host_tools.build.fonts import build_fonts
from host_tools.build.image import BUILD, ROOT
from host_tools.screens.program import painting, picture, source
from host_tools.screens.table import SHEETS, sheet

FOLDER = BUILD / "screens"
KEPT = ROOT / "tests" / "screens"
FAILURES = BUILD / "failures" / "screens"
PATIENCE_S = 60
_ACROSS, _GAP, _LABEL = 8, 8, 14
_PAPER, _INK = (110, 116, 128), (255, 255, 255)


class ScreenError(Exception):
    """A screen could not be painted; the text is what MicroPython said."""


def paint(
    name: str, fonts: Path | None = None, spy: str = ""
) -> tuple[dict[str, Image.Image], str]:
    """The screens of a sheet as pictures, painted by one MicroPython, and what it printed.

    ``spy``: MicroPython code that is run before the first screen. Raises ScreenError.
    """
    screens, setting = sheet(name)
    display = SHEETS[name][-1]
    with tempfile.TemporaryDirectory(prefix="taptill-screens-") as folder:
        if fonts is None:
            fonts = Path(folder) / "fonts"
            build_fonts(fonts, display)
        program = Path(folder) / "screens.py"
        path = f"import sys\nsys.path[:0] = [{str(ROOT / 'firmware')!r}]\n"
        program.write_text(
            path + source(painting(screens, setting + spy), folder, fonts, display),
            encoding="utf-8",
        )
        micropython = Path(sys.executable).with_name("micropython")
        done = subprocess.run(
            [str(micropython), "-X", "heapsize=1m", str(program)],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        if done.returncode:
            raise ScreenError(f"{name}: {done.stdout}{done.stderr}".strip())
        return {screen: picture(Path(folder) / screen, display) for screen in screens}, done.stdout


def contact_sheet(pictures: dict[str, Image.Image]) -> Image.Image:
    """All pictures side by side, their names below."""
    wide, high = next(iter(pictures.values())).size
    rows = -(-len(pictures) // _ACROSS)
    step_x, step_y = wide + _GAP, high + _GAP + _LABEL
    across = min(_ACROSS, len(pictures))
    out = Image.new("RGB", (across * step_x + _GAP, rows * step_y + _GAP), _PAPER)
    draw = ImageDraw.Draw(out)
    for i, (name, image) in enumerate(pictures.items()):
        x, y = _GAP + i % _ACROSS * step_x, _GAP + i // _ACROSS * step_y
        out.paste(image, (x, y))
        draw.text((x, y + high + 1), name, fill=_INK)
    return out


def write(fonts: Path | None = None, *, update: bool = False) -> Iterator[Path]:
    """Paint every sheet into build/screens; with ``update`` keep its screens as golden too.

    Yields the contact sheets as they are made. Raises ScreenError.
    """
    for name in SHEETS:
        pictures, _ = paint(name, fonts)
        _save(FOLDER / name, pictures)
        if update:
            _save(KEPT / name, pictures)
        path = FOLDER / f"{name}.png"
        contact_sheet(pictures).save(path, optimize=True)
        yield path


def _save(folder: Path, pictures: dict[str, Image.Image]) -> None:
    """One small file each, in place of what was there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, image in pictures.items():
        small = image.quantize(256, dither=Image.Dither.NONE)
        exact = small.convert("RGB").tobytes() == image.tobytes()
        (small if exact else image).save(folder / f"{name}.png", optimize=True)


def differences(name: str, pictures: dict[str, Image.Image]) -> list[str]:
    """What of a sheet is not as it is kept, in words; what was got is left in build/failures."""
    kept = {path.stem: path for path in (KEPT / name).glob("*.png")}
    found = [f"{screen}: kept, but not in the table" for screen in sorted(kept.keys() - pictures)]
    for screen, image in pictures.items():
        if screen not in kept:
            found.append(f"{screen}: not kept yet")
            continue
        want = Image.open(kept[screen]).convert("RGB")
        where = ImageChops.difference(want, image).getbbox()
        if where:
            FAILURES.mkdir(parents=True, exist_ok=True)
            image.save(FAILURES / f"{name}-{screen}.png")
            both = {"kept": want, "now": image, "difference": _marked(want, image)}
            contact_sheet(both).save(FAILURES / f"{name}-{screen}-difference.png")
            found.append(f"{screen}: differs in {where}, see {FAILURES.relative_to(ROOT)}")
    return found


def _marked(want: Image.Image, got: Image.Image) -> Image.Image:
    """Where two pictures differ, in red on what was kept, faded."""
    changed = ImageChops.difference(want, got).convert("L").point([0] + [255] * 255)
    faded = Image.blend(want, Image.new("RGB", want.size, "white"), 0.7)
    faded.paste((220, 0, 0), mask=changed)
    return faded
