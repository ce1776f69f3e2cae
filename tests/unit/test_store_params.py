"""Parameters and the trace number counter."""

import pytest

from host_tools.device.journal_reader import FlashImageError, Store

START = """
sys.path.append("tests/power")
import os
import blockdev
from pos.store.files import Damaged
from pos.store.params import TABLE, Counters, Params
ram = blockdev.Ram(64)
blockdev.mount(ram)
def refuses(**values):
    try:
        Params("/data").update(**values)
    except ValueError as error:
        return error.args[0]
    raise AssertionError("not refused")
"""


@pytest.fixture
def run(mpy):
    return lambda source: mpy(START + source, heap="4m")


def test_defaults_then_what_was_set(run, tmp_path):
    image = tmp_path / "flash.bin"
    run(f"""
params = Params("/data")
assert params["terminal_id"] == "" and params["batch"] == 1 and params["tpdu"] == "6000030000"
params.update(terminal_id="87654321", batch=999999, merchant_name="A = B 银联")
for p in (params, Params("/data")):
    assert (p["terminal_id"], p["batch"], p["merchant_name"]) == ("87654321", 999999, "A = B 银联")
    assert p["port"] == 0
params.update(terminal_id="", amount_max=999999999999)
assert Params("/data")["terminal_id"] == "" and Params("/data")["amount_max"] == 999999999999
Counters("/data").next_stan()
open({str(image)!r}, "wb").write(ram.image)
""")
    store = Store(image.read_bytes())
    assert store.names() == ["params", "stan"]
    assert store.stan() == 1
    assert store.params() == {
        "terminal_id": "",
        "batch": "999999",
        "merchant_name": "A = B 银联",
        "amount_max": "999999999999",
    }


def test_wrong_values_change_nothing(run):
    run("""
Params("/data").update(terminal_id="87654321")
for name, value in (
    ("terminal_id", "1234567"), ("terminal_id", "123456789"), ("terminal_id", 12345678),
    ("batch", 0), ("batch", 1000000), ("batch", "5"), ("batch", None), ("port", 65536),
    ("port", -1), ("host", "x" * 65), ("host", "a\\nbatch=7"), ("copies", 0), ("no_such", 1),
    ("", ""), ("n", 1),
):
    assert refuses(**{name: value}) == name, (name, value)
assert refuses(host="acquirer.test", port=70000) == "port"
assert Params("/data")["host"] == "" and Params("/data")["terminal_id"] == "87654321"
try:
    Params("/data")["no_such"]
    raise AssertionError("no error")
except ValueError:
    pass
""")


def test_every_row_of_the_table_takes_its_default(run):
    run("""
names = [line.split(":")[0] for line in TABLE.strip().split("\\n")]
assert len(names) == len(set(names)) == 34
params = Params("/data")
params.update(**{name: params[name] for name in names})
again = Params("/data")
assert [again[n] for n in names] == [params[n] for n in names]
""")


def test_parameter_of_other_firmware_is_passed_over(run):
    run("""
from pos.store import files
files.save("/data/params", b"batch=7\\nfrom_the_future=1\\n")
params = Params("/data")
assert params["batch"] == 7
params.update(port=8583)
assert Params("/data")["batch"] == 7 and Params("/data")["port"] == 8583
""")


def test_damaged_files_are_an_error_and_no_default(run, tmp_path):
    image = tmp_path / "flash.bin"
    run(f"""
Params("/data").update(batch=12)
Counters("/data").next_stan()
for name, what in (("params", Params), ("stan", Counters)):
    path = "/data/" + name
    data = bytearray(open(path, "rb").read())
    data[1] ^= 1
    with open(path, "wb") as file:
        file.write(data)
    try:
        what("/data")
        raise AssertionError(name)
    except Damaged as error:
        assert error.args == (path,)
open({str(image)!r}, "wb").write(ram.image)
""")
    store = Store(image.read_bytes())
    with pytest.raises(FlashImageError, match="params: wrong CRC"):
        store.params()
    with pytest.raises(FlashImageError, match="stan: wrong CRC"):
        store.stan()


def test_stan_counts_wraps_and_survives_a_restart(run):
    run("""
from pos.store import files
counter = Counters("/data")
assert counter.stan == 0
assert [counter.next_stan() for _ in range(3)] == [1, 2, 3]
blockdev.remount(ram)
counter = Counters("/data")
assert counter.stan == 3 and counter.next_stan() == 4
files.put("/data/stan", (999998).to_bytes(3, "big"))
counter = Counters("/data")
assert [counter.next_stan() for _ in range(3)] == [999999, 1, 2]
""")


def test_stan_is_cheap(run):
    """One program of 64 bytes each; erases only when LittleFS compacts its directory."""
    run("""
counter = Counters("/data")
counter.next_stan()
ram.log = []
for _ in range(200):
    counter.next_stan()
programs = [data for _, data in ram.log if data]
assert len(programs) < 220 and sum(map(len, programs)) < 220 * 64, len(programs)
assert len(ram.log) - len(programs) < 8
""")


def test_stan_is_not_given_out_when_the_flash_fails(run):
    run("""
counter = Counters("/data")
counter.next_stan()
good = ram.writeblocks
ram.writeblocks = None
class Broken(blockdev.Ram):
    def writeblocks(self, block, buf, offset=0):
        return -5
    def ioctl(self, op, arg):
        return -5 if op == 6 else super().ioctl(op, arg)
broken = Broken(64)
broken.image[:] = ram.image
blockdev.remount(broken)
counter = Counters("/data")
try:
    counter.next_stan()
    raise AssertionError("given out")
except OSError:
    pass
assert counter.stan == 1
""")
