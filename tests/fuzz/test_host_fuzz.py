"""Whatever a line brings, the host answers or refuses it: damaged messages of all kinds.

``taptill fuzz --host`` does the same for longer.
"""

import random

import host_fuzz
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host_tools.acquirer import dialect, wire

PIECES = 2
DECODED = 100_000  # by the codec alone
PROCESSED = 4_000  # by the whole host
ROUTES = {
    *("sale", "reversal", "sign-in", "sign-off", "echo", "status", "script result"),
    *("parameters", "CA keys", "CA key", "applications", "application", "black list"),
    *("contactless", "settlement", "upload stripe", "upload chip", "upload failed"),
    *("upload offline", "upload refund", "upload notice", "upload tip", "upload end"),
}


@pytest.mark.parametrize("seed", range(PIECES))
def test_damaged_messages_and_the_codec(seed):
    """At each field's place there was something wrong, and it was named."""
    named, failures = host_fuzz.run_codec(seed, DECODED // PIECES)
    assert failures == []
    assert named.total() == DECODED // PIECES
    assert 0.1 < named[""] / named.total() < 0.9
    assert {"t", "p", "2", "4", "35", "48", "55", "60", "62"} <= set(named)


@pytest.mark.parametrize("seed", range(PIECES))
def test_damaged_messages_and_the_host(seed):
    tally = host_fuzz.run(seed, count=PROCESSED // PIECES)
    assert tally.failures == []
    assert tally.count == PROCESSED // PIECES
    # they reach the handlers, and not only the first check
    assert {route for route, _ in tally.answers} >= ROUTES
    # (keys are random, and so is which of the rarest, say a reversal, is damaged every time)
    assert len(ROUTES - {route for route, code in tally.answers if code == "00"}) <= 3
    assert {"30", "40", "A0", "97", "03"} <= {code for _, code in tally.answers}
    assert tally.refused > 0


def test_the_corpus_is_whole():
    """Undamaged, each message is decoded, and only what the host cannot do is refused."""
    host = host_fuzz.Host()
    for mti, fields, mac in host_fuzz.corpus(host.terminal):
        raw = host_fuzz.encode(mti, fields, mac)
        assert raw is not None
        assert dialect.encode(dialect.decode(raw)) == raw
        assert host.say(host_fuzz.TPDU + host_fuzz.HEADER + raw) is not None
    assert host.ledger.check() == []
    host.ledger.close()


def test_a_host_that_breaks_is_noticed(monkeypatch):
    monkeypatch.setattr(host_fuzz, "keep", lambda body: "nowhere")
    monkeypatch.setattr(host_fuzz.Host, "say", lambda self, body: 1 // 0)
    tally = host_fuzz.run(0, count=100, tell=lambda line: None)
    assert len(tally.failures) == 20 and "ZeroDivisionError" in tally.failures[0]


@pytest.fixture(scope="module")
def host():
    opened = host_fuzz.Host()
    yield opened
    assert opened.ledger.check() == []
    opened.ledger.close()


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_damage_of_any_seed(host, seed):
    host.say(host_fuzz.Mutator(random.Random(seed), host).message())


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes(host, data):
    host.say(data)
    with pytest.raises((wire.FrameError, dialect.FormatError)):
        dialect.decode(wire.parse(data).message)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        # six bytes too many behind a field of 11 digits: once decoded for ever
        ("0820000000000000001000" + "11000000001001" + "00" * 7, "60"),
        # a byte too many behind a field that ends in a pad nibble
        ("0800000000000000001000" + "11a1000000013610", "60"),
    ],
)
def test_messages_that_once_broke_the_host(data, field):
    with pytest.raises(dialect.FormatError) as error:
        dialect.decode(bytes.fromhex(data))
    assert error.value.field == field
