"""Size budgets of the firmware: bytes of ``.mpy`` of each room and in all, and of the ROM image.

The limits are data, ``budgets.yaml`` beside this file. Sizes of compiled code, not of heap: they
are the same on every machine, so a build can fail on them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from host_tools.build.image import BUILD, build_firmware
from host_tools.build.names import collect

LIMITS = Path(__file__).with_name("budgets.yaml")


@dataclass(frozen=True)
class Line:
    """One budget: what it is for, bytes (or names) there are, and may be (None: nobody said)."""

    name: str
    size: int
    limit: int | None

    @property
    def why(self) -> str:
        """What is wrong with it, empty when nothing is."""
        if self.limit is None:
            return "has no limit in budgets.yaml"
        if not self.size:
            return "has a limit, but nothing is there"
        return f"{self.size - self.limit} over" if self.size > self.limit else ""


def rooms(stage: Path) -> dict[str, int]:
    """Bytes of ``.mpy`` in each room of a staged tree; ``pos/aio.mpy`` is the room ``aio``."""
    sizes: dict[str, int] = {}
    for path in stage.rglob("*.mpy"):
        parts = path.relative_to(stage).with_suffix("").parts
        room = parts[1] if parts[0] == "pos" else parts[0]
        room = "pos" if room == "__init__" else room
        sizes[room] = sizes.get(room, 0) + path.stat().st_size
    return sizes


def compare(
    sizes: Mapping[str, int], rom: int, names: int, limits: Mapping[str, Any]
) -> list[Line]:
    """Sizes against limits, largest room first; then the total, the ROM image, and the names."""
    allowed = limits["rooms"] or {}
    order = sorted({*sizes, *allowed}, key=lambda name: (-sizes.get(name, 0), name))
    lines = [Line(name, sizes.get(name, 0), allowed.get(name)) for name in order]
    lines.append(Line("all .mpy", sum(sizes.values()), limits["mpy_total"]))
    lines.append(Line("ROM image", rom, limits["rom_image"]))
    lines.append(Line("names", names, limits["names"]))
    return lines


def table(lines: Iterable[Line]) -> str:
    """The budgets for a person to read."""
    rows = [f"{'room':12}{'bytes':>9}{'limit':>9}  used"]
    for line in lines:
        used = f"{100 * line.size / line.limit:4.0f} %" if line.limit else "   ?  "
        limit = "-" if line.limit is None else line.limit
        rows.append(f"{line.name:12}{line.size:9}{limit:>9}  {used}  {line.why}".rstrip())
    return "\n".join(rows)


def measure(board: str = "virtual") -> list[Line]:
    """Build the firmware of ``board`` and compare it with the limits. Raises BuildError."""
    image = build_firmware(board)
    limits = yaml.safe_load(LIMITS.read_text(encoding="utf-8"))
    stage = BUILD / board / "stage"
    return compare(rooms(stage), image.size, len(collect([stage])), limits)
