"""The copper: one wire with all who drive it, and a UART whose ends may differ in speed."""

import pytest

from host_tools.vboard.wire import PULL_DOWN, PULL_NONE, PULL_UP, Net, UartLine


class Chip:
    """A chip that only listens, at its own baud rate."""

    def __init__(self, baudrate):
        self.baudrate = baudrate
        self.heard = []

    def receive(self, data):
        self.heard.append(data)


def watched():
    net = Net(4)
    levels, sides = [], []
    net.watch(lambda n: levels.append(n.level))
    net.watch_board(lambda n: sides.append((n.board_drive, n.pull, n.open_drain)))
    return net, levels, sides


# --- nets ---


def test_watchers_hear_of_each_change_of_the_level_once():
    net, levels, _ = watched()
    net.configure(None, PULL_UP, False)
    net.configure(1, PULL_UP, False)
    net.drive(1)
    net.configure(None, PULL_NONE, False)
    net.drive(0)
    net.drive(None)
    assert levels == [1, 0]


def test_watchers_of_the_board_hear_what_it_does_though_the_level_stays():
    net, levels, sides = watched()
    net.configure(0, PULL_NONE, True)
    net.configure(1, PULL_NONE, True)  # lets go; without a pull-up the wire stays low
    net.configure(None, PULL_DOWN, False)
    assert levels == []
    assert sides == [(0, PULL_NONE, True), (1, PULL_NONE, True), (None, PULL_DOWN, False)]


def test_watchers_of_the_board_hear_of_nothing_else():
    net, levels, sides = watched()
    net.drive(1)
    net.configure(None, PULL_NONE, False)
    net.configure(None, PULL_NONE, False)
    assert levels == [1] and sides == []


def test_watchers_of_the_board_find_the_level_that_came_of_it():
    net = Net(4)
    seen = []
    net.watch_board(lambda n: seen.append(n.level))
    net.configure(1, PULL_NONE, False)
    net.configure(0, PULL_NONE, False)
    assert seen == [1, 0]


def test_both_driving_against_each_other_is_reported():
    reports = []
    net = Net(4, reports.append)
    net.configure(1, PULL_NONE, False)
    net.drive(1)
    assert reports == []
    net.drive(0)
    assert reports == ["GPIO 4: board drives 1, chip drives 0"]
    assert net.level == 1


# --- UART lines ---


@pytest.mark.parametrize("baudrate", [115200, 115200 * 102 // 100, 115200 * 98 // 100])
def test_bytes_pass_where_the_rates_agree(baudrate):
    line, chip = UartLine(), Chip(baudrate)
    line.attach(chip)
    received = []
    line.to_board = received.append
    line.from_board(b"\x00\xff\x55")
    line.from_chip(bytearray(b"abc"), baudrate)
    assert chip.heard == [b"\x00\xff\x55"] and received == [b"abc"]
    assert (line.bytes_to_chip, line.bytes_to_board) == (3, 3)


@pytest.mark.parametrize(("baudrate", "count"), [(9600, 1), (57600, 4), (921600, 64)])
def test_garbage_comes_where_they_differ(baudrate, count):
    line, chip = UartLine(), Chip(baudrate)
    line.attach(chip)
    line.from_board(b"\x00\xff\x55\xaa\x00\x01\x02\x03")
    assert [len(data) for data in chip.heard] == [count]
    assert chip.heard[0] != b"\x00\xff\x55\xaa\x00\x01\x02\x03"[:count]


@pytest.mark.parametrize("baudrate", [9600, 115200, 921600])
def test_nothing_sent_is_nothing_heard(baudrate):
    line, chip = UartLine(), Chip(baudrate)
    line.attach(chip)
    received = []
    line.to_board = received.append
    line.from_board(b"")
    line.from_chip(b"", baudrate)
    assert chip.heard == [b""] and received == [b""]
