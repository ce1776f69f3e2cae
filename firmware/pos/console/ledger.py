"""What the journal of this batch holds; it knows card numbers by their first and last digits."""

from micropython import const

from pos import log
from pos.console.serve import part

_PAGE = const(8)
_NAMES = ("trace", "kind", "state", "amount", "when", "operator", "pan", "rc", "auth", "copies")


async def journal(t, request) -> dict:
    """Some transactions from number ``start`` on (below 0: from the end), each a part.

    ``next`` is the number to go on with, where there are more.
    """
    book = t.journal
    if not hasattr(book, "count"):
        return {"error": "failed", "why": "journal"}
    start = request.get("start", 0)
    if not isinstance(start, int):
        return {"error": "arguments", "why": "start"}
    if start < 0:
        start = max(0, book.count + start)
    number = start
    for txn in book.transactions(start):
        told = {name: txn[name] for name in _NAMES if txn.get(name) is not None}
        if "pan" in told and sum(c.isdigit() for c in told["pan"]) > 10:
            told["pan"] = log.mask_pan(told["pan"])  # the journal refuses such; nor do we tell it
        part(number=number, **told)
        number += 1
        if number == start + _PAGE:
            break
    answer = {"batch": book.batch, "count": book.count}
    if number < book.count:
        answer["next"] = number
    return answer
