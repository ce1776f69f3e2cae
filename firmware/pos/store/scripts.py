"""What became of an issuer's scripts, until the host has been told: one result at a time.

No transaction begins online before it is told, so there is never a second one.
"""

import os

from micropython import const

from pos.store import files

_TRACE = const(3)


def put(root: str, trace: int, result) -> None:
    """Keep the result (DF31) for the transaction with ``trace``, durable when this returns."""
    files.save(root + "/script", trace.to_bytes(_TRACE, "big") + bytes(result))


def get(root: str):
    """(trace, result), or None. Raises files.Damaged."""
    data = files.load(root + "/script")
    return None if data is None else (int.from_bytes(data[:_TRACE], "big"), bytes(data[_TRACE:]))


def told(root: str) -> None:
    """The host has been told."""
    os.remove(root + "/script")
