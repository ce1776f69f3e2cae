"""Lines of a reading on a terminal, coloured."""

import re

from rich.console import Console
from rich.text import Text

_RULES = (
    (re.compile(r"^(\s*)([^:\s][^:]*:)"), "bold"),
    (re.compile(r"verdict: equal$|Approved.*$"), "green"),
    (re.compile(r"verdict: NOT EQUAL$"), "bold red"),
    (re.compile(r"\((?:n|an|ans|z|b)[.\d].*?\)"), "dim"),
)


def print_coloured(lines: list[str]) -> None:
    """Print to standard output; nothing in the lines is taken for markup."""
    console = Console(highlight=False)
    for line in lines:
        text = Text(line)
        if line.startswith(("F", "MTI", "TPDU", "MAC", "header", "bitmap", "length")):
            text.stylize("cyan", 0, line.find(":") + 1)
        for pattern, style in _RULES:
            for match in pattern.finditer(line):
                text.stylize(style, *match.span())
        console.print(text, soft_wrap=True)
