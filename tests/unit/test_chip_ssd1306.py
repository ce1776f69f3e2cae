"""The model of the small display: what is on the glass, and what the chip would not have taken."""

import pytest

from host_tools.vboard.chips.ssd1306 import HEIGHT, WIDTH, Ssd1306

UPRIGHT = b"\x00\xa1\xc8\x8d\x14\xaf"
WHOLE = b"\x00\x20\x00\x21\x00\x7f\x22\x00\x07"
LIT = (255, 255, 255)


@pytest.fixture
def chip():
    return Ssd1306()


def shown(chip):
    """The lit pixels."""
    image = chip.image()
    return {(x, y) for x in range(WIDTH) for y in range(HEIGHT) if image.getpixel((x, y)) == LIT}


def blank(chip):
    chip.i2c_write(WHOLE)
    chip.i2c_write(b"\x40" + bytes(WIDTH * HEIGHT // 8))


def test_memory_is_noise_after_power_on_and_nothing_is_shown(chip):
    assert shown(chip) == set()
    chip.i2c_write(UPRIGHT)
    assert 3000 < len(shown(chip)) < 5000


@pytest.mark.parametrize(
    ("setup", "corner"),
    [
        (b"\xa1\xc8", (0, 0)),
        (b"\xa0\xc8", (127, 0)),
        (b"\xa1\xc0", (0, 63)),
        (b"\xa0\xc0", (127, 63)),
        (b"\xa1\xc8\x7f", (0, 1)),
    ],
)
def test_segments_and_rows_are_turned(chip, setup, corner):
    blank(chip)
    chip.i2c_write(UPRIGHT + setup)
    chip.i2c_write(b"\x00\x21\x00\x00\x22\x00\x00")
    chip.i2c_write(b"\x40\x01")
    assert shown(chip) == {corner}
    assert chip.faults == []


@pytest.mark.parametrize(
    ("mode", "second"), [(b"\x20\x00", (11, 16)), (b"\x20\x01", (10, 24))], ids=["along", "down"]
)
def test_addresses_go_on_in_the_window(chip, mode, second):
    blank(chip)
    chip.i2c_write(UPRIGHT + mode + b"\x21\x0a\x0b\x22\x02\x03")
    chip.i2c_write(b"\x40\x01\x01\x00\x00\x80")  # the fifth is at the corner again
    assert shown(chip) == {(10, 23), second}
    assert chip.faults == []


def test_page_addressing_keeps_its_page(chip):
    blank(chip)
    chip.i2c_write(UPRIGHT + b"\x20\x02\xb3\x0f\x17")  # page 3, column 7Fh
    chip.i2c_write(b"\x40\x01\x01")
    assert shown(chip) == {(127, 24), (0, 24)}
    assert chip.faults == []


def test_control_bytes_change_between_commands_and_data(chip):
    blank(chip)
    chip.i2c_write(UPRIGHT)
    chip.i2c_write(b"\x80\x21\x80\x05\x80\x05\xc0\x02\x80\x81\x00\x10")
    assert shown(chip) == {(5, 1)}
    assert chip.contrast == 0x10


def test_inverse_all_on_and_off(chip):
    blank(chip)
    chip.i2c_write(UPRIGHT + b"\xa7")
    assert len(shown(chip)) == WIDTH * HEIGHT
    chip.i2c_write(b"\x00\xa6\xa5")
    assert len(shown(chip)) == WIDTH * HEIGHT
    chip.i2c_write(b"\x00\xae")
    assert shown(chip) == set()


@pytest.mark.parametrize(
    ("sent", "fault"),
    [
        (b"\x00\xaf", "without the charge pump"),
        (b"\x00\x8d\x14\xaf\x8d\x10", "AEh comes before it"),
        (b"\x00\x20\x00\x21\x05\x04", "backwards"),
        (b"\x00\x20\x00\x22\x00\x08", "outside 0..7"),
        (b"\x00\x21\x00\x04", "no effect in page addressing mode"),
        (b"\x00\x20\x00\xb0", "page addressing mode alone"),
        (b"\x00\x20\x03", "no such addressing mode"),
        (b"\x00\xa8\x05", "multiplex ratio"),
        (b"\x00\xda\x02", "alternative ones"),
        (b"\x00\xef", "unknown command"),
        (b"\x00\x27\x00\x00\x00\x00\x00\x00", "scrolling"),
        (b"\x01\xae", "control byte"),
        (b"\x80\x81\x40\x00", "81h lacks parameters"),
    ],
)
def test_what_the_chip_would_not_have_taken_is_told(chip, sent, fault):
    chip.i2c_write(sent)
    assert len(chip.faults) == 1
    assert fault in chip.faults[0]


def test_without_power_nobody_answers(chip):
    chip.power(False)
    assert chip.i2c_write(b"\x00\xaf") == -1
    assert chip.i2c_read(1) == b""


def test_the_status_says_whether_it_is_on(chip):
    assert chip.i2c_read(1) == b"\x40"
    chip.i2c_write(UPRIGHT)
    assert chip.i2c_read(2) == b"\0\0"


def test_misbehaviour(chip):
    blank(chip)
    chip.i2c_write(UPRIGHT + b"\xa7")
    whole = WIDTH * HEIGHT
    chip.misbehave("burnt")
    assert len(shown(chip)) == whole - 2 * HEIGHT
    chip.misbehave("well")
    chip.misbehave("stuck")
    assert chip.i2c_write(b"\x00\xa6") == 2
    assert len(shown(chip)) == whole
    chip.misbehave("well")
    assert shown(chip) == set()
    chip.i2c_write(b"\x00\xa7")
    chip.misbehave("nack")
    assert chip.i2c_write(b"\x00\xa6") == -1
    assert len(shown(chip)) == whole
    chip.misbehave("dead")
    assert shown(chip) == set()
    with pytest.raises(ValueError, match="it knows"):
        chip.misbehave("sleepy")
