"""What the terminal asks to have done, by what it has done: cleaning, service."""

from pos.store import service
from pos.ui import listing
from pos.words import say

_ASK_MS = 60000
_WAIT_MS = 120000
_YEAR = 2026  # a clock that says less has not been set


async def run(t, what: str = "") -> None:
    """Write down what has been done and remind of what is due; enter says that it is done.

    ``what``: "show" the counters first; "off" reminds of nothing. Paper and cards are real in a
    training, too: there is one row of counters.
    """
    book = service.Service(t.home)
    book.add(t.used)
    if what == "show":
        await _show(t, book.counts)
    now = _month(t.now())
    if what == "off" or now < _YEAR * 12:
        return
    for which in book.due(t.params, now):
        text = say("care_" + which).format(_since(book.counts, which, now))
        if await t.show("message", "info", say("menu_care"), text, _ASK_MS, "CE") == "E":
            book.done(which, now)


def _month(when) -> int:
    return int(when[:4]) * 12 + int(when[4:6])


def _since(n, which, now) -> int:
    """Metres, cards or months since the last time."""
    if which == "h":
        return (n[service.PAPER] - n[service.PAPER_CLEAN]) // 1000
    return n[service.CARDS] - n[service.CARDS_CLEAN] if which == "r" else now - n[service.SERVICED]


async def _show(t, n) -> None:
    rows = [
        (say("care_slips"), str(n[service.SLIPS])),
        (say("care_paper"), "%d.%d m" % (n[service.PAPER] // 1000, n[service.PAPER] // 100 % 10)),
        (say("care_cards"), str(n[service.CARDS])),
    ]
    if n[service.SERVICED]:
        month = n[service.SERVICED] - 1
        rows.append((say("care_since"), "%d/%02d" % (month // 12, month % 12 + 1)))
    battery = t.battery()
    if battery:
        words = "%d %%" % battery.percent()
        if battery.charging():
            words += " " + say("battery_charging")
        rows.append((say("part_battery"), words))
        rows.append(("", "%d mV" % battery.millivolts()))
    await listing.table(t.ui, say("menu_care"), rows, "E", _WAIT_MS)
