"""For MicroPython: a scripted life of the store, then the power cut at each step of the flash.

The life is played once while the block device logs. Then the flash is rebuilt as it was before
each logged operation, and in the middle of it; it is mounted, the store is opened as after a
restart, and what it says must be what it said after the last call that had returned, or after the
next one.
"""

import json

import blockdev
from pos.store.journal import Journal
from pos.store.keys import Keys
from pos.store.params import Counters, Params
from pos.store.seal import Sealer, seal_card
from pos.store.users import OK, Users

TMK = (b"\x10" * 16, b"\x01" * 8 + b"\x32" * 8)  # TEST: 11 x 8, 22 x 8
# TEST: PIK, MAK, TDK under the TMK, and the same PIK with a single length MAK only
F62 = bytes.fromhex(
    "CB4AB541CD5AD4FC256A882726936A5A08D7B4FBCB4AB541CD5AD4FC0000000000000000D5D44FF7"
    "D0D7CB5B1A70AC6A75E0431E2A75B492EB7A8DF9"
)
SEALER = Sealer(b"TEST device key.")


def seconds():
    return 1000


class Store:
    """All of the store, as a terminal has it in memory."""

    def __init__(self):
        self.params = Params("/data")
        self.stan = Counters("/data")
        self.keys = Keys("/data", SEALER)
        self.users = Users("/data", SEALER, seconds)
        self.open_batch()

    def open_batch(self):
        self.journal = Journal("/data", self.params["batch"])
        self.journal.open()

    def view(self):
        """(what must be old or new as one, wrong tries of each operator who ever is)."""
        txns = []
        for txn in self.journal.transactions():
            if txn["state"] == "begun":  # a restart cancels it
                txn["state"] = "cancelled"
            txns.append(sorted(txn.items()))
        params = [self.params[name] for name in ("terminal_id", "merchant_id", "host", "batch")]
        keys = bytes(self.keys._file)
        users = bytes(self.users._rows)
        tries = [self.users._wrong(op) for op in ("00", "01", "99", "02")]
        return repr((txns, params, keys, users, self.stan.stan)), tries


def sale(store):
    """A sale; its trace number decides how it ends. Yields after each durable call."""
    journal = store.journal
    trace = store.stan.next_stan()
    yield
    txn = {"trace": trace, "kind": "sale", "amount": 128000 + trace, "when": "20261123101500"}
    txn["operator"] = "01"
    journal.begin(txn)
    yield
    if trace % 5 == 4:  # the card is gone: the next begin cancels
        return
    txn["pan"] = "621234******1232"
    txn["card"] = seal_card(SEALER, "6212345678901232", "3012", "01")
    txn["f55"] = b"\x95\x05\x00\x00\x00\x00\x00" + b"\x9f\x10\x08\x07\x01\x01\x03\xa0\x00\x00\x01"
    journal.sending(txn)
    yield
    if trace % 5 == 3:  # nobody answers
        for reason in ("98", "98"):
            journal.reversal(trace, reason)
            yield
        journal.reversed(trace, "00")
        yield
        return
    txn["state"] = "declined" if trace % 5 == 2 else "approved"
    txn["rc"] = "51" if trace % 5 == 2 else "00"
    txn["rrn"] = f"{trace:012d}"
    journal.close(txn)
    yield
    if txn["state"] == "approved":
        for copy in (1, 2):
            journal.printed(trace, copy)
            yield


def life(store, sales):
    """All that a terminal writes; yields after each durable call."""
    store.params.update(terminal_id="87654321", merchant_id="898100012340001")
    yield
    store.keys.set_tmk(*TMK)
    yield
    store.keys.load_working(F62)
    yield
    for pin in ("1111", "2222", "0000"):
        store.users.check("01", pin)
        yield
    for _ in range(sales):
        yield from sale(store)
    store.keys.load_working(F62[:40])
    yield
    store.params.update(host="acquirer.test")
    yield
    store.users.set_pin("02", "4711")
    yield
    store.users.set_pin("01", "8642")
    yield
    store.users.remove("02")
    yield
    with open(store.journal.path, "ab") as file:
        file.write(b"J\x05 torn")
    store.journal.open()
    yield
    store.keys.drop_working()
    yield
    store.params.update(batch=2)
    store.open_batch()
    yield
    for _ in range(3):
        yield from sale(store)


def play(sales):
    """Live once: (device, erased image, views, and for each the length of the log when it was)."""
    ram = blockdev.Ram(64)
    blockdev.mount(ram)
    before = bytes(ram.image)
    ram.log = []
    store = Store()
    views, acks = [store.view()], [len(ram.log)]
    for _ in life(store, sales):
        views.append(store.view())
        acks.append(len(ram.log))
    return ram, before, views, acks


def tear(image, at, data, way):
    """Do part of an operation: the first half of it, or (an erase) bits half let go everywhere."""
    if data is not None:
        half = len(data) // 2
        image[at : at + half] = data[:half]
        image[at + half] &= data[half] | 0xF0
    elif way == 1:
        image[at : at + 2048] = b"\xff" * 2048
    else:
        for i in range(at, at + 4096):
            image[i] |= 0x5A


def check(ram, acked, views, name, use):
    """Restart on what is in ``ram``: the store must be as after call ``acked`` or the next one."""
    log, ram.log = ram.log, None
    blockdev.remount(ram)
    store = Store()
    if acked < 0:  # the very first start: nothing was there before
        assert store.users.operators() == ["00", "01", "99"], name
        assert store.users.check("01", "0000") == (OK, 0), name
    else:
        assert store.journal.damaged is None, name
        state, tries = store.view()
        allowed = views[acked : acked + 2]
        assert state in [v[0] for v in allowed], f"{name}: neither call {acked} nor the next"
        for i, count in enumerate(tries):  # a try is counted before the PIN is looked at
            before = views[acked][1][i]
            assert count in (before, before + 1, allowed[-1][1][i]), name
    if use:  # and it goes on
        stan = store.stan.stan
        pending = store.journal.pending()
        if pending:
            store.journal.reversed(pending["trace"], "00")
        for _ in sale(store):
            pass
        assert store.stan.stan == stan % 999999 + 1
        assert Store().view() == store.view(), name
    ram.log = log


def cut_everywhere(ram, before, views, acks, every_use=7):
    """Cut before and within each operation; returns the number of cuts."""
    now = bytearray(before)
    acked, cuts = -1, 0
    for n, (at, data) in enumerate(ram.log):
        while acked + 1 < len(acks) and acks[acked + 1] <= n:
            acked += 1
        for way in (0, 1, 2) if data is None else (0, 1):
            ram.image[:] = now
            if way:
                tear(ram.image, at, data, way)
            name = f"cut at {n} of {len(ram.log)}, way {way}"
            check(ram, acked, views, name, cuts % every_use == 0)
            cuts += 1
        now[at : at + (len(data) if data else 4096)] = data or blockdev.ERASED
    ram.image[:] = now
    check(ram, len(acks) - 1, views, "end", True)
    return cuts


def export(path, ram, before, acks):
    """Write the life for a reader on the host: JSON lines, log lengths at the calls first."""
    with open(path, "w") as file:
        file.write(json.dumps(acks) + "\n" + json.dumps(before.hex()))
        for at, data in ram.log:
            file.write("\n" + json.dumps([at, None if data is None else data.hex()]))
