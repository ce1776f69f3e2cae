"""Operators, their PINs, and what a guesser has to wait."""

import pytest

START = """
sys.path.append("tests/power")
import blockdev
from pos.store.files import Damaged
from pos.store.seal import Sealer
from pos.store.users import LOCKED, OK, UNKNOWN, WRONG, Users
ram = blockdev.Ram(64)
blockdev.mount(ram)
now = [100]
sealer = Sealer(b"TEST device key.")
def restart():
    blockdev.remount(ram)
    return Users("/data", sealer, lambda: now[0])
users = restart()
"""


@pytest.fixture
def run(mpy):
    return lambda source: mpy(START + source, heap="4m")


def test_first_start_makes_the_three_roles(run):
    run("""
for u in (users, restart()):
    assert u.operators() == ["00", "01", "99"]
    assert u.check("00", "123456") == u.check("01", "0000") == (OK, 0)
    assert u.check("01", b"0000") == u.check("01", bytearray(b"0000")) == (OK, 0)
    assert u.check("99", "99999999") == (OK, 0)
    assert u.check("01", "123456") == (WRONG, 2)
    assert u.check("01", "0000") == (OK, 0)
    assert u.check("02", "0000") == (UNKNOWN, 0)
""")


def test_three_tries_then_waits_that_grow(run):
    run("""
assert [users.check("01", "1") for _ in range(3)] == [(WRONG, 2), (WRONG, 1), (LOCKED, 30)]
now[0] += 10
assert users.check("01", "0000") == (LOCKED, 20) and users.wait("01") == 20
assert users.check("00", "123456") == (OK, 0)
now[0] += 20
assert users.wait("01") == 0
waits = []
for _ in range(9):
    result, wait = users.check("01", "1")
    assert result == LOCKED
    waits.append(wait)
    now[0] += wait
assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
assert users.check("01", "0000") == (OK, 0)
assert users.check("01", "1") == (WRONG, 2)
""")


def test_the_wait_goes_on_from_one_asking_to_the_next(run):
    """With the same ``waits``; a restart has new ones, and the wait begins anew."""
    run("""
waits = {}
def again():
    return Users("/data", sealer, lambda: now[0], waits)
for _ in range(3):
    again().check("01", "1")
now[0] += 10
assert again().wait("01") == 20
now[0] += 20
assert again().check("01", "0000") == (OK, 0)
for _ in range(3):
    again().check("00", "1")
now[0] += 10
assert restart().wait("00") == 30
""")


def test_restart_saves_nobody_a_try_nor_the_wait(run):
    run("""
users.check("01", "1")
users = restart()
assert users.check("01", "1") == (WRONG, 1)
users = restart()
assert users.check("01", "1") == (LOCKED, 30)
now[0] += 29
users = restart()
assert users.check("01", "0000") == (LOCKED, 30)
now[0] = 0
users = restart()
assert users.check("01", "0000") == (LOCKED, 30)
now[0] = 30
assert users.check("01", "0000") == (OK, 0)
assert restart().wait("01") == 0
""")


def test_clock_set_back_does_not_lengthen_the_wait_for_ever(run):
    run("""
for _ in range(3):
    users.check("01", "1")
now[0] = 10
assert users.wait("01") == 30
now[0] = 40
assert users.check("01", "0000") == (OK, 0)
""")


def test_try_is_counted_before_the_pin_is_looked_at(run):
    """A guesser who cuts the power as soon as the flash has been written has spent the try."""
    run("""
ram.log = []
users.check("01", "1")
after = len(ram.log)
ram.log = []
class Cut(Exception):
    pass
def stop(*args):
    raise Cut
users._hash = stop
for left in (1, 0):
    try:
        users.check("01", "0000")
        raise AssertionError("hash was not used")
    except Cut:
        pass
assert restart().check("01", "0000") == (LOCKED, 30)
assert after > 0
""")


def test_new_pins_and_new_operators(run):
    run("""
for _ in range(3):
    users.check("01", "1")
users.set_pin("01", "8642")
users.set_pin("12", bytearray(b"97531"))
for u in (users, restart()):
    assert u.operators() == ["00", "01", "99", "12"]
    assert u.check("01", "8642") == u.check("12", "97531") == u.check("00", "123456") == (OK, 0)
    assert u.check("01", "0000") == (WRONG, 2)
    assert u.check("01", "8642") == (OK, 0)
for op, pin in (("1", "1234"), ("123", "1234"), ("ab", "1234"), ("02", "123"), ("02", "123456789"),
                ("02", "12a4"), ("02", "")):
    try:
        users.set_pin(op, pin)
        raise AssertionError((op, pin))
    except ValueError:
        pass
assert restart().operators() == ["00", "01", "99", "12"]
""")


def test_same_pin_is_stored_differently_and_only_for_this_device(run):
    run("""
users.set_pin("02", "8642")
users.set_pin("03", "8642")
rows = open("/data/users", "rb").read()
assert len(rows) == 5 * 26 + 4
assert rows[3 * 26 + 2 : 4 * 26] != rows[4 * 26 + 2 : 5 * 26]
other = Users("/data", Sealer(b"another device!!"), lambda: 0)
assert other.check("02", "8642") == (WRONG, 2)
data = bytearray(rows)
data[5] ^= 1
with open("/data/users", "wb") as file:
    file.write(data)
try:
    restart()
    raise AssertionError("damaged")
except Damaged:
    pass
""")


def test_a_deleted_operator_is_gone_with_tries_and_all(run):
    run("""
users.set_pin("02", "8642")
for _ in range(3):
    users.check("02", "1")
users.remove("02")
users.remove("42")
for u in (users, restart()):
    assert u.operators() == ["00", "01", "99"]
    assert u.check("02", "8642") == (UNKNOWN, 0)
    assert u.check("99", "99999999") == u.check("01", "0000") == (OK, 0)
users.set_pin("02", "9753")
assert users.check("02", "1") == (WRONG, 2)
assert restart().check("02", "9753") == (OK, 0)
""")


def test_weak_new_pins_are_named(run):
    run("""
users.set_pin("12", "975310")
for pin, least, why in (
    (b"86420", 6, "short"), (b"8640", 4, ""), (b"777777", 6, "same"), (b"0000", 4, "same"),
    (b"123456", 6, "steps"), (b"87654321", 6, "steps"), (b"789012", 6, "steps"),
    (b"210987", 6, "steps"), (b"121212", 6, "number"), (b"1212121", 6, "number"),
    (b"121213", 6, ""), (b"212121", 6, ""), (b"975310", 6, "old"), (b"975311", 6, ""),
    (b"123457", 6, ""), (b"111112", 6, ""), (b"024680", 6, ""),
):
    assert users.weak("12", bytearray(pin), least) == why, (pin, users.weak("12", pin, least))
assert users.weak("13", bytearray(b"975310"), 6) == ""  # a new operator
assert users.weak("12", bytearray(b"975310"), 6) == "old"  # asking costs no try
assert users.check("12", "1") == (WRONG, 2)
""")
