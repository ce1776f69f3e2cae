"""A slip that belongs to no single sale: of a settlement, of a batch, of the terminal itself.

Also the report of a sale that was approved here and that the bank did not take.
"""

from pos.flows import press
from pos.slips import settlement


async def run(t, what, again: bool = False, how: str = "settled") -> bool:
    """Print; returns False when the cashier put it off.

    ``what``: a transaction that was approved here and that the host has refused; the journal of a
    batch, of which ``how`` is wanted: its settlement ("settled"), its "detail", its "totals"; text
    alone is that of the batch under way, or the self-test ("check"). ``again``: it is on paper
    already, or may be.
    """
    if isinstance(what, str):
        what, how = t.journal, what
    mark = what["trace"] if isinstance(what, dict) else -what.batch
    marks = t.doubtful if how == "settled" else []  # the others may come as often as you like
    if again and mark not in marks:
        marks.append(mark)

    def doubt():
        if mark not in marks:
            marks.append(mark)

    done = await press.put(t, lambda: _slip(t, what, how, mark in marks), doubt)
    if done and mark in marks:
        marks.remove(mark)
    return done


def _slip(t, what, how, again):
    shop = t.params["merchant_name"]
    if isinstance(what, dict):
        return settlement.refused_slip(what, shop, again)
    steps = what.settling.copy()
    steps["number"] = "%06d" % what.batch
    for name in ("merchant_id", "terminal_id"):
        steps[name] = t.params[name]
    if "when" not in steps:
        steps["when"] = t.now()
        steps["operator"] = t.operator
    if how == "check":
        from pos.slips import lists

        return lists.check_slip(steps, _facts(t), shop)
    if how == "detail":
        from pos.slips import lists

        return lists.detail_slip(steps, _approved(what), shop)
    from pos.acquirer import settling

    rows = {}, {}  # own cards, foreign ones
    sums = settling.totals(what.transactions(), rows)
    if how == "totals":
        steps.update(sums)
    foreign = settling.half(steps.pop("foreign", None) or "0" * 30 + "1")
    if how == "totals":
        return settlement.totals_slip(steps, rows, foreign, shop)
    return settlement.settlement_slip(steps, rows, foreign, shop, again)


def _approved(journal):
    for txn in journal.transactions():
        if txn["state"] == "approved":
            yield txn


def _facts(t):
    """What is loaded, the check values of the keys, what the last self-test has found."""
    import sys

    from pos.slips.lines import word
    from pos.store.keys import Keys
    from pos.words import say

    for name, value in zip(("version", "image"), _version()):
        yield word(name), value
    yield "MicroPython", "%d.%d.%d" % sys.implementation.version[:3]
    yield word("serial"), t.serial
    yield word("batch"), "%06d" % t.journal.batch
    yield word("next"), "%06d" % (t.counters.stan % 999999 + 1)
    yield word("due"), "%d" % sum(1 for _ in t.journal.unprinted(t.params["copies"]))
    yield None
    keys = Keys(t.root, t.sealer())
    if keys.ready():
        yield word("mode"), keys.mode()
    for name, value in keys.checks():
        yield name + " KCV", value
    yield None
    for line in t.tested.split("\n")[:-1]:
        name, ok, detail = line.split(" ", 2)
        good = ok == "1"
        yield say(name), word("ok" if good else "bad") + " " + (detail if good else say(detail))


def _version() -> list:
    """Version and image, where the build has written them down."""
    try:
        with open("/rom/version") as file:
            return file.read().split()
    except OSError:
        return []
