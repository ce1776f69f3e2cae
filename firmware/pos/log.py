"""Log lines on the console, masked by default.

``log.info("nfc", "card %s", uid)``: only str, int and bool arguments are written; anything else
(a buffer may hold a track or a key) is written as its type and length.
"""

import io
import sys
from time import ticks_ms

from micropython import const

ERROR = const(0)
WARN = const(1)
INFO = const(2)
DEBUG = const(3)

_OF_THE_PROGRAM = (AttributeError, ImportError, MemoryError, NameError)

level = WARN
sink = None  # callable(str) that takes lines instead of the console
tap = None  # callable(kind, whether outward, bytes): told what goes over the wires, when asked to


def mask_pan(pan: str) -> str:
    """First 6 and last 4 digits of a PAN, the rest as asterisks."""
    return pan[:6] + "*" * (len(pan) - 10) + pan[-4:] if len(pan) > 10 else "*" * len(pan)


def _safe(value):
    if value is None or isinstance(value, (int, bool)):
        return value
    if isinstance(value, str):
        return value if not (len(value) > 10 and value.isdigit()) else mask_pan(value)
    if isinstance(value, Exception):
        return type(value).__name__
    try:
        return "<%s %d>" % (type(value).__name__, len(value))
    except TypeError:
        return "<%s>" % type(value).__name__


def _write(grade, room, text, args):
    if grade > level:
        return
    if args:
        text = text % tuple(_safe(a) for a in args)
    line = "%d %s %s: %s" % (ticks_ms(), "EWID"[grade], room, text)
    if sink:
        sink(line)
    else:
        print(line)


def error(room: str, text: str, *args) -> None:
    """Something is broken and somebody must look."""
    _write(ERROR, room, text, args)


def warn(room: str, text: str, *args) -> None:
    """Something went wrong and was handled."""
    _write(WARN, room, text, args)


def info(room: str, text: str, *args) -> None:
    """A step of a story."""
    _write(INFO, room, text, args)


def debug(room: str, text: str, *args) -> None:
    """A step of a step."""
    _write(DEBUG, room, text, args)


def crash(room: str, exc: Exception) -> str:
    """The places an exception came through and its type; returns what it has written.

    Its text only where it names things of the program: others may hold card data.
    """
    text = io.StringIO()  # of which the stubs do not know all
    sys.print_exception(exc, text)  # pyright: ignore[reportArgumentType]
    told = text.getvalue().split("\n")  # pyright: ignore[reportAttributeAccessIssue]
    lines = [line for line in told if line.startswith("  File")]
    lines.append(type(exc).__name__)
    if isinstance(exc, _OF_THE_PROGRAM):
        lines.append(str(exc))
    for line in lines:
        _write(ERROR, room, line, ())
    return "\n".join(lines)
