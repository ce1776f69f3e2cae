"""Which pins a board uses, and what is wrong with that.

What the chips' pins can do is from the GPIO summaries of ESP-IDF's manual (ESP32, ESP32-S3), which
are those of the data sheets; the data sheets of ESP32-WROVER-E, ESP32-WROOM-32E and
ESP32-S3-WROOM-1 say what flash and PSRAM of a module take.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace

from host_tools.boards import Board

OUT = "output"
IN = "input"
PULLED = "input, pulled up"
DRAIN = "open drain, pulled up"
ADC = "analogue input"

# What the names in board.py mean; a name that is no pin is None
_SIGNALS: dict[str, str | None] = {
    **dict.fromkeys(("sck", "mosi", "cs", "dc", "rst", "led", "tx", "reset", "power"), OUT),
    **dict.fromkeys(("miso", "rx", "busy", "int", "status"), IN),
    **dict.fromkeys(("scl", "sda"), DRAIN),
    "charge": PULLED,
    "adc": ADC,
    **dict.fromkeys(("spi", "uart", "i2c", "baudrate", "divider"), None),
    **dict.fromkeys(("chip", "address", "screens"), None),
}
_PARTS = ("DISPLAY", "DISPLAY_PINS", "NFC", "PRINTER", "LAN", "BATTERY", "MODEM")
_BUSES = ("spi", "uart", "i2c")
_MAX_SPI = 40_000_000  # through the GPIO matrix


@dataclass(frozen=True)
class Use:
    """A pin: for which constant of board.py, which signal of it, and how it is used.

    ``uart`` is the number of the UART that the part is on.
    """

    pin: int
    part: str
    signal: str
    kind: str
    uart: int | None = None


@dataclass(frozen=True)
class _Chip:
    """Pins by what is special about them."""

    pins: frozenset[int]
    flash: frozenset[int]
    psram: frozenset[int]
    console: frozenset[int]
    strapping: frozenset[int]
    input_only: frozenset[int]
    adc1: frozenset[int]
    adc2: frozenset[int]
    usb: frozenset[int] = frozenset()


def _pins(*spans: int | tuple[int, int]) -> frozenset[int]:
    found: set[int] = set()
    for span in spans:
        first, last = (span, span) if isinstance(span, int) else span
        found.update(range(first, last + 1))
    return frozenset(found)


_CHIPS = {
    "esp32": _Chip(
        pins=_pins((0, 19), (21, 23), (25, 27), (32, 36), 39),  # 37 and 38 leave no module
        flash=_pins((6, 11)),
        psram=_pins(16, 17),
        console=_pins(1, 3),
        strapping=_pins(0, 2, 5, 12, 15),
        input_only=_pins((34, 39)),
        adc1=_pins((32, 39)),
        adc2=_pins(0, 2, 4, (12, 15), (25, 27)),
    ),
    "esp32s3": _Chip(
        pins=_pins((0, 21), (26, 48)),
        flash=_pins((26, 32)),
        psram=_pins((33, 37)),  # on eight lines, as 8 MiB are
        console=_pins(43, 44),
        strapping=_pins(0, 3, 45, 46),
        input_only=_pins(),
        adc1=_pins((1, 10)),
        adc2=_pins((11, 20)),
        usb=_pins(19, 20),
    ),
}


def uses(wires: SimpleNamespace) -> Iterator[Use]:
    """Every pin that a ``board.py`` gives something to do, in the order of the file.

    Raises ValueError for a signal whose name is not known here.
    """
    for part, value in vars(wires).items():
        if part in _PARTS:
            for signal, pin in value.items():
                if signal not in _SIGNALS:
                    raise ValueError(
                        f"{part}: {signal!r} is not a signal that host_tools/pins knows"
                    )
                kind = _SIGNALS[signal]
                if kind:
                    yield Use(pin, part, signal, kind, value.get("uart"))
        elif part in ("KEYPAD_ROWS", "KEYPAD_COLUMNS"):
            name, kind = ("row", DRAIN) if part == "KEYPAD_ROWS" else ("column", PULLED)
            yield from (Use(pin, part, f"{name} {i + 1}", kind) for i, pin in enumerate(value))
        elif part == "BUZZER":
            yield Use(value, part, "buzzer", OUT)
        elif part == "LED":
            yield from (Use(p, part, s, OUT) for p, s in zip(value, ("green", "red"), strict=True))


def problems(board: Board) -> list[str]:
    """What cannot be, or must not be, as sentences; none for a board that is well."""
    chip = _CHIPS[board.chip]
    used = list(uses(board.wires))
    found = [why for use in used for why in _wrong(use, chip, board)]
    by_pin: dict[int, list[Use]] = {}
    for use in used:
        by_pin.setdefault(use.pin, []).append(use)
    for pin, those in by_pin.items():
        if len(those) > 1:
            names = " and ".join(f"{use.part} {use.signal}" for use in those)
            found.append(f"GPIO{pin} is used twice: {names}")
    for pin in board.strapping.keys() - by_pin.keys():
        found.append(f"GPIO{pin} is explained as a strapping pin, but not used")
    return found + list(_bus_problems(board.wires, (0, 1, 2) if chip.usb else (1, 2)))


def _wrong(use: Use, chip: _Chip, board: Board) -> Iterator[str]:
    name = f"GPIO{use.pin} ({use.part} {use.signal})"
    if use.pin not in chip.pins:
        yield f"{name} does not exist on this chip"
    taken = {"flash": chip.flash, "USB port": chip.usb}
    if not (chip.usb and use.uart == 0):  # where the console is on USB, UART 0 may be a part's
        taken["console"] = chip.console
    if board.psram_size:
        taken["PSRAM"] = chip.psram
    for what, those in taken.items():
        if use.pin in those:
            yield f"{name} belongs to the {what}"
    if use.pin in chip.input_only and use.kind not in (IN, ADC):
        yield f"{name} can only be an input without pull-up, not {use.kind}"
    if use.kind == ADC and use.pin not in chip.adc1:
        why = "is of ADC2, which Wi-Fi needs" if use.pin in chip.adc2 else "has no ADC"
        yield f"{name} {why}"
    if use.pin in chip.strapping and use.pin not in board.strapping:
        yield f"{name} is read at reset; facts.yaml does not say why it may be used"


def _bus_problems(wires: SimpleNamespace, uarts: tuple[int, ...]) -> Iterator[str]:
    taken: dict[tuple[str, int], str] = {}
    for part in _PARTS:
        value = getattr(wires, part, {})
        for bus in _BUSES:
            if bus not in value:
                continue
            number = value[bus]
            if (bus, number) in taken:
                yield f"{bus} {number} is used twice: {taken[bus, number]} and {part}"
            taken[bus, number] = part
            if bus == "uart" and number not in uarts:
                yield f"{part}: uart {number} is not there, or the console's"
            if bus == "spi" and number not in (1, 2):
                yield f"{part}: there is no spi {number}"
            if bus == "spi" and value["baudrate"] > _MAX_SPI:
                yield f"{part}: {value['baudrate']} is faster than the GPIO matrix lets through"
