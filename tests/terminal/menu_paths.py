"""Which entries of the menu a story chooses, by the keys that it presses."""

from typing import NamedTuple

from pos.flows import menu
from pos.ui import field
from pos.ui.small import field as small

from host_tools.device.scenario import Scenario
from host_tools.vboard.board import VIRTUAL

_QUIET = {"screen", "gone", "paper", "no_paper"}  # steps that leave the menu as it is


class Choice(NamedTuple):
    """An entry of a page of the menu, and the story that it tells; "": its own page."""

    page: str
    word: str
    story: str


def entries() -> list[Choice]:
    """Every entry of the menu's table."""
    return [choice for page in _pages().values() for choice in page]


def _pages() -> dict[str, list[Choice]]:
    pages = {}
    for line in menu._PAGES.strip().split("\n"):
        page, *items = line.split()
        pages[page] = [Choice(page, *item.partition("=")[::2]) for item in items]
    return pages


class _Walker:
    """Where in the menu the keys have led; nowhere: to something else, which takes them."""

    def __init__(self, board: str) -> None:
        large = board == VIRTUAL[0]
        self.pages = _pages()
        self.shown = field._ITEMS if large else small._ITEMS
        self.numbered = field._ITEMS if large else small._NUMBERED
        self.page, self.top = "", 0

    def go(self, page: str) -> None:
        self.page, self.top = page, 0

    def press(self, key: str) -> Choice | None:
        """The entry that a key chooses."""
        if not self.page:
            if key == "M":
                self.go("menu")
            return None
        items = self.pages[self.page]
        if key == "C":
            self.go("" if self.page == "menu" else "menu")
        elif key == "#" and self.top + self.shown < len(items):
            self.top += self.shown
        elif key == "*" and self.top:
            self.top -= self.shown
        elif key.isdigit() and 0 < int(key) <= self.numbered:
            choices = items[self.top // self.numbered * self.numbered :][int(key) - 1 :][:1]
            for choice in choices:
                self.go("" if choice.story else choice.word)
                return choice
        return None


def chosen(story: Scenario) -> list[Choice]:
    """The entries that a story chooses, as it does so; pages on the way are entries, too."""
    walker = _Walker(story.board)
    found = []
    for step in story.steps:
        if step.name == "keys":
            found += [choice for choice in map(walker.press, step.value) if choice]
        elif step.name not in _QUIET:
            walker.go("")
    return found
