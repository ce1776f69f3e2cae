"""A terminal is told who it is over its console, as often as one likes."""

import json
import os
import subprocess
import sys

import pytest
from mpremote.transport_serial import SerialTransport, TransportError

from host_tools.device import tls_bench
from host_tools.device.ceremony import Components
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


@pytest.mark.parametrize(("lost", "reached"), [(1, True), (3, False)])
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


def test_a_modem_is_the_way_until_wifi_is(device):
    modem = device.board.modem
    device.board.call(modem.operator, "pos.bank", "till", "secret-77")
    tell(device, Identity(apn="pos.bank", apn_user="till", apn_key="secret-77"))
    device.board.wait_for(lambda: modem.dialled == ["pos.bank"], 20, "a call")
    assert Store(device.flash_image(), "/pos").params()["network"] == "cell"
    assert b"secret-77" not in device.flash_image()
    device.wait_for_screen("Operator")
    tell(device, Identity())
    assert Store(device.flash_image(), "/pos").params()["network"] == "wifi"


def test_what_the_terminal_refuses_is_told_and_changes_nothing(device):
    tell(device, Identity())
    port = device.board.call(lambda: device.board.console.port)
    with pytest.raises(ProvisionError, match="terminal_id"):
        provision(port, Identity(terminal_id="1"))
    assert Store(device.flash_image(), "/pos").params()["terminal_id"] == "12345678"


def test_key_components_come_by_a_descriptor_and_the_record_has_no_secret(device, tmp_path):
    parts = "0123456789ABCDEFFEDCBA9876543210", "A1B2C3D4E5F60718293A4B5C6D7E8F90"
    port = device.board.call(lambda: device.board.console.port)
    record, refused, key = tmp_path / "r.jsonl", tmp_path / "refused", tmp_path / "key"
    arguments = ["provision", "--port", port, "--secrets-fd", "3", "--serial", "TT-0042"]
    arguments += ["--record", record, "--console-key", key, "--host", "bank.test"]

    def told(*more):
        end, start = os.pipe()
        os.write(start, "\n".join(("wlan-secret", *parts)).encode())
        os.close(start)
        done = subprocess.run(
            [sys.executable, "-m", "host_tools.cli", *map(str, (*arguments, *more))],
            capture_output=True,
            text=True,
            preexec_fn=lambda: os.dup2(end, 3),
            pass_fds=(3,),
        )
        os.close(end)
        return done

    done = told()
    assert done.returncode == 0, done.stderr
    entry = json.loads(record.read_text())
    both = Components(*parts)
    assert entry["component_kcvs"] == list(both.checks[:2]) and entry["tmk_kcv"] == both.checks[2]
    assert (entry["serial"], entry["chip"]) == ("TT-0042", "240AC4000001")
    assert (entry["host"], entry["console_key"]) == ("bank.test:8583", "stored")
    everything = done.stdout + done.stderr + record.read_text()
    secrets = [*parts, "wlan-secret", key.read_text().strip()]
    assert [s for s in secrets if s.upper() in everything.upper()] == []
    flash = device.flash_image()
    assert all(bytes.fromhex(part) not in flash for part in parts)
    assert Store(flash, "/pos").params()["serial"] == "TT-0042"
    # the terminal itself refuses what is on its list, and the old key stays
    device.wait_for_screen("Operator")
    refused.write_text(f"# never\n{both.checks[2]}\n")
    done = told("--refused", refused)
    assert done.returncode == 1 and "looks like a production key" in done.stderr
    assert len(record.read_text().splitlines()) == 1
