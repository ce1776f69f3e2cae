"""The journal on LittleFS: its story, what it refuses, and what is left of damaged files."""

import ast
import random

import pytest

from host_tools.device.journal_reader import FlashImageError, Store, parse_journal

START = """
sys.path.append("tests/power")
import os
import blockdev
from pos.store.journal import Journal, JournalFull
from pos.store.records import JournalError
ram = blockdev.Ram(128)
blockdev.mount(ram)
def restart(batch=1):
    blockdev.remount(ram)
    journal = Journal("/data", batch)
    journal.open()
    return journal
def sale(trace, **more):
    txn = dict(trace=trace, kind="sale", amount=128000 + trace, when="20261123101500")
    txn.update(more)
    return txn
def refuses(call, *args):
    try:
        call(*args)
    except JournalError as error:
        return error.args[0]
    raise AssertionError("not refused")
def approve(journal, trace, **more):
    txn = sale(trace, **more)
    journal.begin(txn)
    journal.sending(txn)
    txn.update(state="approved", rc="00", rrn="%012d" % trace)
    journal.close(txn)
    return txn
journal = restart()
"""


@pytest.fixture
def run(mpy):
    return lambda source, **options: mpy(START + source, heap="8m", **options)


def test_a_sale_from_begin_to_the_second_copy(run):
    run("""
txn = sale(123, operator="01", entry="071")
journal.begin(txn)
assert txn["state"] == "begun" and txn["batch"] == 1
assert journal.pending() is None
txn.update(pan="621234******1232", card=b"sealed", f55=b"\\x95\\x05\\x00\\x80\\x00\\x00\\x00")
journal.sending(txn)
pending = journal.pending()
assert pending["state"] == "sending" and pending["card"] == b"sealed"
txn.update(state="approved", rc="00", rrn="000000000123", auth="A1B2C3")
journal.close(txn)
assert journal.pending() is None
assert [t["trace"] for t in journal.unprinted()] == [123]
assert journal.owed(2, 10) == (0, 1) and journal.owed(0, 10) == (0, 0)
journal.printed(123, 1)
assert [t["copies"] for t in journal.unprinted()] == [1]
assert not list(journal.unprinted(1))
journal.printed(123, 2)
assert not list(journal.unprinted())
found = journal.find(123)
wanted = dict(txn, copies=2, tries=0)
assert found == wanted, (found, wanted)
assert restart().find(123) == wanted
assert restart().last() == wanted
assert journal.find(124) is None
assert restart(2).last() is None
""")


def test_silence_is_a_reversal_until_it_is_acknowledged(run):
    run("""
txn = sale(7, card=b"sealed")
journal.begin(txn)
journal.sending(txn)
journal = restart()
assert journal.pending()["trace"] == 7
other = sale(8)
journal.begin(other)
assert refuses(journal.sending, other) == "a reversal is due"
journal.reversal(7, "98")
journal.reversal(7, "06")
journal = restart()
pending = journal.pending()
assert (pending["state"], pending["tries"], pending["reason"]) == ("reversing", 2, "06")
assert pending["card"] == b"sealed" and pending["amount"] == 128007
journal.reversed(7, "25")
assert journal.pending() is None
for journal in (journal, restart()):
    done = journal.find(7)
    assert (done["state"], done["reversal_rc"], done["reason"]) == ("reversed", "25", "06")
    assert "rc" not in done
    assert journal.find(8)["state"] == "cancelled"
approve(journal, 9)
assert restart().last("approved")["trace"] == 9
assert restart().last("reversed")["trace"] == 7
assert restart().last("declined") is None
""")


def test_what_was_begun_is_cancelled_by_a_restart_and_by_the_next(run):
    run("""
journal.begin(sale(1))
size = os.stat(journal.path)[6]
journal = restart()
assert journal.find(1)["state"] == "cancelled"
assert os.stat(journal.path)[6] == size + 16  # nothing of the record before it in the padding
assert open(journal.path, "rb").read()[-16:-4] == bytes((0x4A, 5)) + bytes(10)
size = os.stat(journal.path)[6]
assert restart().find(1)["state"] == "cancelled" and os.stat(journal.path)[6] == size
journal.begin(sale(2))
journal.begin(sale(3))
assert journal.find(2)["state"] == "cancelled" and journal.find(3)["state"] == "begun"
""")


def test_declined_offline_keeps_the_card_data(run):
    run("""
txn = sale(1)
journal.begin(txn)
txn.update(state="declined", aid="A000000333010101", tvr=b"\\x00" * 5)
journal.close(txn)
assert restart().find(1)["tvr"] == bytes(5)
""")


def test_steps_out_of_order_are_refused(run):
    run("""
assert refuses(journal.sending, sale(1)) == "no such trace"
assert refuses(journal.begin, sale(0)) == refuses(journal.begin, sale(1000000)) == "trace"
txn = sale(1)
journal.begin(txn)
for call, args in ((journal.reversal, (1, "98")), (journal.reversed, (1, "00")),
                   (journal.printed, (1, 1))):
    assert refuses(call, *args).endswith("after begun")
txn["state"] = "sending"
assert refuses(journal.close, txn) == "close as sending"
journal.sending(txn)
assert refuses(journal.sending, txn).endswith("after sending")
assert refuses(journal.printed, 1, 1).endswith("after sending")
journal.close(dict(txn, state="approved"))
assert refuses(journal.close, dict(txn, state="declined")).endswith("after approved")
assert refuses(journal.reversal, 1, "98").endswith("after approved")
assert refuses(journal.reversed, 1, "98").endswith("after approved")
assert restart().find(1)["state"] == "approved"
""")


def test_card_data_in_clear_is_refused_and_not_told(run):
    run("""
size = os.stat(journal.path)[6]
assert refuses(journal.begin, sale(1, pan="6212345678901232")) == "pan is not masked"
for secret in ("5A086212345678901232", "57026212", "9F6B026212", "56026212"):
    f55 = bytes.fromhex("95050000000000" + secret)
    assert refuses(journal.begin, sale(1, f55=f55)) == "track or PAN in f55"
assert refuses(journal.begin, sale(1, amount=-1)) == "negative amount"
assert refuses(journal.begin, sale(1, label="x" * 256)) == "too long: label"
assert refuses(journal.begin, sale(1, card=bytes(250), aid="x" * 250, label="y" * 250)) == (
    "too long: label")
assert os.stat(journal.path)[6] == size and journal.count == 0
""")


def test_five_hundred_transactions_and_their_totals(run):
    out = run("""
import gc
card = bytes(64)
gc.collect()
before = gc.mem_alloc()
journal = restart()
gc.collect()
held = gc.mem_alloc() - before
for trace in range(1, 501):
    kind = "refund" if trace % 10 == 0 else "sale"
    if trace % 7 == 0:
        journal.begin(sale(trace))
    else:
        approve(journal, trace, kind=kind, card=card, f55=b"\\x95\\x05" + bytes(5), aid="A0" * 8)
        journal.printed(trace, 1)
try:
    journal.begin(sale(501))
    raise AssertionError("not full")
except JournalFull:
    pass
for journal in (journal, restart()):
    assert journal.count == 500 and journal.damaged is None and journal.dropped == 0
    assert journal.find(1)["amount"] == 128001 and journal.find(500)["kind"] == "refund"
    assert journal.find(497)["state"] == "cancelled"
    totals = {"sale": (0, 0), "refund": (0, 0)}
    for txn in journal.transactions():
        if txn["state"] == "approved":
            count, amount = totals[txn["kind"]]
            totals[txn["kind"]] = count + 1, amount + txn["amount"]
    print(totals["sale"], totals["refund"])
assert held < 5000, held
journal.printed(500, 2)
print(len(list(journal.unprinted())))
""")
    wanted = {"sale": [], "refund": []}
    for trace in range(1, 501):
        if trace % 7:
            wanted["refund" if trace % 10 == 0 else "sale"].append(128000 + trace)
    line = " ".join(str((len(wanted[k]), sum(wanted[k]))) for k in ("sale", "refund"))
    unprinted = len(wanted["sale"]) + len(wanted["refund"]) - 1
    assert out.splitlines() == [line, line, str(unprinted)]


def test_five_hundred_of_the_longest_records_fit(run):
    """Each field as long as the message or the table of parameters lets it be."""
    out = run("""
sent = dict(entry="071", pan="6" * 6 + "*" * 9 + "1234", card=bytes(80), aid="A0" * 16,
            f55=b"\\x9f\\x10\\x81\\xf8" + bytes(248), label="x" * 16, arqc="F" * 16,
            tvr="0" * 10, tsi="0" * 4, atc="0" * 4, cvm="pin_sign", asked=1, voucher="0" * 6)
end = dict(state="approved", rc="00", rrn="0" * 12, auth="0" * 6, issuer="9" * 11,
           acquirer="9" * 11, org="CUP", reason="98")
for trace in range(1, 501):
    txn = sale(trace, operator="99", merchant_id="8" * 15, terminal_id="1" * 8, orig_batch=999999,
               orig_trace=999999, orig_date="1231", orig_rrn="0" * 12, orig_auth="0" * 6)
    journal.begin(txn)
    txn.update(sent)
    journal.sending(txn)
    txn.update(end)
    journal.close(txn)
    journal.printed(trace, 1)
    journal.printed(trace, 2)
size = os.stat(journal.path)[6]
for journal in (journal, restart()):
    try:
        journal.begin(sale(501))
        raise AssertionError("not full")
    except JournalFull:
        pass
    assert [journal.find(t)["trace"] for t in (1, 250, 500)] == [1, 250, 500]
journal.settle(step=1, debits=500)  # there is room to settle it
assert restart().settling["debits"] == 500
print(size)
""")
    assert 300_000 < int(out) < 480 * 1024


def test_records_of_many_transactions_in_any_order(run, tmp_path):
    """Uploads, copies and steps long after and between: lookup, list and host reader agree."""
    image = tmp_path / "flash.bin"
    order = list(range(1, 31))
    random.Random(4).shuffle(order)
    out = run(f"""
order = {order}
for trace in range(1, 31):
    txn = sale(trace, kind="offline")
    journal.begin(txn)
    journal.approve(txn)
    if trace % 3 == 0:  # a copy of an earlier one comes between begin and end of this one
        journal.printed(order[0] if order[0] < trace else 1, 1)
txn = sale(31)
journal.begin(txn)
journal.uploaded(order[0], {{"rrn": "%012d" % order[0]}})
journal.sending(txn)
for trace in order[1:]:
    journal.uploaded(trace, {{"rrn": "%012d" % trace}})
    journal.printed(trace, 2)
for _ in range(2):
    journal.reversal(31, "98")
journal.settle(step=1)
journal.reversal(31, "06")
journal.reversed(31, "00")
for journal in (journal, restart()):
    told = list(journal.transactions())
    assert [t["rrn"] for t in told[:30]] == ["%012d" % t for t in range(1, 31)]
    assert (told[30]["tries"], told[30]["reason"], told[30]["reversal_rc"]) == (3, "06", "00")
    assert [journal.find(t["trace"]) for t in told] == told
print(told)
open({str(image)!r}, "wb").write(ram.image)
""")
    (batch,) = Store(image.read_bytes()).batches()
    assert ast.literal_eval(out) == [
        dict(t.fields, state=t.state, copies=t.copies, tries=t.reversals)
        for t in batch.transactions
    ]


def test_what_was_approved_here_waits_for_its_upload(run):
    run("""
for trace in (1, 2, 70001):
    txn = sale(trace, kind="ec_sale")
    journal.begin(txn)
    txn["rc"] = "Y1"
    journal.approve(txn)
    assert txn["state"] == "approved"
journal.printed(1, 1)
approve(journal, 4)
for journal in (journal, restart()):
    assert journal.waiting()["trace"] == 1 and journal.waiting()["copies"] == 1
    assert [t["copies"] for t in journal.unprinted()] == [1, 0, 0, 0]
    assert [t and t["trace"] for t in map(journal.waiting, range(4))] == [1, 2, 70001, None]
journal.uploaded(1, {"rrn": "123456789012"})
assert journal.find(1)["rrn"] == "123456789012" and journal.find(1)["rc"] == "Y1"
journal.uploaded(70001, {})
for journal in (journal, restart()):
    assert journal.waiting()["trace"] == 2
journal.uploaded(2, {})
journal.printed(2, 1)
assert restart().waiting() is None
assert refuses(journal.approve, sale(4)) == "9 after approved"
journal.begin(sale(5))
assert refuses(journal.uploaded, 5, {}) == "10 after begun"
""")


def test_traces_with_the_same_lower_bits_are_told_apart(run):
    run("""
known = (1, 257, 65537, 131073)
for trace in known:
    approve(journal, trace)
for journal in (journal, restart()):
    assert [journal.find(t)["trace"] for t in known] == list(known)
    assert journal.find(196609) is None and journal.find(513) is None
""")


def test_between_two_calls_others_may_have_its_memory(run):
    run("""
room = bytearray(1000)
journal = Journal("/data", 1, room)
journal.open()
other = Journal("/data", 2, room)
other.open()
def spoil():
    room[:] = bytes([0x4A]) * len(room)
for trace in (1, 2, 3):
    txn = sale(trace, pan="621234******1232")
    for call in (journal.begin, journal.sending, other.begin, other.sending):
        call(txn)
        spoil()
    txn.update(state="approved", rc="00")
    for one in (journal, other):
        one.close(txn)
        spoil()
for one in (journal, other, restart()):
    found = []
    for txn in one.transactions():
        found.append((txn["trace"], txn["amount"], txn["state"]))
        spoil()
        assert one.find(txn["trace"])["pan"] == "621234******1232"
        spoil()
    assert found == [(n, 128000 + n, "approved") for n in (1, 2, 3)]
    for txn in one.unprinted():
        spoil()
        one.printed(txn["trace"], 2)
        spoil()
    assert not list(one.unprinted())
""")


def test_once_it_is_settled_nothing_begins(run):
    run("""
approve(journal, 1)
assert journal.settling == {}
journal.settle(step=1, debits=1, debit_fen=128001)
try:
    journal.begin(sale(2))
    raise AssertionError("began")
except JournalFull:
    pass
journal.settle(step=2, done=8)
journal.printed(1, 1)
for journal in (journal, restart()):
    assert journal.settling == {"step": 2, "debits": 1, "debit_fen": 128001, "done": 8}
    assert journal.find(1)["copies"] == 1 and journal.count == 1
""")


def test_amount_of_twelve_digits_and_text_of_any_language(run):
    run("""
journal.begin(sale(1, amount=999999999999, label="银联借记"))
assert journal.find(1)["amount"] == 999999999999 and journal.find(1)["label"] == "银联借记"
""")


def test_torn_tail_is_dropped_and_written_over(run):
    """Every length of a torn record, with its first bytes right or erased."""
    run("""
approve(journal, 1)
sound = open(journal.path, "rb").read()
txn = sale(2)
journal.begin(txn)
record = open(journal.path, "rb").read()[len(sound):]
for n in range(1, len(record)):
    for tail in (record[:n], record[:n] + b"\\xff" * (len(record) - n), b"\\xff" * n, bytes(n)):
        if tail == record:
            continue
        with open(journal.path, "wb") as file:
            file.write(sound + tail)
        journal = restart()
        assert journal.dropped == len(tail) and journal.damaged is None
        assert os.stat(journal.path)[6] == len(sound)
        assert journal.count == 1 and journal.find(1)["state"] == "approved"
approve(journal, 2)
assert [t["state"] for t in restart().transactions()] == ["approved", "approved"]
assert "000001.jnl~" not in os.listdir("/data/batch")
""")


def test_damage_in_the_middle_is_reported_and_costs_one_record_only(run):
    out = run("""
approve(journal, 1)
begins = os.stat(journal.path)[6]
txn = sale(2, card=b"sealed")
journal.begin(txn)
sends = os.stat(journal.path)[6]
journal.sending(txn)
ends = os.stat(journal.path)[6]
journal.reversal(2, "98")
whole = open(journal.path, "rb").read()
for at in range(begins, ends):
    spoiled = bytearray(whole)
    spoiled[at] ^= 0x10
    with open(journal.path, "wb") as file:
        file.write(spoiled)
    journal = restart()
    assert journal.damaged == (begins if at < sends else sends), (at, journal.damaged)
    assert journal.find(1)["state"] == "approved" and journal.dropped == 0
    pending = journal.pending()
    assert pending["state"] == "reversing"
    if at < sends:
        assert pending["trace"] == 2 and pending["card"] == b"sealed"
        journal.reversed(2, "00")
        assert restart().pending() is None
for at in range(8):
    with open(journal.path, "wb") as file:
        file.write(whole[:at] + b"?" + whole[at + 1:])
    assert restart().damaged == 0 and journal.find(1)["state"] == "approved"
print(begins, sends, spoiled.hex())
""")
    begins, sends, spoiled = out.split()
    assert parse_journal(bytes.fromhex(spoiled)).damaged == [int(sends)]


def test_lost_begin_of_an_unsent_transaction_leaves_a_gap(run):
    run("""
journal.begin(sale(1))
at = os.stat(journal.path)[6] - 1
journal.begin(sale(2))
data = bytearray(open(journal.path, "rb").read())
data[at] ^= 1
data[at + 9] ^= 1  # the record that cancels 1 is gone as well
with open(journal.path, "wb") as file:
    file.write(data)
journal = restart()
assert journal.damaged == 8
assert [t["trace"] for t in journal.transactions()] == [2]
assert journal.find(1) is None
approve(journal, 3)
assert [t["trace"] for t in restart().transactions()] == [2, 3]
""")


@pytest.mark.parametrize("seed", range(3))
def test_host_reader_reads_the_same(run, tmp_path, seed):
    """A random batch, read by the firmware and by the host from the raw image."""
    dice = random.Random(seed)
    plan = [(dice.choice("ADRCBPOU"), dice.randrange(4)) for _ in range(60)]
    image = tmp_path / "flash.bin"
    out = run(f"""
trace = 0
for what, n in {plan!r}:
    trace += 1 + n
    txn = sale(trace, operator="0%d" % n)
    journal.begin(txn)
    if what == "B":
        continue
    if what in "OU":
        journal.approve(txn)
        if what == "U":
            journal.uploaded(trace, {{"rrn": "12%d" % n}})
        continue
    if what != "C":
        txn["card"] = bytes(64)
        journal.sending(txn)
    if what == "R":
        for _ in range(n):
            journal.reversal(trace, "98")
        if n > 1:
            journal.begin(sale(trace + 1000, label="between"))
        journal.reversed(trace, "00")
        continue
    txn["state"] = {{"A": "approved", "P": "approved", "D": "declined", "C": "cancelled"}}[what]
    txn["rc"] = "00"
    journal.close(txn)
    if what == "P":
        for copy in range(n):
            journal.printed(trace, copy + 1)
journal.settle(step=1, done=3)
journal.settle(step=2)
print(list(restart().transactions()))
waiting = restart().waiting()
print(waiting and waiting["trace"])
open({str(image)!r}, "wb").write(ram.image)
""")
    told, waiting = out.splitlines()
    theirs = ast.literal_eval(told)
    (batch,) = Store(image.read_bytes()).batches()
    assert batch.batch == 1 and batch.damaged == []
    ours = [
        dict(t.fields, state=t.state, copies=t.copies, tries=t.reversals)
        for t in batch.transactions
    ]
    assert ours == theirs
    assert batch.settlement == {"step": 2, "done": 3}
    assert waiting == str(next((t.trace for t in batch.transactions if t.waiting), None))
    some = theirs[len(theirs) // 2]
    found = batch.find(some["trace"])
    assert found is not None and found.amount == some["amount"]


def test_host_reader_finds_a_store_in_a_folder(run, tmp_path):
    image = tmp_path / "flash.bin"
    run(f"""
os.mkdir("/data/pos")
for number in (7, 3):
    journal = Journal("/data/pos", number)
    journal.open()
    approve(journal, number)
open({str(image)!r}, "wb").write(ram.image)
""")
    store = Store(image.read_bytes(), "/pos")
    assert store.names() == ["batch/000003.jnl", "batch/000007.jnl"]
    assert [b.batch for b in store.batches()] == [3, 7]
    assert store.params() == {} and store.stan() == 0
    assert store.read("batch/000009.jnl") is None


def test_host_reader_names_what_it_cannot_read():
    with pytest.raises(FlashImageError, match="LittleFS"):
        Store(bytes(128 * 1024))
    with pytest.raises(FlashImageError, match="not a journal"):
        parse_journal(b"something else")


def test_what_the_host_refuses_after_the_fact_is_declined_and_waits_no_more(run):
    run("""
for trace in (1, 2):
    txn = sale(trace, kind="offline")
    journal.begin(txn)
    journal.approve(txn)
journal.uploaded(1, {"state": "declined", "rc": "51"})
for again in (journal, restart()):
    assert again.waiting()["trace"] == 2
    found = again.find(1)
    assert (found["state"], found["rc"]) == ("declined", "51")
assert refuses(journal.uploaded, 1, {}) == "10 after declined"
journal.uploaded(2, {"state": "approved", "rc": "00"})
assert journal.waiting() is None and journal.find(2)["state"] == "approved"
""")
