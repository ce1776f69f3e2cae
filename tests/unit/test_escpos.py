"""The printer's language: commands and status bytes, the same body on CPython and MicroPython."""

import pytest

BODY = """
from pos.protocol import escpos as e
from pos.protocol.errors import BadBytes

def refused(call, *args):
    try:
        call(*args)
    except BadBytes as error:
        return str(error)
    return "accepted"

def commands():
    return "|".join(b.hex() for b in (
        e.INIT, e.NO_AUTO_STATUS, e.MARK, e.align(e.CENTRE), e.bold(True), e.bold(False),
        e.size(1, 1), e.size(2, 1), e.size(8, 3), e.feed(4), e.raster(48, 300),
        e.ask(e.PAPER_SENSOR)))

def texts():
    return (e.text("RMB 1.00"), e.text("a\\x1b@\\x10\\x04\\n~\\x7f\\u6e2c"), e.text(""))

def realtime():
    asked = ((e.PRINTER, 0x12), (e.PRINTER, 0x1A), (e.PRINTER, 0x16), (e.OFFLINE_CAUSE, 0x12),
             (e.OFFLINE_CAUSE, 0x16), (e.OFFLINE_CAUSE, 0x1A), (e.OFFLINE_CAUSE, 0x32),
             (e.OFFLINE_CAUSE, 0x52), (e.OFFLINE_CAUSE, 0x76), (e.PAPER_SENSOR, 0x12),
             (e.PAPER_SENSOR, 0x1E), (e.PAPER_SENSOR, 0x72), (e.PAPER_SENSOR, 0x7E))
    return [e.realtime_bits(n, b) for n, b in asked]

def marks():
    return [e.mark_bits(b) for b in (0x00, 0x03, 0x0C, 0x0F, 0x60)]

def kinds():
    both = [b for b in range(256) if e.is_realtime(b) and e.is_mark(b)]
    return len([b for b in range(256) if e.is_realtime(b)]), len(
        [b for b in range(256) if e.is_mark(b)]), both

def garbage():
    return (refused(e.realtime_bits, 1, 0x00), refused(e.realtime_bits, 4, 0xFF),
            refused(e.realtime_bits, 2, 0x13), refused(e.mark_bits, 0x12),
            refused(e.mark_bits, 0x80))
"""

OUT, NEAR, COVER, OFFLINE, ERROR = 1, 2, 4, 8, 16

EXPECTED = {
    "commands": "1b40|1d6100|1d7201|1b6101|1b4501|1b4500|1d2100|1d2110|1d2172|1b6404|"
    "1d76300030002c01|100404",
    "texts": (b"RMB 1.00", b"\x1c&a?@???~?\xa1\xf5\x1c.", b""),
    "realtime": [
        0,
        OFFLINE,
        0,
        0,
        COVER,
        0,
        OUT,
        ERROR,
        COVER | OUT | ERROR,
        0,
        NEAR,
        OUT,
        OUT | NEAR,
    ],
    "marks": [0, NEAR, OUT, OUT | NEAR, 0],
    "kinds": (16, 64, []),
    "garbage": ("DLE EOT at 0: fixed bits",) * 3 + ("GS r at 0: fixed bits",) * 2,
}


@pytest.mark.parametrize("name", EXPECTED)
def test_on_cpython(name):
    scope = {}
    exec(BODY, scope)
    assert scope[name]() == EXPECTED[name]


def test_on_micropython(mpy):
    calls = "\n".join(f"print(repr({name}()))" for name in EXPECTED)
    got = [eval(line) for line in mpy(BODY + calls).splitlines()]
    assert got == list(EXPECTED.values())


def test_a_question_that_does_not_exist_is_a_mistake_of_the_caller():
    from pos.protocol import escpos

    with pytest.raises(ValueError):
        escpos.realtime_bits(3, 0x12)


def test_the_fault_says_why():
    from pos.protocol.escpos import PrinterFault

    assert PrinterFault("paper").why == "paper"
