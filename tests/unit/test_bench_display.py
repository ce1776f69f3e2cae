"""The bench of screen and paper: what a key may cost, and that nothing stays behind."""

import pytest

from host_tools.bench import display
from host_tools.build.image import build_firmware


@pytest.fixture(scope="module")
def rom():
    return build_firmware().path


@pytest.fixture(scope="module")
def found(rom):
    return display.traffic(rom)


@pytest.mark.parametrize("screen", ["PIN", "password", "voucher"])
def test_a_key_costs_four_calls_and_little_of_the_screen(found, screen):
    for calls, sent in found[screen][1][1:]:
        assert calls <= display.KEY_CALLS
        assert 0 < sent < display.SCREEN * display.KEY_SHARE / 100


def test_the_first_digits_of_an_amount_are_as_cheap(found):
    keys = found["amount"][1][1:]
    assert len(keys) == 4
    assert sum(sent for _, sent in keys) / 4 < display.SCREEN * display.KEY_SHARE / 100


@pytest.mark.parametrize("screen", ["whole", "menu", "result", "chinese", "amount"])
def test_a_screen_is_sent_once_in_few_calls(found, screen):
    calls, sent = found[screen][1][0]
    assert calls <= display.FULL_CALLS
    assert display.SCREEN * 0.9 < sent <= display.FULL_BYTES


def test_the_heap_does_not_grow(rom):
    assert display.growth(rom, 10) == 0


def test_dots_are_more_than_text(rom):
    text, dots = display.slips(rom)
    assert 40 * 12 < text < 40 * 40 < dots
