"""A full board, whose operator is the test: it does on a virtual board what the prompts say."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from host_tools.acquirer.app import open_ledger
from host_tools.acquirer.server import HostThread
from host_tools.build.image import BUILD
from host_tools.device import scenario
from host_tools.device.console_key import read_or_make
from host_tools.device.provision import Identity
from host_tools.device.screen_fonts import load_fonts
from host_tools.device.virtual import VirtualDevice, provisioned_flash
from host_tools.hil.full import books, play_all
from host_tools.hil.operator import NotSo, OperatorDevice, cannot, play
from host_tools.hil.run import chosen
from host_tools.hil.watch import Watch, differences

KEYS = {"OK": "E", "Cancel": "C", "Delete": "B", "Menu": "M"}


def story(tmp_path: Path, steps: str, **entries: str) -> scenario.Scenario:
    path = tmp_path / "story.yaml"
    lines = [f"{name}: {value}" for name, value in entries.items()]
    whole = ["title: t", "why: w", *lines, "steps:", steps, "expect: {}"]
    path.write_text("\n".join(whole), encoding="utf-8")
    return scenario.load(path)


class Hands:
    """An operator who obeys, and looks at screen and paper of a virtual device."""

    def __init__(self, device):
        self.device = device
        self.asked = []

    def __call__(self, line):
        self.asked.append(line)
        what, _, rest = line.partition(": ")
        if what == "Press":
            self.device.press("".join(KEYS.get(word, word) for word in rest.split()))
        elif line.startswith("Hold the card"):
            self.device.tap(line.split()[3])
        elif line.startswith("Take the card"):
            self.device.remove()
        elif line.startswith("Plug"):
            self.device.power_on()
        elif line.startswith("The paper has"):
            self.device.wait_for_paper(*re.findall("'(.*?)'", line))
        elif line.startswith("Wait until the display shows"):
            self.device.wait_for_screen(*re.findall("'(.*?)'", line))
        else:
            raise AssertionError(f"not understood: {line}")
        return True


def test_a_sale_by_prompts_while_the_console_is_read(tmp_path):
    """The virtual board is the full board: the operator presses, its console tells the rest."""
    key = read_or_make(tmp_path / "key")
    flash, nvs = provisioned_flash(Identity(console_key=key))
    ledger = open_ledger()
    with (
        HostThread(ledger) as host,
        VirtualDevice(flash=flash, nvs=nvs, production=True) as device,
    ):
        routes = device.board.radio.routes
        device.board.call(routes.__setitem__, "acquirer.test", ("127.0.0.1", host.port))
        operator = Hands(device)
        fonts = load_fonts(BUILD / "virtual" / "fonts" / "fonts")
        port = device.board.call(lambda: device.board.console.port)
        with Watch(port, key=key) as watch:
            full = OperatorDevice(operator, watch.picture, fonts)
            sold, stuck = play_all(
                chosen(["sale_mastercard_cda", "key_stuck"]), full, watch, ledger
            )
            assert sold.why == sold.skipped == ""
            assert "keypad" in stuck.skipped
            assert watch.status()["development"] is False
            batch, (entry,) = watch.journal()
            (row,) = ledger.transactions()
            name = f"batch 1, trace {entry['trace']:06d}"
            assert list(differences(batch, [entry], [replace(row, amount=1)])) == [
                f"{name}: amount 15000 in the journal, 1 in the ledger"
            ]
            assert list(differences(batch, [entry], [])) == [
                f"{name}: approved in the journal, missing in the ledger"
            ]
            assert list(differences(batch, [], [row])) == [
                f"{name}: charged in the ledger, not in the journal"
            ]
            assert books(watch, ledger) == []
    ledger.close()
    asked = [line for line in operator.asked if line.startswith("Wait until")]
    # a terminal at rest shows itself; in the midst of a sale it tells nothing
    assert not any("Log in" in line for line in asked), asked
    assert any("Tap the card" in line for line in asked)
    assert any(line.startswith("Hold the card") for line in operator.asked)


def test_what_the_operator_denies_is_told_with_the_step(tmp_path):
    one = story(tmp_path, '  - keys: "12E"\n  - screen: [Amount, Total]')
    lines = []

    def ask(line):
        lines.append(line)
        return not line.startswith("Wait")

    with pytest.raises(NotSo, match=r"story.yaml: step 2: screen: .*\n.*never shows 'Amount'"):
        play(one, OperatorDevice(ask))
    assert lines == ["Press: 1 2 OK", "Wait until the display shows 'Amount', 'Total'"]


@pytest.mark.parametrize(
    ("steps", "entries", "why"),
    [
        ("  - nfc: silent", {}, "step 1: nfc"),
        ('  - keys: "1"\n  - wifi: drop', {}, "step 2: wifi"),
        ('  - keys: "1"', {"terminal": "{language: zh}"}, "other parameters"),
        ('  - keys: "1"', {"terminal": "blank"}, "nobody has set up"),
        ('  - keys: "1"', {}, ""),
    ],
)
def test_what_nobody_can_play_is_skipped_in_a_sentence(tmp_path, steps, entries, why):
    reason = cannot(story(tmp_path, steps, **entries))
    assert why in reason
    assert bool(reason) == bool(why)
