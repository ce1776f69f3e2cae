"""Runs the firmware's entry point and kernels for ``taptill card run``, on MicroPython.

    micropython kernels.py FIRMWARE

or typed into the raw REPL of a board that has the firmware. Reads one JSON object a line, writes
one a line; bytes are hex. A transaction begins with
{"aids": [record ...], "terminal": {tag: value}, "txn": {...}}. Then come, until the end,

    {"capdu": hex}                 answered by {"rapdu": hex} or {"lost": "CardLost"}
    {"ca": [rid, index]}           answered by {"key": record or null}
    {"ui": [message, status, hold_ms]}                         not answered
    {"end": {...}}                 the outcome; the next transaction may follow
    {"error": text}                an exception that should not have been

FIRMWARE is the directory of the compiled firmware. No clock, nothing random: all of that is data.
"""

import gc
import io
import json
import sys
from binascii import hexlify, unhexlify

if len(sys.argv) > 1:
    sys.path[:] = [sys.argv[1]]
else:  # on a board the terminal's data lie in a directory that is called as its package is
    sys.path[:] = [p for p in sys.path if p not in ("", "/")]

from pos.emv import config, entry, outcome
from pos.protocol import apdu


def _hex(data):
    return hexlify(data).decode().upper()


def _write(message):
    print(json.dumps(message))


def _read():
    """The next message; None when the input ends, or with an empty line."""
    line = sys.stdin.readline()
    return json.loads(line) if line.strip() else None


def _answer(kernel, step):
    """Have one step of the kernel answered; returns the next."""
    if isinstance(step, outcome.Ui):
        _write({"ui": [step.message, step.status, step.hold_ms]})
        return kernel.send(None)
    if isinstance(step, outcome.CaKey):
        _write({"ca": [_hex(step.rid), step.index]})
        record = _read()["key"]
        return kernel.send(unhexlify(record) if record else None)
    _write({"capdu": _hex(step)})
    answer = _read()
    if "lost" in answer:
        return kernel.throw(getattr(apdu, answer["lost"])())
    return kernel.send(memoryview(bytearray(unhexlify(answer["rapdu"]))))


def _play(request):
    txn = request["txn"]
    txn["un"] = unhexlify(txn["un"])
    setting = {
        "terminal": {int(tag, 16): unhexlify(v) for tag, v in request["terminal"].items()},
        "aids": [config.aid(unhexlify(record)) for record in request["aids"]],
    }
    kernel = entry.transaction(setting, txn)
    try:
        step = next(kernel)
        while True:
            step = _answer(kernel, step)
    except StopIteration as stop:
        return stop.value


def _told(end):
    # numbers, not words: the compiled firmware has no names of its constants any more
    return {
        "kind": end.kind,
        "message": end.message,
        "cvm": end.cvm,
        "start": end.start,
        "why": end.why,
        "step": end.step,
        "oda": end.oda,
        "kernel": end.kernel,
        "aid": _hex(end.aid),
        "tags": {"%02X" % tag: _hex(value) for tag, value in end.tags.items()},
    }


def main():
    """Serve transactions until the input ends."""
    while True:
        request = _read()
        if request is None:
            return
        try:
            _write({"end": _told(_play(request))})
        except Exception as error:
            text = io.StringIO()
            sys.print_exception(error, text)
            _write({"error": text.getvalue()})
        gc.collect()


main()
