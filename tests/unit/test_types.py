"""The types of the firmware are looked at with the ESP32's stubs: what is wrong there is found."""

import json
import subprocess
import sys
from pathlib import Path

from host_tools.build import check

# Lines that end in "# wrong" have to be found, and no other
PLANTED = """
import esp32, machine, network, time
from machine import Nothing  # wrong
from pos.protocol import bcd
machine.Pin(1, machine.Pin.OUT, value=1)
machine.Pin(1, machine.Pin.OUT, 0, 1)  # wrong
machine.Pin(1, colour=1)  # wrong
machine.Pin(1).rise()  # wrong
machine.UART(1, tx=machine.Pin(1), rx=machine.Pin(2)).readinto(bytearray(2))
esp32.NVS("a").get_text("b")  # wrong
network.WLAN(network.STA_IF).join("a")  # wrong
time.ticks_ms()
time.perf_counter()  # wrong
bcd.no_such_name  # wrong
import statistics  # wrong
import yaml  # wrong
x = 1  # pyright: ignore[reportArgumentType]  # wrong
"""


def test_a_call_that_the_esp32_does_not_know_is_found(tmp_path):
    (tmp_path / "planted").mkdir()
    (tmp_path / "planted" / "module.py").write_text(PLANTED, encoding="utf-8")
    config = tmp_path / "pyrightconfig.json"
    config.write_text(json.dumps(check.firmware_settings("planted")), encoding="utf-8")
    pyright = Path(sys.executable).with_name("pyright")
    command = [str(pyright), "--outputjson", *check.NO_PYTHON, "--project", str(config)]
    done = subprocess.run(command, capture_output=True, text=True)
    report = json.loads(done.stdout)
    found = {d["range"]["start"]["line"] for d in report["generalDiagnostics"]}
    wrong = {i for i, line in enumerate(PLANTED.splitlines()) if line.endswith("# wrong")}
    assert found == wrong and done.returncode == 1
