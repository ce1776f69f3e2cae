"""What is typed, as a trace may hold it; and what of a slip is another one each time."""

import pytest

from host_tools.replay import compare, hiding


@pytest.mark.parametrize(
    ("keys", "at_pin", "held"),
    [
        ("128000E", False, "128000E"),
        ("123456E", False, "<pin mastercard_cda>E"),  # a test card's PIN, wherever it is typed
        ("6212345678901232E", False, "<pan unionpay_debit>E"),
        ("6212345678901233E", False, "<digits 16>E"),
        ("99E", True, "<digits 2>E"),
        ("9B123456E", True, "<pin mastercard_cda>E"),  # taken back by the same keys
        ("B123456E", True, "B<pin mastercard_cda>E"),  # of what stood there before
        ("BB99E", True, "BB<digits 2>E"),
        ("BBB", True, "BBB"),
    ],
)
def test_keys(keys, at_pin, held):
    assert hiding.hide_keys(keys, at_pin) == held
    if "<digits 16>" not in held:
        assert len(hiding.unhide(held)) == len(keys.replace("9B", ""))


def test_a_card_number_that_nobody_knows_cannot_be_typed_again():
    with pytest.raises(hiding.CannotUnhide, match="no test card's was typed"):
        hiding.unhide("<digits 16>E")


@pytest.mark.parametrize("line", ["PIK KCV: 052520", "MAK KCV: 0A1B2C", "TC: 0123456789ABCDEF"])
def test_check_values_and_cryptograms_are_other_ones_each_time(line):
    assert not compare.is_steady(line)


def test_the_check_value_of_the_master_key_is_compared():
    assert compare.is_steady("TMK KCV: 052520")
