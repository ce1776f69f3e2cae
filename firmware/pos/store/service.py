"""How much the terminal has done since it was cleaned: for reminders, so roughly will do.

Counts are gathered in memory and written by tens: the power may take the last few.
The file ``service``: slips, paper in mm, cards (total, then at the last cleaning), month of the
last service (year * 12 + month); 4 bytes each.
"""

from array import array

from micropython import const

from pos.store import files

SLIPS = const(0)
PAPER = const(1)  # mm
CARDS = const(2)
PAPER_CLEAN = const(3)
CARDS_CLEAN = const(4)
SERVICED = const(5)

_COUNT = const(6)


class Service:
    """The counters in ``root``. A file that is damaged begins anew: nothing depends on it."""

    def __init__(self, root: str):
        self._path = root + "/service"
        self.counts = array("I", bytes(4 * _COUNT))
        try:
            data = files.load(self._path) or b""
        except files.Damaged:
            data = b""
        for i in range(min(_COUNT, len(data) // 4)):
            self.counts[i] = int.from_bytes(data[4 * i : 4 * i + 4], "big")

    def add(self, used) -> None:
        """Write down SLIPS, PAPER and CARDS of ``used``, which are none afterwards."""
        if any(used):
            for i in range(len(used)):
                self.counts[i] += used[i]
                used[i] = 0
            self._save()

    def _save(self):
        files.put(self._path, b"".join([n.to_bytes(4, "big") for n in self.counts]))

    def due(self, params, month: int) -> str:
        """What is to be done, by letters: h clean the head, r the reader, s service.

        ``month``: year * 12 + month, now; the first one that is told begins the months.
        """
        n = self.counts
        if not n[SERVICED]:
            self._set(SERVICED, month)
        metres, cards, months = (
            params["clean_paper"],
            params["clean_cards"],
            params["service_months"],
        )
        found = ""
        if metres and (n[PAPER] - n[PAPER_CLEAN]) // 1000 >= metres:
            found += "h"
        if cards and n[CARDS] - n[CARDS_CLEAN] >= cards:
            found += "r"
        if months and month - n[SERVICED] >= months:
            found += "s"
        return found

    def done(self, which: str, month: int) -> None:
        """What ``due`` has named is done."""
        if which == "h":
            self._set(PAPER_CLEAN, self.counts[PAPER])
        elif which == "r":
            self._set(CARDS_CLEAN, self.counts[CARDS])
        else:
            self._set(SERVICED, month)

    def _set(self, which, value):
        self.counts[which] = value
        self._save()
