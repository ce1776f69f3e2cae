"""What became of an issuer's scripts, until the host has been told: one result at a time.

No transaction begins online before it is told, so there is never a second one.
"""

import os

from micropython import const

from pos.store import files

_TRACE = const(3)


def put(root: str, trace: int, own: int, result) -> None:
    """Keep the result (DF31) for the transaction with ``trace``, durable when this returns.

    ``own`` is the trace of the message that tells it: always the same one, so that it counts once.
    """
    head = trace.to_bytes(_TRACE, "big") + own.to_bytes(_TRACE, "big")
    files.save(root + "/script", head + bytes(result))


def get(root: str):
    """(trace, own, result), or None. Raises files.Damaged."""
    data = files.load(root + "/script")
    if data is None:
        return None
    trace = int.from_bytes(data[:_TRACE], "big")
    return trace, int.from_bytes(data[_TRACE : 2 * _TRACE], "big"), bytes(data[2 * _TRACE :])


def told(root: str) -> None:
    """The host has been told."""
    os.remove(root + "/script")
