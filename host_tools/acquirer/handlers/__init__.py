"""One function per transaction, and the table that finds it.

A handler gets a :class:`Context` (request, terminal, keys, one unit of work) and returns an
:class:`Answer`. Everything it does to the ledger is committed before the answer leaves. What no
row of ``ROUTES`` matches is answered with response code 40.
"""

from host_tools.acquirer.dialect import Message
from host_tools.acquirer.handlers import (
    downloads,
    financial,
    management,
    offline,
    preauth,
    settlement,
)
from host_tools.acquirer.handlers.common import Answer, Context, Route

__all__ = ["ROUTES", "Answer", "Context", "Route", "find_route"]

ROUTES = (
    *financial.ROUTES,
    *preauth.ROUTES,
    *offline.ROUTES,
    *management.ROUTES,
    *downloads.ROUTES,
    *settlement.ROUTES,
)


def find_route(request: Message) -> Route | None:
    """The row for a request, None for "not supported". Raises FormatError without a usable F60."""
    f60 = request.field60()
    return next((route for route in ROUTES if route.takes(request, f60)), None)
