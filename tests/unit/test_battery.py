"""The battery: what the driver makes of volts, and the charger's model."""

import pytest
from pos.drivers.battery import Battery

from host_tools.vboard.chips import battery
from host_tools.vboard.wire import PULL_UP, Net


class Adc:
    """Always the same voltage, in V."""

    def __init__(self, volts):
        self.volts = volts

    def read_uv(self):
        return int(self.volts * 1_000_000)


class Pin:
    """An input."""

    def __init__(self, level):
        self.level = level

    def value(self):
        return self.level


@pytest.mark.parametrize(
    "volts, percent",
    [(0.0, 0), (3.0, 0), (3.27, 0), (3.5, 5), (3.69, 10), (3.85, 53), (4.2, 100), (4.3, 100)],
)
def test_percent_of_a_cell_behind_its_divider(volts, percent):
    cell = Battery(Adc(volts / 2 + 0.0005), Pin(1), 2)
    assert abs(cell.millivolts() - volts * 1000) <= 1
    assert abs(cell.percent() - percent) <= 1
    assert not cell.charging() and Battery(Adc(2), Pin(0), 2).charging()


def test_the_fuller_the_more():
    found = [Battery(Adc(mv / 2000), Pin(1), 2).percent() for mv in range(2900, 4400, 10)]
    assert found == sorted(found) and found[0] == 0 and found[-1] == 100


@pytest.fixture
def wired():
    seen = []
    net = Net(42)
    net.configure(None, PULL_UP, False)
    return battery.Battery(seen.append, net), net, seen


def test_chrg_is_low_while_the_charger_works(wired):
    cell, net, seen = wired
    assert seen[-1] == 4.1 / 2 and net.level == 1
    cell.plug()
    assert cell.charging and net.level == 0
    cell.set(4.2)
    assert not cell.charging and net.level == 1
    cell.set(4.1)  # full is full until it has fallen
    assert net.level == 1
    cell.set(4.0)
    assert net.level == 0 and seen[-1] == 2.0
    cell.plug(False)
    assert net.level == 1


def test_a_wire_that_is_off_measures_nothing(wired):
    cell, _, seen = wired
    cell.misbehave("dead")
    assert seen[-1] == 0.0
    cell.misbehave("well")
    assert seen[-1] == 2.05
    with pytest.raises(ValueError):
        cell.misbehave("dull")
    with pytest.raises(ValueError):
        cell.set(12)
