"""Several messages in one transaction: one that fails takes nobody with it, and nobody waits."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from client import PAN, Client

from host_tools.acquirer import seed, wire
from host_tools.acquirer.app import open_ledger
from host_tools.acquirer.ledger import GroupBroken
from host_tools.host_client import bench


def frames(host, count, first=0, **changes):
    """Sales of one terminal each, as the server hands them on."""
    made = []
    for number in range(first, first + count):
        client = Client(host.port, terminal=f"{int(seed.TERMINAL_ID) + number:08d}").connect()
        client.sign_in()
        made.append(wire.parse(client.pack("0200", client.sale_fields(1000, **changes), True)[2:]))
        client.close()
    return [("peer", frame) for frame in made]


def codes(results):
    return [reply.message.fields[39] for _, reply in results]


def test_all_are_booked(host):
    before = host.ledger.balance(PAN)
    results = host.host._process_group(frames(host, 5))
    assert codes(results) == ["00"] * 5
    assert host.ledger.balance(PAN) == before - 5000
    assert len({reply.message.fields[37] for _, reply in results}) == 5


def test_a_message_with_holes_spoils_only_itself(host):
    before = host.ledger.balance(PAN)
    group = frames(host, 4)
    group[1:2] = frames(host, 1, first=4, f55="9F2601")
    assert codes(host.host._process_group(group)) == ["00", "30", "00", "00"]
    assert host.ledger.balance(PAN) == before - 3000


def test_a_fault_inside_a_group_is_answered_once_and_the_rest_is_booked(host, monkeypatch):
    before = host.ledger.balance(PAN)
    group = frames(host, 4)
    bad = group[2][1]
    answer = host.host._processor._answer

    def broken(work, frame, request):
        reply = answer(work, frame, request)
        if frame is bad:
            raise RuntimeError("after it was booked")
        return reply

    monkeypatch.setattr(host.host._processor, "_answer", broken)
    assert codes(host.host._process_group(group)) == ["00", "00", "96", "00"]
    assert host.ledger.balance(PAN) == before - 3000
    errors = [record for record in host.log.records if record["event"] == "error"]
    assert len(errors) == 1
    host.log.records.remove(errors[0])


def test_the_same_message_twice_in_a_group_is_booked_once(host):
    before = host.ledger.balance(PAN)
    group = frames(host, 1) * 2
    assert codes(host.host._process_group(group)) == ["00", "94"]
    assert host.ledger.balance(PAN) == before - 1000


def test_a_broken_group_leaves_nothing(host):
    before, group = host.ledger.transactions(), frames(host, 2)
    with pytest.raises(GroupBroken), host.ledger.group():
        for _, frame in group:
            host.host._processor.process(frame, lambda error: None)
        with host.ledger.begin():
            raise ValueError
    assert host.ledger.transactions() == before


def test_many_terminals_over_the_wire(host):
    before = host.ledger.balance(PAN)

    def visit(number):
        with Client(host.port, terminal=f"{int(seed.TERMINAL_ID) + number:08d}") as client:
            client.sign_in()
            return [client.sale(1000)[39] for _ in range(5)]

    with ThreadPoolExecutor(20) as terminals:
        answers = [code for codes in terminals.map(visit, range(20)) for code in codes]
    assert answers == ["00"] * 100
    assert host.ledger.balance(PAN) == before - 100_000


def test_the_measurement_counts_what_is_booked(tmp_path):
    figures = bench.measure(3, 4, folder=tmp_path)
    assert (figures.failed, figures.lost, figures.wrong) == (0, 0, [])
    assert len(figures.latencies) == 12 and figures.rate > 0
    assert 0 < figures.percentile(0.5) <= figures.percentile(0.99)
    ledger = open_ledger(f"sqlite:///{tmp_path / 'bench.db'}", tmp_path / "bench.key", 3)
    assert len(ledger.transactions()) == 12
    ledger.close()
