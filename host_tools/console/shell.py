"""The console at a prompt: completion, history, what comes meanwhile printed above the line."""

from collections.abc import Iterable
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.patch_stdout import patch_stdout

from host_tools.console.ask import ask
from host_tools.console.commands import COMMANDS, UsageError, parse
from host_tools.console.output import Output
from host_tools.console.wire import ConsoleError, Wire

_OWN = {"help": "List the commands.", "quit": "Leave; Ctrl-] does too."}


class _Words(Completer):
    """Names of commands first, then what the command takes."""

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        before = document.text_before_cursor.split(" ")
        if len(before) == 1:
            words = {command.name: command.help for command in COMMANDS} | _OWN
        else:
            words = {w: "" for c in COMMANDS if c.name == before[0] for w in c.words}
        for word, meaning in words.items():
            if word.startswith(before[-1]):
                yield Completion(word, -len(before[-1]), display_meta=meaning)


def _bindings() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("c-]")
    def _(event: KeyPressEvent) -> None:
        event.app.exit(exception=EOFError)

    @keys.add("c-c")
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.reset()  # to the terminal it would be the end of its program

    return keys


def help_lines() -> list[str]:
    """The commands, a line each."""
    rows = [(f"{command.name} {command.takes}".rstrip(), command.help) for command in COMMANDS]
    rows += _OWN.items()
    width = max(len(left) for left, _ in rows)
    return [f"{left:<{width}}  {right}" for left, right in rows]


def run(wire: Wire, output: Output, history: Path | None) -> None:
    """Obey until the user leaves. What the terminal refuses is told, and nothing ends."""
    if history:
        history.parent.mkdir(parents=True, exist_ok=True)
    session: PromptSession[str] = PromptSession(
        completer=_Words(),
        history=FileHistory(str(history)) if history else InMemoryHistory(),
        key_bindings=_bindings(),
        complete_while_typing=False,
    )
    with patch_stdout(raw=True):
        while True:
            try:
                line = session.prompt("taptill> ").strip()
            except EOFError:
                return
            if line in ("quit", "exit"):
                return
            if line == "help":
                output.lines(help_lines())
            elif line:
                one(wire, output, line)


def one(wire: Wire, output: Output, line: str) -> bool:
    """Carry out one line; whether it worked."""
    try:
        order = parse(line)
        name = order.command.name
        answer = ask(wire, order, lambda part: output.part(name, part))
    except (UsageError, ConsoleError) as error:
        output.lines([str(error)])
        return False
    except OSError as error:
        output.lines([f"{error.filename}: {error.strerror}"])
        return False
    output.answer(name, answer)
    return "error" not in answer and answer.get("ok", True)
