"""What the console can be asked: commands, their arguments, how long they may take."""

import shlex
from dataclasses import dataclass, field
from typing import Any

KINDS = ("8583", "apdu", "pn532")
LEVELS = ("error", "warn", "info", "debug")
_SCREEN = "screen"
_USUAL_S, _SLOW_S = 5.0, 40.0


class UsageError(ValueError):
    """A command that is none, or with arguments that it does not take; the text says what."""


@dataclass(frozen=True)
class Command:
    """One command. ``takes`` is shown as its usage, ``words`` are offered for completion."""

    name: str
    help: str
    takes: str = ""
    words: tuple[str, ...] = ()
    patience_s: float = _USUAL_S
    wire: str = ""  # what the terminal calls it, where that is another name

    @property
    def asks(self) -> str:
        """The name on the wire."""
        return self.wire or self.name


@dataclass(frozen=True)
class Order:
    """A command as it was typed: with arguments for the wire and for here (``file``)."""

    command: Command
    arguments: dict[str, Any] = field(default_factory=dict)
    file: str = ""


COMMANDS = (
    Command("status", "What the terminal is and does."),
    Command(
        "self-test", "Start every part anew, one by one.", patience_s=_SLOW_S, wire="selftest"
    ),
    Command("log", "Show or set which lines are logged.", "[error|warn|info|debug]", LEVELS),
    Command("journal", "The last transactions of this batch.", "[COUNT|all]", ("all",)),
    Command("network", "Link and address.", patience_s=_SLOW_S),
    Command("host", "The way to the host, layer by layer.", patience_s=_SLOW_S),
    Command("nfc", "Find the reader; wait SECONDS for a card.", "[SECONDS]", patience_s=_SLOW_S),
    Command("printer", "Print a few lines, or only ask.", "[ask]", ("ask",), _SLOW_S),
    Command("keys", "Tell each key that is pressed.", "[SECONDS]", patience_s=_SLOW_S),
    Command("display", "Bars of colour, read back from the chip.", patience_s=_SLOW_S),
    Command(_SCREEN, "What the display shows, to a PNG file.", "[FILE]", wire="screen"),
    Command("memory", "Heap, tasks, loaded code."),
    Command("crash", "The last crash.", "[forget]", ("forget",)),
    Command(
        "trace",
        "Show messages, APDUs, frames live.",
        "[off|all|8583 apdu pn532]",
        ("off", "all", *KINDS),
    ),
    Command("bye", "Ask for the proof anew (production images)."),
)
_NAMES = {command.name: command for command in COMMANDS}


def parse(line: str) -> Order:
    """``"journal 20"`` as an order. Raises UsageError."""
    try:
        name, *words = shlex.split(line)
    except ValueError as error:
        raise UsageError(f"cannot read that: {error}") from None
    command = _NAMES.get(name)
    if command is None:
        raise UsageError(f"there is no command {name!r}; help lists them")
    if name == _SCREEN and len(words) < 2:
        return Order(command, file=words[0] if words else "screen.png")
    if name == "trace":
        return Order(command, _kinds(words))
    if len(words) > 1 or (words and not command.takes):
        raise UsageError(f"{name} takes {command.takes or 'nothing'}")
    return Order(command, _argument(command, words[0]) if words else {})


def _kinds(words: list[str]) -> dict[str, Any]:
    if not words:
        return {}
    if words == ["off"]:
        return {"kinds": []}
    if words == ["all"]:
        return {"kinds": list(KINDS)}
    wrong = [word for word in words if word not in KINDS]
    if wrong:
        raise UsageError(f"{wrong[0]!r} cannot be traced; {', '.join(KINDS)} can, all or off")
    return {"kinds": words}


def _argument(command: Command, word: str) -> dict[str, Any]:
    if command.name == "log":
        if word in LEVELS:
            return {"level": LEVELS.index(word)}
    elif command.name == "journal":
        if word == "all":
            return {"start": 0}
        if word.isdigit() and int(word):
            return {"start": -int(word)}
    elif command.name in ("nfc", "keys"):
        if word.isdigit() and 0 < int(word) <= 60:
            return {"seconds": int(word)}
    elif command.name == "printer" and word == "ask":
        return {"print": False}
    elif command.name == "crash" and word == "forget":
        return {"forget": True}
    raise UsageError(f"{command.name} takes {command.takes}, not {word!r}")
