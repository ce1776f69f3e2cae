"""The documentation says what is so: links, commands, paths, tables that repeat the code, figures.

Measured figures are marked by their column: its head ends in a unit ("bytes", "bytes free", "ms").
Between the heading of such a table and the table stands "Measured YYYY-MM-DD with `command`".
"""

import ast
import functools
import re
import runpy
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import typer.main

from host_tools.acquirer.scenario import FAULTS
from host_tools.cli import app
from host_tools.vboard import board, link, mcu
from host_tools.vboard.chips import (
    buzzer,
    escpos_printer,
    ili9341,
    key_matrix,
    modem,
    modem_faults,
    pn532,
    pn532_faults,
)
from host_tools.vboard.chips.flash import Flash
from host_tools.vboard.radio import Radio

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
ARCHITECTURE = ROOT / "docs" / "architecture.md"
BOARD = ROOT / "docs" / "virtual_board.md"
PAGES = [README, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted(ROOT.glob("docs/*.md"))]
SHIM = ROOT / "host_tools" / "vboard" / "shim"

_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_LINK = re.compile(r"!?\[[^\]\[]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?)\s*$", re.MULTILINE)
_RULE = re.compile(r"\|[\s:|-]+\|")
_UNITS = r"(?:bytes|KB|MB|ms|s|seconds|%)(?: free| used| taken)?"
_MEASURED_COLUMN = re.compile(rf"(?:.*[ (])?{_UNITS}\)?")
_MEASURED = re.compile(r"Measured \d{4}-\d\d-\d\d\s+with\s+`([^`]+)`")
_PATH = re.compile(r"(?:firmware|host_tools|tests|docs|boards)/[\w./*?-]+")

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


class Table(NamedTuple):
    """A table: the heading it is under, what stands between them, its head and its rows."""

    heading: str
    before: str
    head: list[str]
    rows: list[list[str]]


def text(page):
    return page.read_text(encoding="utf-8")


def code(page):
    """What is in code spans and code blocks: commands, and what they print."""
    whole = text(page)
    return [*_FENCE.findall(whole), *_SPAN.findall(_FENCE.sub("", whole))]


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def tables(source):
    """Every table of a page in Markdown."""
    found, heading, before, lines = [], "", [], _FENCE.sub("", source).splitlines()
    for at, line in enumerate(lines):
        if match := _HEADING.fullmatch(line):
            heading, before = match[1], []
        elif line.startswith("|") and at + 1 < len(lines) and _RULE.fullmatch(lines[at + 1]):
            body = lines[at + 2 :]
            end = next((i for i, row in enumerate(body) if not row.startswith("|")), len(body))
            rows = [cells(row) for row in body[:end]]
            found.append(Table(heading, "\n".join(before), cells(line), rows))
        elif not line.startswith("|"):
            before.append(line)
    return found


def table(page, heading, first):
    """The table under a heading whose first column is called ``first``."""
    fits = [t for t in tables(text(page)) if t.heading.startswith(heading) and t.head[0] == first]
    assert len(fits) == 1, f"{page.name}: {len(fits)} tables {first!r} under {heading!r}"
    return fits[0]


def named(cell):
    """The names in backticks in a cell."""
    return _SPAN.findall(cell)


def column(found, at=0):
    """A column of a table, without backticks."""
    return [row[at].strip("`") for row in found.rows]


# links, commands, paths


def slug(heading):
    """The anchor that a heading gets."""
    return re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).replace(" ", "-")


def broken_links(page, source):
    found = []
    for target in _LINK.findall(_FENCE.sub("", source)):
        if target.startswith(("https://", "http://", "mailto:")):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.is_relative_to(ROOT) or not file.is_file():
            found.append(f"{target}: there is no such file")
        elif anchor and anchor not in map(slug, _HEADING.findall(_FENCE.sub("", text(file)))):
            found.append(f"{target}: there is no such heading")
    return found


@pages
def test_every_link_leads_somewhere(page):
    assert broken_links(page, text(page)) == []


@pytest.mark.parametrize(
    "source", ["[a](docs/nothing.md)", "![a](nothing.png)", "[a](docs)", "[a](#no-heading)"]
)
def test_a_broken_link_is_found(source):
    assert len(broken_links(README, source)) == 1


def targets():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))


@functools.cache
def commands():
    """The options of each command of ``taptill``, of a group those of its commands together."""
    found = {}
    for name, command in typer.main.get_command(app).commands.items():
        inner = getattr(command, "commands", {"": command})
        found |= {f"{name} {sub}".strip(): options(each) for sub, each in inner.items()}
        found[name] = set().union(*map(options, inner.values()))
    return found


def options(command):
    """Those of a command; of a group inside a group those of its commands."""
    inner = getattr(command, "commands", {}).values()
    own = {option for parameter in command.params for option in parameter.opts}
    return own.union(*map(options, inner))


def groups():
    return {name.split()[0] for name in commands() if " " in name}


def unknown_commands(spans):
    """Make targets, commands and options in ``spans`` that do not exist."""
    found = []
    for span in spans:
        for line in span.splitlines():
            # after a prompt, a path or the start of the line; not in a sentence that is printed
            for name in re.findall(r"(?:^|[$;&] *|\w=\S+ )make ([a-z][a-z-]*)", line.strip()):
                found += [] if name in targets() else [f"make {name}"]
            for match in re.finditer(r"(?:^|[ /])taptill ([a-z]\w*)([^;&#]*)", line):
                name, rest = match[1], match[2]
                if name not in commands():
                    found.append(f"taptill {name}")
                    continue
                inner = re.match(r" +([a-z]\w*)", rest)
                if name in groups() and inner:
                    name = f"{name} {inner[1]}"
                    if name not in commands():
                        found.append(f"taptill {name}")
                        continue
                known = {*commands()[name], "--help"}
                given = re.findall(r"(?:^| )(--[a-z][a-z\d-]*)", rest)
                if name != "test":  # hands its options on
                    found += [f"taptill {name} {o}" for o in given if o not in known]
    return found


@pages
def test_every_command_exists(page):
    spans = [s for s in code(page) if "git clone" not in s]
    spans += [line for s in code(page) if "git clone" in s for line in s.splitlines()[2:]]
    assert unknown_commands(spans) == []


@pytest.mark.parametrize(
    "span",
    [
        *(
            "make sale",
            "$ make sale",
            "taptill sale",
            ".venv/bin/taptill board --usb",
            "A=b make x",
        ),
        *("taptill card tap", "taptill card list --amount 1.00"),
    ],
)
def test_an_unknown_command_is_found(span):
    assert len(unknown_commands([span])) == 1


def test_readme_shows_the_targets_as_make_tells_them():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    told = re.findall(r"^([a-z][a-z-]*):[^#\n]*## (.*)$", makefile, re.MULTILINE)
    assert len(told) > 5
    for name, words in told:
        assert f"  make {name:10} {words}\n" in text(README)


@pages
def test_every_path_exists(page):
    missing = []
    for span in code(page):
        for path in _PATH.findall("" if "\n" in span else span):
            name = path.rstrip(".,:")
            # capitals stand for a name of one's own
            if not re.search(r"[A-Z]{2,}", name) and not list(ROOT.glob(name.rstrip("/"))):
                missing.append(name)
    assert missing == []


# the README's promise


def test_readme_says_first_what_this_is_not():
    words = " ".join(re.sub(r"[*>]", "", text(README)).split())
    safety = "For development, training and test. TapTill is no certified PIN-entry device."
    assert safety in words
    assert "No production keys" in words
    assert words.index(safety) < words.index("Quick start")


def test_readme_has_a_picture():
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+\.png)\)", text(README))
    assert pictures
    for name in pictures:
        assert (ROOT / name).read_bytes().startswith(b"\x89PNG")


# figures


def unmarked_figures(source):
    """Tables of measured figures that do not say when and how they were measured."""
    found = []
    for one in tables(source):
        measured = any(_MEASURED_COLUMN.fullmatch(head) for head in one.head)
        if measured and not _MEASURED.search(one.before):
            found.append(f"{one.heading}: {' | '.join(one.head)}")
    return found


@pages
def test_figures_say_when_and_how(page):
    assert unmarked_figures(text(page)) == []


@pages
def test_figures_can_be_measured_again(page):
    for command in _MEASURED.findall(text(page)):
        words = command.split()
        assert unknown_commands([command]) == []
        for word in words:
            if word.endswith(".py"):
                assert (ROOT / word).is_file(), command


@pytest.mark.parametrize("head", ["bytes", "bytes free", "time, ms", "heap (KB)", "%"])
def test_unmarked_figures_are_found(head):
    source = f"# A\n{{}}\n| what | {head} |\n|---|---|\n| a | 1 |\n"
    assert len(unmarked_figures(source.format(""))) == 1
    assert len(unmarked_figures(source.format("Measured 2026-11-23 with nothing"))) == 1
    assert unmarked_figures(source.format("Measured 2026-11-23 with `make demo`:")) == []


def test_other_tables_are_no_figures():
    assert unmarked_figures("# A\n\n| what | bytes of it |\n|---|---|\n| a | b |\n") == []
    assert unmarked_figures("# A\n\n| items | names |\n|---|---|\n| a | b |\n") == []


# architecture.md and CONTRIBUTING.md: the rooms


@functools.cache
def rules():
    sys.path.insert(0, str(ROOT / "tests" / "arch"))
    try:
        import rooms
    finally:
        sys.path.pop(0)
    return rooms.MAY_IMPORT


def allowed(rooms, cell):
    """What a cell of "may import" says for a row of rooms."""
    everything = rules()["hw"]
    if cell == "none":
        return set()
    if cell == "each other":
        return set(rooms)
    names = set(named(cell))
    return everything - names if cell.startswith("all but") else names or everything


@pytest.mark.parametrize("page", [ARCHITECTURE, ROOT / "CONTRIBUTING.md"], ids=lambda p: p.name)
def test_rooms_may_import_what_the_table_says(page):
    (found,) = (t for t in tables(text(page)) if t.head[:2] == ["room", "may import"])
    told = set()
    for row in found.rows:
        rooms = named(row[0])
        told |= set(rooms)
        for room in rooms:
            assert allowed(rooms, row[1]) - {room} == rules()[room] - {room}, room
    assert told >= set(rules()) - {"main"}


def test_a_wrong_room_would_be_seen():
    assert allowed(["ui"], "`aio`, `store`") != rules()["ui"]
    assert allowed(["flows"], "all but `hw`") != rules()["flows"]


def test_every_room_is_there():
    found = table(ARCHITECTURE, "Rooms", "room")
    there = {p.stem for p in (ROOT / "firmware" / "pos").iterdir() if p.suffix in ("", ".py")}
    assert {*column(found), "__init__"} >= there - {"__pycache__"}


# virtual_board.md: the link


def op_codes():
    return {n: v for n, v in vars(link).items() if n.isupper() and isinstance(v, int)}


def test_op_codes_are_those_of_the_link():
    found = table(BOARD, "Processes", "op")
    assert {row[1]: int(row[0], 16) for row in found.rows} == op_codes()


def shim_sources():
    return [path.read_text(encoding="utf-8") for path in sorted(SHIM.glob("*.py"))]


def test_op_codes_are_those_of_the_shim():
    known = op_codes()
    for source in shim_sources():
        for name, value in re.findall(r"^_([A-Z0-9_]+) = const\((0x[0-9A-F]+)\)", source, re.M):
            assert known[name] == int(value, 16), name


def test_op_codes_go_the_way_and_are_answered_as_the_table_says():
    found = table(BOARD, "Processes", "op")
    source = Path(mcu.__file__).read_text(encoding="utf-8")
    handled = set(re.findall(r"wire_link\.([A-Z_0-9]+):", source))
    assert {row[1] for row in found.rows if row[2] == "mcu"} == handled
    assert {row[2] for row in found.rows} == {"mcu", "chips"}
    asked = set()
    for shim in shim_sources():
        asked |= set(re.findall(r"_link\.call\(\s*_([A-Z0-9_]+)", shim))
        asked |= set(re.findall(r"== _([A-Z]+) \| 0x80", shim))  # waited for in _link itself
    assert {row[1] for row in found.rows if row[4] != "–"} == asked


def test_longest_payload_is_that_of_the_shim():
    limit = re.search(r"^MAX = (\d+)", (SHIM / "_link.py").read_text(encoding="utf-8"), re.M)
    assert limit
    assert f"{limit[1]} bytes of payload" in " ".join(text(BOARD).split())


# virtual_board.md: the board's own modules, wiring, resets


def public_names(path):
    """What a module of the shim offers to programs."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.ImportFrom) and node.module == "utime":
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Assign):
            names |= {t.id for t in node.targets if isinstance(t, ast.Name) and t.id.islower()}
    # what is loaded when it is asked for
    for lent in re.findall(
        r"name (?:not )?in \(.*?\)|name != \"\w+\"", path.read_text(encoding="utf-8")
    ):
        names |= set(re.findall(r'"(\w+)"', lent))
    return {name for name in names if not name.startswith("_")}


def test_modules_of_the_shim_have_what_the_table_says():
    found = table(BOARD, "The board's own modules", "module")
    modules = {path.stem for path in SHIM.glob("[a-z]*.py")} - {"boot"}
    assert set(column(found)) == modules
    for row in found.rows:
        name = row[0].strip("`")
        assert set(named(row[1])) == public_names(SHIM / f"{name}.py"), name
        assert not set(named(row[2])) & public_names(SHIM / f"{name}.py"), name


def test_wiring_is_that_of_the_board():
    wires = runpy.run_path(str(ROOT / "boards" / "virtual" / "board.py"))
    rows = {row[0]: f"{row[1]}; {row[2]}" for row in table(BOARD, "Wiring", "chip").rows}
    pins = {**wires["DISPLAY"], **wires["DISPLAY_PINS"]}
    told = f"SPI {pins.pop('spi')}, {pins.pop('baudrate') // 1_000_000} MHz; "
    assert rows["ILI9341"] == told + ", ".join(f"{k} {v}" for k, v in pins.items())
    lan = dict(wires["LAN"])
    told = f"SPI {lan.pop('spi')}, {lan.pop('baudrate') // 1_000_000} MHz; "
    assert rows["W5500"] == told + ", ".join(f"{k} {v}" for k, v in lan.items())
    nfc, printer = dict(wires["NFC"]), dict(wires["PRINTER"])
    told = f"UART {nfc.pop('uart')}; "
    assert rows["PN532"] == told + ", ".join(f"{k} {v}" for k, v in nfc.items())
    told = f"UART {printer.pop('uart')}, {printer.pop('baudrate')} baud; "
    assert rows["ESC/POS printer"] == told + ", ".join(f"{k} {v}" for k, v in printer.items())
    line = dict(wires["MODEM"])
    told = f"UART {line.pop('uart')}, {line.pop('baudrate')} baud; "
    assert rows["modem"] == told + ", ".join(f"{k} {v}" for k, v in line.items())
    lines = [", ".join(map(str, wires[f"KEYPAD_{side}"])) for side in ("ROWS", "COLUMNS")]
    assert rows["keys"] == f"–; rows {lines[0]}; columns {lines[1]}"
    assert rows["buzzer"] == f"PWM; {wires['BUZZER']}"
    cell = wires["BATTERY"]
    assert rows["battery, TP4056"] == f"ADC; {cell['adc']}, CHRG {cell['charge']}"
    assert rows["lamp"] == "–; green {}, red {}".format(*wires["LED"])


def test_reset_causes_are_those_of_the_microcontroller():
    told = {row[0]: int(row[1]) for row in table(BOARD, "Resets", "what").rows}
    assert told == {
        "power on": mcu.POWER_ON,
        "hard reset": mcu.HARD,
        "watchdog": mcu.WATCHDOG,
        "soft reset": mcu.SOFT,
    }


def test_sizes_are_those_of_the_board():
    whole = " ".join(text(BOARD).split())
    assert f"{board.FLASH_SIZE // 1024 // 1024} MB, blocks of 4096 bytes" in whole
    slack = re.search(r"slack_ms=(\d+)", Path(board.__file__).read_text(encoding="utf-8"))
    assert slack
    assert f"{slack[1]} ms are forgiven" in whole
    station = Radio(lambda *_: None, lambda *_: None, lambda: None).access_points[0]
    assert f"`{station.ssid}`, key `{station.password}`" in whole


# virtual_board.md: the chip models

MODELS = {
    "PN532": pn532.Pn532,
    "ILI9341": ili9341.Ili9341,
    "ESC/POS": escpos_printer.EscPosPrinter,
    "Key": key_matrix.KeyMatrix,
    "Flash": Flash,
    "Radio": Radio,
    "Modem": modem.Modem,
}


@pytest.mark.parametrize("heading", MODELS)
def test_physics_exist(heading):
    names = column(table(BOARD, heading, "physics"))
    assert names
    assert [name for name in names if not hasattr(MODELS[heading], name)] == []


def test_misbehaviours_of_the_reader_are_those_of_the_model():
    found = table(BOARD, "PN532", "way")
    told = {row[0].strip("`"): row[1].replace("`", "") for row in found.rows}
    assert told == {k: v.replace("`", "") for k, v in pn532_faults.MISBEHAVIOURS.items()}


@pytest.mark.parametrize(
    ("heading", "ways"),
    [
        ("ILI9341", ili9341._MISBEHAVIOURS),
        ("ESC/POS", escpos_printer._MISBEHAVIOURS),
        ("Key", key_matrix._MISBEHAVIOURS),
    ],
)
def test_misbehaviours_are_those_of_the_model(heading, ways):
    assert {*column(table(BOARD, heading, "way")), "well"} == set(ways)


def test_misbehaviours_of_the_buzzer_are_those_of_the_model():
    source = Path(buzzer.__file__).read_text(encoding="utf-8")
    (ways,) = re.findall(r"if way not in \((.*?)\)", source)
    assert {*column(table(BOARD, "Buzzer", "way")), "well"} == set(re.findall(r'"(\w+)"', ways))


def test_commands_and_misbehaviours_of_the_modem_are_those_of_the_model():
    told = {row[0].strip("`"): row[1] for row in table(BOARD, "Modem", "command").rows}
    assert told == {f"AT{name}": words for name, words in modem.COMMANDS.items()}
    told = {row[0].strip("`"): row[1] for row in table(BOARD, "Modem", "way").rows}
    assert told == modem_faults.MISBEHAVIOURS


def test_hands_of_the_modem_are_those_of_the_scenarios():
    from host_tools.device.actions import _MODEM_HANDS

    assert set(column(table(BOARD, "Modem", "physics"))) == set(_MODEM_HANDS)


def test_hands_of_the_printer_are_those_of_the_scenarios():
    from host_tools.device.actions import _PRINTER_HANDS

    assert set(column(table(BOARD, "ESC/POS", "physics"))) == set(_PRINTER_HANDS)


def test_commands_of_the_reader_are_those_of_the_model():
    found = table(BOARD, "PN532", "code")
    told = {int(row[0], 16): row[1] for row in found.rows}
    assert told == {code: name for code, (name, _) in pn532.COMMANDS.items()}


def test_faults_of_the_host_are_those_of_its_page():
    told = [t for t in tables(text(ROOT / "docs" / "acquirer.md")) if t.head[0] == "fault"]
    assert {row[0].strip("`"): row[1] for row in told[0].rows} == FAULTS


# the examples


def test_examples_in_python_are_python():
    for page in PAGES:
        for block in re.findall(r"^```python\n(.*?)^```", text(page), re.MULTILINE | re.DOTALL):
            for node in ast.walk(ast.parse(block)):
                if isinstance(node, ast.ImportFrom) and node.module:
                    module = __import__(node.module, fromlist=[a.name for a in node.names])
                    missing = [a.name for a in node.names if not hasattr(module, a.name)]
                    assert missing == [], f"{page.name}: {node.module}"
