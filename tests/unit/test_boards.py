"""The boards as data: pins that can be, tables that fit, pages that say what the data say."""

import dataclasses
import re
from types import SimpleNamespace

import pytest

from host_tools import boards, pins, wiring

ALL = boards.names()
REAL = [name for name in ALL if boards.load(name).usb]


def changed(name, facts=(), **wires):
    """A board whose board.py, or facts, say something else."""
    board = boards.load(name)
    wires = SimpleNamespace(**{**vars(board.wires), **wires})
    return dataclasses.replace(board, wires=wires, **dict(facts))


def test_the_boards_are_there():
    assert {"virtual", "esp32s3_n16r8", "esp32_wrover", "esp32_devkit"} <= set(ALL)


@pytest.mark.parametrize("name", ALL)
def test_a_board_is_called_as_its_directory(name):
    assert name == boards.load(name).wires.NAME


@pytest.mark.parametrize("name", ALL)
def test_every_pin_can_be_what_it_is(name):
    assert pins.problems(boards.load(name)) == []


DISPLAY = {"spi": 2, "baudrate": 40_000_000, "sck": 18, "mosi": 23, "miso": 36}
NFC = {"uart": 1, "tx": 22, "rx": 34, "reset": 21}


@pytest.mark.parametrize(
    ("board", "wires", "says"),
    [
        ("esp32_devkit", {"BUZZER": 22}, "GPIO22 is used twice: NFC tx and BUZZER buzzer"),
        ("esp32_devkit", {"BUZZER": 6}, "belongs to the flash"),
        ("esp32_devkit", {"BUZZER": 20}, "does not exist"),
        ("esp32_devkit", {"BUZZER": 38}, "does not exist"),
        ("esp32_devkit", {"BUZZER": 1}, "belongs to the console"),
        ("esp32_devkit", {"BUZZER": 0}, "is read at reset"),
        ("esp32_devkit", {"BUZZER": 34}, "can only be an input"),
        ("esp32_devkit", {"KEYPAD_COLUMNS": (25, 26, 32, 34)}, "input without pull-up"),
        ("esp32_devkit", {"BATTERY": {"adc": 27, "divider": 2}}, "ADC2, which Wi-Fi needs"),
        ("esp32_devkit", {"BATTERY": {"adc": 21, "divider": 2}}, "has no ADC"),
        ("esp32_devkit", {"DISPLAY_PINS": {"cs": 27, "dc": 19}}, "GPIO5 is explained"),
        ("esp32_devkit", {"NFC": NFC | {"uart": 0}}, "uart 0 is not there"),
        ("esp32_devkit", {"NFC": NFC | {"uart": 2}}, "uart 2 is used twice: NFC and PRINTER"),
        ("esp32_devkit", {"DISPLAY": DISPLAY | {"spi": 3}}, "there is no spi 3"),
        ("esp32_devkit", {"DISPLAY": DISPLAY | {"baudrate": 80_000_000}}, "faster than"),
        ("esp32_wrover", {"BUZZER": 16}, "belongs to the PSRAM"),
        ("esp32s3_n16r8", {"BUZZER": 20}, "belongs to the USB port"),
        ("esp32s3_n16r8", {"BUZZER": 43}, "belongs to the console"),
        ("esp32s3_n16r8", {"BUZZER": 35}, "belongs to the PSRAM"),
        ("esp32s3_n16r8", {"BUZZER": 30}, "belongs to the flash"),
        ("esp32s3_n16r8", {"BUZZER": 24}, "does not exist"),
    ],
)
def test_a_pin_that_cannot_be_is_found(board, wires, says):
    assert any(says in problem for problem in pins.problems(changed(board, **wires)))


def test_uart_0_is_a_modems_where_the_console_is_on_usb():
    modem = {"uart": 0, "tx": 43, "rx": 44, "baudrate": 115200}
    assert pins.problems(changed("esp32s3_n16r8", MODEM=modem)) == []


def test_a_signal_that_nobody_knows_is_told():
    with pytest.raises(ValueError, match="NFC: 'irq'"):
        pins.problems(changed("virtual", NFC={"irq": 5}))


@pytest.mark.parametrize("name", REAL)
def test_a_partition_table_has_two_slots_and_a_file_system(name):
    board = boards.load(name)
    slots = [p for p in board.partitions if p.type == "app"]
    assert [p.subtype for p in slots] == ["ota_0", "ota_1"]
    assert slots[0].size == slots[1].size
    assert all(p.offset % 0x10000 == 0 for p in slots)
    assert board.partition("vfs").size >= 1024 * 1024
    last = board.partitions[-1]
    assert last.offset + last.size == board.flash_size


@pytest.mark.parametrize("name", ALL)
def test_a_partition_table_becomes_the_bytes_that_are_read_back(name):
    path = boards.load(name).directory / "partitions.csv"
    table = boards.partition_table(path)
    data = table.to_binary()
    assert len(data) == 0xC00
    again = type(table).from_binary(data)
    assert [(p.name, p.offset, p.size) for p in again] == [
        (p.name, p.offset, p.size) for p in table
    ]


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("facts.yaml", "chip: esp32\n", "chip: esp8266\n", "chip is esp32 or esp32s3"),
        ("facts.yaml", "flash: 8 MiB", "flash: much", "'much' is no size"),
        ("facts.yaml", "flash: 8 MiB", "flash: 4 MiB", "does not fit in available flash"),
        ("facts.yaml", "march: xtensawin\n", "", "no 'march'"),
        ("facts.yaml", "10C4:EA60", "10C4", "'10C4' is no VID:PID"),
        ("facts.yaml", "chip: esp32\n", "chip: [\n", "is no YAML"),
        ("board.py", "BUZZER = 27", "BUZZER = GPIO27", "name 'GPIO27' is not defined"),
        ("board.py", "BUZZER = 27", "BUZZER 27", "invalid syntax"),
        ("partitions.csv", "0x350000", "0x340000", "Partitions overlap"),
        ("partitions.csv", "0x10000,  0x340000", "0x11000,  0x330000", "aligned"),
    ],
)
def test_wrong_data_are_told_with_their_file(tmp_path, monkeypatch, file, old, new, says):
    source = boards.BOARDS / "esp32_devkit"
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("board.py", "facts.yaml", "partitions.csv"):
        text = (source / name).read_text(encoding="utf-8")
        if name == file:
            assert old in text
            text = text.replace(old, new)
        (copy / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(boards, "BOARDS", tmp_path)
    with pytest.raises(boards.BoardError, match=re.escape(says)) as caught:
        boards.load("copy")
    assert str(tmp_path / "copy") in str(caught.value)


def test_a_board_that_is_not_there_is_told_with_those_that_are():
    with pytest.raises(boards.BoardError, match=r"no board .+virtual.; there is esp32_devkit, "):
        boards.load("../virtual")


@pytest.mark.parametrize("name", REAL)
def test_the_wiring_page_says_what_the_data_say(name):
    for path, text in wiring.files(boards.load(name)).items():
        assert path.read_text(encoding="utf-8") == text, "taptill boards --update writes it anew"


@pytest.mark.parametrize("name", REAL)
def test_table_and_drawing_name_every_pin_once(name):
    board = boards.load(name)
    used = sorted(use.pin for use in pins.uses(board.wires))
    rows = re.findall(r"^\|.*\| GPIO(\d+) \|", wiring.page(board), re.MULTILINE)
    drawn = re.findall(r">GPIO(\d+)<", wiring.drawing(board))
    assert sorted(map(int, rows)) == sorted(map(int, drawn)) == used


def test_the_virtual_boards_differ_in_their_displays_alone():
    one, other = (vars(boards.load(name).wires) for name in ("virtual", "virtual_small"))
    own = {name for name in one.keys() | other.keys() if name.isupper()}
    assert {name for name in own if one.get(name) != other.get(name)} == {
        *("NAME", "DISPLAY", "DISPLAY_PINS"),
    }
