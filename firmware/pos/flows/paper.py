"""A slip that belongs to no single sale: of a settlement, or the report of a fault."""

from pos.flows import press
from pos.slips import settlement


async def run(t, what, again: bool = False) -> bool:
    """Print; returns False when the cashier put it off.

    ``what``: the journal of a settled batch, or a transaction that was approved here and that the
    host has refused. ``again``: it is on paper already, or may be.
    """
    printed = [True] if again else []
    return await press.put(t, lambda: _slip(t, what, bool(printed)), lambda: printed.append(True))


def _slip(t, what, again):
    shop = t.params["merchant_name"]
    if isinstance(what, dict):
        return settlement.refused_slip(what, shop)
    from pos.acquirer import settling

    rows = {}, {}  # own cards, foreign ones
    steps = what.settling.copy()
    settling.totals(what.transactions(), rows)
    steps["number"] = "%06d" % what.batch
    for name in ("merchant_id", "terminal_id"):
        steps[name] = t.params[name]
    foreign = settling.half(steps.pop("foreign", None) or "0" * 30 + "1")
    return settlement.settlement_slip(steps, rows, foreign, shop, again)
