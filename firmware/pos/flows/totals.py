"""Statistics of the batch: totals by kind, sales by hour, the batch in short with its fees."""

from array import array

from pos.acquirer import settling
from pos.protocol import unionpay
from pos.ui import listing
from pos.words import money, say

_AWAY_MS = 60000
_DEBIT_AID = "A000000333010101"  # UnionPay debit; every other card pays the rate of credit
_BASIS = 10000


async def run(t, how: str) -> None:
    """``how``: "kinds", "hours" or "batch"."""
    title = say("totals_" + how)
    if how == "hours":
        counts, rows = _hours(t.journal)
        await listing.hours(t.ui, title, counts, rows, _AWAY_MS)
    else:
        rows = _kinds(t.journal) if how == "kinds" else _batch(t)
        keys = "Cp" if how == "kinds" else "C"
        if await listing.table(t.ui, title, rows, keys, _AWAY_MS) == "E":
            await t.tell("paper", "totals")


def _signed(kind, fen) -> str:
    """An amount as the merchant sees it: what is given back is negative."""
    return money(-fen if "c" in unionpay.transaction(kind)[5] else fen)


def _kinds(journal):
    """A row for each kind, then the sums."""
    found = ({}, {})
    sums = settling.totals(journal.transactions(), found)
    for kind, (count, fen) in found[1].items():
        row = found[0].setdefault(kind, [0, 0])
        row[0] += count
        row[1] += fen
    rows = []
    for kind, (count, fen) in sorted(found[0].items()):
        rows.append(("{} x {}".format(say(kind), count), _signed(kind, fen)))
    return rows + [("", "")] + _sums(sums)[0]


def _sums(sums):
    """Rows of debit, credit, net of own and foreign cards together; and the net in fen."""
    debit, debits, credit, credits, _ = settling.half(sums["foreign"])
    debit += sums["debit_fen"]
    credit += sums["credit_fen"]
    net = debit - credit
    return [
        (say("totals_debit").format(sums["debits"] + debits), money(debit)),
        (say("totals_credit").format(sums["credits"] + credits), money(-credit)),
        (say("totals_net"), money(net), "good" if net >= 0 else "bad"),
    ], net


def _hours(journal):
    """How many payments began in each hour of the day, and what to say below the bars."""
    counts = array("H", bytes(48))
    fen = array("Q", bytes(192))
    for txn in journal.transactions():
        if txn["state"] == "approved" and "d" in unionpay.transaction(txn["kind"])[5]:
            hour = int(txn["when"][8:10])
            counts[hour] += 1
            fen[hour] += txn["amount"]
    best = max(range(24), key=lambda hour: fen[hour])
    rows = [(say("totals_debit").format(sum(counts)), money(sum(fen)))]
    if fen[best]:
        rows.append((say("totals_best").format(best, best + 1), money(fen[best])))
    return counts, rows


def _batch(t):
    """The batch in short; what is to be expected of its settlement."""
    journal, params = t.journal, t.params
    sums, net = _sums(settling.totals(journal.transactions()))
    first = None
    debit = set()  # the traces of what was paid with debit cards
    fee = 0
    for txn in journal.transactions():
        first = first or txn.get("when")
        if (txn.get("aid") or "") == _DEBIT_AID:
            debit.add(txn["trace"])
        fee += _fee(params, txn, txn["trace"] in debit or txn.get("orig_trace") in debit)
    upload, slips = journal.owed(params["copies"], params["batch_max"])
    rows: list = [(say("batch"), "{:06d}".format(journal.batch))]
    if first:
        rows.append(
            (say("totals_since"), "{}/{} {}:{}".format(*[first[i : i + 2] for i in (4, 6, 8, 10)]))
        )
    rows.append((say("totals_room"), "{} / {}".format(journal.count, params["batch_max"])))
    rows += sums
    if params["fee_debit"] or params["fee_credit"]:
        rows.append((say("totals_fee"), money(-fee)))
        rows.append((say("totals_expect"), money(net - fee)))
    for name, count in (
        ("upload", upload),
        ("slips", slips),
        ("pending", 1 if journal.pending() else 0),
    ):
        if count:
            rows.append((say("totals_" + name), str(count), "warn"))
    return rows


def _fee(params, txn, debit) -> int:
    """What the acquirer is likely to take for a transaction, in fen, rounded half up.

    The rates are hundredths of a percent; the cap of a debit card holds for each payment. What is
    given back gives its fee back. An estimate: the host books by the card's true kind.
    """
    if txn["state"] != "approved":
        return 0
    sides = unionpay.transaction(txn["kind"])[5]
    fen = txn["amount"]
    if "t" in sides:
        fen -= txn["base"]
    elif not ("d" in sides or "c" in sides):
        return 0
    fee = (fen * params["fee_debit" if debit else "fee_credit"] + _BASIS // 2) // _BASIS
    if debit and params["fee_cap"]:
        fee = min(fee, params["fee_cap"])
    return -fee if "c" in sides else fee
