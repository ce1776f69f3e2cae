"""A story in Chinese: what it waits for on screen and paper, by the terminal's own word tables.

``translated`` is pure. A text of a story may be

- a text of the English table, its placeholders filled: the Chinese one, filled with the same;
- a part of one: all of the Chinese one, up to a placeholder that the part does not fill;
- several of them in a row, ``TRANS TYPE: SALE``: each in its place;
- what is the same in both languages: numbers, card data, names out of the story itself.

Where several entries fit, what their Chinese has in common is waited for, if it is two characters
at least. Everything else is told, and the story is not played.
"""

import functools
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from host_tools.build.image import ROOT
from host_tools.decode8583.firmware import words as _words  # noqa: F401 - the firmware's path
from host_tools.device.actions import is_wide
from host_tools.device.provision import Identity
from host_tools.device.scenario import Scenario, ScenarioError, Step

# isort: split
from pos.words import en, zh

_ON_PAPER = {"paper", "no_paper", "type_off_paper"}
_ON_SCREEN = {"screen", "gone"}
_SAYS_NAMES = {"wifi", "modem", "host"}  # steps whose own words may come up on the screen
_SLIP = "slip_"
_HOLE = re.compile(r"\{\d?\}")
_BREAK = re.compile(r"\{\d?\}|\|")  # where a text goes on with what is not known here
_BETWEEN = re.compile(r":? +|:$")
# A sign, an AID, a name of a parameter: no words of a language
_PLAIN = re.compile(r"[A-Za-z]?\d*|(?=.*\d)[0-9A-F]{6,}|[a-z]+(_[a-z]+)+|v?\d[\w.]*")
# Of a board's file: what a pin or a bus is called on the screen
_PIN = re.compile(r"(?<=^KEYPAD_)\w+(?= =)|(?<=\")\w+(?=\":)", re.MULTILINE)
_SAME = {"RMB", "TMK", "PIK", "MAK", "TDK", "KCV", "MicroPython"}  # in slips and screens as such
_OF_OTHERS = {"DEBIT", "CREDIT", "TRAINING"}  # labels of cards; the bank of a training
_ENGLISH = re.compile(r"(?<![A-Za-z0-9_])[A-Za-z]{3,}(?![A-Za-z0-9_])")  # and no part of a name
_LEAST_SHARED = 2  # Chinese characters


class CannotTranslate(ValueError):
    """A text that has no Chinese; the sentence says why."""


class Entry(NamedTuple):
    """A line of the word tables."""

    name: str
    english: str
    chinese: str


def translated(story: Scenario) -> Scenario:
    """The story on a terminal that speaks Chinese; one that is in Chinese already, as it is.

    Raises ScenarioError.
    """
    if story.terminal is None:
        raise ScenarioError(f"{story.path.name}: terminal: a blank one asks for its language")
    if story.terminal.get("language") == "zh":
        return story
    terminal = {**story.terminal, "language": "zh"}
    names = _names(story)
    steps = [_step(story, step, names) for step in story.steps]
    paper: dict[str, int] = {}
    for text, count in story.expect.paper.items():
        where = f"{story.path.name}: expect: paper"
        paper[_told(where, text, names, True)] = count
    return replace(
        story,
        terminal=terminal,
        steps=steps,
        expect=replace(story.expect, paper=paper),
        setting={**story.setting, "terminal": terminal},
    )


def _step(story: Scenario, step: Step, names: frozenset[str]) -> Step:
    if step.name not in _ON_PAPER | _ON_SCREEN:
        return step
    where = f"{story.path.name}: step {step.where}: {step.name}"
    value: Any
    if isinstance(step.value, list):
        value = [_told(where, text, names, step.name in _ON_PAPER) for text in step.value]
    else:
        value = _told(where, step.value, names, step.name in _ON_PAPER)
    return replace(step, value=value)


def _told(where: str, text: str, names: frozenset[str], paper: bool) -> str:
    try:
        return chinese(text, names, paper)
    except CannotTranslate as error:
        raise ScenarioError(f"{where}: {error}") from None


def _names(story: Scenario) -> frozenset[str]:
    """Words that a story brings along, and those of its board: the same in every language."""
    texts = [Identity.merchant_name, Identity.wifi_ssid]
    texts += map(str, (story.terminal or {}).values())
    texts += [str(step.value) for step in story.steps if step.name in _SAYS_NAMES]
    board = (ROOT / "boards" / story.board / "board.py").read_text("utf-8")
    texts += [name.upper() for name in _PIN.findall(board)]
    return frozenset(word for text in texts for word in re.findall(r"\w+", text))


def strays(story: Scenario, lines: Iterable[str]) -> list[str]:
    """Lines of a Chinese screen or paper that are cut off or have English words, told."""
    same = _names(story) | _SAME | _OF_OTHERS | _english(entry.chinese for entry in _table())
    english = _english(entry.english for entry in _table()) - same
    wrong = []
    for line in dict.fromkeys(lines):
        words = english & _english([line])
        if words:
            wrong.append(f"{', '.join(sorted(words))} is English: {line!r}")
        if re.search(r"\w…", line):
            wrong.append(f"it is cut off: {line!r}")
    return wrong


def _english(texts: Iterable[str]) -> set[str]:
    return {word for text in texts for word in _ENGLISH.findall(text)}


@functools.cache
def chinese(text: str, names: frozenset[str] = frozenset(), paper: bool = False) -> str:
    """What the terminal says instead. ``paper``: of a slip. Raises CannotTranslate."""
    try:
        return _said(text, names, paper)
    except CannotTranslate:
        found = list(_holding(text, names, paper))
        if not found:
            raise
        return _shared(text, found)


def _said(text: str, names: frozenset[str], paper: bool) -> str:
    """What is said instead of whole words. Raises CannotTranslate."""
    if not _is_english(text):
        return text
    found = _whole(text, names, paper)
    if found:
        return _shared(text, found)
    return text if _is_same(text, names) else _row(text, names, paper)


def _is_english(text: str) -> bool:
    return re.search("[A-Za-z]", text) is not None and not any(map(is_wide, text))


def _is_same(text: str, names: frozenset[str]) -> bool:
    """Whether there is nothing in a text but numbers, signs and names."""
    found = re.findall(r"\w+", text)
    return all(word in _SAME or word in names or _PLAIN.fullmatch(word) for word in found)


@functools.cache
def _table() -> list[Entry]:
    """Every entry of both tables."""
    tables = [
        dict(line.split("=", 1) for line in module.TABLE.decode().strip().split("\n"))
        for module in (en, zh)
    ]
    return [Entry(name, text, tables[1][name]) for name, text in tables[0].items()]


def _entries(paper: bool) -> list[list[Entry]]:
    """Those that may be there; what a slip says is looked for among the words of slips first."""
    slips = [entry for entry in _table() if entry.name.startswith(_SLIP)]
    others = [entry for entry in _table() if not entry.name.startswith(_SLIP)]
    return [slips, others] if paper else [others]


def _whole(text: str, names: frozenset[str], paper: bool) -> list[str]:
    """The Chinese of the entries that are this text."""
    for entries in _entries(paper):
        for filled in (False, True):  # a text as it is goes before one that is filled with it
            found = []
            for entry in entries:
                if bool(_HOLE.search(entry.english)) == filled:
                    values = _values(entry.english, text)
                    found += _filled(entry, values, names, paper)
            if found:
                return found
    return []


def _holding(text: str, names: frozenset[str], paper: bool) -> Iterator[str]:
    """The Chinese of the entries that this text is a part of."""
    for entry in itertools.chain(*_entries(paper)):
        for piece in _pieces(entry.english):
            values = _values(piece, text)
            if values is not None:
                yield from _filled(entry, values, names, paper)
                break


@functools.cache
def _pieces(template: str) -> list[str]:
    """What begins and ends with words of a text, the longest first."""
    begins = [m.start() for m in re.finditer(r"\{\d?\}|\w+", template)]
    ends = [m.end() for m in re.finditer(r"(\{\d?\}|\w+)[^\w\s{]*", template)]
    ends += [m.end() for m in re.finditer(r"\{\d?\}|\w+", template)]
    pairs = {(b, e) for b in begins for e in ends if b < e}
    ordered = sorted(pairs, key=lambda pair: pair[0] - pair[1])
    pieces = [template[b:e] for b, e in ordered]
    return [piece for piece in pieces if re.search(r"\w{3}", _BREAK.sub("", piece))]


def _values(template: str, text: str) -> dict[str, str] | None:
    """What the placeholders of a text hold, by number; None: it is another text."""
    if "{" not in template:
        return {} if template == text else None
    literals = _HOLE.split(template)
    if not text.startswith(literals[0]) or not text.endswith(literals[-1]):
        return None
    pattern = "(.+?)".join(map(re.escape, literals))
    match = re.fullmatch(pattern, text)
    if match is None:
        return None
    return dict(zip(_numbers(template), match.groups(), strict=True))


def _numbers(template: str) -> list[str]:
    """The numbers of the placeholders of a text: their own, or as they come."""
    return [m[0][1:-1] or str(i) for i, m in enumerate(_HOLE.finditer(template))]


def _filled(
    entry: Entry, values: dict[str, str] | None, names: frozenset[str], paper: bool
) -> list[str]:
    """The Chinese of an entry with its placeholders filled; [] where a value has none."""
    if values is None:
        return []
    try:
        known = {number: _said(value, names, paper) for number, value in values.items()}
    except CannotTranslate:
        return []
    numbers = iter(_numbers(entry.chinese))

    def fill(hole: re.Match[str]) -> str:
        return known.get(next(numbers), hole[0])

    return [_HOLE.sub(fill, entry.chinese)]


def _shared(text: str, found: Iterable[str]) -> str:
    """What is said whichever of the Chinese texts is meant. Raises CannotTranslate."""
    texts = sorted(set(found), key=lambda one: (len(one), one))
    if all(text in one for one in texts):
        return text
    parts = [[part.strip() for part in _BREAK.split(one)] for one in texts]
    if len(texts) == 1:
        return max(parts[0], key=len)
    best = ""
    for part in parts[0]:
        for begin, end in itertools.combinations(range(len(part) + 1), 2):
            common = part[begin:end].strip()
            if _weight(common) > _weight(best) and all(
                any(common in other for other in others) for others in parts[1:]
            ):
                best = common
    if _weight(best)[0] < _LEAST_SHARED:
        raise CannotTranslate(f"{text!r} may be any of {', '.join(texts)}")
    return best


def _weight(text: str) -> tuple[int, int]:
    """Chinese characters, and all."""
    return sum("一" <= char <= "龥" for char in text), len(text)


def _row(text: str, names: frozenset[str], paper: bool) -> str:
    """Several words in a row, each translated. Raises CannotTranslate."""
    done, rest = "", text
    while rest:
        for end, after in _places(rest):
            word, gap = rest[:end], rest[end:after]
            found = _whole(word, names, paper)
            if found or _is_same(word, names):
                said = _shared(word, found) if found else word
                if len(gap) > 2:  # columns of a slip
                    gap = " " * max(1, len(word) + len(gap) - _columns(said))
                done += said + gap
                rest = rest[after:]
                break
        else:
            raise CannotTranslate(f"the terminal has no words {text!r}")
    return done


def _places(text: str) -> list[tuple[int, int]]:
    """Where a word may end and the next begin, the last first."""
    found = [(len(text), len(text))]
    for match in reversed(list(_BETWEEN.finditer(text))):
        begin, end = match.span()
        if match[0].startswith(": "):
            found.append((begin + 1, end))  # the colon may be the word's own
        if begin:
            found.append((begin, end))
    return found


def _columns(text: str) -> int:
    return sum(1 + is_wide(char) for char in text)
