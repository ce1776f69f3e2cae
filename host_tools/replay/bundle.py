"""What a failed run leaves: a directory from which it can be understood and played again.

    report.txt    what has failed, and the last of everything
    trace.jsonl   the trace: ``taptill replay`` takes it, or the directory
    screens/      pictures of the display, in order; screens.txt has them as text
    paper.png, paper.txt, console.txt, host.jsonl
    README.txt    firmware, and how to play it again

Nothing secret is in it. Where something secret has got on a screen or on the paper, its text is
there without it, and its picture is left out.
"""

import json
import os
import shutil
import textwrap
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from host_tools.device.actions import Stage
from host_tools.replay.recorder import Recorder
from host_tools.replay.trace import Trace, TraceError, parse, read

if TYPE_CHECKING:
    from host_tools.device.scenario import Scenario

TRACE = "trace.jsonl"
_CONSOLE_LINES = 30
_HOST_RECORDS = 12
_HOST_FIELDS = ("4", "11", "39")
_MOST_BYTES = 64 * 1024 * 1024
_README = """\
{title}
Firmware {firmware}, recorded {made}.

Play it again, from the directory of TapTill:

    taptill replay {path}

Exit code 0: it failed in the same way again. 1: it is different now, and how.
"""


def write(
    folder: Path,
    scenario: "Scenario",
    stage: Stage,
    recorder: Recorder,
    trace: Trace,
    what: str,
) -> str:
    """Write the bundle in place of what was there; returns its report. ``what`` has failed."""
    scrub = recorder.scrubber()
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "screens").mkdir(parents=True)
    trace.write(folder / TRACE)
    _screens(folder, stage, recorder, scrub)
    _paper(folder, stage, scrub)
    device = stage.device
    console = scrub(device.console())
    records = list(stage.host.log.records)
    _text(folder / "console.txt", console)
    lines = [scrub(json.dumps(record, ensure_ascii=False)) for record in records]
    _text(folder / "host.jsonl", "\n".join(lines) + "\n")
    _text(folder / "README.txt", _README.format(**trace.head, path=_shown(folder)))
    sections = {
        "screen": device.screen(),
        "console": console.splitlines()[-_CONSOLE_LINES:],
        "host": [_brief(record) for record in records[-_HOST_RECORDS:]],
        "faults of the chips": device.board.faults,
        "files": [str(folder)],
        "again": [f"taptill replay {_shown(folder)}"],
    }
    shown = [f"{scenario.path.name}: {scenario.title}", what]
    for title, lines in sections.items():
        if lines:
            shown.append(f"{title}:\n" + "\n".join(f"  {line}" for line in lines))
    text = scrub("\n".join(shown))
    _text(folder / "report.txt", text + "\n")
    return text


def trace_of(path: Path) -> Trace:
    """The trace in a bundle (a directory, or one that is zipped) or in a file of its own.

    Raises TraceError, OSError.
    """
    if path.is_dir():
        path = path / TRACE
    if not zipfile.is_zipfile(path):
        return read(path)
    with zipfile.ZipFile(path) as packed:
        found = [info for info in packed.infolist() if Path(info.filename).name == TRACE]
        if len(found) != 1 or found[0].file_size > _MOST_BYTES:
            raise TraceError(f"{path.name}: a bundle has one {TRACE}")
        try:
            return parse(packed.read(found[0]), f"{path.name}: {TRACE}")
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            raise TraceError(f"{path.name}: cannot be unpacked: {error}") from None


def _screens(folder: Path, stage: Stage, recorder: Recorder, scrub: Callable[[str], str]) -> None:
    rows = []
    for number, (at, image) in enumerate(recorder.pictures(), 1):
        lines = "\n".join(stage.device.read(image))
        clean = scrub(lines)
        if clean == lines:
            image.save(folder / "screens" / f"{number:03}.png")
        rows.append(f"{number:03}  {at:.3f} s\n{textwrap.indent(clean, '    ')}")
    _text(folder / "screens.txt", "\n\n".join(rows) + "\n")


def _paper(folder: Path, stage: Stage, scrub: Callable[[str], str]) -> None:
    text = stage.paper()
    clean = scrub(text)
    if clean == text:
        stage.device.paper_image().save(folder / "paper.png")
    _text(folder / "paper.txt", clean)


def _text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _shown(folder: Path) -> str:
    return os.path.relpath(folder)


def _brief(record: dict[str, Any]) -> str:
    """A record of the host's log on one line."""
    fields = record.get("fields", {})
    shown = [f"F{number} {fields[number]}" for number in _HOST_FIELDS if number in fields]
    words = [str(record[name]) for name in ("mti", "fault", "why") if record.get(name)]
    return " ".join([record["at"][11:23], record["event"], *words, *shown])
