"""Switches on and off what tells of messages, APDUs and the reader's frames as they go by."""

import sys
from time import ticks_add, ticks_ms

from pos import log
from pos.console.guard import TRUST_S

_KINDS = ("8583", "apdu", "pn532")


async def trace(t, request) -> dict:
    """``kinds``: a list of what is wanted from now on, empty for nothing; without it: what is."""
    kinds = request.get("kinds")
    if kinds is not None:
        if not isinstance(kinds, list) or [kind for kind in kinds if kind not in _KINDS]:
            return {"error": "arguments", "why": "kinds"}
        from pos.console import tap

        tap.kinds[:] = kinds
        tap.end = None if t.open_line else ticks_add(ticks_ms(), TRUST_S * 1000)
        log.tap = tap.tell if kinds else None
    if not log.tap:
        return {"kinds": []}
    return {"kinds": sys.modules["pos.console.tap"].kinds}
