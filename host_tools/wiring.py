"""The wiring page of a board, ``wiring.md`` and ``wiring.svg``, made of its data.

``taptill boards --update`` writes them; a test holds what is in the repository to the data.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import yaml

from host_tools.boards import BOARDS, Board
from host_tools.pins import Use, uses

_ROW = 22  # pixels
_BOX, _GAP, _MODULE, _EDGE = 240, 130, 200, 20
_COLOURS = ("#c0392b", "#2471a3", "#1e8449", "#b9770e", "#7d3c98", "#148f77", "#5d6d7e")
_STYLE = (
    "text{font:13px sans-serif;fill:#222}.t{font-weight:bold}.s{fill:#666}"
    ".b{fill:#f7f7f7;stroke:#444}.m{fill:#eaf2f8;stroke:#444}"
)


@dataclass(frozen=True)
class Part:
    """A part of ``parts.yaml`` with the pins that a board gives it."""

    title: str
    part: str
    supply: dict[str, str]
    notes: list[str]
    wires: list[tuple[Use, str]]  # with the label at the part's end


def parts(board: Board) -> Iterator[Part]:
    """The parts that are wired to a board, in the order of its ``board.py``."""
    known: dict[str, Any] = yaml.safe_load((BOARDS / "parts.yaml").read_text(encoding="utf-8"))
    found: dict[str, list[Use]] = {}
    for use in uses(board.wires):
        found.setdefault(use.part.split("_")[0], []).append(use)
    for name, wired in found.items():
        data = known[name]
        labels = data["labels"]
        wires = [(use, labels.get(use.signal, use.signal)) for use in wired]
        missing = data.get("otherwise", {}).keys() - {use.signal for use in wired}
        rails = {labels[s]: rail for s, rail in data.get("otherwise", {}).items() if s in missing}
        yield Part(data["title"], data["part"], rails | data["supply"], data["notes"], wires)


def page(board: Board) -> str:
    """The page in Markdown: drawing, table, parts, what is to be known."""
    wired = list(parts(board))
    lines = [
        f"# Wiring of {board.name}",
        "",
        f"{board.title}. Made of `board.py`, `facts.yaml` and `boards/parts.yaml` by",
        "`taptill boards --update`; change those. All signals are of 3.3 V.",
        "",
        "![Which pin of the board leads to which pin of a part](wiring.svg)",
        "",
        "| part | its pin | board | used as |",
        "|---|---|---|---|",
    ]
    for part in wired:
        for use, label in part.wires:
            lines.append(f"| {part.title} | {label} | GPIO{use.pin} | {use.kind} |")
        for pin, rail in part.supply.items():
            lines.append(f"| {part.title} | {pin} | {rail} | supply |")
    lines += ["", "## Parts", "", "| what | which |", "|---|---|", f"| Board | {board.title} |"]
    lines += [f"| {part.title} | {part.part} |" for part in wired]
    lines += ["", "## To know", ""]
    lines += [f"- {part.title}: {note}" for part in wired for note in part.notes]
    lines += [
        f"- GPIO{pin} is read at reset: {why}." for pin, why in sorted(board.strapping.items())
    ]
    return "\n".join(lines) + "\n"


def drawing(board: Board) -> str:
    """The drawing as SVG: the board in the middle, a straight line for each wire."""
    wired = list(parts(board))
    left: list[Part] = []
    right: list[Part] = []
    for part in wired:
        min(left, right, key=_rows).append(part)
    rows = max(_rows(left), _rows(right))
    width = 2 * (_EDGE + _BOX + _GAP) + _MODULE
    height = rows * _ROW + 2 * _EDGE + 2 * _ROW
    middle = _EDGE + _BOX + _GAP
    body = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">',
        f"<style>{_STYLE}</style>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        f'<rect class="m" x="{middle}" y="{_EDGE}" width="{_MODULE}" '
        f'height="{height - 2 * _EDGE}" rx="6"/>',
        _text(middle + _MODULE / 2, _EDGE + 18, board.name, "t", "middle"),
    ]
    body += _column(left, _EDGE, middle, to_right=True)
    body += _column(right, width - _EDGE - _BOX, middle + _MODULE, to_right=False)
    return "\n".join([*body, "</svg>"]) + "\n"


def _height(part: Part) -> int:
    """In rows, with one of space below."""
    return 2 + len(part.wires) + len(part.supply)


def _rows(those: list[Part]) -> int:
    return sum(map(_height, those))


def _column(those: list[Part], x: int, module: int, *, to_right: bool) -> Iterator[str]:
    y = _EDGE + 2 * _ROW
    edge = x + _BOX if to_right else x
    side, other = ("end", "start") if to_right else ("start", "end")
    inside = -8 if to_right else 8
    for i, part in enumerate(those):
        colour = _COLOURS[(i + (0 if to_right else 3)) % len(_COLOURS)]
        high = (_height(part) - 1) * _ROW
        yield f'<rect class="b" x="{x}" y="{y}" width="{_BOX}" height="{high}" rx="6"/>'
        yield _text(x + _BOX / 2, y + 16, part.title, "t", "middle")
        row = y + _ROW
        for use, label in part.wires:
            at = row + 11
            yield (
                f'<line x1="{edge}" y1="{at}" x2="{module}" y2="{at}" stroke="{colour}" '
                'stroke-width="2"/>'
            )
            yield _text(edge + inside, at + 4, label, "", side)
            yield _text(module - inside, at + 4, f"GPIO{use.pin}", "", other)
            row += _ROW
        for pin, rail in part.supply.items():
            yield _text(edge + inside, row + 15, f"{pin}: {rail}", "s", side)
            row += _ROW
        y += _height(part) * _ROW


def _text(x: float, y: float, text: str, kind: str, anchor: str) -> str:
    return f'<text x="{x:g}" y="{y}" class="{kind}" text-anchor="{anchor}">{escape(text)}</text>'


def files(board: Board) -> dict[Path, str]:
    """The files of a board's wiring page, by path; none for a board that nobody solders."""
    if not board.usb:
        return {}
    return {
        board.directory / "wiring.md": page(board),
        board.directory / "wiring.svg": drawing(board),
    }
