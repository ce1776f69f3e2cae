"""What a person does in ``taptill sim`` is recorded, and plays again as it was."""

import json
import time

import pytest

from host_tools.device import audit
from host_tools.panel.hands import BadMessage, Hands
from host_tools.panel.world import World
from host_tools.replay import run, trace


def wait(world, *texts):
    """Until the page would show these texts, as a person waits."""
    until = time.monotonic() + 20
    seen = -1
    while not all(text in "\n".join(world.lines) for text in texts):
        assert time.monotonic() < until, (texts, world.lines)
        seen = world.device.board.next_change(seen, 0.1)


def stroke(hands, keys):
    for key in keys:
        for do in ("down", "up"):
            hands.do(json.dumps({"do": do, "value": key}))


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A sale by hand, with a wrong PIN first, as a file."""
    path = tmp_path_factory.mktemp("hand") / "trace.jsonl"
    world = World()
    recorder = world.record()
    with world:
        world.device.board.printer.mm_per_s = 600.0
        hands = Hands(world)
        wait(world, "Operator")
        stroke(hands, "01E")
        wait(world, "Password")
        stroke(hands, "0000E")
        wait(world, "Type an amount")
        stroke(hands, "128000E")
        wait(world, "Tap the card")
        with pytest.raises(BadMessage):
            hands.do(json.dumps({"do": "tap", "value": "platinum"}))
        hands.do(json.dumps({"do": "tap", "value": "unionpay_debit"}))
        wait(world, "Enter PIN")
        hands.do(json.dumps({"do": "remove"}))
        stroke(hands, "1237B456E")
        wait(world, "Approved")
        wait(world, "Tear off the slip")
        stroke(hands, "E")
        wait(world, "Type an amount")
        recorder.trace().write(path)
        secrets = list(audit.secrets(world.stage))
    return path, secrets


def test_it_says_what_was_done_and_waited_for(recorded):
    steps = [(step["do"], step["value"]) for step in trace.read(recorded[0]).steps()]
    keys = [value for do, value in steps if do == "keys"]
    assert "".join(keys) == "01E0000E128000E<pin mastercard_cda>EE"
    assert "<pin mastercard_cda>" in keys or "<pin mastercard_cda>E" in keys
    assert [value for do, value in steps if do == "tap"] == ["unionpay_debit"]
    assert ("request", "0200") in steps
    before_tap = steps[steps.index(("tap", "unionpay_debit")) - 1]
    assert before_tap[0] == "screen" and "Tap the card" in before_tap[1]


def test_nothing_secret_is_in_it(recorded):
    path, secrets = recorded
    found = [name for name, pattern in secrets if pattern.search(path.read_bytes())]
    assert found == []


def test_it_plays_again(recorded):
    result = run.play_trace(recorded[0])
    assert result.difference is None
