"""For MicroPython: into a training, through a sale of it and back, cut at each step of the flash.

After each cut the terminal's own store is what it was before, and the switch is on only while all
of the training is there.
"""

import os

import blockdev
from pos.store import training
from pos.store.files import save
from pos.store.journal import Journal
from pos.store.keys import Keys
from pos.store.params import Counters, Params
from pos.store.users import Users
from store_cuts import F62, SEALER, TMK, sale, seconds, tear

ROOT, OWN = "/data", "/data/train"


class Store:
    """What ``store_cuts.sale`` works with, in either root."""

    def __init__(self, root):
        self.params = Params(root)
        self.stan = Counters(root)
        self.keys = Keys(root, SEALER)
        self.users = Users(root, SEALER, seconds)
        self.journal = Journal(root, self.params["batch"])
        self.journal.open()

    def view(self):
        """All that must never change by a training."""
        txns = [sorted(txn.items()) for txn in self.journal.transactions()]
        params = [self.params[name] for name in ("terminal_id", "host", "port", "batch")]
        keys, users = bytes(self.keys._file), bytes(self.users._rows)
        return repr((txns, params, keys, users, self.stan.stan, self.journal.damaged))


def work(root, count):
    """Some sales in ``root``."""
    store = Store(root)
    for _ in range(count):
        for _ in sale(store):
            pass


def play():
    """(device, image before, view of the terminal, (length of the log, switch) at the calls)."""
    ram = blockdev.Ram(64)
    blockdev.mount(ram)
    Params(ROOT).update(terminal_id="87654321", host="acquirer.test", port=8583, batch=4)
    keys = Keys(ROOT, SEALER)
    keys.set_tmk(*TMK)
    keys.load_working(F62)
    os.mkdir(ROOT + "/ca")
    for name in ("a00000033301", "a00000033302"):
        save(ROOT + "/ca/" + name, b"\x02" * 300)
    work(ROOT, 3)
    before = bytes(ram.image)
    view = Store(ROOT).view()
    acks = [(0, 0)]
    ram.log = []
    for _ in range(2):  # the second finds what the first has left
        training.prepare(ROOT, OWN, SEALER)
        training.switch(ROOT, True)
        acks.append((len(ram.log), 1))
        work(OWN, 3)
        training.switch(ROOT, False)
        acks.append((len(ram.log), 0))
    return ram, before, view, acks


def check(ram, allowed, view, name):
    """Restart on what is in ``ram``."""
    log, ram.log = ram.log, None
    blockdev.remount(ram)
    assert Store(ROOT).view() == view, name
    on = Params(ROOT)["training"]
    assert on in allowed, name
    if on:
        store = Store(OWN)
        assert store.params["training"] == 1 and store.params["terminal_id"] == "87654321", name
        assert store.params["host"] == "" and store.params["batch"] == 1, name
        assert store.keys.tmk_kcv() != Keys(ROOT, SEALER).tmk_kcv(), name
        assert bytes(store.users._rows) == bytes(Users(ROOT, SEALER, seconds)._rows), name
        assert sorted(os.listdir(OWN + "/ca")) == sorted(os.listdir(ROOT + "/ca")), name
        assert store.journal.damaged is None, name
    ram.log = log


def cut_everywhere():
    """Cut before and within each operation; returns how many there were, and in training."""
    ram, before, view, acks = play()
    now = bytearray(before)
    cuts = acked = 0
    for n, (at, data) in enumerate(ram.log):
        while acked + 1 < len(acks) and acks[acked + 1][0] <= n:
            acked += 1
        allowed = [on for _, on in acks[acked : acked + 2]]
        for way in (0, 1, 2) if data is None else (0, 1):
            ram.image[:] = now
            if way:
                tear(ram.image, at, data, way)
            check(ram, allowed, view, f"cut at {n} of {len(ram.log)}, way {way}")
            cuts += 1
        now[at : at + (len(data) if data else 4096)] = data or blockdev.ERASED
    ram.image[:] = now
    check(ram, [0], view, "end")
    return len(ram.log), cuts
