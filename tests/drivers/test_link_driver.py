"""How a network is joined, on the real MicroPython: the radio and the socket are actors."""

import pytest

SOURCE = """
import asyncio
async def soon(ms):
    waits.append(ms)
asyncio.sleep_ms = soon
waits = []
from pos.drivers import link

class Time:
    # passes while somebody sleeps
    def ticks_ms():
        return sum(waits)
    def ticks_diff(late, early):
        return late - early
link.time = Time

class Net:
    STAT_WRONG_PASSWORD, STAT_NO_AP_FOUND, STAT_HANDSHAKE_TIMEOUT, AUTH_OPEN = 202, 201, 204, 0

class Nic:
    # says what the list has, the last for ever; 1010 and 5 are an address
    def __init__(self, *says, power=None):
        self.says, self.power, self.told = list(says), power, []
    def active(self, on):
        self.told.append("on")
    def disconnect(self):
        self.told.append("leave")
    def config(self, reconnects):
        self.told.append(reconnects)
    def connect(self, ssid, key):
        self.told.append(ssid + "/" + key)
    def isconnected(self):
        return self.says[0] in (1010, 5)
    def status(self, what=None):
        if what == "rssi":
            if self.power is None:
                raise OSError(0x300F)
            return self.power
        return self.says.pop(0) if len(self.says) > 1 else self.says[0]
    def scan(self):
        return self.says

def run(coro):
    try:
        asyncio.run(coro)
        return "up"
    except OSError as error:
        return str(error)
"""


@pytest.mark.parametrize(
    ("says", "want"),
    [
        ("1010", "up"),
        ("1001, 1001, 1010", "up"),
        ("1001, 202", "net_password"),
        ("1001, 204", "net_password"),
        ("1001, 15", "net_password"),
        ("1001, 201", "net_none"),
        ("1001, 203", "net_none"),
        ("1001, power=-60", "net_address"),
    ],
)
def test_wifi_says_what_is_wrong(mpy, says, want):
    out = mpy(f"{SOURCE}\nnic = Nic({says})\nprint(run(link.join_wifi(Net, nic, 'Shop', 'key')))")
    assert out.strip() == want


def test_wifi_is_told_to_give_up_until_it_is_in(mpy):
    """A chip that tries for ever never says why; one that is in has to come back by itself."""
    out = mpy(
        SOURCE
        + """
nic = Nic(1001, 1010)
run(link.join_wifi(Net, nic, "Shop", "key"))
print(nic.told)
nic = Nic(1001)
run(link.join_wifi(Net, nic, "Shop", "key"))
print(nic.told, sum(waits) >= 15000)
print(run(link.join_wifi(Net, nic, "", "")))
"""
    )
    assert out.splitlines() == [
        "['on', 'leave', 1, 'Shop/key', -1]",
        "['on', 'leave', 1, 'Shop/key'] True",
        "net_unset",
    ]


@pytest.mark.parametrize(
    ("says", "want"),
    [("5", "up"), ("3", "net_address"), ("4", "net_cable"), ("1", "net_cable")],
)
def test_a_cable_says_what_is_wrong(mpy, says, want):
    out = mpy(f"{SOURCE}\nprint(run(link.join_lan(Nic({says}))))")
    assert out.strip() == want


def test_what_is_heard(mpy):
    out = mpy(
        SOURCE
        + """
nic = Nic((b"Shop", b"", 6, -61, 3, False), (b"\\xff\\xfe", b"", 6, -50, 3, False),
          (b"", b"", 1, -40, 0, True), ("\\u8336".encode(), b"", 1, -70, 0, False))
print(link.heard(Net, nic) == [("Shop", -61, True), ("", -40, False), ("\\u8336", -70, False)])
"""
    )
    assert out.strip() == "True"
