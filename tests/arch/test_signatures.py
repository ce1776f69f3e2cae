"""The modules of the virtual board take what the ESP32's take, and have what the firmware uses."""

import ast

import pytest
import signatures
import sources
from signatures import MODULES, OWN, PLACES, differs, methods, read, used

_STREAM = "MicroPython asks its streams so; the stubs leave out what only the interpreter calls"
_SLICE = "a stream's write takes where to begin and how much; the stubs know of the buffer alone"
# What differs from the stubs, and why it may. One that does not differ any more fails.
DIFFERENCES = {
    "machine.UART.ioctl": _STREAM,
    "machine.UART.write": _SLICE,
    "socket.socket.ioctl": _STREAM,
    "socket.socket.send": "is write here; nobody gives it more than a buffer",
    "socket.socket.write": _SLICE,
    "network.LAN.__init__": "the stubs know of no bus and no interrupt pin, which a W5500 needs",
}


@pytest.fixture(scope="module")
def board():
    return signatures.of_board()


@pytest.fixture(scope="module")
def stubs():
    return signatures.of_stubs()


def differences(board, stubs):
    """name -> how it differs from the stubs."""
    found = {name: "is not there" for name in board if name not in stubs}
    for name, calls in board.calls.items():
        for call in calls if name in stubs.calls else ():
            if why := differs(call, stubs.calls[name]):
                found[name] = why
    for name, value in board.values.items():
        there = stubs.values.get(name, value)
        if "..." not in (value, there) and value != there:
            found[name] = f"is {value}, and {there} there"
    return found


def test_the_virtual_board_takes_what_the_esp32_takes(board, stubs):
    found = differences(board, stubs)
    assert {name: why for name, why in found.items() if name not in DIFFERENCES} == {}


def test_every_listed_difference_is_one(board, stubs):
    assert sorted(DIFFERENCES.keys() - differences(board, stubs)) == []


def test_nothing_of_the_virtual_board_is_left_out(board):
    """Each file belongs to a module, and of each module enough was found."""
    names = {path.stem for path in sources.SHIM.glob("*.py")}
    assert names - {*MODULES, *PLACES, *OWN} == set()
    assert {name.split(".")[0] for name in board} == set(MODULES)
    assert {"machine.Pin.on", "network.WLAN.scan", "esp32.NVS.commit", "time.localtime"} <= {
        *board
    }


def test_the_virtual_board_has_what_the_firmware_uses(board):
    files = sources.firmware()
    places = [
        (name, f"{s.name}:{line}")
        for s in files
        for line, name in used(s.tree, handed=s.module.startswith("pos.drivers"))
    ]
    assert len(places) > 50
    assert [(name, place) for name, place in places if name not in board] == []


def test_the_virtual_board_has_the_methods_that_the_firmware_calls(board, stubs):
    """By name: whose object it is nobody can tell here, so the firmware's own names are let be."""
    files = sources.firmware()
    own = {n.name for s in files for n in ast.walk(s.tree) if hasattr(n, "name")}
    called = {n.attr for s in files for n in ast.walk(s.tree) if isinstance(n, ast.Attribute)}
    assert {"readinto", "duty_u16", "irq"} <= called
    assert sorted(called & methods(stubs) - methods(board) - own - {"stop"}) == []  # of a slice


STUB = """
X: Final[int] = 3
class A:
    def __init__(self, id: int, /, *, rate: int = 5, mode: int = ...) -> None: ...
    def go(self, far: int = 1, wide: bool = False) -> None: ...
    @overload
    def level(self) -> int: ...
    @overload
    def level(self, x: int, /) -> None: ...
"""


@pytest.mark.parametrize(
    "ours, where",
    [
        ("X = const(3)", ""),
        ("X = 4", "m.X"),
        ("Y = 3", "m.Y"),
        ("def f(): pass", "m.f"),
        ("class B: pass", "m.B"),
        ("class A:\n    Z = 1", "m.A.Z"),
        ("class A:\n    def stop(self): pass", "m.A.stop"),
        ("class A:\n    def __init__(self, pin, *, rate=5): pass", ""),
        ("class A:\n    def __init__(self, id, *, rate=6): pass", "m.A.__init__"),
        ("class A:\n    def __init__(self, id, rate=5): pass", "m.A.__init__"),
        ("class A:\n    def __init__(self, id=0): pass", "m.A.__init__"),
        ("class A:\n    def __init__(self, id, *, pace=5): pass", "m.A.__init__"),
        ("class A:\n    def go(self, far=1): pass", ""),
        ("class A:\n    def go(self, wide=False, far=1): pass", "m.A.go"),
        ("class A:\n    def go(self, far): pass", "m.A.go"),
        ("class A:\n    def level(self, value=None): pass", ""),
        ("class A:\n    def level(self, value=None, more=1): pass", "m.A.level"),
    ],
)
def test_a_difference_is_found(ours, where):
    found = differences(read(ours, "m"), read(STUB, "m"))
    assert list(found) == ([where] if where else [])


@pytest.mark.parametrize(
    "text, names",
    [
        ("import machine\nmachine.Pin.IN", {"machine.Pin.IN", "machine.Pin"}),
        ("from time import ticks_ms", {"time.ticks_ms"}),
        ("import network\nx = getattr(network, 'LAN')(0)", {"network.LAN"}),
        ("self.machine.Pin", set()),
        ("def f(network): network.kept", set()),
    ],
)
def test_what_is_used_is_seen(text, names):
    assert {name for _, name in used(ast.parse(text))} == names
