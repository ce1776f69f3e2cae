"""A message whose time the kernel names stays so long, and the reader does not wait for that."""

import time

from host_tools.acquirer.app import open_ledger
from host_tools.acquirer.server import HostThread
from host_tools.device.actions import ACTIONS, Stage
from host_tools.device.provision import Identity
from host_tools.device.virtual import VirtualDevice, provisioned_flash
from host_tools.vboard.cards.loader import CARDS

HOLD_S = 1.3  # of "see phone"
LATE_S = 0.4  # that the picture is seen late at most; without hold it is gone after as much


def test_see_phone_stays_its_time_and_the_phone_is_read_meanwhile():
    flash, nvs = provisioned_flash(Identity())
    with HostThread(open_ledger()) as host, VirtualDevice(flash=flash, nvs=nvs) as device:
        stage = Stage(device, host, CARDS)

        def play(*steps):
            for name, value in steps:
                ACTIONS[name].do(stage, value)

        play(("power", "on"), ("screen", "Operator"), ("keys", "01E"), ("screen", "Password"))
        play(("keys", "0000E"), ("screen", "Type an amount to begin."), ("keys", "128000E"))
        play(("screen", "Tap the card"), ("field", "on"), ("tap", "visa_phone"))
        play(("screen", "Look at your phone"))
        seen = time.monotonic()
        play(("remove", None), ("gone", "Look at your phone"))
        assert time.monotonic() - seen > HOLD_S - LATE_S
        play(("screen", "Now hold the phone"), ("tap", "visa_phone"), ("screen", "Approved"))
