"""A terminal is told who it is over its console, as often as one likes."""

import pytest
from mpremote.transport_serial import SerialTransport, TransportError

from host_tools.device import tls_bench
from host_tools.device.journal_reader import Store
from host_tools.device.provision import Identity, ProvisionError, provision
from host_tools.device.virtual import VirtualDevice
from host_tools.vboard.mcu import HARD

KCV = "d2b91cc5"  # of the TEST TMK 11..11 22..22


@pytest.fixture
def device():
    with VirtualDevice(heap="192k") as device:
        device.power_on()
        yield device


def tell(device, identity):
    """Provision, and wait until the terminal has been reset for it."""
    mcu = device.board.mcu
    resets = mcu.starts.count(HARD)
    answer = provision(device.board.call(lambda: device.board.console.port), identity)
    device.board.wait_for(lambda: mcu.starts.count(HARD) > resets, 10, "a reset")
    return answer.kcv


def test_a_terminal_can_be_told_again_who_it_is(device):
    assert tell(device, Identity()) == KCV
    assert Store(device.flash_image(), "/pos").params()["terminal_id"] == "12345678"
    # the flash now has a directory of the name of the firmware's package
    other = Identity(terminal_id="87654321", tmk_part1="00" * 16, tmk_part2="01" * 16)
    assert tell(device, other) not in (KCV, "")
    assert Store(device.flash_image(), "/pos").params()["terminal_id"] == "87654321"
    assert tell(device, Identity()) == KCV
    assert Store(device.flash_image(), "/pos").params()["terminal_id"] == "12345678"


@pytest.mark.parametrize(("lost", "reached"), [(2, True), (3, False)])
def test_an_interrupt_that_is_lost_is_sent_again(device, monkeypatch, lost, reached):
    """A line on which nothing comes back at first; none is waited for without end."""
    enter, tries = SerialTransport.enter_raw_repl, []

    def enter_later(transport):
        assert transport.serial.timeout
        tries.append(1)
        if len(tries) <= lost:
            raise TransportError("could not enter raw repl")
        enter(transport)

    monkeypatch.setattr(SerialTransport, "enter_raw_repl", enter_later)
    if reached:
        assert tell(device, Identity()) == KCV
    else:
        with pytest.raises(ProvisionError, match="no REPL"):
            tell(device, Identity())


def test_tls_stays_until_it_is_taken_away(device):
    files = ("tls_ca", "tls_cert", "tls_key")

    def stored():
        store = Store(device.flash_image(), "/pos")
        return store.params().get("tls"), [name for name in files if name in store.names()]

    tell(device, Identity(tls=tls_bench.terminal("certificate")))
    assert stored() == ("1", list(files))
    assert tls_bench.secret("certificate") not in device.flash_image()
    device.wait_for_screen("Operator")
    tell(device, Identity())
    assert stored() == ("1", list(files))
    device.wait_for_screen("Operator")
    tell(device, Identity(plain=True))
    assert stored() == ("0", [])


def test_what_the_terminal_refuses_is_told_and_changes_nothing(device):
    tell(device, Identity())
    port = device.board.call(lambda: device.board.console.port)
    with pytest.raises(ProvisionError, match="terminal_id"):
        provision(port, Identity(terminal_id="1"))
    assert Store(device.flash_image(), "/pos").params()["terminal_id"] == "12345678"
