"""The steps of a scenario: what each may say, and what it does to a terminal and its world."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from host_tools.acquirer import booking
from host_tools.acquirer import scenario as host_faults
from host_tools.acquirer.models import Transaction
from host_tools.acquirer.server import HostThread
from host_tools.device import tls_bench
from host_tools.device.virtual import VirtualDevice
from host_tools.vboard.cards.card import Card
from host_tools.vboard.cards.fields import CardFileError
from host_tools.vboard.cards.loader import load_account, load_card
from host_tools.vboard.cards.script import ScriptCard
from host_tools.vboard.chips.battery import Battery
from host_tools.vboard.chips.escpos_printer import EscPosPrinter
from host_tools.vboard.chips.ili9341 import Ili9341
from host_tools.vboard.chips.key_matrix import KeyMatrix
from host_tools.vboard.chips.modem import Modem
from host_tools.vboard.chips.pn532 import Pn532
from host_tools.vboard.clock import ManualClock
from host_tools.vboard.radio import AccessPoint, Radio
from host_tools.vboard.wire import Net, UartLine

DEADLINE_S = 20.0
HOST_NAME = "acquirer.test"
_KEYS = set("0123456789ECBM*#")
# What the host is told to want of its terminals: how many words each takes at least
_HOST_WISHES = {"asks": 1, "parameter": 2, "black_list": 1, "script": 2}
_PRINTER_HANDS = (
    *("paper_out", "near_end", "new_paper", "open_cover", "close_cover"),
    *("overheat", "cool_down", "power_off", "power_on", "tear"),
)
_MODEM_HANDS = (
    *("sim_in", "sim_out", "sim_locked", "signal", "lost", "found", "refuse", "ignore"),
    *("accept", "operator", "power_off", "power_on"),
)


class WrongStep(ValueError):
    """A step says something that cannot be done; the sentence says why."""


class Stage:
    """A terminal and its host while a scenario is played."""

    def __init__(self, device: VirtualDevice, host: HostThread, folder: Path) -> None:
        self.device, self.host, self.folder = device, host, folder
        self.screens: list[list[str]] = []
        self.keys: dict[str, bytes] = {}  # by name: what must be nowhere in clear, besides
        self._heard = 0  # records of the host that a step has waited for
        self._cards: dict[str, Card | ScriptCard] = {}
        self.find_host()

    def find_host(self) -> None:
        """Let the name of the host lead to it."""
        route = ("127.0.0.1", self.host.port)
        self.device.board.call(self.device.board.radio.routes.__setitem__, HOST_NAME, route)

    def card(self, name: str) -> Card | ScriptCard:
        """A card stays what it is from one tap to the next: it counts, a phone stays unlocked."""
        if name not in self._cards:
            self._cards[name] = load_card(_card(name, self.folder))
        return self._cards[name]

    def look(self) -> list[str]:
        """The lines on the screen; they are remembered, for no secret may ever have been there."""
        return self._remember(self.device.screen())

    def _remember(self, lines: list[str]) -> list[str]:
        if not self.screens or self.screens[-1] != lines:
            self.screens.append(lines)
        return lines

    def find(self, right: Callable[[list[str]], bool]) -> list[str] | None:
        """The screen that is ``right``, present or past, as ``VirtualDevice.find_screen``."""
        return self.device.find_screen(lambda lines: right(self._remember(lines)))

    def paper(self) -> str:
        """All that was printed, on every roll."""

        def text() -> str:
            printer = self.device.board.printer
            return "\n".join([*(slip.text for slip in printer.slips), printer.text()])

        return self.device.board.call(text)

    def wait_for_request(self, mti: str) -> None:
        """Wait until the host has got one more message of that type. TimeoutError."""
        log = self.host.log

        def found() -> int | None:
            records = list(log.records)
            for at in range(self._heard, len(records)):
                came = records[at]["event"] in ("request", "not_processed")
                if came and records[at]["mti"] == mti:
                    return at + 1
            return None

        try:
            log.wait(lambda _: found() is not None, DEADLINE_S)
        except TimeoutError:
            raise TimeoutError(f"the host has got no further {mti}") from None
        self._heard = found() or 0


@dataclass(frozen=True)
class Action:
    """``check(value, folder)`` raises WrongStep; ``do`` raises TimeoutError or AssertionError."""

    check: Callable[[Any, Path], None]
    do: Callable[[Stage, Any], None]


# what a value may be


def _texts(value: Any, _: Path | None = None) -> list[str]:
    found = value if isinstance(value, list) else [value]
    if not found or not all(isinstance(text, str) and text for text in found):
        raise WrongStep("a text or a list of texts is expected")
    return found


def _check_texts(value: Any, folder: Path) -> None:
    _texts(value, folder)


def _check_text(value: Any, _: Path) -> None:
    if not isinstance(value, str) or not value:
        raise WrongStep("a text is expected")


def _check_keys(value: Any, _: Path) -> None:
    if not isinstance(value, str) or not value:
        raise WrongStep('keys in quotes are expected, for example "01E"')
    if not set(value) <= _KEYS:
        raise WrongStep(f"no key {', '.join(sorted(set(value) - _KEYS))}")


def _card(name: str, folder: Path) -> str | Path:
    own = folder / "cards" / f"{name}.yaml"
    return own if own.is_file() else name


def _check_card(value: Any, folder: Path) -> None:
    if not isinstance(value, str):
        raise WrongStep("the name of a card is expected")
    try:
        load_card(_card(value, folder))
    except CardFileError as error:
        raise WrongStep(str(error)) from None


def _check_cards(value: Any, folder: Path) -> None:
    for name in value if isinstance(value, list) else [value]:
        _check_card(name, folder)


def _check_card_or_nothing(value: Any, folder: Path) -> None:
    if value is not None:
        _check_card(value, folder)


def _check_nothing(value: Any, _: Path) -> None:
    if value is not None:
        raise WrongStep("it takes no value")


def _check_seconds(value: Any, _: Path) -> None:
    if type(value) not in (int, float) or not 0 < value <= 100_000:
        raise WrongStep("a number of seconds is expected")


def _check_mti(value: Any, _: Path) -> None:
    if not isinstance(value, str) or len(value) != 4 or not value.isdigit():
        raise WrongStep('a message type in quotes is expected, for example "0200"')


def _one_of(*words: str) -> Callable[[Any, Path], None]:
    def check(value: Any, _: Path) -> None:
        # YAML takes a bare on or off for a truth value
        if _word(value) not in words:
            raise WrongStep(f"one of {', '.join(words)} is expected")

    return check


def _word(value: Any) -> Any:
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else value


# lines such as "status code=11 times=3": what a chip, the air or the host is to do


def _line(value: Any) -> tuple[str, list[Any], dict[str, Any]]:
    if not isinstance(value, str) or not value.split():
        raise WrongStep("a line of words is expected")
    name, *words = value.split()
    plain = [_number(word) for word in words if "=" not in word]
    pairs = [word.split("=", 1) for word in words if "=" in word]
    return name, plain, {key: _number(text) for key, text in pairs}


def _number(word: str) -> Any:
    if word == "always":
        return None
    return int(word) if word.removeprefix("-").isdigit() else word


def _checked(line: Callable[[Any, Any], None], make: Callable[[], Any]) -> Callable:
    """A check that lets ``line`` happen to a chip on the bench."""

    def check(value: Any, _: Path) -> None:
        try:
            line(make(), value)
        except (ValueError, TypeError, IndexError) as error:
            raise WrongStep(str(error)) from None

    return check


def _nfc_line(chip: Pn532, value: Any) -> None:
    name, words, options = _line(value)
    if name == "pull_after":
        chip.pull_after(int(words[0]), during=words[1:] == ["during"])
    else:
        chip.misbehave(name, *words, **options)


def _printer_line(chip: EscPosPrinter, value: Any) -> None:
    name, words, _ = _line(value)
    if name in _PRINTER_HANDS:
        getattr(chip, name)(*words)
    else:
        chip.misbehave(name, *words)


def _keypad_line(chip: KeyMatrix, value: Any) -> None:
    name, words, _ = _line(value)
    chip.misbehave(name, *map(str, words))


def _display_line(chip: Ili9341, value: Any) -> None:
    name, words, _ = _line(value)
    chip.misbehave(name, *words)


def _battery_line(chip: Battery, value: Any) -> None:
    name, words, _ = _line(value)
    if name in ("plug", "unplug"):
        chip.plug(name == "plug")
    elif name == "volts":
        chip.set(float(words[0]))
    else:
        chip.misbehave(name, *words)


def _modem_line(chip: Modem, value: Any) -> None:
    name, words, options = _line(value)
    if name == "operator":
        chip.operator(*map(str, words))
    elif name in _MODEM_HANDS:
        getattr(chip, name)(*words)
    else:
        chip.misbehave(name, *words, **options)


def _air_line(radio: Radio, value: Any) -> None:
    name, words, options = _line(value)
    if name in ("drop", "restore", "black_hole", "cut_after", "plug", "unplug"):
        getattr(radio, name)(*words, **options)
    elif name == "password":
        radio.access_points[0].password = str(words[0])
    elif name == "forget_names":
        radio.routes.clear()
    elif name == "access":
        radio.access_points.append(
            AccessPoint(str(words[0]), "".join(map(str, words[1:])), **options)
        )
    else:
        ways = "drop, restore, black_hole, cut_after, password, forget_names, access, plug"
        raise ValueError(f"the air cannot {name!r}; it can {ways}")


def _bench_printer() -> EscPosPrinter:
    return EscPosPrinter(ManualClock(), UartLine())


def _bench_display() -> Ili9341:
    return Ili9341(ManualClock(), cs=Net(0), dc=Net(1), rst=Net(2), led=None)


def _bench_battery() -> Battery:
    return Battery(lambda _: None, Net(0))


def _bench_keys() -> KeyMatrix:
    nets = [Net(gpio, lambda _: None) for gpio in range(8)]
    return KeyMatrix(ManualClock(), nets[:4], nets[4:])


def _bench_air() -> Radio:
    return Radio(lambda *_: None, lambda *_: None, lambda: None)


def _check_host(value: Any, _: Path) -> None:
    if not isinstance(value, str):
        raise WrongStep("a line such as 'drop_after_booking mti=0200' is expected")
    if value in ("stop", "start", "well", "other_master_key", "forget", "lose_keys"):
        return
    name, *words = value.split() or [""]
    if name == "shows":
        if len(words) != 1 or words[0] not in tls_bench.HOSTS:
            raise WrongStep(f"shows is one of {', '.join(tls_bench.HOSTS)}")
        return
    if name in _HOST_WISHES:
        if len(words) < _HOST_WISHES[name]:
            raise WrongStep(f"{name} takes {_HOST_WISHES[name]} words")
        return
    try:
        host_faults.parse(value)
    except host_faults.UnknownFault as error:
        raise WrongStep(str(error)) from None


# what happens


def _script(card: str, *commands: str) -> tuple[str, str]:
    """PAN of a card and template 72 of its commands, in hex; the issuer adds their MACs."""
    account = load_account(card)
    assert account is not None
    inner = bytes.fromhex("9F180400000001")
    for command in map(bytes.fromhex, commands):
        inner += bytes([0x86, len(command)]) + command
    return account.pan, (bytes([0x72, len(inner)]) + inner).hex()


def _host(stage: Stage, value: str) -> None:
    name, *words = value.split()
    if name in _HOST_WISHES:
        settings = stage.host.ledger
        if name == "asks":
            for digit in words[0]:
                settings.ask("12345678", digit)
        elif name == "parameter":
            settings.set_parameter(words[0], " ".join(words[1:]))
        elif name == "script":
            settings.queue_script(*_script(*words))
        else:
            settings.set_black_list(words)
    elif name == "shows":
        stage.host.show(tls_bench.host(words[0]))
    elif value == "forget":
        with stage.host.ledger.begin() as work:
            last = work.session.scalars(
                select(Transaction).order_by(Transaction.id.desc())
            ).first()
            assert last is not None
            booking.take_back(work, last, last.at)
    elif value == "stop":
        stage.host.misbehave("refuse")
    elif value in ("start", "well"):
        stage.host.behave()
    elif value == "other_master_key":
        with stage.host.ledger.begin() as work:
            terminal = work.terminal("12345678")
            assert terminal is not None
            work.add_terminal(terminal.id, terminal.merchant_id, bytes(range(16)))
    elif value == "lose_keys":
        with stage.host.ledger.begin() as work:
            terminal = work.terminal("12345678")
            assert terminal is not None
            terminal.pik = terminal.mak = terminal.tdk = None
    else:
        stage.host.misbehave_line(value)


def _shown(lines: list[str], texts: list[str]) -> list[str]:
    """Those of ``texts`` that are on a screen; a text may run over several lines.

    Chinese has no spaces between words: there they do not count.
    """
    whole = "\n".join(lines) + "\n" + " ".join(lines)
    dense = "".join(lines).replace(" ", "")
    return [
        text
        for text in texts
        if text in whole or (any(map(is_wide, text)) and text.replace(" ", "") in dense)
    ]


def is_wide(char: str) -> bool:
    """Whether it is Chinese, or a sign that goes with it."""
    return char >= "\u2e80"


def printed(text: str, paper: str) -> int:
    """How often a text is on the paper; a Chinese one may run over several lines."""
    if any(map(is_wide, text)):
        return paper.replace("\n", "").count(text)
    return paper.count(text)


def _wait_for_screen(stage: Stage, value: Any) -> None:
    texts = _texts(value)
    try:
        stage.device.board.wait_here(
            lambda: stage.find(lambda lines: _shown(lines, texts) == texts) is not None, DEADLINE_S
        )
    except TimeoutError:
        shown = _shown(stage.look(), texts)
        lacks = [text for text in texts if text not in shown]
        raise TimeoutError(f"the screen does not show {lacks}") from None


def _wait_gone(stage: Stage, value: Any) -> None:
    texts = _texts(value)
    try:
        stage.device.board.wait_here(lambda: not _shown(stage.look(), texts), DEADLINE_S)
    except TimeoutError:
        shown = _shown(stage.look(), texts)
        raise TimeoutError(f"the screen still shows {shown}") from None


def _paper(stage: Stage, value: Any) -> None:
    texts = _texts(value)
    try:
        stage.device.board.wait_here(
            lambda: all(printed(text, stage.paper()) for text in texts), DEADLINE_S
        )
    except TimeoutError:
        raise TimeoutError(f"the paper lacks one of {texts}:\n{stage.paper()}") from None


def _no_paper(stage: Stage, value: Any) -> None:
    paper = stage.paper()
    found = [text for text in _texts(value) if printed(text, paper)]
    if found:
        raise AssertionError(f"the paper has {found}:\n{paper}")


def _type_off_paper(stage: Stage, label: str) -> None:
    found = re.findall(re.escape(label) + r": (.*)", stage.paper())
    if not found:
        raise AssertionError(f"no {label!r} is on the paper:\n{stage.paper()}")
    date = re.match(r"\d{4}/(\d\d)/(\d\d)", found[-1])
    text = date[1] + date[2] if date else found[-1].strip()
    if not text.isdigit():
        raise AssertionError(f"{text!r} cannot be typed")
    stage.device.press(text)


def _tap(stage: Stage, value: str | list[str]) -> None:
    names = value if isinstance(value, list) else [value]
    cards = [stage.card(name) for name in names]
    nfc = stage.device.board.nfc

    def hold() -> None:  # several at the very same moment
        for card in cards:
            nfc.tap(card)

    stage.device.board.call(hold)


def _remove(stage: Stage, value: str | None) -> None:
    nfc = stage.device.board.nfc

    def take() -> None:
        for card in [card for card in nfc.cards if value in (None, card.name)]:
            nfc.remove(card)

    stage.device.board.call(take)


def _power(stage: Stage, value: Any) -> None:
    board = stage.device.board
    if _word(value) == "on":
        board.call(board.printer.power_on)
        board.call(board.modem.power_on)
        stage.device.power_on()
    else:  # one plug for all: the chips lose their state with the board
        stage.device.power_off()
        board.call(board.printer.power_off)
        board.call(board.nfc.misbehave, "reset")
        board.call(board.modem.power_off)


def _field(stage: Stage, value: Any) -> None:
    nfc = stage.device.board.nfc
    stage.device.board.wait_for(
        lambda: nfc.field_on == (_word(value) == "on"),
        DEADLINE_S,
        f"the field of the reader {_word(value)}",
    )


def _card_left(stage: Stage, _: Any) -> None:
    board = stage.device.board
    board.wait_for(lambda: not board.nfc.cards, DEADLINE_S, "the card to leave")


def _keypad(stage: Stage, value: str) -> None:
    board = stage.device.board
    board.call(_keypad_line, board.keys, value)
    if value == "well":
        stage.device.let_go("")  # nothing, but wait until the terminal has seen it


def _on_chip(chip: str, line: Callable[[Any, Any], None]) -> Callable[[Stage, Any], None]:
    def do(stage: Stage, value: Any) -> None:
        board = stage.device.board
        board.call(line, getattr(board, chip), value)

    return do


# Steps before which no picture of the camera is forgotten: they look at what is there, or was
LOOKING = {"screen", "no_paper"}
# Steps after which they are: what stood there before is older than what was waited for
WAITING = {"gone", "request", "paper", "field", "card_left"}
ACTIONS = {
    "screen": Action(_check_texts, _wait_for_screen),
    "gone": Action(_check_texts, _wait_gone),
    "keys": Action(_check_keys, lambda s, v: s.device.press(v)),
    "type_off_paper": Action(_check_text, _type_off_paper),
    "hold": Action(_check_keys, lambda s, v: s.device.hold(v)),
    "let_go": Action(_check_keys, lambda s, v: s.device.let_go(v)),
    "keypad": Action(_checked(_keypad_line, _bench_keys), _keypad),
    "tap": Action(_check_cards, _tap),
    "card_left": Action(_check_nothing, _card_left),
    "remove": Action(_check_card_or_nothing, _remove),
    "nfc": Action(
        _checked(_nfc_line, lambda: Pn532(ManualClock(), UartLine())), _on_chip("nfc", _nfc_line)
    ),
    "field": Action(_one_of("on", "off"), _field),
    "host": Action(_check_host, _host),
    "request": Action(_check_mti, lambda s, v: s.wait_for_request(v)),
    "printer": Action(_checked(_printer_line, _bench_printer), _on_chip("printer", _printer_line)),
    "paper": Action(_check_texts, _paper),
    "no_paper": Action(_check_texts, _no_paper),
    "display": Action(_checked(_display_line, _bench_display), _on_chip("display", _display_line)),
    "battery": Action(_checked(_battery_line, _bench_battery), _on_chip("battery", _battery_line)),
    "wifi": Action(_checked(_air_line, _bench_air), _on_chip("radio", _air_line)),
    "modem": Action(
        _checked(_modem_line, lambda: Modem(ManualClock(), UartLine())),
        _on_chip("modem", _modem_line),
    ),
    "find_host": Action(_check_nothing, lambda s, _: s.find_host()),
    "pass": Action(_check_seconds, lambda s, v: s.device.pass_time(v)),
    "power": Action(_one_of("on", "cut"), _power),
    "reset": Action(_check_nothing, lambda s, _: s.device.board.reset()),
}
